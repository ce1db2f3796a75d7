"""Commands: what is told, who is rung and moved; a command that makes no sense changes nothing at all."""

import pytest

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.pbx.conference import Place
from telephony.threeway.machine import TABLE
from telephony.threeway.people import RINGING
from tests.fakes import NOON
from tests.unit.threeway.talking import Around, conversation_in, invite, leave, told

THREE = ("citizen", "agent", "unit")
FOUR = (*THREE, "second")
COMMANDS = {
    "join": ("join",),
    "hold citizen": ("hold", "citizen"),
    "hold units": ("hold", "units"),
    "hold one": ("hold", "water"),
    "resume citizen": ("resume", "citizen"),
    "resume units": ("resume", "units"),
    "drop units": ("drop", "units"),
    "drop citizen": ("drop", "citizen"),
    "drop agent": ("drop", "8001"),
    "leave": ("leave",),
    "end": ("end",),
    "back": ("back", None),
    "hand over to nobody free": ("hand_over", "8001"),
}
SENSE = {
    "waiting": {"resume citizen", "join", "end"},
    "consulting": {"join", "hold units", "hold one", "resume citizen", "drop units", "leave", "end"},
    "talking": {"hold citizen", "hold units", "hold one", "drop units", "leave", "end"},
    "units_held": {"join", "hold citizen", "resume units", "drop units", "leave", "end"},
    "pair": {"end"},
    "entrusted": {"back", "end"},
    "left": {"back", "end"},
    "debrief": {"drop units", "leave", "end"},
    "meeting": {"drop units", "leave", "end"},
    "returned": set(),
    "ended": set(),
}
"""For each state which commands make sense while everybody is there who is there in it."""
THERE = {
    **dict.fromkeys(("consulting", "talking", "units_held"), THREE),
    **dict.fromkeys(("waiting", "pair"), ("citizen", "agent")),
    "entrusted": ("citizen",),
    "left": ("citizen", "unit"),
    "debrief": ("agent", "unit"),
    "meeting": ("agent", "unit"),
    "returned": ("citizen",),
    "ended": (),
}


def around(state, *names):
    return Around(conversation_in(state, *names))


def as_it_is(conversation):
    """Everything of a conversation that a command may change."""
    people = [vars(each).copy() for each in conversation.people.values()]
    return conversation.state, conversation.agent, people, list(conversation.told), conversation.ended_why


def test_the_table_of_sense_has_every_state_but_the_first():
    assert set(SENSE) == set(TABLE) - {"new"}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("state", SENSE)
def test_a_command_that_makes_no_sense_is_refused_and_changes_nothing_and_any_other_is_stored(state, name):
    all_ = around(state, *THERE[state])
    all_.phones.states["8001"] = "talking" if "agent" in THERE[state] else "wrap_up"
    before, (what, *args) = as_it_is(all_.conversation), COMMANDS[name]
    if name in SENSE[state]:
        all_.command(what, *args)
        assert (all_.store.waiting, as_it_is(all_.conversation) != before) == (1, True)
        return
    with pytest.raises((NotAllowedError, UnknownThingError), match=r"[\u4e00-\u9fff].* · "):
        all_.command(what, *args)
    assert (all_.store.waiting, as_it_is(all_.conversation)) == (0, before)


def test_one_unit_of_two_is_held_while_the_others_go_on():
    all_ = around("talking", *FOUR)
    all_.command("hold", "water")
    all_.commit_all()
    assert (all_.conversation.state, all_.done[1:]) == ("talking", [("move", "unit-leg", "UNIT_WAITS")])


def test_the_last_unit_that_is_held_makes_citizen_and_agent_alone():
    all_ = around("talking", *FOUR)
    all_.command("hold", "water")
    all_.command("hold", "gas")
    assert all_.conversation.state == "units_held"


def test_a_unit_that_is_on_hold_cannot_be_held_again():
    all_ = around("talking", *FOUR)
    all_.command("hold", "water")
    with pytest.raises(NotAllowedError, match="已在保持中：water"):
        all_.command("hold", "water")


