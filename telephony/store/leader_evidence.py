"""What the ledger knows of a leader day's calls: with whom each talked, and who was called since (Art. 6).

Nobody has to tell that a call back was answered, or that somebody called again and the leader answered: it is
read here each time, and so it is true as long as the ledger is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.leader_register import ANSWERED, Known, Met, met, standing, talked_with_agent, waited
from telephony.rules.transfer import CANCELLED, FAILED
from telephony.store import presence
from telephony.store.outbound_tables import attempts
from telephony.store.presence import Presence
from telephony.store.return_calls import CAMPAIGN
from telephony.store.tables import ENDED, calls, events
from telephony.store.threeway_tables import returns
from telephony.store.transfer_tables import transfers

NOBODY = Presence((), ())
INTERRUPTED = "interrupted"
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_CALLS = sa.select(calls.c.id, calls.c.caller_number, calls.c.state, calls.c.outcome, calls.c.ended_at).where(
    calls.c.id.in_(_IDS)
)
_QUEUED = sa.select(events.c.call_id, events.c.at, events.c.data).where(
    events.c.call_id.in_(_IDS), events.c.kind == "queued"
)
_MOVED = sa.select(transfers.c.call_id, transfers.c.moved_at, transfers.c.queue).where(
    transfers.c.call_id.in_(_IDS),
    transfers.c.mode == "blind",
    transfers.c.moved_at.is_not(None),
    transfers.c.state.not_in([FAILED, CANCELLED]),  # else they are with the first agent again
)
_NO_CONTACT = sa.exists().where(
    attempts.c.id == calls.c.id,
    attempts.c.campaign == CAMPAIGN,
    returns.c.id == attempts.c.task_id,
    returns.c.renewed_at > calls.c.arrived_at,
)
"""The return that the call was for was begun anew after it: the agent had talked with a voicemail."""
_PLACED = (
    sa.select(calls.c.id, calls.c.caller_number, calls.c.arrived_at, calls.c.marks)
    .where(
        calls.c.direction == "outbound",
        calls.c.answered_at.is_not(None),
        calls.c.caller_number.in_(sa.bindparam("numbers", expanding=True)),
        ~_NO_CONTACT,
    )
    .order_by(calls.c.arrived_at, calls.c.id)
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one call; `settled_call` is the later call that settles it by itself."""

    known: Known
    number: str | None
    ended_at: datetime | None
    outcome: str | None
    wait_seconds: float
    agent_seconds: float
    leader_seconds: float
    leader_at: datetime | None
    left_at: datetime | None
    settled_call: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that we placed to a citizen and in which an agent talked with them."""

    id: str
    at: datetime
    is_return: bool


def evidence(
    connection: sa.Connection,
    rows: Sequence[sa.Row[Any]],
    leader: str,
    queues: Collection[str],
    now: datetime,
) -> dict[str, Evidence]:
    """Return what the ledger knows of these rows of one day, which are in the order in which they entered.

    `leader` is the seat's agent, `queues` are those of the leader's line. A call that goes on is measured up
    to `now`.
    """
    ids = [row.call_id for row in rows]
    ledger: dict[str, Any] = {row.id: row for row in connection.execute(_CALLS, {"ids": ids})} if ids else {}
    there = presence.of_calls(connection, ids, now)
    left = _left(connection, rows, queues)
    found = {
        row.call_id: _met(row, ledger.get(row.call_id), there, leader, left.get(row.call_id), now)
        for row in rows
    }
    numbers = {each.number for each in found.values() if each.number is not None}
    placed = placed_to(connection, numbers, now)
    later: dict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in reversed(rows):  # the last first: what is later is known already
        each = found[row.call_id]
        answered = _called_again(later.get(each.number or "", ()), each.ended_at)
        found[row.call_id] = _with_later(each, answered, placed)
        if each.number is not None and standing(each.known) == ANSWERED:
            later[each.number].append(row)
    return found


def placed_to(connection: sa.Connection, numbers: Collection[str], now: datetime) -> dict[str, list[Placed]]:
    """Return the calls placed to each of these numbers in which an agent talked with them, by time."""
    if not numbers:
        return {}
    rows = connection.execute(_PLACED, {"numbers": sorted(numbers)}).all()
    there = presence.of_calls(connection, [row.id for row in rows], now)
    found: dict[str, list[Placed]] = defaultdict(list)
    for row in rows:
        if talked_with_agent(there.get(row.id, NOBODY).segments):
            found[row.caller_number].append(Placed(row.id, row.arrived_at, CAMPAIGN in row.marks))
    return found


def since(placed: Iterable[Placed], lost_at: datetime | None) -> list[Placed]:
    """Return those that were placed after a call had ended; none while it goes on."""
    return [] if lost_at is None else [each for each in placed if each.at >= lost_at]


def _left(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], queues: Collection[str]
) -> dict[str, datetime]:
    """Return when each of these left the leader's line: sent off, by key, or given to another queue."""
    ids = {"ids": [row.call_id for row in rows]}
    told = [(row.call_id, row.sent_off_at) for row in rows if row.sent_off_at is not None]
    if rows:
        queued, moved = connection.execute(_QUEUED, ids).all(), connection.execute(_MOVED, ids).all()
        told += [(row.call_id, row.at) for row in queued if row.data.get("queue") not in queues]
        told += [(row.call_id, row.moved_at) for row in moved if row.queue and row.queue not in queues]
    entered = {row.call_id: row.entered_at for row in rows}
    found: dict[str, datetime] = {}
    for call_id, at in told:
        if at >= entered[call_id]:  # what came before was no part of the day
            found[call_id] = min(at, found.get(call_id, at))
    return found


