"""Who leaves in which state, and what the others hear then: docs/states.md cell by cell, on a real switch."""

import pytest

from tests.pbx.conversing import Conversing
from tests.pbx.hearing import gap_ms
from tests.pbx.scene import GOODBYE, Scene, prompt
from tests.states_page import LEAVING, follows
from tests.switch import tone

SILENCE_MS = 1500
CELLS = [each for each in LEAVING if each[0] != "meeting" and each[2] != "–"]


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaving")
    conversing = Conversing(folder, {"agents": {"wrap_up_seconds": 1}}, ring_seconds=20, ask_seconds=30)
    # A softphone that is hung up plays no more than what it had before its buffer was full: 100 ms.
    tone(conversing.switch.paths.sounds / f"{GOODBYE}.wav", prompt(conversing, GOODBYE), 0.5)
    with conversing:
        yield conversing


@pytest.fixture
def scene(conversing):
    yield lambda state: Scene(conversing, state)
    conversing.rest()


@pytest.mark.parametrize(("state", "who", "cell"), CELLS, ids=lambda cell: cell.replace(" ", "-"))
def test_when_somebody_leaves_the_others_meet_what_the_table_says(scene, state, who, cell):
    there = scene(state)
    to, others = follows(cell)
    assert there.leave(who) == to
    room = [other for other, fate in others.items() if fate == "room"]
    for other, fate in others.items():
        there.wait_fate(other, fate, room)
    there.wait_living([*room, *(["agent", "citizen"] if to == "returned" else [])])
    assert gap_ms(there.talk.citizen.hears(None)) <= SILENCE_MS
