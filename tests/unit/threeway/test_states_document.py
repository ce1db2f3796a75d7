"""docs/states.md says of three-way calls what the code does: the drawing, and the tables cell by cell."""

import re

import pytest
from automat import NoTransition

from telephony.pbx.conference import Place
from telephony.threeway import people
from telephony.threeway.conversation import CITIZEN_LEFT
from telephony.threeway.machine import COMMANDS, EVENTS, Machine
from telephony.threeway.places import WHERE, wanted
from tests.states_page import LEAVING, ROLES, THREE_WAY, follows, table
from tests.unit.threeway.talking import conversation_in, leave

CALLED = {
    "room": {Place.CITIZEN_IN, Place.AGENT_IN, Place.UNIT_IN},
    "music": {Place.CITIZEN_WAITS, Place.UNIT_WAITS},
    "ringing tone": {Place.AGENT_ASKS},
    "queue": {Place.ALONE},
    "let go": {None},
}
BEGIN = ("ask_beside", "meet")
"""Inputs that only begin something; `ask` is a command as well."""


def after(state, what):
    machine = Machine()
    machine.restore(state)
    try:
        getattr(machine, what)()
    except NoTransition:
        return "–"
    return machine.state()


MACHINE = table("| what |")
STATES = MACHINE[0][1:]
CELLS = [
    (state, row[0], to) for row in MACHINE[1:] for state, to in zip(STATES, row[1:], strict=True)
]  # fmt: skip


@pytest.mark.parametrize(("state", "what", "to"), CELLS, ids=lambda cell: cell)
def test_every_input_in_every_state_does_what_the_table_says(state, what, to):
    assert after(state, what) == to


def test_the_table_has_every_state_and_every_input_of_the_machine():
    automaton = Machine._m._automaton
    assert set(STATES) == {each.serialized for each in automaton.states()}
    named = {each.method.__name__ for each in automaton.inputAlphabet()}
    assert named == {row[0] for row in MACHINE[1:]} == {*COMMANDS, *EVENTS, *BEGIN}


def test_the_drawing_shows_every_transition_that_changes_the_state_and_no_other():
    arrows = re.findall(r"^ *(\w+) --> (\w+) : (.+)$", THREE_WAY, re.MULTILINE)
    drawn = {(state, to, what) for state, to, all_of in arrows for what in all_of.split(", ")}
    assert drawn == {(state, to, what) for state, what, to in CELLS if to not in {"–", state}}


def test_every_party_is_in_every_state_where_the_table_says():
    [_, *rows] = table("| state | citizen |")
    told = {(row[0], role): CALLED[cell] for row in rows for role, cell in zip(ROLES, row[1:], strict=True)}
    assert set(told) == {(state, role) for state in WHERE for role in ROLES}
    assert [where for where, places in told.items() if WHERE[where[0]][where[1]] not in places] == []


def test_every_state_in_which_somebody_can_leave_is_in_the_table_of_leaving():
    assert {state for state, *_ in LEAVING} == set(STATES) - {"new", "returned", "ended"}


def fates(conversation):
    """Return what happens to each who is still there, as the table calls it."""
    for person in conversation.people.values():
        if person.state == people.PRESENT:
            where = wanted(conversation.state, person)
            yield person.role, next(word for word, places in CALLED.items() if where in places)
        elif person.state == people.LEAVING:
            yield person.role, "told" if person.word == CITIZEN_LEFT else "let go"


@pytest.mark.parametrize(
    ("state", "who", "cell"), [each for each in LEAVING if each[2] != "–"], ids=lambda cell: cell
)
def test_who_leaves_in_which_state_and_what_happens_to_the_others(state, who, cell):
    conversation = conversation_in(state, *(role for role in ROLES if role == who or role in cell))
    leave(conversation, who)
    to, others = follows(cell)
    assert (conversation.state, dict(fates(conversation))) == (to, others)


def test_where_the_table_has_nobody_who_could_leave_the_machine_knows_of_no_leaving():
    left = dict(zip(ROLES, ("citizen_left", "agent_left", "units_left"), strict=True))
    absent = {(state, left[who]) for state, who, cell in LEAVING if cell == "–"}
    assert absent == {
        (state, what) for state, what, to in CELLS
        if what in left.values() and to == "–" and state not in {"new", "returned", "ended"}
    }  # fmt: skip