def _met(  # noqa: PLR0913, PLR0917 - the places where something is known of a call
    row: sa.Row[Any],
    call: sa.Row[Any] | None,
    there: Mapping[str, Presence],
    leader: str,
    left_at: datetime | None,
    now: datetime,
) -> Evidence:
    talks = met(there.get(row.call_id, NOBODY).segments, leader, now, left_at)
    ended = call is not None and call.state == ENDED
    until = talks.leader_at or (call.ended_at if call is not None and ended else None) or now
    return Evidence(
        known=_known(row, call, talks, ended=ended, left=left_at is not None),
        number=None if call is None else call.caller_number,
        ended_at=None if call is None else call.ended_at,
        outcome=None if call is None else call.outcome,
        wait_seconds=waited(row.entered_at, until, talks.before_leader),
        agent_seconds=talks.agents,
        leader_seconds=talks.leader,
        leader_at=talks.leader_at,
        left_at=left_at,
        settled_call=None,
    )


def _known(row: sa.Row[Any], call: sa.Row[Any] | None, talks: Met, *, ended: bool, left: bool) -> Known:
    return Known(
        ended=ended,
        interrupted=call is not None and call.outcome == INTERRUPTED,
        with_leader=talks.with_leader,
        met_leader=talks.leader_at is not None,
        with_agent=talks.with_agent,
        met_agent=talks.agents > 0,
        left_line=left,
        helped=talks.helped,
        in_scope=row.in_scope,
        result=row.result,
        settled=row.settled,
        has_number=call is None or call.caller_number is not None,
    )


def _called_again(answered: Sequence[sa.Row[Any]], lost_at: datetime | None) -> str | None:
    """Return the first of these calls, the last first, that came in after a call had ended.

    Two calls of one number at once may be of two people behind one switchboard.
    """
    since_then = (row.call_id for row in reversed(answered) if lost_at and row.entered_at >= lost_at)
    return next(since_then, None)


def _with_later(each: Evidence, answered: str | None, placed: Mapping[str, list[Placed]]) -> Evidence:
    """Add the later call that settles one by itself: their own that the leader answered, or a return."""
    if not each.known.ended:
        return each
    back = [one for one in since(placed.get(each.number or "", ()), each.ended_at) if one.is_return]
    settled = answered or (back[0].id if back else None)
    known = replace(each.known, answered_later=answered is not None, called_since=bool(back))
    return replace(each, known=known, settled_call=settled)
