"""What came of a three-way call, over HTTP: the case is done in one step, or units have 4 hours (Art. 8)."""

import pytest

from telephony.store.outbound_tables import outbox
from tests.unit.api.revisits import NUMBER, replied
from tests.unit.api.three_way import (
    CALL,
    answers,
    comes_in,
    do,
    ended,
    hangs_up,
    joined,
    rung,
    start,
    talking,
    together,
)

CASE = "PDS-1"


@pytest.fixture
def call(api):
    """An agent talks with a citizen whose case is open."""
    talking(api)
    facts = {"numbers": [NUMBER], "open": True, "subject": "停水"}
    assert api.ask("PUT", f"cases/{CASE}", json=facts).status_code == 200
    return api


def result(api, what, **more):
    return api.ask("POST", f"threeway/{CALL}/result", json={"result": what, "by": "王芳"} | more)


def told_platform(api):
    with api.database.engine.connect() as connection:
        return [(row.topic, row.payload) for row in connection.execute(outbox.select().order_by(outbox.c.id))]


def test_answered_on_the_spot_ends_the_case_in_one_step(call):
    ended(call, case_number=CASE)
    told = result(call, "answered_on_spot", note="水压已恢复").json()
    assert (told["result"], told["result_by"], told["note"]) == ("answered_on_spot", "王芳", "水压已恢复")
    assert [each["answered_on_spot"] for each in told["invitations"]] == [True]
    assert call.get(f"cases/{CASE}").json()["open"] is False
    (revisit,) = call.get(f"cases/{CASE}/revisits").json()
    # The call itself is the contact by which the citizen was told (Art. 13); the revisit follows (Art. 16).
    assert (revisit["contact"], revisit["due_at"]) == (CALL, "2026-11-26T00:00:00+08:00")
    topic, payload = told_platform(call)[-1]
    assert (topic, payload["case_number"], payload["units"]) == ("answered_on_spot", CASE, ["water"])


def test_dispatched_gives_each_unit_that_spoke_four_hours(call):
    joined(call, case_number=CASE)
    joined(call, "gas")
    do(call, "end")
    call.clock.advance(60)
    told = result(call, "dispatched").json()
    assert [(each["unit"], each["why"], each["due_at"]) for each in told["dispatches"]] == [
        ("water", "not_answered", "2026-11-23T16:01:00+08:00"),
        ("gas", "not_answered", "2026-11-23T16:01:00+08:00"),
    ]
    assert [topic for topic, _ in told_platform(call)] == ["dispatched", "dispatched"]
    assert call.get(f"cases/{CASE}").json()["open"] is True
    assert call.get(f"cases/{CASE}/revisits").json() == []


def test_a_unit_that_refuses_has_its_clock_at_once_and_keeps_it(call):
    start(call, case_number=CASE)
    answers(call, rung(call), key="other")
    do(call, "end")
    call.clock.advance(3600)
    told = result(call, "dispatched").json()
    assert [(each["unit"], each["why"], each["due_at"]) for each in told["dispatches"]] == [
        ("water", "refused", "2026-11-23T16:00:00+08:00")
    ]


def test_a_result_is_recorded_once(call):
    ended(call)
    assert result(call, "dispatched").status_code == 200
    again = result(call, "answered_on_spot")
    assert (again.status_code, "已登记结果" in again.json()["message"]) == (409, True)
    assert len(told_platform(call)) == 1


def test_what_no_unit_spoke_in_was_not_answered_on_the_spot(call):
    start(call, case_number=CASE)
    do(call, "end")
    answer = result(call, "answered_on_spot")
    assert (answer.status_code, "没有单位接听" in answer.json()["message"]) == (409, True)
    assert (call.get(f"cases/{CASE}").json()["open"], told_platform(call)) == (True, [])


def test_a_case_that_only_the_platform_knows_is_its_own_to_close(call):
    ended(call, case_number="ELSEWHERE-1")
    assert result(call, "answered_on_spot").status_code == 200
    assert [(topic, payload["case_number"]) for topic, payload in told_platform(call)] == [
        ("answered_on_spot", "ELSEWHERE-1")
    ]


def test_a_call_without_a_case_has_a_result_all_the_same(call):
    ended(call)
    assert result(call, "answered_on_spot").json()["result"] == "answered_on_spot"


def test_a_case_that_was_replied_to_before_is_closed_and_the_platform_is_told_of_the_first_reply(call):
    replied(call, CASE)
    ended(call, case_number=CASE)
    assert result(call, "answered_on_spot").status_code == 200
    assert call.get(f"cases/{CASE}").json()["open"] is False
    assert [topic for topic, _ in told_platform(call)] == ["answered_on_spot", "reply_not_recorded"]
    assert len(call.get(f"cases/{CASE}/revisits").json()) == 1


