from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.call_story import ENDED, Call, Record
from telephony.rules.call_telling import begin, interrupt, tell

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CITIZEN, AGENT = "PJSIP/carrier-00000001", "PJSIP/8001-00000002"


def record(kind, second, channel=CITIZEN, extra="", source="", cause=None):
    leg = "1.0" if channel == CITIZEN else "1.1"
    return Record(kind, START + timedelta(seconds=second), channel, leg, "1.0", extra, cause, source)


TALK = [
    record("CHAN_START", 0),
    record("arrived", 0, extra="12345/13800000001/11"),
    record("ANSWER", 0.1),
    record("greeted", 8, extra="2"),
    record("recording", 8, extra="2026-11-23/1.0.wav"),
    record("queued", 9, extra="city-12345"),
    record("CHAN_START", 9.5, AGENT),
    record("ANSWER", 14, AGENT),
    record("BRIDGE_ENTER", 14.1, AGENT),
    record("BRIDGE_ENTER", 14.1),
]
AGENT_ENDS = [
    record("HANGUP", 60, AGENT, source=AGENT, cause=16),
    record("HANGUP", 60.1, source=AGENT, cause=16),
]
CITIZEN_ENDS = [
    record("HANGUP", 60, AGENT, source="", cause=16),
    record("HANGUP", 60.1, source=CITIZEN, cause=16),
]


def role(item):
    return "citizen" if item.channel == CITIZEN else "agent"


def story(records):
    call = begin(records[0])
    kinds = [event.kind for item in records for event in tell(call, item, role(item))]
    return call, kinds


def test_an_answered_call_is_told_from_arrival_to_its_end():
    call, kinds = story(TALK + AGENT_ENDS)
    assert kinds == [
        "arrived",
        "greeted",
        "recording",
        "queued",
        "offered",
        "answered",
        "agent_left",
        "ended",
    ]
    assert (call.called_number, call.caller_number, call.key, call.queue) == (
        "12345", "13800000001", "2", "city-12345",
    )  # fmt: skip
    assert (call.agent, call.outcome, call.recording) == ("8001", "answered", "2026-11-23/1.0.wav")
    assert (call.queued_at, call.answered_at) == (
        START + timedelta(seconds=9),
        START + timedelta(seconds=14.1),
    )


def test_who_hung_up_first_ended_the_call():
    assert story(TALK + AGENT_ENDS)[0].ended_by == "agent"
    assert story(TALK + CITIZEN_ENDS)[0].ended_by == "citizen"


def test_a_call_that_the_dialplan_hung_up_was_ended_by_the_system():
    call, _ = story([*TALK[:6], record("unserved", 20), record("HANGUP", 21, source="dialplan")])
    assert (call.ended_by, call.outcome) == ("system", "unserved")


def test_a_caller_who_gives_up_in_the_queue_abandoned_it():
    assert story([*TALK[:6], record("HANGUP", 30, source=CITIZEN)])[0].outcome == "abandoned"


def test_a_caller_who_gives_up_in_the_greeting_abandoned_early():
    assert story([*TALK[:3], record("HANGUP", 3, source=CITIZEN)])[0].outcome == "abandoned_early"


def test_a_ring_that_nobody_took_leaves_the_call_waiting():
    call, kinds = story([*TALK[:7], record("HANGUP", 29, AGENT, cause=19)])
    assert (call.state, call.agent, kinds[-1]) == ("queued", None, "ring_ended")


def test_the_second_agents_answer_counts_when_the_first_did_not_take_it():
    other = "PJSIP/8002-00000003"
    later = [
        Record(k, START + timedelta(seconds=40), other, "1.2", "1.0") for k in ("CHAN_START", "BRIDGE_ENTER")
    ]
    call, _ = story([*TALK[:7], record("HANGUP", 29, AGENT, cause=19), *later])
    assert (call.agent, call.answered_at) == ("8002", START + timedelta(seconds=40))


def test_a_call_whose_switch_died_is_interrupted_and_its_legs_are_closed():
    call, _ = story(TALK)
    [event] = interrupt(call, START + timedelta(seconds=99))
    assert (call.state, call.ended_by, call.outcome, event.kind) == (ENDED, "switch", "interrupted", "ended")
    assert all(leg.ended_at is not None for leg in call.legs.values())


@pytest.mark.parametrize(
    ("extra", "number"),
    [
        ("12345/13800000001/11", "13800000001"),
        ("12345/5008001/14", None),
        ("12345//9", None),
        ("12345", None),
    ],
)
def test_a_callers_number_counts_only_if_nothing_of_it_was_filtered_out(extra, number):
    assert story([record("CHAN_START", 0), record("arrived", 0, extra=extra)])[0].caller_number == number


def test_a_call_that_the_service_did_not_route_says_so():
    call, _ = story(
        [*TALK[:5], record("fallback", 9, extra="HANGUP"), record("queued", 10, extra="city-12345")]
    )
    assert call.route_reason == "the service did not answer (HANGUP): default queue"


def test_an_ended_call_never_changes_again():
    call, _ = story(TALK + AGENT_ENDS)
    before = (call.outcome, call.ended_at, call.ended_by, call.queue)
    for late in (record("queued", 70, extra="other"), record("HANGUP", 70, source=CITIZEN)):
        tell(call, late, "citizen")
    assert (call.outcome, call.ended_at, call.ended_by, call.queue) == before


@given(st.lists(st.sampled_from(TALK + AGENT_ENDS + CITIZEN_ENDS), max_size=40))
def test_no_order_of_records_breaks_the_story_or_changes_how_it_ended(records):
    call = Call("1.0", "inbound", "arrived", START)
    ends = []
    for item in records:
        tell(call, item, role(item))
        if call.state == ENDED:
            ends.append((call.outcome, call.ended_at, call.ended_by))
    assert len(set(ends)) <= 1


@given(st.sampled_from([TALK + AGENT_ENDS, TALK + CITIZEN_ENDS]), st.integers(1, 12), st.integers(0, 12))
def test_what_is_told_again_after_a_restart_adds_no_new_event(records, length, back):
    call = begin(records[0])
    told = [event.key for item in records[:length] for event in tell(call, item, role(item))]
    again = [event.key for item in records[:length][-back:] for event in tell(call, item, role(item))]
    assert set(again) <= set(told)


SERVED = [record("HANGUP", 60, AGENT, source=AGENT, cause=16), record("served", 60.05)]


def test_a_caller_whose_agent_has_hung_up_is_asked_and_the_agent_ended_the_call():
    call, events = story(TALK + SERVED)
    assert (call.state, call.ended_at, events[-2:]) == (
        "rating",
        None,
        ["agent_left", "served"],
    )
    story_on = [record("HANGUP", 70, source="dialplan/builtin", cause=16)]
    for item in story_on:
        tell(call, item, "citizen")
    assert (call.state, call.ended_by, call.outcome) == (ENDED, "agent", "answered")


def test_a_caller_who_hangs_up_while_being_asked_has_not_ended_the_talk():
    call, _ = story([*TALK, *SERVED, record("HANGUP", 65, source=CITIZEN, cause=16)])
    assert (call.ended_by, call.outcome) == ("agent", "answered")


def test_a_switch_that_dies_while_a_caller_is_asked_cut_off_nobody():
    call, _ = story(TALK + SERVED)
    [ended] = interrupt(call, START + timedelta(seconds=70))
    assert (call.outcome, call.ended_by, ended.data) == (
        "answered",
        "agent",
        {"by": "agent", "outcome": "answered"},
    )
