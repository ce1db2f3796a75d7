"""Tells what a call has been through from the switch's journal.

The journal is evidence: one record for each thing that happened to a channel, in the switch's own
time. `tell` folds a record into the story of its call. Told twice, a record changes nothing.

The citizen's leg ends the call; legs that go on without the citizen are told until they have hung up. A
coordination conference (Art. 12) has no citizen: it ends with the last of its legs.
"""

import re
from collections.abc import Callable
from datetime import datetime

from telephony.rules.call_end import ended_by, outcome
from telephony.rules.call_story import (
    BEGUN,
    CONFERENCE,
    ENDED,
    HEARD,
    HELD,
    PASSED,
    QUEUED,
    RATING,
    TALKING,
    Call,
    Datum,
    Happening,
    Leg,
    Party,
    Record,
    Role,
)

_STAGES = {"notice": BEGUN, "notice_heard": HEARD, "notice_passed": PASSED}
_ID = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_AFTER_THE_END = frozenset({"CHAN_START", "ANSWER", "BRIDGE_ENTER", "recording", "HANGUP"})
"""What is told of a leg also when its call has ended: who goes on without the citizen is not forgotten."""


def begin(record: Record) -> Call:
    """Return the call that this record, the first of its call, belongs to."""
    return Call(record.call_id, "inbound", "arrived", record.at)


def tell(call: Call, record: Record, role: Role, name: str | None = None) -> list[Happening]:
    """Fold one record into the call and return what happened; an ended call only goes on with its legs.

    `name` says whose leg it is, where that is not the channel's endpoint.
    """
    teller = _TELLERS.get(record.kind)
    if teller is None or (call.state == ENDED and record.kind not in _AFTER_THE_END):
        return []
    return teller(call, record, Party(role, name or record.endpoint))


def interrupt(call: Call, at: datetime) -> list[Happening]:
    """End a call that the switch can say nothing of any more because the switch itself died."""
    served = call.state == RATING  # the talk was over: nothing was cut off
    call.state, call.ended_at = ENDED, at
    call.ended_by, call.outcome = (call.ended_by, "answered") if served else ("switch", "interrupted")
    for leg in call.legs.values():
        leg.ended_at = leg.ended_at or at
    return [
        Happening(at, "ended", f"{call.id}:ended", call.agent, {"by": call.ended_by, "outcome": call.outcome})
    ]


def _happened(
    record: Record, kind: str, agent: str | None = None, **data: str | float | None
) -> list[Happening]:
    return [
        Happening(record.at, kind, f"{record.leg_id}:{record.kind}:{record.at.timestamp():.6f}", agent, data)
    ]


def _started(call: Call, record: Record, party: Party) -> list[Happening]:
    if record.leg_id in call.legs:
        return []
    if party.role == "citizen" and any(leg.role == "citizen" for leg in call.legs.values()):
        party = Party("unit", party.name)  # a call has one citizen: this one we dialled, a centre outside
    call.legs[record.leg_id] = Leg(record.leg_id, party.role, party.name, record.at)
    if party.role == "agent":
        return _happened(record, "offered", party.name)
    if party.role in _INVITED:
        return _happened(record, f"{party.role}_called", None, party=party.name)
    call.arrived_at = min(call.arrived_at, record.at)
    return []


def _arrived(call: Call, record: Record, _party: Party) -> list[Happening]:
    number, caller, length = (*record.extra.split("/"), "", "")[:3]
    call.called_number = call.called_number or number or None
    # The dialplan passes on digits only and how long the whole was: what lost something on the way is no
    # number, and half of one would be somebody else's.
    if _NUMBER.fullmatch(caller) and length == str(len(caller)):
        call.caller_number = call.caller_number or caller
    return _happened(record, "arrived", None, number=number)


def _greeted(call: Call, record: Record, _party: Party) -> list[Happening]:
    call.key = record.extra or None
    return _happened(record, "greeted", None, key=record.extra or None)


def _notice(call: Call, record: Record, _party: Party) -> list[Happening]:
    """Tell how far a notice of a known incident got: `record.extra` is its id."""
    if not _ID.fullmatch(record.extra):
        return []
    call.notice, call.notice_stage = int(record.extra), _STAGES[record.kind]
    return _happened(record, record.kind, None, notice=call.notice)


def _recording(call: Call, record: Record, party: Party) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is not None:
        leg.recording, leg.recorded_from = record.extra, record.at
    # The call's own is the citizen's; where we ring an agent first, that of the leg which began the call, but
    # not what that leg records later: two agents who speak of a transfer.
    if party.role == "citizen" or (record.leg_id == call.id and call.recording is None):
        call.recording = record.extra
    return _happened(record, "recording", None, file=record.extra)


def _queued(call: Call, record: Record, _party: Party) -> list[Happening]:
    call.queue = record.extra
    call.queued_at = call.queued_at or record.at
    _waits_again(call, record, QUEUED)
    return _happened(record, "queued", None, queue=record.extra)


def _waits_again(call: Call, record: Record, state: str) -> None:
    answers = [leg.bridged_at for leg in call.legs.values() if leg.role == "agent" and leg.bridged_at]
    if all(answer < record.at for answer in answers):  # else it is told again
        call.state = state


def _fell_back(call: Call, record: Record, _party: Party) -> list[Happening]:
    call.route_reason = f"the service did not answer ({record.extra or 'in time'}): default queue"
    return _happened(record, "fallback", None, detail=record.extra)