def test_a_demonstration_closes_no_case_and_tells_nobody(api):
    talking(api, marks=["demo"])
    api.ask("PUT", f"cases/{CASE}", json={"numbers": [NUMBER], "open": True})
    ended(api, case_number=CASE)
    assert result(api, "answered_on_spot").json()["result"] == "answered_on_spot"
    assert (api.get(f"cases/{CASE}").json()["open"], told_platform(api)) == (True, [])


def test_a_demonstration_that_is_dispatched_tells_nobody_either(api):
    talking(api, marks=["demo"])
    ended(api)
    assert result(api, "dispatched").json()["dispatches"] == []
    assert told_platform(api) == []


def test_an_emergency_has_no_result(call):
    start(call, "110")
    comes_in(call, rung(call))
    do(call, "end")
    answer = result(call, "answered_on_spot")
    assert (answer.status_code, "没有请过承办单位" in answer.json()["message"]) == (409, True)


def test_what_began_as_an_emergency_is_a_units_matter_as_well_once_it_is_asked(call):
    start(call, "110")
    comes_in(call, rung(call))
    start(call, "gas")
    answers(call, rung(call), key="other")
    joined(call, "water")
    do(call, "end")
    told = result(call, "dispatched").json()
    assert [(each["unit"], each["why"]) for each in told["dispatches"]] == [
        ("gas", "refused"),
        ("water", "not_answered"),
    ]


def test_a_result_may_be_recorded_while_they_still_speak(call):
    joined(call, case_number=CASE)
    told = result(call, "answered_on_spot").json()
    assert (told["result"], told["state"]) == ("answered_on_spot", "talking")


@pytest.mark.parametrize(
    "wrong",
    [{"by": ""}, {"note": "x" * 501}, {"result": "done"}, {"colour": "red"}, {"by": "x" * 41}],
    ids=str,
)
def test_a_result_that_cannot_be_meant_is_refused(call, wrong):
    ended(call)
    assert result(call, **{"what": "dispatched"} | wrong).status_code == 422


def test_of_a_three_way_call_that_is_not_there_there_is_no_result(api):
    assert result(api, "dispatched").status_code == 404


def test_a_unit_that_spoke_with_the_agent_only_has_answered_no_citizen(call):
    start(call, case_number=CASE)
    answers(call, rung(call))
    do(call, "end")
    assert result(call, "answered_on_spot").status_code == 409
    assert result(call, "dispatched").status_code == 200


@pytest.mark.parametrize(("category", "owed"), [("A", 1), (None, 1), ("B", 0), ("C", 0), ("D", 0)])
def test_only_an_a_matter_is_due_in_hours_and_the_platform_counts_the_others(call, category, owed):
    if category:
        call.ask("PUT", f"cases/{CASE}", json={"numbers": [NUMBER], "open": True, "category": category})
    joined(call, case_number=CASE)
    do(call, "end")
    assert len(result(call, "dispatched").json()["dispatches"]) == owed
    topic, told = told_platform(call)[-1]
    assert (topic, "due_at" in told) == ("dispatched", bool(owed))


def test_a_unit_that_was_not_reached_for_a_b_matter_owes_days_and_the_platform_is_told_so(call):
    call.ask("PUT", f"cases/{CASE}", json={"numbers": [NUMBER], "open": True, "category": "B"})
    start(call, case_number=CASE)
    answers(call, rung(call), key="other")
    assert [topic for topic, _ in told_platform(call)] == ["unit_not_reached"]
    assert call.get(f"threeway/{CALL}").json()["dispatches"] == []
    events = call.get("events?kind=threeway").json()["events"]
    assert "owes_days" in [each["data"]["what"] for each in events]


def test_a_unit_that_was_missed_and_then_answered_on_the_spot_owes_nothing_any_more(call):
    joined(call, case_number=CASE)
    start(call, "gas")
    refused = rung(call)
    answers(call, refused, key="other")
    hangs_up(call, refused)
    start(call, "gas", mode="at_once")
    leg_id = rung(call)
    answers(call, leg_id)
    together(call, leg_id, unit="gas")
    do(call, "end")
    told = result(call, "answered_on_spot").json()
    assert [(each["unit"], each["closed_at"] is not None) for each in told["dispatches"]] == [("gas", True)]
    assert [topic for topic, _ in told_platform(call)][-2:] == ["dispatch_closed", "answered_on_spot"]


def test_an_ordinary_unit_asked_into_an_emergency_owes_its_answer_the_emergency_owes_none(call):
    start(call, "110")
    comes_in(call, rung(call))
    start(call, "water", mode="at_once")
    answers(call, rung(call))
    do(call, "end")
    assert [each["unit"] for each in result(call, "dispatched").json()["dispatches"]] == ["water"]
