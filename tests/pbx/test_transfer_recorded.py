"""After a transfer the citizen's recording holds both agents, whichever way it was given on."""

import itertools

import pytest

from telephony.peers.ear import RATE
from telephony.peers.hearing import level
from tests.pbx.calls import ended, recorded
from tests.pbx.conversing import AGENT, CITIZEN, COLLEAGUE, MUSIC, Conversing
from tests.pbx.hearing import wait_heard
from tests.pbx.transferring import Giving

AGENTS = {"agents": {"ring_seconds": 5}}
PIECE, AUDIBLE = RATE // 2, 2000
"""Half a second, in which a prompt of a test is no louder than 1600, and a voice is."""


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("recorded"), AGENTS, ask_seconds=20) as conversing:
        yield conversing


@pytest.fixture
def giving(conversing):
    giving = Giving(conversing)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    wait_heard(giving.citizen, 1500)
    yield giving
    conversing.rest()


def agents_on_the_record(giving):
    """End the talk a little later; return which agents are heard on its recording, in their order."""
    wait_heard(giving.citizen, 1500)
    giving.citizen.hangup()
    ended(giving.conversing.system, giving.talk.call_id, giving.talk.mark)
    samples = recorded(giving.service, giving.talk.call_id, giving.talk.mark)
    pieces = [samples[at : at + PIECE] for at in range(0, len(samples) - PIECE + 1, PIECE)]
    voices = [each for piece in pieces for each in (AGENT, COLLEAGUE) if audible(piece, each)]
    return [voice for voice, _ in itertools.groupby(voices)]


def audible(piece, hertz):
    return level(piece, hertz / RATE) > AUDIBLE


@pytest.mark.parametrize("call", range(3))  # Asterisk left the second one out as often as not
def test_after_a_blind_transfer_both_agents_are_on_the_citizens_recording(giving, call):
    giving.start("agent:8002")
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    assert agents_on_the_record(giving) == [AGENT, COLLEAGUE]


def test_after_an_attended_one_to_a_queue_whoever_of_it_was_free_comes_after_the_first_on_the_recording(
    giving,
):
    phone = giving.another("8003")
    giving.start("queue:city-12328", mode="attended")
    giving.answer(phone)
    giving.wait_hear(citizen={MUSIC}, first={COLLEAGUE})
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE})
    assert giving.came_of() == ("completed", None, "8003")
    assert agents_on_the_record(giving) == [AGENT, COLLEAGUE]


def test_a_recording_that_was_paused_before_a_transfer_is_silent_behind_it(giving):
    giving.service.post(f"/recordings/calls/{giving.talk.call_id}/pause", by="8001", reason="bank-card")
    giving.start("agent:8002")
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    assert agents_on_the_record(giving) == [AGENT]
