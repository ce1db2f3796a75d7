"""Refused matters (Art. 4) over HTTP."""

import pytest

from telephony.rules.refusals import Refusal
from tests.unit.store.ledger import ago, put_call, put_leg

CALL = "1795420886.1"
BODY = {"kind": "petition", "by": "Wang", "note": "信访已终结"}


@pytest.fixture
def talking(api):
    api.put_rows(put_call, CALL, state="talking", answered_at=ago(500), agent="8001", recording="a.wav")
    api.put_rows(put_leg, CALL, bridged_at=ago(500))
    api.put_rows(put_leg, "a-leg", role="agent", party="8001", bridged_at=ago(500))
    return api


def test_a_matter_is_refused_and_the_citizen_moved(talking):
    answer = talking.ask("POST", f"calls/{CALL}/refuse", json=BODY)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in BODY} == BODY
    assert talking.explaining.told == [(CALL, Refusal.PETITION)]
    kinds = [event["kind"] for event in talking.get("events").json()["events"]]
    assert kinds == ["refusal_ordered"]


def test_refusals_are_listed_and_counted_by_all_five_kinds(talking):
    talking.ask("POST", f"calls/{CALL}/refuse", json=BODY)
    found = talking.get("refusals").json()
    assert [each["call_id"] for each in found["refusals"]] == [CALL]
    assert found["counts"] == {kind.value: int(kind is Refusal.PETITION) for kind in Refusal}


@pytest.mark.parametrize(("since", "count"), [("04:00:00", 1), ("04:00:00.000001", 0)])
def test_refusals_are_told_of_a_time(talking, since, count):
    talking.ask("POST", f"calls/{CALL}/refuse", json=BODY)
    found = talking.get(f"refusals?since=2026-11-23T{since}Z").json()
    assert (len(found["refusals"]), sum(found["counts"].values())) == (count, count)


def test_a_call_that_goes_on_no_more_is_a_conflict(api):
    api.put_rows(put_call, CALL)
    assert api.ask("POST", f"calls/{CALL}/refuse", json=BODY).status_code == 409
    assert api.explaining.told == []


@pytest.mark.parametrize(
    ("call", "change", "status"),
    [("7.7", {}, 404), (CALL, {"kind": "rude"}, 422), (CALL, {"by": ""}, 422), (CALL, {"note": "a\nb"}, 422)],
)
def test_what_cannot_be_meant_is_refused(talking, call, change, status):
    assert talking.ask("POST", f"calls/{call}/refuse", json=BODY | change).status_code == status
