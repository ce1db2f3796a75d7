"""What leaving, promotion, dismissal and the end do to a conversation, by everything that is told of it."""

from datetime import timedelta

import pytest

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.pbx.conference import Place
from telephony.rules.asking import Came
from telephony.threeway.conversation import CITIZEN_LEFT
from telephony.threeway.people import GONE, LEAVING, PRESENT, RINGING
from tests.fakes import NOON
from tests.unit.threeway.talking import PEOPLE, conversation_in, invite, leave, told

LATER = NOON + timedelta(seconds=90)


def states(conversation):
    """The state of each person by name."""
    names = {leg_id: name for name, (leg_id, *_) in PEOPLE.items()}
    return {names[leg_id]: person.state for leg_id, person in conversation.people.items()}


def test_each_input_is_told_with_the_states_before_and_after_and_who_gave_it():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    conversation.do("hold_citizen", "8001")
    assert conversation.told == [
        ("hold_citizen", {"from": "talking", "to": "consulting", "by": "8001"}),
    ]


def test_an_input_that_makes_no_sense_is_refused_in_chinese_and_english_and_changes_nothing():
    conversation = conversation_in("pair", "citizen", "agent")
    with pytest.raises(
        NotAllowedError, match=r"坐席与市民通话，没有可以合并的通话 · .*agent and citizen speak"
    ):
        conversation.do("join")
    assert (conversation.state, conversation.told) == ("pair", [])


def test_who_leaves_is_told_first_then_what_follows():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    leave(conversation, "unit")
    assert conversation.told == [
        ("party_left", {"role": "unit", "party": "water"}),
        ("units_left", {"from": "talking", "to": "pair", "by": "switch"}),
    ]


def test_a_citizens_number_is_not_told():
    conversation = conversation_in("pair", "citizen", "agent")
    leave(conversation, "citizen")
    assert conversation.told[0] == ("party_left", {"role": "citizen", "party": None})


def test_one_unit_of_two_leaving_changes_no_state():
    conversation = conversation_in("talking", "citizen", "agent", "unit", "second")
    leave(conversation, "unit")
    assert (conversation.state, told(conversation)) == ("talking", ["party_left"])


def test_a_channel_that_ends_twice_is_told_once():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    leave(conversation, "unit")
    leave(conversation, "unit")
    assert told(conversation) == ["party_left", "units_left"]


def test_a_supervisor_who_is_there_has_the_conversation_when_the_agent_leaves():
    conversation = conversation_in("talking", "citizen", "agent", "unit", "supervisor")
    leave(conversation, "agent")
    assert (conversation.state, conversation.agent) == ("talking", "8003")
    assert told(conversation) == ["party_left", "agent_is"]
    assert [each.party for each in conversation.those("agent")] == ["8003"]


def test_a_supervisor_who_has_the_conversation_leaves_it_as_an_agent_does():
    conversation = conversation_in("talking", "citizen", "agent", "unit", "supervisor")
    leave(conversation, "agent")
    leave(conversation, "supervisor")
    assert (conversation.state, told(conversation)[-1]) == ("left", "agent_left")


def test_a_supervisor_who_leaves_an_agent_behind_changes_no_state():
    conversation = conversation_in("pair", "citizen", "agent", "supervisor")
    leave(conversation, "supervisor")
    assert (conversation.state, told(conversation)) == ("pair", ["party_left"])


def test_an_agent_whose_line_breaks_off_while_an_emergency_rings_leaves_the_citizen_to_it():
    conversation = conversation_in("pair", "citizen", "agent")
    invite(conversation, "110", emergency=True)
    leave(conversation, "agent")
    assert (conversation.state, conversation.ended_at) == ("entrusted", None)


def test_an_agent_whose_line_breaks_off_while_another_unit_rings_gives_the_citizen_back():
    conversation = conversation_in("pair", "citizen", "agent")
    invitation = invite(conversation)
    leave(conversation, "agent")
    assert (conversation.state, invitation.outcome) == ("returned", Came.WITHDRAWN)


def test_the_unit_on_hold_comes_back_when_the_one_that_the_agent_spoke_with_leaves():
    conversation = conversation_in("consulting", "citizen", "agent", "unit", "second")
    conversation.people["unit-leg"].held = True
    leave(conversation, "second")
    assert (conversation.state, conversation.people["unit-leg"].held) == ("consulting", False)


def test_a_unit_on_hold_stays_there_while_the_agent_speaks_with_another():
    conversation = conversation_in("consulting", "citizen", "agent", "unit", "second")
    conversation.people["unit-leg"].held = True
    conversation.reunite()
    assert conversation.people["unit-leg"].held


