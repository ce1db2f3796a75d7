"""The events the service acts on, as typed values: each field names the header it is read from.

A missing or malformed header gives an empty value, never an error: what the switch says is evidence to weigh.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Self

from telephony.pbx.codec import Message


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _flag(text: str) -> bool:
    return text == "1"


def _party(text: str) -> str:
    return "" if text == "<unknown>" else text


def _from(header: str, read: Callable[[str], Any] = str) -> Any:
    return field(metadata={"header": header, "read": read})


@dataclass(frozen=True, slots=True)
class Event:
    """Any event; `timestamp` in epoch seconds is the switch's (manager.conf timestampevents=yes), or 0."""

    timestamp: float = _from("Timestamp", _seconds)

    @classmethod
    def from_message(cls, message: Message) -> Self:
        """Read the fields of this type from a message."""
        get = message.get
        return cls(*[read(get(header)) for header, read in _PLANS[cls]])


@dataclass(frozen=True, slots=True)
class FullyBooted(Event):
    """Asterisk has loaded everything; seconds since its start and since its last reload."""

    uptime: int = _from("Uptime", _number)
    last_reload: int = _from("LastReload", _number)


@dataclass(frozen=True, slots=True)
class ChannelEvent(Event):
    """What events about one channel share; a withheld number or name is empty."""

    channel: str = _from("Channel")
    uniqueid: str = _from("Uniqueid")
    linkedid: str = _from("Linkedid")
    state: str = _from("ChannelStateDesc")
    caller_number: str = _from("CallerIDNum", _party)
    caller_name: str = _from("CallerIDName", _party)
    connected_number: str = _from("ConnectedLineNum", _party)
    context: str = _from("Context")
    exten: str = _from("Exten")


@dataclass(frozen=True, slots=True)
class Newchannel(ChannelEvent):
    """A channel exists."""

    account_code: str = _from("AccountCode")


@dataclass(frozen=True, slots=True)
class Newstate(ChannelEvent):
    """A channel's state changed: Down, Ring, Ringing, Up and others, in `state`."""


@dataclass(frozen=True, slots=True)
class Hangup(ChannelEvent):
    """A channel is gone: Q.850 cause, its text, and the SIP status behind it where there was one."""

    cause: int = _from("Cause", _number)
    cause_txt: str = _from("Cause-txt")
    tech_cause: str = _from("TechCause")


@dataclass(frozen=True, slots=True)
class Hold(ChannelEvent):
    """A party put the call on hold."""

    music_class: str = _from("MusicClass")


@dataclass(frozen=True, slots=True)
class Unhold(ChannelEvent):
    """A party took the call off hold."""


@dataclass(frozen=True, slots=True)
class BridgeEnter(ChannelEvent):
    """A channel entered a bridge, which then has `bridge_channels` channels."""

    bridge: str = _from("BridgeUniqueid")
    bridge_name: str = _from("BridgeName", _party)
    bridge_type: str = _from("BridgeType")
    bridge_channels: int = _from("BridgeNumChannels", _number)


@dataclass(frozen=True, slots=True)
class BridgeLeave(BridgeEnter):
    """A channel left a bridge, which then has `bridge_channels` channels."""


@dataclass(frozen=True, slots=True)
class CallEvent(ChannelEvent):
    """What events about a caller and a called channel share; an originated call has no caller's channel."""

    dest_channel: str = _from("DestChannel")
    dest_uniqueid: str = _from("DestUniqueid")
    dest_linkedid: str = _from("DestLinkedid")
    dest_state: str = _from("DestChannelStateDesc")
    dest_caller_number: str = _from("DestCallerIDNum", _party)


@dataclass(frozen=True, slots=True)
class DialBegin(CallEvent):
    """A channel is being dialled."""

    dial_string: str = _from("DialString")


@dataclass(frozen=True, slots=True)
class DialState(CallEvent):
    """The dialled side said RINGING, PROGRESS...: with its time, the only proof that it alerted."""

    dial_status: str = _from("DialStatus")
    forward: str = _from("Forward")


@dataclass(frozen=True, slots=True)
class DialEnd(DialState):
    """Dialling ended: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION and others."""


@dataclass(frozen=True, slots=True)
class OriginateResponse(Event):
    """The end of an Originate: `response` Success or Failure; may come before or after the Hangup."""

    action_id: str = _from("ActionID")
    response: str = _from("Response")
    channel: str = _from("Channel")
    uniqueid: str = _from("Uniqueid")
    context: str = _from("Context")
    exten: str = _from("Exten")
    reason: int = _from("Reason", _number)