def test_of_two_units_on_hold_one_comes_back_alone():
    all_ = around("units_held", *FOUR)
    for leg in ("unit-leg", "second-leg"):
        all_.conversation.people[leg].held = True
    all_.command("resume", "water")
    all_.commit_all()
    assert (all_.conversation.state, all_.done[1:]) == ("talking", [("move", "unit-leg", "UNIT_IN")])


@pytest.mark.parametrize("state", ["left", "debrief", "meeting"])
def test_one_unit_of_two_is_not_held_where_it_would_leave_somebody_waiting_for_nobody(state):
    all_ = around(state, "unit", "second")
    with pytest.raises(NotAllowedError):
        all_.command("hold", "water")
    assert not all_.conversation.people["unit-leg"].held


def test_dropping_the_unit_that_the_agent_speaks_with_brings_the_other_back_from_hold():
    all_ = around("consulting", *FOUR)
    all_.conversation.people["unit-leg"].held = True
    all_.conversation.people["unit-leg"].at = Place.UNIT_WAITS
    all_.command("drop", "gas")
    all_.commit_all()
    assert sorted(all_.done[1:]) == [
        ("move", "second-leg", "UNIT_DISMISSED", "threeway-thanks"),
        ("move", "unit-leg", "UNIT_IN"),
    ]


def test_units_that_are_still_asked_are_asked_no_further_once_dropped():
    all_ = around("waiting", "citizen", "agent")
    invitation = invite(all_.conversation)
    all_.command("drop", "units")
    all_.commit_all()
    assert (all_.conversation.state, invitation.open) == ("pair", False)


def test_an_agent_who_leaves_a_supervisor_behind_gives_the_conversation_to_them():
    all_ = around("talking", *THREE, "supervisor")
    all_.command("leave")
    all_.commit_all()
    assert (all_.conversation.state, all_.conversation.agent) == ("talking", "8003")
    assert all_.done[1:] == [("hang_up", "agent-leg")]


def test_a_supervisor_whom_an_agent_left_the_conversation_to_is_not_let_go_with_the_unit():
    all_ = around("talking", *THREE, "supervisor")
    all_.command("leave")
    all_.commit_all()
    leave(all_.conversation, "unit")
    assert (all_.conversation.state, all_.conversation.people["supervisor-leg"].present) == ("pair", True)


def test_a_supervisor_is_dropped_and_the_others_stay():
    all_ = around("talking", *THREE, "supervisor")
    all_.command("drop", "8003")
    all_.commit_all()
    assert (all_.conversation.state, all_.done[1:]) == ("talking", [("hang_up", "supervisor-leg")])


def test_another_agent_is_rung_only_once_it_is_stored():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    assert all_.done == []
    all_.commit_all()
    assert all_.done == [("stored", "talking"), ("ring", "8002")]


def test_the_agent_who_answers_takes_the_place_of_the_one_before():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    all_.commit_all()
    all_.answer("8002")
    assert (all_.conversation.state, all_.conversation.agent) == ("talking", "8002")
    assert ("hang_up", "agent-leg") not in all_.done  # not before the other is in the room
    all_.come_in("8002")
    assert (all_.done[-1], all_.phones.told) == (("hang_up", "agent-leg"), [("connected", "8002")])


def test_of_two_agents_rung_at_once_the_first_to_answer_has_it_and_the_other_rings_no_more():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    all_.command("hand_over", "8003")
    all_.commit_all()
    [other] = [each for each in all_.conversation.people.values() if each.party == "8003"]
    all_.answer("8002")
    all_.come_in("8002")
    assert sorted(all_.done[-2:]) == sorted([("hang_up", "agent-leg"), ("hang_up", other.leg_id)])
    assert all_.conversation.agent == "8002"


@pytest.mark.parametrize("first", ["up", "came_in"])
def test_the_agent_before_goes_at_once_whatever_the_switch_tells_first_of_the_one_who_answers(first):
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    all_.commit_all()
    [colleague] = all_.conversation.those("agent", RINGING)
    told = {
        "up": lambda: all_.line.listener.up(colleague.leg_id, all_.clock.now()),
        "came_in": lambda: all_.line.listener.came_in(colleague.leg_id),
    }
    told.pop(first)()
    next(iter(told.values()))()
    all_.commit_all()
    assert (all_.conversation.agent, all_.done[-1]) == ("8002", ("hang_up", "agent-leg"))


