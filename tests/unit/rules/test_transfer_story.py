"""A transfer in the story of a call: who gives up in the wait that it brings is owed a call."""

from datetime import timedelta

import pytest

from telephony.rules.call_story import Record
from telephony.rules.call_telling import begin, tell
from telephony.rules.returns import why_owed
from tests.unit.rules.test_call_story import AGENT_ENDS, CITIZEN, START, TALK, record, story

OTHER = "PJSIP/8002-00000003"
GONE = record("HANGUP", 90, source=CITIZEN, cause=16)


def says(word, second):
    return record("transfer", second, extra=f"00000007/{word}/")


def other(kind, second):
    return Record(kind, START + timedelta(seconds=second), OTHER, "1.2", "1.0")


def waits_after(*words):
    return [*TALK, *(says(word, 59 + n / 10) for n, word in enumerate(words)), AGENT_ENDS[0]]


IN_A_QUEUE = [*waits_after("queued"), record("queued", 61, extra="city-12328")]
WAITS = {
    "in the second queue": IN_A_QUEUE,
    "while one agent rings": waits_after("given"),
    "on the way back": waits_after("given", "back"),
    "while the agents speak": [*TALK, says("held", 50), other("CHAN_START", 51), other("BRIDGE_ENTER", 55)],
}
TAKEN = {
    "in the second queue": [*IN_A_QUEUE, other("CHAN_START", 70), other("BRIDGE_ENTER", 71)],
    "by the agent who was rung": [
        *waits_after("given"),
        *(other("CHAN_START", 70), other("BRIDGE_ENTER", 71), record("BRIDGE_ENTER", 71.1)),
    ],
    "by one of two who spoke": [*WAITS["while the agents speak"], record("BRIDGE_ENTER", 57)],
}


@pytest.mark.parametrize("records", WAITS.values(), ids=WAITS)
def test_who_gives_up_waiting_after_a_talk_has_abandoned_and_is_owed_a_call(records):
    call, kinds = story([*records, GONE])
    assert (call.outcome, call.ended_by, why_owed(call, "10000012345"), kinds[-1]) == (
        *("abandoned_later", "citizen", "abandoned_later", "ended"),
    )


@pytest.mark.parametrize("records", TAKEN.values(), ids=TAKEN)
def test_who_is_taken_was_answered_and_is_owed_nothing(records):
    call, _ = story([*records, GONE])
    assert (call.outcome, why_owed(call, "10000012345")) == ("answered", None)


@pytest.mark.parametrize("records", WAITS.values(), ids=WAITS)
def test_whom_our_side_cuts_in_that_wait_we_have_failed(records):
    call, _ = story([*records, record("HANGUP", 90, source="dialplan/builtin", cause=16)])
    assert (call.outcome, why_owed(call, "10000012345")) == ("failed", "failed")


def test_a_citizen_whom_we_had_called_is_owed_one_more_call_as_well():
    call, _ = story(IN_A_QUEUE)
    call.direction = "outbound"
    tell(call, GONE, "citizen")
    assert why_owed(call, "10000012345") == "abandoned_later"


def test_what_two_agents_say_of_a_call_that_began_with_an_agent_is_never_its_recording():
    agents = [
        Record("CHAN_START", START, "PJSIP/8001-00000001", "1.0", "1.0"),
        Record("recording", START, "PJSIP/8001-00000001", "1.0", "1.0", "2026-11-23/1.0.wav"),
        Record("recording", START, "PJSIP/8001-00000001", "1.0", "1.0", "2026-11-23/1.0-00000007.wav"),
    ]
    call = begin(agents[0])
    for item in agents:
        tell(call, item, "agent")
    assert call.recording == "2026-11-23/1.0.wav"
    tell(call, record("CHAN_START", 1), "citizen")
    tell(call, record("recording", 60, extra="2026-11-23/1.1.wav"), "citizen")
    assert call.recording == "2026-11-23/1.1.wav"


def test_a_step_told_again_after_the_answer_does_not_make_the_citizen_wait():
    call, _ = story([*TAKEN["by the agent who was rung"], says("given", 59), GONE])
    assert call.outcome == "answered"


def outside(kind, second):
    return Record(kind, START + timedelta(seconds=second), "PJSIP/carrier-00000009", "1.9", "1.0")


def test_a_centre_outside_that_we_dial_is_a_party_of_its_own_whose_end_is_not_the_calls():
    dialled = [outside("CHAN_START", 61), outside("ANSWER", 65), outside("BRIDGE_ENTER", 65.1)]
    call, _ = story(waits_after("given"))
    after = [*dialled, record("BRIDGE_ENTER", 65.2), outside("HANGUP", 80)]
    kinds = [event.kind for item in after for event in tell(call, item, "citizen")]
    assert (call.legs["1.9"].role, call.state) == ("unit", "talking")
    assert kinds == ["unit_called", "unit_answered", "unit_left"]
    tell(call, GONE, "citizen")
    assert (call.outcome, call.ended_by) == ("answered", "citizen")


def test_a_centre_outside_that_only_rang_leaves_the_citizen_waiting():
    call, _ = story(waits_after("given"))
    for item in (outside("CHAN_START", 61), outside("HANGUP", 70), GONE):
        tell(call, item, "citizen")
    assert call.outcome == "abandoned_later"
