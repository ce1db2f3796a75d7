"""One call stays one call: who was with whom, and each agent's talk time, as the test measured them."""

import time
from dataclasses import dataclass, replace

import pytest

from tests.pbx.conversing import ACCEPTS, COLLEAGUE, Conversing
from tests.pbx.scene import wait_over

TO_THE_SECOND = 1.0
TALK_SECONDS = 4
LASTING = TALK_SECONDS / 2
"""In the moment in which one comes and one goes both are there, for less than that."""


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    conversing = Conversing(tmp_path_factory.mktemp("ledger"), ring_seconds=20, ask_seconds=30)
    try:
        yield conversing.start()
    finally:
        conversing.stop()


@dataclass
class Measured:
    """The call as the ledger has it at its end, and how long each agent talked by the test's own clock.

    The test knows of each moment between which two of its own it lies, so it knows the least and the most.
    """

    call: dict
    least: dict
    most: dict
    waited: float


@pytest.fixture(scope="module")
def measured(conversing):
    """8001 consults a unit, all three talk, 8002 takes over, the citizen goes before the unit does."""
    [number] = conversing.unit("late", replace(ACCEPTS, ring_ms=3500), short_code="7001")
    talk = conversing.talk()
    began = talk.answered
    speak()
    asked = between(talk.ask, "late")
    conversing.far_end.wait_event("answered", number=number)
    consulted = between(talk.wait, "consulted")
    speak()
    talk.do("join")
    speak()
    colleague = conversing.system.agent("8002", tone=COLLEAGUE)
    talk.do("hand-over", agent="8002")
    colleague.wait_event("CALL_INCOMING")
    taken = between(answer, colleague, talk)
    handed = taken[0], time.monotonic()
    speak()
    talk.citizen.hangup()
    talk.wait("citizen_left")
    speak()
    over = between(hang_up, colleague)
    first = [(asked[n] - began[1 - n]) + (handed[n] - consulted[1 - n]) for n in (0, 1)]
    second = [over[n] - taken[1 - n] for n in (0, 1)]
    least, most = ({"8001": first[n], "8002": second[n]} for n in (0, 1))
    return Measured(wait_over(talk), least, most, consulted[0] - asked[1])


def speak():
    """Let them talk for a while: how long it is is what the ledger is asked."""
    time.sleep(TALK_SECONDS)


def between(doing, *args):
    """Do something; return the moments between which it was done."""
    before = time.monotonic()
    doing(*args)
    return before, time.monotonic()


def answer(colleague, talk):
    """Let the colleague take over: the agent's phone is let go."""
    colleague.answer()
    talk.phone.wait_event("CALL_CLOSED")


def hang_up(phone):
    phone.hangup()
    phone.wait_event("CALL_CLOSED")


def test_each_agents_talk_time_is_right_to_the_second_without_the_wait_for_the_unit(measured):
    assert measured.waited > 2 * TO_THE_SECOND
    told = measured.call["talk_seconds_by_agent"]
    assert told.keys() == measured.least.keys()
    for agent, seconds in told.items():
        assert measured.least[agent] - TO_THE_SECOND < seconds < measured.most[agent] + TO_THE_SECOND


def test_the_segments_name_who_was_together_in_order(measured):
    lasting = [each for each in measured.call["segments"] if each["seconds"] > LASTING]
    together = [[party["party"] for party in each["parties"]] for each in lasting]
    citizen = lasting[0]["parties"][0]["party"]
    assert together == [
        [citizen, "8001"],
        ["8001", "late"],
        [citizen, "8001", "late"],
        [citizen, "8002", "late"],
        ["8002", "late"],
    ]


def test_all_legs_are_of_the_one_call(measured):
    assert [leg["role"] for leg in measured.call["legs"]] == ["citizen", "agent", "unit", "agent"]
