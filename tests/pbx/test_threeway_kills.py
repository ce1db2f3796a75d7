"""The service is killed in each state of a three-way call: the voices go on, and it takes up what it left."""

import itertools
from dataclasses import dataclass

import pytest

from tests.pbx.threeway_kills import PATIENT, STAGES, Killed, Scene

_databases = itertools.count()


@dataclass
class Killing:
    """What was there before the kill, and after the next start."""

    scene: Scene
    state: str
    legs: list
    states: list
    agent: str


class Running:
    """The system on the database that was asked for last."""

    def __init__(self, request, tmp_path_factory):
        self._request, self._folders, self._name, self._killed = request, tmp_path_factory, "", None

    def on(self, name):
        if name != self._name:
            self.stop()
            url = "sqlite"
            if name == "postgresql":
                url = self._request.getfixturevalue("postgres").database(f"rooms{next(_databases)}")
            killed = Killed(self._folders.mktemp("rooms"), {"database": url}, **PATIENT)
            self._killed, self._name = killed.start(), name
        return self._killed

    def stop(self):
        if self._killed is not None:
            self._killed.stop()


@pytest.fixture(scope="module")
def running(request, tmp_path_factory):
    running = Running(request, tmp_path_factory)
    yield running
    running.stop()


CASES = [("sqlite", stage) for stage in STAGES] + [
    ("postgresql", stage) for stage in STAGES if stage.__name__ in {"hearing", "talking", "left"}
]


def _id(case):
    database, stage = case
    return f"{database}-{stage.__name__}"


@pytest.fixture(scope="module", params=CASES, ids=_id)
def killing(running, request):
    """One stage, in which the service dies: while it is dead all hear what they heard before, or it fails."""
    database, stage = request.param
    killed = running.on(database)
    state, heard = STAGES[stage]
    scene = stage(killed)
    scene.wait_hear(heard)
    legs = [killed.legs()]
    killed.service.kill()
    scene.wait_hear(heard)
    killed.come_back()
    scene.wait_hear(heard)
    legs.append(killed.legs())
    yield Killing(scene, state, legs, [scene.talk.state], killed.service.agent("8001")["state"])
    killed.rest()


def test_the_conversation_is_taken_up_in_its_state(killing):
    assert killing.states == [killing.state]


def test_nobody_is_moved_by_the_kill_or_by_the_start(killing):
    before, after = killing.legs
    assert after == before


def test_an_agent_who_is_in_the_conversation_is_talking(killing):
    in_it = [each for each in killing.scene.talk.view["participants"] if each["party"] == "8001"]
    present = any(each["state"] == "present" for each in in_it)
    assert (killing.agent == "talking") == present
