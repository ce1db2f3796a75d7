"""The story of a call with more than two parties, and of one without a citizen."""

from datetime import timedelta

import pytest

from telephony.rules.call_story import CONFERENCE, ENDED, Call, Record
from telephony.rules.call_telling import begin, tell
from tests.unit.rules.test_call_story import AGENT, CITIZEN, START, TALK, record

TRUNK = "PJSIP/carrier-00000009"
UNIT = ("unit", "water")
WHO = {"1.0": ("citizen", None), "1.1": ("agent", None)}


def of(leg, kind, second, channel=TRUNK, **values):
    return Record(kind, START + timedelta(seconds=second), channel, leg, "1.0", **values)


def story(records, call=None, who=None):
    """Fold records; return the call and what happened."""
    call = call or begin(records[0])
    who = WHO | (who or {"tw-1": UNIT})
    return call, [event for item in records for event in tell(call, item, *who[item.leg_id])]


def kinds(events):
    return [event.kind for event in events]


INVITED = [of("tw-1", "CHAN_START", 20), of("tw-1", "ANSWER", 25), of("tw-1", "BRIDGE_ENTER", 26)]
UNIT_LEAVES = [of("tw-1", "HANGUP", 50, cause=16, hangup_source=TRUNK)]
AGENT_LEAVES = [record("HANGUP", 40, AGENT, cause=16, source=AGENT)]
CITIZEN_LEAVES = [record("HANGUP", 60, source=CITIZEN, cause=16)]


@pytest.mark.parametrize("role", ["unit", "supervisor"])
def test_who_is_asked_in_is_told_from_the_call_to_the_leaving(role):
    _, events = story(TALK + INVITED + UNIT_LEAVES, who={"tw-1": (role, "water")})
    mine = [event for event in events if event.kind.startswith(role)]
    assert kinds(mine) == [f"{role}_called", f"{role}_answered", f"{role}_left"]
    assert {event.data["party"] for event in mine} == {"water"}
    assert mine[-1].data["cause"] == 16


def test_a_unit_that_does_not_answer_was_not_reached():
    _, events = story([*TALK, INVITED[0], of("tw-1", "HANGUP", 50, cause=19)])
    assert (events[-1].kind, events[-1].data) == ("unit_not_reached", {"party": "water", "cause": 19})


def test_a_unit_that_leaves_does_not_end_the_call():
    call, _ = story(TALK + INVITED + UNIT_LEAVES)
    assert (call.state, call.agent, call.legs["tw-1"].ended_at) == (
        "talking",
        "8001",
        START + timedelta(seconds=50),
    )


def test_an_agent_who_leaves_citizen_and_unit_together_does_not_end_the_call():
    call, _ = story(TALK + INVITED + AGENT_LEAVES)
    assert (call.state, call.agent) == ("talking", "8001")


def test_the_citizen_ends_the_call_and_the_legs_that_go_on_are_told_until_they_hang_up():
    call, events = story(TALK + INVITED + CITIZEN_LEAVES + [of("tw-1", "HANGUP", 90, cause=16)])
    assert (call.state, call.ended_by, call.ended_at) == (ENDED, "citizen", START + timedelta(seconds=60))
    assert kinds(events)[-2:] == ["ended", "unit_left"]
    assert call.legs["tw-1"].ended_at == START + timedelta(seconds=90)


def test_a_unit_that_is_asked_in_after_the_citizen_has_gone_changes_the_legs_only():
    call, events = story(TALK + CITIZEN_LEAVES)
    before = (call.state, call.agent, call.answered_at, call.ended_at)
    late = [of("tw-1", kind, 70) for kind in ("CHAN_START", "ANSWER", "BRIDGE_ENTER")]
    _, events = story(late, call)
    assert kinds(events) == ["unit_called", "unit_answered"]
    assert (call.state, call.agent, call.answered_at, call.ended_at) == before
    assert call.legs["tw-1"].bridged_at == START + timedelta(seconds=70)


def agent_leg(leg, second):
    return [of(leg, kind, second) for kind in ("CHAN_START", "ANSWER", "BRIDGE_ENTER")]


def test_a_second_agent_who_takes_over_is_the_calls_agent():
    call, events = story(TALK + agent_leg("tw-2", 30) + AGENT_LEAVES, who={"tw-2": ("agent", "8002")})
    assert (call.agent, kinds(events).count("answered"), kinds(events).count("agent_joined")) == (
        "8002",
        1,
        1,
    )


def test_when_the_second_agent_leaves_the_first_is_the_calls_agent_again():
    leaves = [of("tw-2", "HANGUP", 40, cause=16)]
    call, _ = story(TALK + agent_leg("tw-2", 30) + leaves, who={"tw-2": ("agent", "8002")})
    assert call.agent == "8001"