def test_another_agent_rings_on_when_the_present_one_is_seen_in_the_room_again():
    all_ = around("talking", *THREE)
    all_.clock.advance(1)
    all_.command("hand_over", "8002")
    all_.commit_all()
    all_.bringing.came_in(all_.conversation, all_.conversation.people["agent-leg"])
    assert [each.party for each in all_.conversation.those("agent", RINGING)] == ["8002"]


def test_an_agent_who_does_not_answer_changes_nothing_but_is_told():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    all_.commit_all()
    [person] = [each for each in all_.conversation.people.values() if each.party == "8002"]
    all_.bringing.not_reached(all_.conversation, person)
    assert (all_.conversation.state, all_.conversation.agent) == ("talking", "8001")
    assert (told(all_.conversation), all_.phones.told) == ([], [("ring_ended", "8002", False)])


@pytest.mark.parametrize(("state", "free"), [("ready", True), ("wrap_up", True), ("ringing", False)])
def test_only_an_agent_who_is_in_no_call_is_rung(state, free):
    all_ = around("talking", *THREE)
    all_.phones.states["8002"] = state
    if free:
        all_.command("hand_over", "8002")
    else:
        with pytest.raises(NotAllowedError, match="坐席 8002 正在通话，请换一位"):
            all_.command("hand_over", "8002")
    assert all_.store.waiting == free


def test_an_agent_who_is_rung_already_is_not_rung_twice():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    with pytest.raises(NotAllowedError, match="8002"):
        all_.command("supervise", "8002")


def test_an_agent_whom_nobody_knows_is_said_to_be_unknown():
    with pytest.raises(UnknownThingError, match="没有坐席 9999"):
        around("talking", *THREE).command("supervise", "9999")


@pytest.mark.parametrize("name", ["drop", "leave", "end", "hand_over"])
def test_nobody_is_let_go_before_an_emergency_service_has_answered(name):
    all_ = around("pair", "citizen", "agent")
    invite(all_.conversation, "110", emergency=True)
    before = as_it_is(all_.conversation)
    args = {"drop": ("units",), "hand_over": ("8002",)}.get(name, ())
    with pytest.raises(NotAllowedError, match="紧急服务尚未接听"):
        all_.command(name, *args)
    assert as_it_is(all_.conversation) == before


def test_who_is_muted_is_so_on_the_switch_once_it_is_stored():
    all_ = around("talking", *THREE)
    all_.command("mute", "citizen", muted=True)
    all_.commit_all()
    assert all_.done == [("stored", "talking"), ("mute", "citizen-leg")]


@pytest.mark.parametrize("state", ["returned", "ended"])
def test_nobody_is_muted_once_it_is_over(state):
    all_ = around(state, "citizen")
    with pytest.raises(NotAllowedError, match="三方通话已结束"):
        all_.command("mute", "citizen", muted=True)


@pytest.mark.parametrize("command", ["hold", "resume", "drop"])
def test_two_hundred_parties_that_are_not_there_are_named_and_change_nothing(command):
    all_ = around("talking", *THREE)
    before = as_it_is(all_.conversation)
    for nth in range(200):
        with pytest.raises(UnknownThingError, match=f"通话中没有 nobody-{nth} · "):
            all_.command(command, f"nobody-{nth}")
    assert (all_.store.waiting, as_it_is(all_.conversation)) == (0, before)


def test_of_two_agents_the_one_who_stays_has_the_conversation():
    all_ = around("talking", *THREE)
    all_.command("hand_over", "8002")
    all_.commit_all()
    all_.answer("8002")
    [colleague] = [each for each in all_.conversation.people.values() if each.party == "8002"]
    all_.conversation.gone(colleague, NOON)
    assert (all_.conversation.state, all_.conversation.agent) == ("talking", "8001")
