"""Three-way calls by feature codes: the agent's second line, while the citizen is on the first."""

import array

import pytest

from telephony.peers.dump import WAV_HEADER
from tests.pbx.asking import ACCEPTS, PATIENT, SERVICE, asked_unit, lengthen, wait_told, was_told
from tests.pbx.conversing import AGENT, CITIZEN, MUSIC, RINGS, UNIT, VOICES, Conversing
from tests.pbx.hearing import wait_hears

STARTED, DONE, REFUSED = "threeway-started", "threeway-done", "agent-refused"


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    one = Conversing(tmp_path_factory.mktemp("by-phone"), **PATIENT)
    lengthen(one, STARTED, DONE, REFUSED)
    with one:
        yield one


@pytest.fixture
def talk(conversing):
    yield conversing.talk()
    conversing.rest()


class SecondLine:
    """What a phone has heard on the line that it opened last."""

    def __init__(self, phone):
        self._phone = phone

    def hears(self, _milliseconds):
        data = self._phone.recordings()[-1].read_bytes()[WAV_HEADER:]
        return array.array("h", data[: len(data) // 2 * 2])


def dial(talk, code):
    """Dial on the second line, wait until it is over, and take the first one back from hold."""
    talk.phone.control.events.clear()  # of the first line
    talk.phone.dial(code)
    talk.phone.wait_event("CALL_ESTABLISHED")
    talk.phone.wait_event("CALL_CLOSED")
    talk.phone.resume()


def test_a_units_short_code_asks_it(conversing, talk):
    code, _ = asked_unit(conversing, RINGS)
    dial(talk, f"*6{code.removeprefix('unit-')}")
    asked = talk.wait("unit_asked")
    assert (asked["data"]["unit"], asked["data"]["by"]) == (code, "8001")


def test_an_emergency_number_alone_asks_the_emergency_service(conversing, talk):
    conversing.unit("fire-119", SERVICE, short_code="119", kind="emergency")
    dial(talk, "119")
    talk.wait("joined")
    talk.wait_hears(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT})


@pytest.fixture
def consulting(conversing, talk):
    """A unit that speaks with the agent while the citizen hears music."""
    code, [talk.number] = asked_unit(conversing, ACCEPTS)
    talk.ask(code)
    talk.wait("consulted")
    return talk


def test_71_brings_all_together(consulting):
    dial(consulting, "*71")
    consulting.wait("join", to="talking", by="8001")
    consulting.wait_hears(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT})


def test_72_lets_the_citizen_wait(consulting):
    consulting.do("join")
    dial(consulting, "*72")
    consulting.wait_hears(citizen={MUSIC}, agent={UNIT})


def test_73_lets_the_unit_wait(consulting):
    dial(consulting, "*73")
    consulting.wait_hears(citizen={AGENT}, agent={CITIZEN})
    wait_hears(consulting.unit(consulting.number), {MUSIC}, of=VOICES)


def test_74_lets_the_unit_go(conversing, consulting):
    dial(consulting, "*74")
    conversing.far_end.wait_event("far-end-bye", number=consulting.number)
    consulting.wait_hears(citizen={AGENT}, agent={CITIZEN})


def test_75_leaves_the_two_together(consulting):
    consulting.phone.dial("*75")
    consulting.wait("leave", to="left", by="8001")
    consulting.wait_hears(citizen={UNIT})


def test_70_ends_it_for_everybody(conversing, consulting):
    consulting.phone.dial("*70")
    consulting.wait("end", to="ended", by="8001")
    conversing.far_end.wait_event("ended", number=consulting.number)
    assert consulting.citizen.wait()


def test_the_phone_says_that_it_was_done(conversing, consulting):
    dial(consulting, "*71")
    wait_told(SecondLine(consulting.phone), conversing, DONE)


# --- what cannot be done ---


@pytest.mark.parametrize("code", ["*68765", "*69999999", "*71", "*78"])
def test_a_code_that_means_nothing_in_this_call_is_refused_and_they_talk_on(conversing, talk, code):
    dial(talk, code)
    wait_told(SecondLine(talk.phone), conversing, REFUSED)
    assert not was_told(SecondLine(talk.phone), conversing, STARTED)
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})


@pytest.mark.parametrize("code", ["*6*", "*6#", "*6abc", "*7", "13800000001"])
def test_what_is_no_code_is_not_answered_and_they_talk_on(talk, code):
    talk.phone.control.events.clear()
    talk.phone.dial(code)
    assert talk.phone.wait_event("CALL_CLOSED")["param"] in {"404 Not Found", "484 Address Incomplete"}
    talk.phone.resume()
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})


@pytest.mark.parametrize("code", ["*6201", "110", "*71"])
def test_a_code_without_a_call_is_refused(conversing, code):
    phone = conversing.system.agent("8001")
    phone.dial(code)
    phone.wait_event("CALL_CLOSED")
    wait_told(SecondLine(phone), conversing, REFUSED)
    conversing.rest()


def test_the_agent_stays_with_an_emergency_whatever_is_dialled(conversing, talk):
    conversing.unit("fire-119", RINGS, short_code="119", kind="emergency")
    talk.ask("119")
    dial(talk, "*75")
    wait_told(SecondLine(talk.phone), conversing, REFUSED)
    assert talk.state == "pair"