@pytest.mark.parametrize("what", ["join", "leave", "hold_citizen", "agent_left", "citizen_left"])
def test_no_single_unit_stays_on_hold_after(what):
    conversation = conversation_in("units_held", "citizen", "agent", "unit")
    conversation.people["unit-leg"].held = True
    conversation.do(what)
    assert not conversation.people["unit-leg"].held


def test_who_is_dismissed_leaves_with_a_word_and_who_only_rings_without():
    conversation = conversation_in("talking", "citizen", "agent", "supervisor")
    conversation.people["supervisor-leg"].state = RINGING
    people = [conversation.people[leg] for leg in ("agent-leg", "supervisor-leg")]
    conversation.dismiss(people, LATER, "threeway-thanks")
    assert [(each.state, each.word, each.since) for each in people] == [
        (LEAVING, "threeway-thanks", LATER),
        (LEAVING, "", LATER),
    ]


def test_who_has_gone_is_not_dismissed():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    leave(conversation, "unit")
    conversation.dismiss(conversation.people.values(), LATER)
    assert states(conversation) == {"citizen": LEAVING, "agent": LEAVING, "unit": GONE}


def test_what_has_been_dismissed_and_ends_then_is_no_leaving():
    conversation = conversation_in("left", "citizen", "agent", "unit")
    conversation.dismiss(conversation.those("agent"), LATER)
    leave(conversation, "agent")
    assert (conversation.state, told(conversation)) == ("left", [])


def test_at_the_end_everybody_leaves_and_nobody_is_asked_any_more():
    conversation = conversation_in("waiting", "citizen", "agent", "supervisor")
    conversation.people["supervisor-leg"].state = RINGING
    invitation = invite(conversation)
    conversation.do("end")
    conversation.finish(LATER, "ended_by_agent")
    assert states(conversation) == dict.fromkeys(("citizen", "agent", "supervisor"), LEAVING)
    assert (invitation.outcome, invitation.decided_at) == (Came.WITHDRAWN, LATER)


def test_when_the_citizen_is_returned_only_the_citizen_stays():
    conversation = conversation_in("left", "citizen", "unit", "supervisor")
    leave(conversation, "unit")
    assert states(conversation) == {"citizen": PRESENT, "unit": GONE, "supervisor": LEAVING}


def test_a_conversation_ends_once_and_the_first_reason_stays():
    conversation = conversation_in("pair", "citizen", "agent")
    leave(conversation, "citizen")
    conversation.finish(LATER, "ended")
    assert (conversation.ended_at, conversation.ended_why) == (NOON, "citizen_left")


def test_a_conversation_that_goes_on_is_not_finished():
    conversation = conversation_in("pair", "citizen", "agent")
    conversation.finish(LATER, "ended")
    assert (conversation.ended_at, states(conversation)["agent"]) == (None, PRESENT)


@pytest.mark.parametrize(("state", "others"), [("waiting", ["agent"]), ("pair", ["agent", "supervisor"])])
def test_an_agent_hears_that_the_citizen_has_gone_before_being_let_go(state, others):
    conversation = conversation_in(state, "citizen", *others)
    leave(conversation, "citizen")
    assert {each.word for each in conversation.people.values() if each.state == LEAVING} == {CITIZEN_LEFT}


def test_those_who_go_on_hear_that_the_citizen_has_gone():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    leave(conversation, "citizen")
    assert conversation.announced == [CITIZEN_LEFT]


@pytest.mark.parametrize("expected", [True, False])
def test_a_conference_ends_when_nobody_is_there_and_nobody_is_expected(expected):
    conversation = conversation_in("meeting", "agent")
    if expected:
        invite(conversation)
    leave(conversation, "agent")
    assert conversation.state == ("meeting" if expected else "ended")


@pytest.mark.parametrize("party", ["water", "unit"])
def test_a_party_is_found_by_its_name_and_by_its_role(party):
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    assert conversation.party(party).leg_id == "unit-leg"


def test_a_party_that_has_left_is_not_found():
    conversation = conversation_in("talking", "citizen", "agent", "unit")
    leave(conversation, "unit")
    with pytest.raises(UnknownThingError, match="通话中没有 water"):
        conversation.party("water")


def test_the_rooms_number_is_of_one_length():
    assert conversation_in("pair").about.room == "00000001"


def test_what_the_switch_may_still_hold_is_ours_to_care_for_but_not_whom_the_queue_has_again():
    conversation = conversation_in("pair", "citizen", "agent")
    leave(conversation, "agent")
    assert list(conversation.legs()) == ["citizen-leg"]
    conversation.people["citizen-leg"].at = Place.ALONE
    assert list(conversation.legs()) == []
