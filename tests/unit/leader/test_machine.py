"""The states of a leader day, cell by cell."""

import re

import pytest

from telephony.errors import NotAllowedError
from telephony.leader.machine import COMMANDS, TABLE, LeaderDayMachine, after, allowed
from telephony.paths import PROJECT

TOLD = "! ! postponed substituted cancelled open ! ! !"
CELLS = {
    "planned": "planned published ! ! cancelled ! ! ! !",
    "published": TOLD,
    "postponed": TOLD,
    "substituted": TOLD,
    "open": "! ! ! ! ! ! open closed !",
    "closed": "! ! ! ! ! ! ! ! certified",
    "certified": "! ! ! ! ! ! ! ! !",
    "cancelled": "! ! ! ! ! ! ! ! !",
}
HEADINGS = ("change", "publish", "postpone", "substitute", "cancel", "open", "extend", "close", "certify")


@pytest.mark.parametrize("state", CELLS)
def test_every_command_in_every_state_does_what_the_table_says(state):
    for command, expected in zip(HEADINGS, CELLS[state].split(), strict=True):
        if expected == "!":
            with pytest.raises(NotAllowedError, match=command):
                after(state, command)
        else:
            assert after(state, command) == expected


def test_the_table_here_names_every_state_and_every_command_of_the_machine():
    automaton = LeaderDayMachine._m._automaton
    assert {each.serialized for each in automaton.states()} == set(CELLS) == set(TABLE)
    assert {each.method.__name__ for each in automaton.inputAlphabet()} == set(HEADINGS) == set(COMMANDS)


@pytest.mark.parametrize("state", CELLS)
def test_what_is_allowed_in_a_state_is_what_leads_somewhere(state):
    cells = dict(zip(HEADINGS, CELLS[state].split(), strict=True))
    assert allowed(state) == {command for command, to in cells.items() if to != "!"}


def test_a_new_day_is_planned():
    assert LeaderDayMachine().state() == "planned"


def test_the_drawing_shows_every_step_that_changes_the_state_and_no_other():
    page = (PROJECT / "docs" / "states.md").read_text(encoding="utf-8")
    drawing = page.partition("## A leader day\n")[2].partition("\n## ")[0]
    drawn = set(re.findall(r"^ *(\w+) --> (\w+) : (\w+)$", drawing, re.MULTILINE))
    steps = {(state, to, command) for state, row in TABLE.items() for command, to in row.items()}
    assert drawn == {step for step in steps if step[0] != step[1]}
