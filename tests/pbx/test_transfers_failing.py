"""Transfers that come to nothing, whoever fails in them: the citizen has somebody, or is owed a call."""

from dataclasses import replace

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.conversing import ACCEPTS, AGENT, CITIZEN, COLLEAGUE, MUSIC, RINGBACK, RINGS, UNIT, Conversing
from tests.pbx.transferring import Giving

QUICK = {"ring_seconds": 6, "ask_seconds": 20, "agent_ring_seconds": 5}
ONE_MISS = {"agents": {"ring_seconds": 20, "missed_rings_to_pause": 1}}
"""One ring that was really missed pauses an agent."""


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("failing"), ONE_MISS, **QUICK) as conversing:
        yield conversing


@pytest.fixture
def giving(conversing):
    yield Giving(conversing)
    conversing.rest()


def asks(giving, behaviour):
    """Begin an attended transfer to a unit that does this; return its number."""
    nth = len(giving.conversing.far_end.events)
    [number] = giving.conversing.unit(f"u-{nth}", behaviour, short_code=f"8{nth:05}"[-6:])
    giving.start(f"unit:u-{nth}", mode="attended")
    return number


def test_a_ring_that_is_cancelled_is_not_one_that_the_other_agent_missed(giving):
    giving.start("agent:8002", mode="attended")
    giving.wait_agent("8002", "ringing")
    giving.wait_hear(first={RINGBACK})
    giving.do("cancel")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")
    shown = giving.service.get("/agents/8002")
    assert (shown["state"], shown["missed_rings"]) == ("ready", 0)


def test_a_blind_ring_that_is_cancelled_is_not_missed_either(giving):
    giving.start("agent:8002")
    giving.wait_agent("8002", "ringing")
    giving.do("cancel")
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT})
    shown = giving.service.get("/agents/8002")
    assert (shown["state"], shown["missed_rings"]) == ("ready", 0)


def test_who_gives_up_in_the_second_line_has_abandoned_and_is_called_back(giving):
    giving.start("queue:city-12328")
    giving.wait_state("waiting")
    giving.wait_hear(citizen={MUSIC})
    giving.citizen.hangup()
    giving.service.wait_event("return_opened", giving.talk.mark, call_id=giving.talk.call_id)
    call = giving.service.get(f"/calls/{giving.talk.call_id}")
    assert (call["outcome"], call["ended_by"]) == ("abandoned_later", "citizen")
    [owed] = [each for each in giving.service.get("/returns") if each["call_id"] == giving.talk.call_id]
    assert owed["why"] == "abandoned_later"


def test_a_unit_that_does_not_answer_leaves_the_citizen_with_the_agent(giving):
    asks(giving, RINGS)
    giving.wait_hear(citizen={MUSIC})
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "no_answer", "8001")


def test_a_unit_that_is_busy_leaves_the_citizen_with_the_agent(giving):
    asks(giving, Behaviour(ring_ms=100, final=486))
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of()[::2] == ("failed", "8001")


def test_a_unit_that_hangs_up_in_the_consultation_leaves_the_citizen_with_the_agent(giving):
    number = asks(giving, replace(ACCEPTS))
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    giving.conversing.far_end.hang_up(number)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "hung_up", "8001")


def test_the_first_agents_phone_dies_while_they_speak_and_the_other_gets_the_citizen(giving):
    giving.consult()
    giving.first.kill()
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    assert giving.came_of() == ("completed", None, "8002")


def test_the_other_agents_phone_dies_while_they_speak_and_the_first_gets_the_citizen(giving):
    giving.consult()
    giving.other.kill()
    giving.do("cancel")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_in_a_live_transfer_a_unit_is_not_asked_and_the_matter_is_not_refused(giving):
    giving.consult()
    call_id = giving.talk.call_id
    for path, body in (
        ("/threeway", {"call_id": call_id, "unit": "water"}),
        (f"/calls/{call_id}/refuse", {"kind": "petition", "by": "8001"}),
    ):
        answer = giving.service.http.post(path, json=body)
        assert (answer.status_code, "*90" in answer.json()["message"]) == (409, True)
    giving.wait_hear(citizen={MUSIC}, first={COLLEAGUE})
