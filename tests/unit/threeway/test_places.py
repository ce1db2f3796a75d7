"""Who is moved, and in which order."""

import pytest

from telephony.pbx.conference import Place
from telephony.threeway.people import GONE, LEAVING, RINGING
from telephony.threeway.places import misplaced, wanted
from tests.unit.threeway.talking import conversation_in


def moves(conversation, state):
    return [(person.leg_id, place) for person, place in misplaced(state, conversation.people.values())]


def test_nobody_is_moved_who_is_where_they_belong():
    assert moves(conversation_in("talking", "agent", "unit", "citizen"), "talking") == []


def test_the_citizen_is_moved_first_and_the_agent_last():
    conversation = conversation_in("talking", "agent", "supervisor", "unit", "citizen")
    assert [leg for leg, _ in moves(conversation, "ended")] == [
        *("citizen-leg", "unit-leg", "supervisor-leg", "agent-leg"),
    ]


@pytest.mark.parametrize("state", [RINGING, LEAVING, GONE])
def test_who_is_not_present_is_not_moved(state):
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    conversation.people["unit-leg"].state = state
    assert moves(conversation, "units_held") == []


@pytest.mark.parametrize("state", ["talking", "consulting", "meeting"])
def test_a_unit_on_hold_by_itself_hears_music_while_the_others_speak(state):
    conversation = conversation_in(state, "unit", "second")
    conversation.people["unit-leg"].held = True
    assert moves(conversation, state) == [("unit-leg", Place.UNIT_WAITS)]


def test_a_unit_on_hold_is_let_go_as_any_other_at_the_end():
    conversation = conversation_in("units_held", "unit")
    conversation.people["unit-leg"].held = True
    assert wanted("ended", conversation.people["unit-leg"]) is None


def test_where_a_citizen_came_out_of_the_room_by_the_dialplan_the_queue_has_them_and_nobody_moves_them():
    conversation = conversation_in("left", "citizen")
    conversation.people["citizen-leg"].at = Place.ALONE
    assert moves(conversation, "returned") == []