def _note(_call: Call, record: Record, _party: Party) -> list[Happening]:
    return _happened(record, record.kind, None, detail=record.extra)


def _transferred(call: Call, record: Record, _party: Party) -> list[Happening]:
    """Tell a step of a transfer: its number, the dialplan's word, and a detail, such as QUEUESTATUS."""
    number, word, detail = (*record.extra.split("/"), "", "", "")[:3]
    if not number.isdecimal():
        return []
    if word in _WAITS:
        _waits_again(call, record, HELD)
    key = f"{record.leg_id}:transfer:{word}:{record.at.timestamp():.6f}"
    data: dict[str, Datum] = {"id": int(number), "word": word, "detail": detail or None}
    return [Happening(record.at, "transfer", key, None, data)]


def _served(call: Call, record: Record, _party: Party) -> list[Happening]:
    """Note that the agent has hung up and the caller has not: the agent ended it, whatever comes now."""
    call.state, call.ended_by = RATING, "agent"
    return _happened(record, record.kind, call.agent)


def _refused(call: Call, record: Record, _party: Party) -> list[Happening]:
    call.outcome = record.kind
    return _happened(record, record.kind, None, detail=record.extra)


def _answered(call: Call, record: Record, _party: Party) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is None or leg.answered_at is not None:
        return []
    leg.answered_at = record.at
    if leg.role not in _INVITED:
        return []
    return _happened(record, f"{leg.role}_answered", None, party=leg.party)


def _bridged(call: Call, record: Record, _party: Party) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    again = call.state == HELD or (call.state == QUEUED and call.answered_at is not None)
    if leg is not None and leg.role == "citizen" and again:
        call.state = TALKING  # somebody has taken the citizen
    if leg is None or leg.bridged_at is not None:
        return []
    leg.bridged_at = record.at
    if call.state == ENDED:
        return []
    if leg.role == "agent" or call.direction == CONFERENCE:
        first = call.answered_at is None
        call.answered_at = call.answered_at or record.at
        if call.state != HELD:  # else the citizen's own record tells: an agent may be asked first
            call.state = TALKING
    if leg.role != "agent":
        return []
    call.agent = leg.party
    return _happened(record, "answered" if first else "agent_joined", leg.party)


def _taken_over(call: Call, record: Record, _party: Party) -> list[Happening]:
    """Note that a supervisor, whose leg the record names, has the citizen: an agent's leg from here on."""
    leg = call.legs.get(record.extra)
    if leg is None or leg.role != "supervisor":
        return []
    leg.role = "agent"
    if leg.bridged_at is None:
        return []  # the entry into the room is still to be told
    call.agent = leg.party
    return _happened(record, "agent_joined", leg.party)


def _hung_up(call: Call, record: Record, _party: Party) -> list[Happening]:
    leg = call.legs.get(record.leg_id)
    if leg is None or leg.ended_at is not None:
        return []
    leg.ended_at, leg.cause = record.at, record.cause
    told = _leg_left(call, leg, record)
    if leg.role == "citizen" or (call.direction == CONFERENCE and _is_over(call)):
        told += _end(call, record)
    return told


def _leg_left(call: Call, leg: Leg, record: Record) -> list[Happening]:
    if leg.role == "agent":
        if call.state != ENDED:
            call.agent = _agent_still_there(call) or call.agent
        kind = "agent_left" if leg.bridged_at else "ring_ended"
        return _happened(record, kind, leg.party, cause=record.cause)
    if leg.role in _INVITED:
        kind = f"{leg.role}_left" if leg.answered_at else f"{leg.role}_not_reached"
        return _happened(record, kind, None, party=leg.party, cause=record.cause)
    return []


def _agent_still_there(call: Call) -> str | None:
    """Return who of several agents talks on, the one who came last."""
    there = [
        leg for leg in call.legs.values() if leg.role == "agent" and leg.bridged_at and leg.ended_at is None
    ]
    return max(there, key=lambda leg: leg.bridged_at or leg.started_at).party if there else None


def _is_over(call: Call) -> bool:
    # A conference whose first party does not answer goes on: somebody else is asked next.
    legs = call.legs.values()
    return any(leg.bridged_at for leg in legs) and all(leg.ended_at for leg in legs)


def _end(call: Call, record: Record) -> list[Happening]:
    call.ended_by = call.ended_by or ended_by(call, record)
    call.ended_at = record.at
    call.outcome = call.outcome or outcome(call, record)
    call.state = ENDED
    said = {"by": call.ended_by, "outcome": call.outcome, "cause": record.cause}
    return [Happening(record.at, "ended", f"{call.id}:ended", call.agent, said)]


_INVITED = frozenset({"unit", "supervisor"})
_WAITS = frozenset({"held", "given", "queued", "back"})
"""The words of a transfer with which a citizen begins to wait."""
_TELLERS: dict[str, Callable[[Call, Record, Party], list[Happening]]] = {
    "CHAN_START": _started,
    "arrived": _arrived,
    "greeted": _greeted,
    "recording": _recording,
    **dict.fromkeys(_STAGES, _notice),
    "queued": _queued,
    "fallback": _fell_back,
    "overflow": _note,
    "refused": _refused,
    "unserved": _refused,
    "refusal": _note,
    "refusal_said": _note,
    "overflowed": _refused,
    "kept": _refused,
    "transfer": _transferred,
    "ANSWER": _answered,
    "BRIDGE_ENTER": _bridged,
    "HANGUP": _hung_up,
    "taken_over": _taken_over,
    "served": _served,
}
