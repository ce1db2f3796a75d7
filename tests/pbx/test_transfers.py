"""Transfers on a real switch: who hears whom, where the citizen goes, and what becomes of both agents."""

import time
from dataclasses import replace
from datetime import datetime

import pytest

from tests.pbx.conversing import (
    ACCEPTS,
    AGENT,
    CITIZEN,
    COLLEAGUE,
    MUSIC,
    RINGBACK,
    RINGS,
    UNIT,
    VOICES,
    Conversing,
)
from tests.pbx.hearing import wait_hears
from tests.pbx.scene import wait_over
from tests.pbx.transferring import Giving

QUICK = {"ring_seconds": 3, "ask_seconds": 20, "agent_ring_seconds": 5}
AGENTS = {"agents": {"ring_seconds": 5}}
TO_THE_SECOND = 1.0
SPEAK_SECONDS = 1.5


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("transfers"), AGENTS, **QUICK) as conversing:
        yield conversing


@pytest.fixture
def giving(conversing):
    yield Giving(conversing)
    conversing.rest()


def test_blind_to_an_agent_who_answers_both_agents_get_their_wrap_up(giving):
    giving.start("agent:8002")
    giving.wait_agent("8001", "wrap_up")
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    assert giving.came_of() == ("completed", None, "8002")
    giving.other.hangup()
    giving.wait_agent("8002", "wrap_up")
    assert giving.citizen.wait(15).ended_by_far_end


def test_blind_to_an_agent_who_does_not_answer_comes_back_to_the_first_one(giving):
    giving.start("agent:8002")
    giving.wait_agent("8002", "ringing")
    giving.wait_word("threeway-back-to-agent")
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "no_answer", "8001")


def test_blind_and_nobody_is_there_any_more_it_is_the_queue_ahead_of_newcomers(giving):
    giving.start("agent:8002")
    giving.wait_agent("8002", "ringing")
    for number in ("8001", "8002"):
        giving.service.post(f"/agents/{number}/logout")
    newcomer = giving.conversing.system.citizen("12315", hertz=UNIT)
    giving.wait_word("threeway-back-to-agent")
    giving.wait_agent("8002", "logged_out")
    giving.wait_waiting(20)
    giving.other.control.events.clear()  # of the ring that nobody answered
    giving.another("8002")
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE})
    wait_hears(newcomer, {MUSIC}, of=VOICES, timeout=15)


def test_a_blind_one_is_taken_back_while_it_rings(giving):
    giving.start("agent:8002")
    giving.wait_agent("8002", "ringing")
    giving.do("cancel")
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_the_citizen_hangs_up_while_the_other_agent_is_rung(giving):
    giving.start("agent:8002")
    giving.wait_agent("8002", "ringing")
    giving.citizen.hangup()
    assert giving.came_of() == ("abandoned", "ended_by_citizen", None)


@pytest.mark.parametrize(
    ("to", "number"), [("queue:city-12328", "8003"), ("centre:baofeng", "8101")], ids=["queue", "centre"]
)
def test_blind_to_a_queue_or_a_centre_an_agent_of_it_answers(giving, to, number):
    phone = giving.another(number)
    giving.start(to)
    giving.answer(phone)
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, number)
    giving.wait_agent("8001", "wrap_up")


def test_attended_to_a_centre_a_free_agent_of_it_is_rung(giving):
    phone = giving.another("8101")
    giving.start("centre:baofeng", mode="attended")
    giving.answer(phone)
    giving.wait_hear(citizen={MUSIC}, first={COLLEAGUE})
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, "8101")


def test_attended_and_completed_the_other_agent_has_the_citizen(giving):
    giving.consult()
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    giving.wait_agent("8001", "wrap_up")
    giving.wait_agent("8002", "talking")
    assert giving.came_of() == ("completed", None, "8002")
    giving.other.hangup()
    giving.wait_agent("8002", "wrap_up")
    assert giving.citizen.wait(15).ended_by_far_end


def test_attended_and_cancelled_the_first_agent_has_the_citizen_again(giving):
    giving.consult()
    giving.do("cancel")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    giving.wait_agent("8002", "wrap_up")
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_the_citizen_hangs_up_while_the_agents_speak_and_both_get_their_wrap_up(giving):
    giving.consult()
    giving.citizen.hangup()
    assert giving.came_of() == ("abandoned", "ended_by_citizen", None)
    giving.first.hangup()
    giving.wait_agent("8001", "wrap_up")
    giving.wait_agent("8002", "wrap_up")


def test_the_first_agent_hangs_up_while_they_speak_and_the_other_has_the_citizen(giving):
    giving.consult()
    giving.first.hangup()
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    assert giving.came_of() == ("completed", None, "8002")


def test_the_other_agent_hangs_up_while_they_speak_and_the_first_has_the_citizen(giving):
    giving.consult()
    giving.other.hangup()
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    giving.wait_agent("8002", "wrap_up")
    assert giving.came_of() == ("failed", "hung_up", "8001")


def test_the_other_agent_does_not_answer_and_the_first_has_the_citizen(giving):
    giving.start("agent:8002", mode="attended")
    giving.wait_hear(citizen={MUSIC}, first={RINGBACK})
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "no_answer", "8001")


def test_the_other_agent_refuses_and_the_first_has_the_citizen(giving):
    giving.start("agent:8002", mode="attended")
    giving.other.wait_event("CALL_INCOMING", 15)
    giving.other.hangup()
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of()[::2] == ("failed", "8001")


