"""One call stays one call: who was with whom, and each agent's talk time, as the test measured them."""

import time
from dataclasses import dataclass, replace

import pytest

from tests.pbx.conversing import ACCEPTS, COLLEAGUE, Conversing
from tests.pbx.scene import wait_over

TO_THE_SECOND = 1.0
TALK_SECONDS = 1.5
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
    """The call as the ledger has it at its end, and how long each agent talked by the test's own clock."""

    call: dict
    spoken: dict
    waited: float


@pytest.fixture(scope="module")
def measured(conversing):
    """8001 consults a unit, all three talk, 8002 takes over, the citizen goes before the unit does."""
    conversing.unit("late", replace(ACCEPTS, ring_ms=2500), short_code="7001")
    talk, began = conversing.talk(), time.monotonic()
    speak()
    talk.ask("late")
    asked = time.monotonic()
    talk.wait("consulted")
    consulted = time.monotonic()
    speak()
    talk.do("join")
    speak()
    colleague = conversing.system.agent("8002", tone=COLLEAGUE)
    talk.do("hand-over", agent="8002")
    colleague.wait_event("CALL_INCOMING", 15)
    colleague.answer()
    taken, handed = time.monotonic(), closed(talk.phone)
    speak()
    talk.citizen.hangup()
    talk.wait("citizen_left")
    speak()
    colleague.hangup()
    spoken = {"8001": asked - began + handed - consulted, "8002": closed(colleague) - taken}
    return Measured(wait_over(talk), spoken, consulted - asked)


def speak():
    """Let them talk for a while: how long it is is what the ledger is asked."""
    time.sleep(TALK_SECONDS)


def closed(phone):
    """Return when a phone's call was over."""
    phone.wait_event("CALL_CLOSED", 15)
    return time.monotonic()


def test_each_agents_talk_time_is_right_to_the_second_without_the_wait_for_the_unit(measured):
    assert measured.waited > 2 * TO_THE_SECOND
    assert measured.call["talk_seconds_by_agent"] == pytest.approx(measured.spoken, abs=TO_THE_SECOND)


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
