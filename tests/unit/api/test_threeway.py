"""Three-way calls over HTTP: begun, listed, commanded. The switch is one that says nothing by itself."""

import pytest

from telephony.pbx.conference import Move, Place
from tests.fakes import NOON, agent_view
from tests.unit.api.three_way import (
    AGENT,
    CALL,
    CITIZEN,
    answers,
    comes_in,
    do,
    hangs_up,
    joined,
    rung,
    start,
    talking,
)
from tests.unit.store.ledger import put_leg


@pytest.fixture
def talk(api):
    """An agent talks with a citizen."""
    talking(api)
    return api


def message(answer):
    return answer.json()["message"]


def test_a_unit_is_asked_into_a_live_call_and_the_citizen_waits_meanwhile(talk):
    told = start(talk, matter="停水", case_number="PDS-1", citizen_name="赵先生", by="8001").json()
    facts = ("call_id", "kind", "state", "agent", "centre", "matter", "citizen_name", "demo", "result")
    assert [told[name] for name in facts] == [
        *(CALL, "three_way", "waiting", "8001", "city", "停水", "赵先生", False, None)
    ]
    assert (told["room"], told["started_at"]) == (f"{told['id']:08d}", "2026-11-23T12:00:00+08:00")
    assert [(each["unit"], each["mode"], each["outcome"]) for each in told["invitations"]] == [
        ("water", "consult", None)
    ]
    moves = (Move(CITIZEN, Place.CITIZEN_WAITS), Move(AGENT, Place.AGENT_ASKS))
    assert ("move_both", told["room"], *moves) in talk.line.told


def test_the_numbers_on_duty_are_rung_in_their_order(talk):
    start(talk, "201")
    rung(talk)
    (ask,) = talk.get(f"threeway/{CALL}").json()["invitations"][0]["asks"]
    assert (ask["contact"], ask["number"], ask["state"]) == ("热线办公室", "10000201001", "dialling")


def test_a_citizens_number_is_no_part_of_it(talk):
    assert "13800001234" not in start(talk).text


@pytest.mark.parametrize(("mode", "state"), [("consult", "consulting"), ("at_once", "talking")])
def test_who_accepts_speaks_with_the_agent_first_or_with_all(talk, mode, state):
    start(talk, mode=mode)
    talk.clock.advance(9)
    assert answers(talk, rung(talk))
    told = talk.get(f"threeway/{CALL}").json()
    assert told["state"] == state
    assert [(each["outcome"], each["decided_at"][-14:]) for each in told["invitations"]] == [
        ("accepted", "12:00:09+08:00")
    ]


def test_one_more_unit_is_asked_into_the_one_under_way(talk):
    joined(talk)
    told = start(talk, "gas").json()
    assert (told["state"], [each["unit"] for each in told["invitations"]]) == ("talking", ["water", "gas"])


def test_a_case_that_is_confidential_makes_the_call_so(talk):
    facts = {"numbers": [], "open": True, "confidential": True, "subject": "举报"}
    talk.ask("PUT", "cases/PDS-1", json=facts)
    told = start(talk, case_number="PDS-1").json()
    assert (told["confidential"], told["matter"]) == (True, "举报")


def test_a_demonstrations_call_makes_a_demonstration(api):
    talking(api, marks=["demo"])
    assert start(api).json()["demo"] is True


def test_they_are_listed_the_newest_first_and_found_by_what_is_asked_for(api):
    for nth, agent in ((1, "8001"), (2, "8002"), (3, "8001")):
        joined(api, ("water", "gas", "power")[nth - 1], talking(api, f"1.{nth}", agent, f"1.9{nth}"))
    do(api, "end", "1.3")

    def calls(**wanted):
        return [each["call_id"] for each in api.get("threeway", params=wanted).json()]

    assert calls() == ["1.3", "1.2", "1.1"]
    assert calls(limit=1) == ["1.3"]
    assert (calls(live="true"), calls(live="false")) == (["1.2", "1.1"], ["1.3"])
    assert (calls(agent="8002"), calls(open_result="true")) == (["1.2"], ["1.3"])
    do(api, "result", "1.3", result="dispatched", by="王芳")
    assert calls(open_result="true") == []


def test_one_is_shown_by_its_calls_id_and_by_its_own(talk):
    told = start(talk).json()
    rung(talk)  # what goes on in the background has come to rest, else the two looks may differ
    assert talk.get(f"threeway/{told['id']}").json() == talk.get(f"threeway/{CALL}").json()


@pytest.mark.parametrize("path", ["threeway/1.7", "threeway/7", "threeway/9999999999999999999999"])
def test_one_that_is_not_there_is_404(api, path):
    answer = api.get(path)
    assert (answer.status_code, "hotline threeway list" in message(answer)) == (404, True)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([("hold", {"party": "units"})], "units_held"),
        ([("hold", {"party": "water"}), ("resume", {"party": "water"})], "talking"),
        ([("hold", {"party": "citizen"})], "consulting"),
        ([("hold", {"party": "citizen"}), ("join", {})], "talking"),
        ([("mute", {"party": "citizen"}), ("unmute", {"party": "citizen"})], "talking"),
        ([("drop", {"party": "water"})], "pair"),
        ([("drop", {})], "pair"),
        ([("leave", {"by": "8001"})], "left"),
        ([("supervisor", {"agent": "8002"})], "talking"),
        ([("hand-over", {"agent": "8002"})], "talking"),
        ([("end", {})], "ended"),
    ],
    ids=str,
)
def test_each_command_answers_with_the_state_that_it_leads_to(talk, steps, state):
    joined(talk)
    answers_ = [do(talk, what, **body) for what, body in steps]
    assert [answer.status_code for answer in answers_] == [200] * len(steps)
    assert answers_[-1].json()["state"] == state