def test_the_first_agent_hangs_up_while_it_rings_and_it_goes_on_without_them(giving):
    giving.start("agent:8002", mode="attended")
    giving.wait_hear(first={RINGBACK})
    giving.first.hangup()
    giving.service.wait_event("transfer", giving.talk.mark, word="given")
    giving.wait_agent("8002", "ringing")
    for _ in range(2):  # the ring of before is withdrawn, then it is rung for the citizen
        if giving.service.get("/agents/8002")["state"] != "talking":
            giving.answer()
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, "8002")


def test_one_who_has_got_a_citizen_gives_them_on_and_the_first_is_asked_for_nothing(giving):
    third = giving.another("8003")
    giving.consult()
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE})
    giving.start("agent:8003")
    giving.answer(third)
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, "8003")
    giving.wait_agent("8002", "wrap_up")


def at(call, kind, agent=None, **data):
    """Return when the first event of this kind of a call happened, by the switch's clock, in seconds."""
    found = (
        event["at"]
        for event in call["events"]
        if (event["kind"], event["agent"]) == (kind, agent) and event["data"].items() >= data.items()
    )
    return datetime.fromisoformat(next(found)).timestamp()


def attended_to_its_end(giving):
    """Let 8001 speak with the citizen, ask 8002 and go, and 8002 hang up; return the call."""
    time.sleep(SPEAK_SECONDS)  # how long they speak is what the ledger is asked
    giving.start("agent:8002", mode="attended")
    giving.other.wait_event("CALL_INCOMING", 15)
    time.sleep(SPEAK_SECONDS)
    giving.other.answer()
    giving.wait_hear(first={COLLEAGUE})
    time.sleep(SPEAK_SECONDS)
    giving.do("complete")
    giving.wait_agent("8001", "wrap_up")
    time.sleep(SPEAK_SECONDS)
    giving.other.hangup()
    # The state is there before its row.
    giving.service.wait_event("agent", giving.talk.mark, agent="8002", to="wrap_up")
    return wait_over(giving.talk)


def test_talk_times_and_wrap_up_are_right_to_the_second_for_both_agents_and_the_call_is_one(giving):
    call = attended_to_its_end(giving)
    answered, held = at(call, "answered", "8001"), at(call, "transfer", word="held")
    consulting, gone = at(call, "transfer", word="consulting"), at(call, "agent_left", "8001")
    ended = at(call, "agent_left", "8002")
    spoken = {"8001": held - answered + gone - consulting, "8002": ended - consulting}
    assert call["talk_seconds_by_agent"] == pytest.approx(spoken, abs=TO_THE_SECOND)
    wrap_up = {agent: at(call, "agent", agent, to="wrap_up") for agent in spoken}
    assert wrap_up == pytest.approx({"8001": gone, "8002": ended}, abs=TO_THE_SECOND)
    assert [leg["role"] for leg in call["legs"]] == ["citizen", "agent", "agent"]
    assert {segment["file"] is not None for segment in call["segments"]} == {True}


def unit_of(giving, code, behaviour):
    nth = len(giving.conversing.far_end.events)
    [number] = giving.conversing.unit(f"{code}-{nth}", behaviour, short_code=f"7{nth:05}"[-6:])
    return f"{code}-{nth}", giving.talk.unit(number)


def test_blind_to_a_unit_that_accepts_it_speaks_with_the_citizen(giving):
    code, unit = unit_of(giving, "taking", ACCEPTS)
    giving.start(f"unit:{code}")
    giving.wait_agent("8001", "wrap_up")
    giving.wait_hear(citizen={UNIT})
    wait_hears(unit, {CITIZEN}, of=VOICES, timeout=15)
    assert giving.came_of() == ("completed", None, None)


def test_blind_to_a_unit_that_does_not_answer_comes_back_to_the_agent(giving):
    code, _ = unit_of(giving, "silent", RINGS)
    giving.start(f"unit:{code}")
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "no_answer", "8001")


def test_attended_to_a_unit_completed_and_the_unit_has_the_citizen(giving):
    code, unit = unit_of(giving, "asked", ACCEPTS)
    giving.start(f"unit:{code}", mode="attended")
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    giving.do("complete")
    giving.wait_hear(citizen={UNIT})
    wait_hears(unit, {CITIZEN}, of=VOICES, timeout=15)
    assert giving.came_of() == ("completed", None, None)
    giving.wait_agent("8001", "wrap_up")


def test_attended_to_a_unit_cancelled_and_the_agent_has_the_citizen_again(giving):
    code, _ = unit_of(giving, "dropped", ACCEPTS)
    giving.start(f"unit:{code}", mode="attended")
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    giving.do("cancel")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_a_unit_that_refuses_leaves_the_citizen_with_the_agent(giving):
    code, _ = unit_of(giving, "refusing", replace(ACCEPTS, keys="2"))
    giving.start(f"unit:{code}", mode="attended")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "refused", "8001")


def test_a_move_that_is_torn_begins_the_place_anew(giving):
    """A Redirect may come to a step that is not there: 45 is beyond the last one of the place."""
    where = {"Context": "transfer-waits", "Exten": "00000099", "Priority": "45"}
    answer = giving.conversing.switch.ami.action("Redirect", Channel=giving.talk.call_id, **where)
    assert answer["Response"] == "Success", answer
    giving.wait_hear(citizen={MUSIC})


def test_an_agent_does_it_all_on_the_phones_second_line(giving):
    dial(giving.first, "*938002")
    giving.answer()
    giving.wait_state("consulting")
    giving.wait_hear(citizen={MUSIC}, other={AGENT})
    dial(giving.first, "*91")
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, "8002")


def dial(phone, code):
    """Dial on the second line, wait until it is over, and take the first one back from hold."""
    phone.control.events.clear()  # of the first line
    phone.dial(code)
    phone.wait_event("CALL_ESTABLISHED", 15)
    phone.wait_event("CALL_CLOSED", 20)
    phone.resume()
