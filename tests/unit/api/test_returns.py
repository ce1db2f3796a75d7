"""Missed-call returns over HTTP."""

import pytest

from telephony.store.returns import open_return
from tests.fakes import NOON

NUMBER = "13800001234"


@pytest.fixture
def lost(api):
    """A citizen whose call was cut."""
    api.put_rows(open_return, NUMBER, "1.1", "city", "interrupted", NOON)
    return api


def close(api, return_id=1, **body):
    return api.ask("POST", f"returns/{return_id}/close", json=body)


def test_who_is_to_be_called_back_is_listed_with_the_lost_call(lost):
    (entry,) = lost.get("returns").json()
    assert (entry["number"], entry["call_id"], entry["why"]) == (NUMBER, "1.1", "interrupted")
    assert (entry["opened_at"], entry["closed_at"]) == ("2026-11-23T12:00:00+08:00", None)


def test_a_return_is_closed_by_a_person_with_a_note(lost):
    lost.clock.advance(60)
    done = close(lost, by="李敏", note="已回电").json()
    assert (done["closed_by"], done["note"]) == ("李敏", "已回电")
    assert done["closed_at"] == "2026-11-23T12:01:00+08:00"
    assert lost.get("returns").json() == []
    assert [entry["id"] for entry in lost.get("returns?closed=true").json()] == [1]


def test_its_opening_and_its_closing_are_events_of_the_lost_call(lost):
    close(lost, by="李敏")
    told = lost.get("events").json()["events"]
    assert [(event["kind"], event["call_id"]) for event in told] == [
        ("return_opened", "1.1"),
        ("return_closed", "1.1"),
    ]


def test_a_return_is_closed_once(lost):
    close(lost, by="李敏")
    answer = close(lost, by="王芳")
    assert (answer.status_code, answer.json()["error"]) == (409, "not_allowed")
    assert lost.get("returns?closed=true").json()[0]["closed_by"] == "李敏"


@pytest.mark.parametrize(
    "body", [{}, {"by": ""}, {"by": "x" * 41}, {"by": "rules"}, {"by": "x", "note": "y" * 201}], ids=str
)
def test_a_closing_that_cannot_be_meant_is_refused(lost, body):
    assert close(lost, **body).status_code == 422
    assert len(lost.get("returns").json()) == 1


def test_the_longest_note_and_name_are_taken(lost):
    assert close(lost, by="x" * 40, note="y" * 200).status_code == 200


@pytest.mark.parametrize(("return_id", "status"), [("2", 404), ("0", 422), (str(2**63), 422), ("x", 422)])
def test_a_return_that_is_not_there_cannot_be_closed(lost, return_id, status):
    assert close(lost, return_id, by="x").status_code == status