def test_an_agent_who_comes_back_by_another_leg_is_the_same_agent():
    call, _ = story(TALK + AGENT_LEAVES + agent_leg("tw-3", 45), who={"tw-3": ("agent", "8001")})
    assert (call.agent, call.answered_at) == ("8001", START + timedelta(seconds=14.1))
    assert [leg.party for leg in call.legs.values()] == ["carrier", "8001", "8001"]


def test_a_leg_of_ours_that_is_recorded_leaves_the_calls_recording_alone():
    call, _ = story([*TALK, *INVITED, of("tw-1", "recording", 27, extra="2026-11-23/tw-1.wav")])
    leg = call.legs["tw-1"]
    assert (leg.recording, leg.recorded_from) == ("2026-11-23/tw-1.wav", START + timedelta(seconds=27))
    assert call.recording == "2026-11-23/1.0.wav"


def test_the_citizens_recording_is_the_calls_and_the_legs():
    call, _ = story(TALK)
    leg = call.legs["1.0"]
    assert (call.recording, leg.recording) == ("2026-11-23/1.0.wav",) * 2
    assert leg.recorded_from == START + timedelta(seconds=8)


def test_where_the_agent_is_rung_first_the_agents_file_is_the_calls():
    call = Call("rv-1", "outbound", "dialling", START)
    records = [of("rv-1", "CHAN_START", 0), of("rv-1", "recording", 3, extra="rv-1.wav")]
    story(records, call, {"rv-1": ("agent", "8001")})
    assert (call.recording, call.legs["rv-1"].recording) == ("rv-1.wav", "rv-1.wav")


def conference(records):
    call = Call("conf-1", CONFERENCE, "dialling", START)
    who = {"tw-1": UNIT, "tw-2": ("unit", "roads"), "tw-3": ("agent", "8001")}
    return story(records, call, who)


def test_a_conference_ends_with_the_last_of_its_legs():
    both = [*agent_leg("tw-1", 5), *agent_leg("tw-2", 9), of("tw-1", "HANGUP", 50, cause=16)]
    assert conference(both)[0].state == "talking"
    call, events = conference([*both, of("tw-2", "HANGUP", 55, cause=16, hangup_source=TRUNK)])
    assert (call.state, call.outcome, call.ended_by) == (ENDED, "answered", "unit")
    assert (call.answered_at, call.ended_at) == (START + timedelta(seconds=5), START + timedelta(seconds=55))
    assert kinds(events)[-2:] == ["unit_left", "ended"]


def test_a_conference_whose_first_party_does_not_answer_goes_on():
    call, _ = conference([of("tw-1", "CHAN_START", 0), of("tw-1", "HANGUP", 30, cause=19)])
    assert (call.state, call.ended_at) == ("dialling", None)


@pytest.mark.parametrize("length", range(1, len(TALK + INVITED + AGENT_LEAVES + UNIT_LEAVES) + 1))
def test_what_is_told_again_after_a_restart_adds_no_event_and_changes_nothing(length):
    records = TALK + INVITED + AGENT_LEAVES + UNIT_LEAVES
    call, events = story(records[:length])
    before = (call.state, call.agent, call.answered_at, repr(call.legs))
    _, again = story(records[:length], call)
    assert {event.key for event in again} <= {event.key for event in events}
    assert (call.state, call.agent, call.answered_at, repr(call.legs)) == before


LISTENS = [
    of("sv-1", "CHAN_START", 20, "PJSIP/8005-0000000b"),
    of("sv-1", "ANSWER", 22, "PJSIP/8005-0000000b"),
]
TAKEN_OVER = [record("taken_over", 30, CITIZEN, extra="sv-1")]
INTO_THE_ROOM = [of("sv-1", "BRIDGE_ENTER", 30, "PJSIP/8005-0000000b")]
BOSS = {"sv-1": ("supervisor", "8005")}


@pytest.mark.parametrize(
    "order", [INTO_THE_ROOM + TAKEN_OVER, TAKEN_OVER + INTO_THE_ROOM], ids=["in", "told"]
)
def test_a_supervisor_who_takes_the_citizen_over_is_the_calls_agent(order):
    call, events = story(TALK + LISTENS + order + AGENT_LEAVES, who=BOSS)
    assert (call.state, call.agent, call.legs["sv-1"].role) == ("talking", "8005", "agent")
    assert [event.agent for event in events if event.kind == "agent_joined"] == ["8005"]


def test_a_supervisor_who_only_listens_is_nobodys_agent():
    call, events = story(TALK + LISTENS + AGENT_LEAVES, who=BOSS)
    assert (call.agent, call.legs["sv-1"].role) == ("8001", "supervisor")
    assert "agent_joined" not in kinds(events)


@pytest.mark.parametrize("leg", ["", "1.1", "sv-9"])
def test_a_take_over_by_a_leg_that_is_no_supervisors_changes_nothing(leg):
    call, _ = story(TALK + LISTENS + [record("taken_over", 30, CITIZEN, extra=leg)], who=BOSS)
    assert {each.role for each in call.legs.values()} == {"citizen", "agent", "supervisor"}