@dataclass(frozen=True, slots=True)
class QueueCallerJoin(ChannelEvent):
    """A caller waits in a queue of `count` callers now."""

    queue: str = _from("Queue")
    position: int = _from("Position", _number)
    count: int = _from("Count", _number)


@dataclass(frozen=True, slots=True)
class QueueCallerLeave(QueueCallerJoin):
    """A caller left a queue, for whatever reason."""


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon(ChannelEvent):
    """A caller hung up while waiting, after `hold_time` seconds."""

    queue: str = _from("Queue")
    position: int = _from("Position", _number)
    original_position: int = _from("OriginalPosition", _number)
    hold_time: int = _from("HoldTime", _number)


@dataclass(frozen=True, slots=True)
class AgentCalled(CallEvent):
    """A queue rings a member."""

    queue: str = _from("Queue")
    interface: str = _from("Interface")
    member_name: str = _from("MemberName")


@dataclass(frozen=True, slots=True)
class AgentConnect(AgentCalled):
    """A member answered: seconds the caller waited in all, and seconds this member's phone rang."""

    hold_time: int = _from("HoldTime", _number)
    ring_time: int = _from("RingTime", _number)


@dataclass(frozen=True, slots=True)
class AgentComplete(AgentCalled):
    """A queue call ended after `talk_time` seconds; `reason` is caller, agent or transfer."""

    hold_time: int = _from("HoldTime", _number)
    talk_time: int = _from("TalkTime", _number)
    reason: str = _from("Reason")


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer(AgentCalled):
    """A member did not answer; Asterisk gives this `ring_time` in milliseconds."""

    ring_time: int = _from("RingTime", _number)


@dataclass(frozen=True, slots=True)
class QueueMemberEvent(Event):
    """A queue's member; times in epoch seconds or 0; `status` as 1 idle, 2 in use, 5 gone, 6 ringing."""

    queue: str = _from("Queue")
    interface: str = _from("Interface")
    member_name: str = _from("MemberName")
    state_interface: str = _from("StateInterface")
    membership: str = _from("Membership")
    penalty: int = _from("Penalty", _number)
    calls_taken: int = _from("CallsTaken", _number)
    last_call: int = _from("LastCall", _number)
    login_time: int = _from("LoginTime", _number)
    in_call: bool = _from("InCall", _flag)
    status: int = _from("Status", _number)
    paused: bool = _from("Paused", _flag)
    paused_reason: str = _from("PausedReason")
    wrapup_time: int = _from("Wrapuptime", _number)


@dataclass(frozen=True, slots=True)
class QueueMemberStatus(QueueMemberEvent):
    """A member's device changed its state."""


@dataclass(frozen=True, slots=True)
class QueueMemberPause(QueueMemberEvent):
    """A member was paused or made ready again."""


@dataclass(frozen=True, slots=True)
class QueueMemberAdded(QueueMemberEvent):
    """A member joined a queue."""


@dataclass(frozen=True, slots=True)
class QueueMemberRemoved(QueueMemberEvent):
    """A member left a queue."""


@dataclass(frozen=True, slots=True)
class ContactStatus(Event):
    """A SIP contact became Reachable, Unreachable, Removed...; round trip in microseconds."""

    uri: str = _from("URI")
    status: str = _from("ContactStatus")
    aor: str = _from("AOR")
    endpoint: str = _from("EndpointName")
    roundtrip_usec: int = _from("RoundtripUsec", _number)


@dataclass(frozen=True, slots=True)
class DeviceStateChange(Event):
    """A device is NOT_INUSE, INUSE, RINGING, UNAVAILABLE..."""

    device: str = _from("Device")
    state: str = _from("State")


_KINDS: tuple[type[Event], ...] = (
    *(FullyBooted, Newchannel, Newstate, Hangup, Hold, Unhold, BridgeEnter, BridgeLeave),
    *(DialBegin, DialState, DialEnd, OriginateResponse, ContactStatus, DeviceStateChange),
    *(QueueCallerJoin, QueueCallerLeave, QueueCallerAbandon),
    *(AgentCalled, AgentConnect, AgentComplete, AgentRingNoAnswer),
    *(QueueMemberStatus, QueueMemberPause, QueueMemberAdded, QueueMemberRemoved),
)

_PLANS: dict[type[Event], list[tuple[str, Callable[[str], Any]]]] = {
    kind: [(each.metadata["header"], each.metadata["read"]) for each in fields(kind)] for kind in _KINDS
}

EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in _KINDS}
"""The type of each event name that `parse` knows; its keys are what the service subscribes to."""


def parse(message: Message) -> Event | None:
    """Return the typed event, or None for a response and for events the service has no use for."""
    kind = EVENTS.get(message.name) if message.is_event else None
    return kind.from_message(message) if kind else None
