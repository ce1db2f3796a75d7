"""Whatever is commanded and whoever leaves, in any order: nobody is in a room alone, or waits for nobody."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import HotlineError
from telephony.pbx.conference import Place
from telephony.threeway.people import RINGING
from telephony.threeway.places import wanted
from tests.unit.threeway.talking import Around, Careless, conversation_in

ROOM = {Place.CITIZEN_IN, Place.AGENT_IN, Place.UNIT_IN}
MUSIC = {Place.CITIZEN_WAITS, Place.UNIT_WAITS}
COMMANDS = (
    ("join",),
    ("leave",),
    *(("hold", party) for party in ("citizen", "units", "water")),
    *(("resume", party) for party in ("citizen", "units", "water")),
    *(("drop", party) for party in ("units", "water", "gas", "8003")),
    ("hand_over", "8002"),
    ("supervise", "8003"),
    ("back", "8001"),
)
LEAVINGS = range(4)
"""Of those who are there, which one."""
STEPS = (*COMMANDS, *LEAVINGS, "answer")
STATES = ("consulting", "talking", "units_held")


def step(around, what):
    """Do one thing, if it can be done."""
    people = [each for each in around.conversation.people.values() if each.present]
    ringing = [each for each in around.conversation.people.values() if each.state == RINGING]
    with suppress(HotlineError):
        if isinstance(what, tuple):
            around.command(*what)
        elif what == "answer" and ringing:
            around.bringing.answered(around.conversation, ringing[0])
        elif isinstance(what, int) and people:
            around.conversation.gone(people[what % len(people)], around.clock.now())
            around.all.settled(around.conversation)
    around.commit_all()
    around.phones.states = dict.fromkeys(around.phones.states, "ready")


def left_alone(conversation):
    """Return who is in the room alone, or hears music while nobody cares for them.

    A supervisor may be alone there: while a unit is asked the agent hears it ring.
    """
    people = [each for each in conversation.people.values() if each.present]
    places = {each.leg_id: wanted(conversation.state, each) for each in people}
    ours = [each for each in people if each.role in {"agent", "supervisor"}]
    in_room = [each for each in people if places[each.leg_id] in ROOM]
    waiting = [each for each in people if places[each.leg_id] in MUSIC]
    alone = in_room if len(in_room) == 1 and in_room[0].role != "supervisor" else []
    return [*alone, *([] if ours else waiting)]


def try_all(state, steps):
    around = Around(conversation_in(state, "citizen", "agent", "unit", "second"), Careless())
    for what in steps:
        step(around, what)
        assert around.conversation.over or left_alone(around.conversation) == [], steps


@pytest.mark.parametrize("state", STATES)
def test_nobody_is_left_alone_by_any_two_things_that_happen(state):
    for steps in itertools.product(STEPS, repeat=2):
        try_all(state, steps)


@given(st.sampled_from(STATES), st.lists(st.sampled_from(STEPS), min_size=3, max_size=12))
def test_nobody_is_left_alone_in_whatever_order_more_happens(state, steps):
    try_all(state, steps)
