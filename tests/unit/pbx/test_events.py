"""Typed events, read from messages that Asterisk 22.10.1 really sent."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.pbx import events
from telephony.pbx.codec import Message


def message(name, text):
    lines = [f"Event: {name}", *(line.strip() for line in text.strip().splitlines())]
    return Message("\r\n".join(lines).encode())


CHANNEL = """Timestamp: 1795420687.660556
    Channel: Local/100@default-00000005;2
    ChannelState: 4
    ChannelStateDesc: Ring
    CallerIDNum: 13812345678
    CallerIDName: <unknown>
    ConnectedLineNum: <unknown>
    Context: default
    Exten: 100
    Uniqueid: hot-2
    Linkedid: hot-1"""
DEST = """DestChannel: Local/500@default-00000006;1
    DestChannelStateDesc: Ringing
    DestCallerIDNum: 138
    DestUniqueid: 1795420687.12
    DestLinkedid: hot-1"""
MEMBER = """Queue: hotline
    MemberName: 王 芳, "班长" Response: Success
    Interface: Local/300@default
    StateInterface: Local/300@default
    Membership: dynamic
    Penalty: 0
    CallsTaken: 1
    LastCall: 1795420361
    LoginTime: 1795420358
    InCall: 1
    Status: 2
    Paused: 1
    PausedReason: 午休
    Wrapuptime: 0"""


def test_a_channel_event_says_which_channel_and_who_calls():
    event = events.parse(message("Newstate", CHANNEL))
    assert event == events.Newstate(
        timestamp=1795420687.660556,
        channel="Local/100@default-00000005;2",
        uniqueid="hot-2",
        linkedid="hot-1",
        state="Ring",
        caller_number="13812345678",
        caller_name="",
        connected_number="",
        context="default",
        exten="100",
    )


def test_a_hangup_carries_its_causes():
    event = events.parse(message("Hangup", CHANNEL + "\nCause: 17\nCause-txt: User busy\nTechCause: 486"))
    assert (event.cause, event.cause_txt, event.tech_cause) == (17, "User busy", "486")


def test_a_hangup_of_a_local_channel_has_no_tech_cause():
    event = events.parse(message("Hangup", CHANNEL + "\nCause: 0\nCause-txt: Unknown"))
    assert (event.cause, event.cause_txt, event.tech_cause) == (0, "Unknown", "")


def test_an_originated_dial_has_no_calling_channel():
    event = events.parse(message("DialBegin", DEST + "\nDialString: 500@default"))
    assert (event.channel, event.uniqueid, event.dest_uniqueid) == ("", "", "1795420687.12")
    assert event.dial_string == "500@default"


@pytest.mark.parametrize(("name", "status"), [("DialState", "RINGING"), ("DialEnd", "NOANSWER")])
def test_a_dial_says_how_it_goes(name, status):
    event = events.parse(message(name, f"{CHANNEL}\n{DEST}\nDialStatus: {status}"))
    assert (event.uniqueid, event.dest_state, event.dial_status) == ("hot-2", "Ringing", status)


def test_the_end_of_an_originate_is_an_event_with_our_action_id():
    text = "ActionID: svc-6\nResponse: Failure\nChannel: x\nReason: 3\nUniqueid: hot-1"
    event = events.parse(message("OriginateResponse", text))
    assert (event.action_id, event.response, event.reason, event.uniqueid) == ("svc-6", "Failure", 3, "hot-1")


@pytest.mark.parametrize(
    "name", ["QueueMemberStatus", "QueueMemberPause", "QueueMemberAdded", "QueueMemberRemoved"]
)
def test_a_member_event_says_all_of_a_member(name):
    event = events.parse(message(name, MEMBER))
    assert type(event).__name__ == name
    assert (event.queue, event.interface, event.status) == ("hotline", "Local/300@default", 2)
    assert (event.paused, event.paused_reason, event.in_call, event.calls_taken) == (True, "午休", True, 1)


@pytest.mark.parametrize(
    ("name", "tail", "field", "value"),
    [
        ("QueueCallerJoin", "Count: 2", "count", 2),
        ("QueueCallerLeave", "Count: 0", "count", 0),
        ("QueueCallerAbandon", "HoldTime: 4", "hold_time", 4),
        ("AgentCalled", "Interface: PJSIP/8001", "interface", "PJSIP/8001"),
        ("AgentConnect", "RingTime: 3", "ring_time", 3),
        ("AgentComplete", "Reason: caller", "reason", "caller"),
        ("AgentRingNoAnswer", "RingTime: 2000", "ring_time", 2000),
        ("Hold", "MusicClass: default", "music_class", "default"),
        ("Unhold", "", "uniqueid", "hot-2"),
        ("Newchannel", "AccountCode: u1", "account_code", "u1"),
        ("BridgeEnter", "BridgeUniqueid: b", "bridge", "b"),
        ("BridgeLeave", "BridgeNumChannels: 1", "bridge_channels", 1),
        ("FullyBooted", "Uptime: 4", "uptime", 4),
        ("ContactStatus", "ContactStatus: Reachable", "status", "Reachable"),
        ("DeviceStateChange", "State: NOT_INUSE", "state", "NOT_INUSE"),
    ],
)
def test_each_event_reads_its_own_headers(name, tail, field, value):
    event = events.parse(message(name, f"{CHANNEL}\n{tail}"))
    assert (type(event).__name__, getattr(event, field)) == (name, value)


@pytest.mark.parametrize(
    "raw", [b"Event: VarSet\r\nChannel: x", b"Response: Success", b"Response: Hangup", b"", b"Event: "]
)
def test_what_the_service_has_no_use_for_is_none(raw):
    assert events.parse(Message(raw)) is None


@given(st.sampled_from(sorted(events.EVENTS)), st.binary(max_size=30))
def test_malformed_values_give_an_event_and_never_an_error(name, junk):
    headers = {each.metadata["header"] for each in dataclasses.fields(events.EVENTS[name])}
    raw = f"Event: {name}".encode() + b"".join(b"\r\n" + header.encode() + b": " + junk for header in headers)
    assert type(events.parse(Message(raw))) is events.EVENTS[name]


@pytest.mark.parametrize("text", ["nan", "inf", "x", "", "9" * 5000])
def test_a_malformed_time_or_number_is_zero(text):
    event = events.parse(message("FullyBooted", f"Timestamp: {text}\nUptime: {text}"))
    assert (event.timestamp, event.uptime) == (0.0, 0)
