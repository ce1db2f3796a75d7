"""Missed-call returns over HTTP."""

import pytest

from telephony.errors import NotAllowedError
from telephony.store import return_calls
from telephony.store.returns import close_answered, open_return
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


def test_one_is_shown_with_its_place_in_the_line_and_its_calls(lost):
    shown = lost.get("returns/1").json()
    assert (shown["state"], shown["since"], shown["attempts"]) == (
        "planned",
        "2026-11-23T12:00:00+08:00",
        [],
    )
    assert lost.get("returns/2").status_code == 404


def test_a_person_has_an_agent_call_back_now(lost):
    answer = lost.ask("POST", "returns/1/dial", json={"agent": "8001"})
    assert (answer.status_code, answer.json()) == (200, {"call_id": "pc-1"})
    assert lost.outbound.turns.calls == [(1, "8001")]


def test_why_nobody_can_be_called_back_now_is_said(lost):
    lost.outbound.turns.refusal = NotAllowedError("no channel")
    assert lost.ask("POST", "returns/1/dial", json={"agent": "8001"}).status_code == 409


@pytest.mark.parametrize("body", [{}, {"agent": ""}, {"agent": "80;1"}])
def test_an_agent_who_is_none_is_refused(lost, body):
    assert lost.ask("POST", "returns/1/dial", json=body).status_code == 422


def test_one_that_was_left_to_people_may_begin_anew(lost):
    lost.put_rows(return_calls.give_up, 1, "attempts", NOON)
    assert lost.get("returns/1").json()["state"] == "given_up"
    answer = lost.ask("POST", "returns/1/reset", json={"by": "李敏"})
    assert (answer.status_code, answer.json()["state"]) == (200, "planned")


@pytest.mark.parametrize(("return_id", "by", "status"), [(2, "李敏", 404), (1, "rules", 422), (1, "", 422)])
def test_a_beginning_anew_that_cannot_be_meant_is_refused(lost, return_id, by, status):
    assert lost.ask("POST", f"returns/{return_id}/reset", json={"by": by}).status_code == status


def test_one_that_is_closed_does_not_begin_anew(lost):
    close(lost, by="李敏")
    assert lost.ask("POST", "returns/1/reset", json={"by": "李敏"}).status_code == 409


def test_the_figures_are_the_sum_of_what_became_of_each(lost):
    for index, number in enumerate(("13800000002", "13800000003", "13800000004"), 2):
        lost.put_rows(open_return, number, f"{index}.1", "city", "abandoned", NOON)
    close(lost, 2, by="李敏")
    lost.put_rows(return_calls.give_up, 3, "attempts", NOON)
    lost.put_rows(close_answered, [("13800000004", "9.1", NOON)])
    found = lost.get("returns/report").json()
    assert (found["asked"], found["whys"]) == (4, {"abandoned": 3, "interrupted": 1})
    fates = {
        name: found[name] for name in ("reached", "called_again", "closed_by_people", "with_people", "open")
    }
    assert fates == {"reached": 0, "called_again": 1, "closed_by_people": 1, "with_people": 1, "open": 1}


def test_the_demos_returns_are_in_no_figure(lost):
    lost.put_rows(open_return, "10000012345", "8.1", "city", "kept", NOON)
    assert len(lost.get("returns").json()) == 2
    assert lost.get("returns/report").json()["asked"] == 1


@pytest.mark.parametrize(
    ("since", "asked"), [("2026-11-23T12:00:00%2B08:00", 1), ("2026-11-23T12:00:01%2B08:00", 0)]
)
def test_the_figures_are_of_those_opened_in_the_time(lost, since, asked):
    assert lost.get(f"returns/report?since={since}").json()["asked"] == asked
    assert lost.get(f"returns/report?until={since}").json()["asked"] == 1 - asked
