"""What a citizen who waits hears on a real switch: music, comfort, and how long once that was measured."""

import pytest

from telephony.peers.ear import RATE
from telephony.peers.hearing import level
from tests.pbx.calls import call_through, ended
from tests.pbx.hearing import AUDIBLE_PROMPT, PROMPT_PIECE_MS, said, wait_said
from tests.switch import prompt_hertz
from tests.system import System

MUSIC = 300
PLACE = ("waiting-place", "digit-1", "waiting-place-end")
EXPECTED = ("waiting-expected", "digit-1", "waiting-expected-end")
CHANGES = {"waiting": {"ask_seconds": 2, "word_seconds": 5, "fewest_answers": 1}}
QUIET, MEASURED = "03755112345", "03756512345"
"""Two centres that share no agents: nobody is ever answered in the first."""


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("words"), CHANGES)
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def system(talkative):
    yield talkative
    talkative.hang_up()
    talkative.log_everybody_out()


def hertz(system, name):
    return prompt_hertz(list(system.switch.config.prompts.prompts).index(name))


def first_heard(samples, pitch):
    """Return at which sample a pitch is first heard as loud as the switch plays it."""
    size = RATE * PROMPT_PIECE_MS // 1000
    starts = range(0, len(samples) - size + 1, size)
    return next(at for at in starts if level(samples[at : at + size], pitch / RATE) > AUDIBLE_PROMPT)


def answer_one(system):
    """Let somebody wait, be answered and go, so that one answer is measured."""
    mark = system.service.mark()
    phone, _, call_id = call_through(system, MEASURED, agent="8101")
    phone.hangup()
    ended(system, call_id, mark)
    system.service.post("/agents/8101/logout")


def test_who_waits_hears_the_place_then_music_then_comfort_and_nothing_is_foretold_without_answers(system):
    citizen = system.citizen(QUIET)
    comfort = hertz(system, "waiting-comfort")
    wait_said(citizen, comfort)
    samples = citizen.hears(None)
    order = [first_heard(samples, pitch) for pitch in (hertz(system, "waiting-place"), MUSIC, comfort)]
    assert order == sorted(order)
    assert not said(samples, hertz(system, "waiting-expected"))


def test_after_one_answer_who_waits_hears_how_long_it_will_take_also_from_a_service_that_starts_anew(system):
    answer_one(system)
    citizen = system.citizen(MEASURED)
    for name in (*PLACE, *EXPECTED):
        wait_said(citizen, hertz(system, name))
    system.service.kill()
    system.service.start()
    system.service.wait_ready()
    another = system.citizen(MEASURED)
    for name in ("waiting-place", "digit-2", "waiting-expected"):
        wait_said(another, hertz(system, name))
