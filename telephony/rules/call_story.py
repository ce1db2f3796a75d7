"""What a call has been through, told from the switch's journal.

The journal is evidence: one record for each thing that happened to a channel, in the switch's own
time. `tell` folds a record into the story of its call. Told twice, a record changes nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ENDED = "ended"
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
Datum = str | int | float | None
Role = Literal["citizen", "agent", "other"]


@dataclass(frozen=True)
class Record:
    """One line of the journal; `kind` is the switch's event type or the dialplan's own word."""

    kind: str
    at: datetime
    channel: str
    leg_id: str
    call_id: str
    extra: str = ""
    cause: int | None = None
    hangup_source: str = ""

    @property
    def endpoint(self) -> str:
        """Return `8001` for the channel `PJSIP/8001-0000002a`."""
        return _endpoint(self.channel)


def _endpoint(channel: str) -> str:
    return channel.partition("/")[2].rpartition("-")[0]


@dataclass
class Leg:
    """One party's channel."""

    id: str
    role: Role
    party: str
    started_at: datetime
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None


@dataclass(frozen=True)
class Happening:
    """One row of the append-only list; `key` makes a second telling harmless."""

    at: datetime
    kind: str
    key: str
    agent: str | None = None
    data: Mapping[str, Datum] = field(default_factory=dict)


@dataclass
class Call:
    """A call as the ledger holds it."""

    id: str
    direction: str
    state: str
    arrived_at: datetime
    called_number: str | None = None
    caller_number: str | None = None
    key: str | None = None
    centre: str | None = None
    queue: str | None = None
    route_reason: str | None = None
    agent: str | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: str | None = None
    recording: str | None = None
    legs: dict[str, Leg] = field(default_factory=dict)


def begin(record: Record) -> Call:
    """Return the call that this record, the first of its call, belongs to."""
    return Call(record.call_id, "inbound", "arrived", record.at)


def tell(call: Call, record: Record, role: Role) -> list[Happening]:
    """Fold one record into the call and return what happened; an ended call only closes its legs."""
    teller = _TELLERS.get(record.kind)
    if teller is None or (call.state == ENDED and record.kind != "HANGUP"):
        return []
    return teller(call, record, role)


def interrupt(call: Call, at: datetime) -> list[Happening]:
    """End a call that the switch can say nothing of any more because the switch itself died."""
    call.state, call.ended_at, call.ended_by, call.outcome = ENDED, at, "switch", "interrupted"
    for leg in call.legs.values():
        leg.ended_at = leg.ended_at or at
    return [
        Happening(at, "ended", f"{call.id}:ended", call.agent, {"by": "switch", "outcome": "interrupted"})
    ]


def _happened(
    record: Record, kind: str, agent: str | None = None, **data: str | float | None
) -> list[Happening]:
    return [
        Happening(record.at, kind, f"{record.leg_id}:{record.kind}:{record.at.timestamp():.6f}", agent, data)
    ]


def _started(call: Call, record: Record, role: Role) -> list[Happening]:
    if record.leg_id in call.legs:
        return []
    call.legs[record.leg_id] = Leg(record.leg_id, role, record.endpoint, record.at)
    if role == "agent":
        return _happened(record, "offered", record.endpoint)
    call.arrived_at = min(call.arrived_at, record.at)
    return []


def _arrived(call: Call, record: Record, _role: Role) -> list[Happening]:
    number, caller, length = (*record.extra.split("/"), "", "")[:3]
    call.called_number = call.called_number or number or None
    # The dialplan passes on digits only and how long the whole was: what lost something on the way is no
    # number, and half of one would be somebody else's.
    if _NUMBER.fullmatch(caller) and length == str(len(caller)):
        call.caller_number = call.caller_number or caller
    return _happened(record, "arrived", None, number=number)


def _greeted(call: Call, record: Record, _role: Role) -> list[Happening]:
    call.key = record.extra or None
    return _happened(record, "greeted", None, key=record.extra or None)


def _recording(call: Call, record: Record, _role: Role) -> list[Happening]:
    call.recording = record.extra
    return _happened(record, "recording", None, file=record.extra)


def _queued(call: Call, record: Record, _role: Role) -> list[Happening]:
    call.queue = record.extra
    call.queued_at = call.queued_at or record.at
    call.state = "queued"
    return _happened(record, "queued", None, queue=record.extra)


def _fell_back(call: Call, record: Record, _role: Role) -> list[Happening]:
    call.route_reason = f"the service did not answer ({record.extra or 'in time'}): default queue"
    return _happened(record, "fallback", None, detail=record.extra)


def _note(_call: Call, record: Record, _role: Role) -> list[Happening]:
    return _happened(record, record.kind, None, detail=record.extra)


def _refused(call: Call, record: Record, _role: Role) -> list[Happening]:
    call.outcome = record.kind
    return _happened(record, record.kind, None, detail=record.extra)


def _answered(call: Call, record: Record, _role: Role) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is not None:
        leg.answered_at = leg.answered_at or record.at
    return []


def _bridged(call: Call, record: Record, role: Role) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is None or leg.bridged_at is not None:
        return []
    leg.bridged_at = record.at
    if role != "agent":
        return []
    call.agent, call.state = leg.party, "talking"
    call.answered_at = call.answered_at or record.at
    return _happened(record, "answered", leg.party)


def _hung_up(call: Call, record: Record, role: Role) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is None or leg.ended_at is not None:
        return []
    leg.ended_at, leg.cause = record.at, record.cause
    if role == "agent":
        kind = "agent_left" if leg.bridged_at else "ring_ended"
        return _happened(record, kind, leg.party, cause=record.cause)
    return _citizen_left(call, record)


def _citizen_left(call: Call, record: Record) -> list[Happening]:
    # The order in which the two legs' ends are written is chance; the source is the same in both.
    agents = {leg.party for leg in call.legs.values() if leg.role == "agent"}
    if record.hangup_source == record.channel:
        call.ended_by = "citizen"
    else:
        call.ended_by = "agent" if _endpoint(record.hangup_source) in agents else "system"
    call.ended_at = record.at
    told = _outcome(call) if call.direction == "inbound" else _outcome_of_ours(call, record)
    call.outcome = call.outcome or told
    call.state = ENDED
    said = {"by": call.ended_by, "outcome": call.outcome, "cause": record.cause}
    return [Happening(record.at, "ended", f"{call.id}:ended", call.agent, said)]


def _outcome(call: Call) -> str:
    if call.answered_at is not None:
        return "answered"
    if call.ended_by != "citizen":
        return "failed"
    return "abandoned" if call.queued_at is not None else "abandoned_early"


def _outcome_of_ours(call: Call, record: Record) -> str:
    """Return how a call that we placed ended for the citizen, as far as a journal tells."""
    if any(leg.role == "citizen" and leg.answered_at for leg in call.legs.values()):
        return "answered"
    return _REFUSALS.get(record.cause or 0, "not_reached")


_REFUSALS = {17: "busy", 21: "refused"}
_TELLERS: dict[str, Callable[[Call, Record, Role], list[Happening]]] = {
    "CHAN_START": _started,
    "arrived": _arrived,
    "greeted": _greeted,
    "recording": _recording,
    "queued": _queued,
    "fallback": _fell_back,
    "overflow": _note,
    "refused": _refused,
    "unserved": _refused,
    "ANSWER": _answered,
    "BRIDGE_ENTER": _bridged,
    "HANGUP": _hung_up,
}
