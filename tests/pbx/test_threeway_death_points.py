"""The service dies between a commit and the first order that follows, and gives it when it is back."""

import pytest

from tests.pbx.conversing import ACCEPTS, AGENT, CITIZEN, MUSIC, UNIT
from tests.pbx.threeway_kills import PATIENT, Killed, Scene, next_code, talking


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Killed(tmp_path_factory.mktemp("points"), **PATIENT)
    try:
        yield found.start()
    finally:
        found.stop()


@pytest.fixture
def killed(running):
    yield running
    running.rest()


@pytest.fixture
def scene(killed):
    """A citizen and an agent who talk; no unit has been asked yet."""
    return Scene(killed.talk(), "")


def asked_dead(killed, scene, point):
    """Ask a unit, of which the service dies at a point; start it again; return the unit's code."""
    code = next_code()
    [scene.number] = killed.unit(f"unit-{code}", ACCEPTS, short_code=code)
    killed.die_at(point)
    killed.dies(scene.talk.ask, code)
    killed.come_back()
    return code


def test_what_was_only_entered_is_closed_and_citizen_and_agent_talk_on(killed, scene):
    asked_dead(killed, scene, "after_begun")
    assert (scene.talk.state, scene.talk.view["ended_why"]) == ("ended", "interrupted")
    scene.wait_hear({"citizen": {AGENT}, "agent": {CITIZEN}})


def test_after_that_the_unit_can_be_asked_once_more(killed, scene):
    code = asked_dead(killed, scene, "after_begun")
    scene.talk.ask(code)
    scene.talk.wait("consulted")


@pytest.mark.parametrize("point", ["after_ask", "before_moving"])
def test_what_was_stored_but_not_begun_is_begun_at_the_start(killed, scene, point):
    asked_dead(killed, scene, point)
    scene.talk.wait("consulted")
    scene.wait_hear({"citizen": {MUSIC}, "agent": {UNIT}, "unit": {AGENT}})


def test_a_ring_that_was_ordered_and_never_sent_is_unknown_and_no_miss_of_the_unit(killed, scene):
    asked_dead(killed, scene, "after_ask_ordered")
    scene.talk.wait("none_left")
    [invitation] = scene.talk.view["invitations"]
    assert (invitation["outcome"], invitation["asks"][0]["state"]) == ("failed", "unknown")
    scene.wait_hear({"citizen": {AGENT}, "agent": {CITIZEN}})


def test_a_unit_whose_acceptance_is_stored_comes_in_though_it_was_never_told(killed, scene):
    asked_dead_of_a_key(killed, scene)
    scene.wait_hear({"citizen": {MUSIC}, "agent": {UNIT}, "unit": {AGENT}})


def asked_dead_of_a_key(killed, scene):
    """Ask a unit, of whose acceptance the service dies; start it again."""
    code = next_code()
    [scene.number] = killed.unit(f"unit-{code}", ACCEPTS, short_code=code)
    killed.die_at("after_consulted")
    scene.talk.ask(code)
    killed.service.wait_killed()
    killed.come_back()


def test_a_command_that_is_stored_is_done_at_the_start(killed):
    scene = talking(killed)
    killed.die_at("after_hold_units")
    killed.dies(scene.talk.do, "hold", party="units")
    killed.come_back()
    scene.wait_hear({"citizen": {AGENT}, "agent": {CITIZEN}, "unit": {MUSIC}})