def test_the_agent_who_left_is_rung_and_is_back_when_answering(talk):
    joined(talk)
    do(talk, "leave")
    hangs_up(talk, AGENT)
    assert do(talk, "back").json()["participants"][-1]["state"] == "ringing"
    comes_in(talk, rung(talk))
    assert talk.get(f"threeway/{CALL}").json()["state"] == "talking"


@pytest.mark.parametrize(
    ("steps", "what", "body", "said"),
    [
        ([], "back", {}, "坐席仍在通话中"),
        ([("end", {})], "join", {}, "现在不能这样做：已结束"),
        ([("leave", {})], "leave", {}, "市民与单位通话，坐席已离开，坐席不能离开"),
        ([("drop", {})], "hold", {"party": "units"}, "通话中没有单位"),
        ([], "hold", {"party": "8001"}, "只能保持市民或单位"),
        ([], "drop", {"party": "citizen"}, "只能让单位或班长退出"),
        ([], "mute", {"party": "nobody"}, "通话中没有 nobody"),
        ([], "hand-over", {"agent": "7777"}, "没有坐席 7777"),
    ],
    ids=str,
)
def test_what_makes_no_sense_now_is_refused_and_says_why(talk, steps, what, body, said):
    joined(talk)
    for step, words in steps:
        assert do(talk, step, **words).status_code == 200
    answer = do(talk, what, **body)
    assert (answer.status_code in {404, 409}, said in message(answer)) == (True, True), answer.text


def test_an_agent_in_a_call_is_not_rung(talk):
    joined(talk)
    talk.roster.agents["8002"] = agent_view("8002", state="talking")
    answer = do(talk, "supervisor", agent="8002")
    assert (answer.status_code, "坐席 8002 正在通话" in message(answer)) == (409, True)


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"call_id": "1.7"}, 409, "没有市民与坐席正在通话"),
        ({"unit": "nowhere"}, 404, "hotline units list"),
    ],
)
def test_what_cannot_be_asked_is_told(talk, wish, status, said):
    answer = start(talk, **wish)
    assert (answer.status_code, said in message(answer)) == (status, True)


def test_nobody_is_asked_into_a_conversation_that_is_over(talk):
    joined(talk)
    do(talk, "end")
    answer = start(talk, "gas")
    assert (answer.status_code, "已结束，不能再呼叫单位" in message(answer)) == (409, True)


def test_without_the_switch_nobody_is_asked(talk):
    talk.line.is_up = False
    answer = start(talk)
    assert (answer.status_code, "交换机没有连上" in message(answer)) == (503, True)
    assert talk.get("threeway").json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "later"},
        {"unit": "a b"},
        {"matter": "x" * 201},
        {"matter": "a\x00"},
        {"by": ""},
        {"citizen_name": "x" * 41},
        {"colour": "red"},
        {"call_id": "a/b"},
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_meant_is_refused(talk, wrong):
    assert start(talk, **wrong).status_code == 422
    assert talk.get("threeway").json() == []


@pytest.mark.parametrize(
    ("what", "body"),
    [("hold", {}), ("hold", {"party": "a b"}), ("hand-over", {"agent": "x"}), ("end", {"by": "x" * 41})],
    ids=str,
)
def test_a_command_that_cannot_be_meant_is_refused(talk, what, body):
    joined(talk)
    assert do(talk, what, **body).status_code == 422


def test_an_emergency_service_is_asked_while_they_talk_and_cannot_be_left_before(talk):
    assert start(talk, "110").json()["state"] == "pair"
    for what in ("end", "leave", "drop"):
        answer = do(talk, what)
        assert (answer.status_code, "紧急服务尚未接听" in message(answer)) == (409, True)
    comes_in(talk, rung(talk))
    assert talk.get(f"threeway/{CALL}").json()["state"] == "talking"
    assert do(talk, "leave").json()["state"] == "left"


def test_everything_that_happens_is_an_event_of_the_call(talk):
    joined(talk)
    do(talk, "end")
    events = talk.get("events", params={"call_id": CALL, "kind": "threeway"}).json()["events"]
    happened = [event["data"]["what"] for event in events]
    assert happened == ["ask", "unit_asked", "unit_accepted", "joined", "end"]


def test_a_citizen_who_is_back_from_the_queue_has_a_new_three_way_call_at_once(talk):
    start(talk)
    rung(talk)
    hangs_up(talk, AGENT)
    # The first unit's ring has not ended yet when the next agent asks another one.
    talk.put_rows(put_leg, "1795420886.9", CALL, role="agent", party="8002", started_at=NOON, bridged_at=NOON)
    again = start(talk, "gas")
    assert (again.status_code, again.json()["id"], again.json()["agent"]) == (200, 2, "8002")
