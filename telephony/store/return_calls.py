"""The calls of missed-call returns: when each is due, who waits before it, what became of an attempt."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.rules.returns import KEPT, LONGEST, OnLine
from telephony.store import attempts as attempt_rows
from telephony.store import calls as call_rows
from telephony.store import returns as rows
from telephony.store.outbound_tables import LIVE_STATES, attempts, dialer
from telephony.store.returns import RULES, ReturnView
from telephony.store.tables import ENDED, calls
from telephony.store.threeway_tables import returns
from telephony.texts import say

CAMPAIGN = "return"
"""Under which the attempts of returns are stored, and how their calls are marked."""
_IDS: sa.BindParameter[list[Any]] = sa.bindparam("ids", expanding=True)
_OPEN = sa.and_(returns.c.closed_at.is_(None), returns.c.given_up_at.is_(None))
_ON_THE_LINE = sa.exists().where(calls.c.caller_number == returns.c.number, calls.c.state != ENDED)
_BEING_RUNG = sa.exists().where(attempts.c.number == returns.c.number, attempts.c.state.in_(LIVE_STATES))
_OF_RETURN = sa.and_(attempts.c.campaign == CAMPAIGN, attempts.c.task_id == returns.c.id)


@dataclass(frozen=True)
class AttemptView:
    """One call to the citizen: its outcome or what it is at, and when (Shanghai's time)."""

    id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    ring_seconds: float | None
    why: str | None


@dataclass(frozen=True, kw_only=True)
class ReturnDetail(ReturnView):
    """A return with all its calls."""

    attempts: list[AttemptView]


def paused(connection: sa.Connection) -> bool:
    """Tell whether people have stopped all outbound calls."""
    return bool(connection.scalar(sa.select(dialer.c.paused)))


def due(connection: sa.Connection, now: datetime, limit: int) -> Sequence[sa.Row[Any]]:
    """Return those that may be called now, the longest waiting first.

    Not whose citizen is on the line already, or is being rung for something else.
    """
    lost = sa.select(calls.c.priority).where(calls.c.id == returns.c.call_id).scalar_subquery()
    query = sa.select(returns, lost.label("priority"))
    query = query.where(_OPEN, returns.c.next_at <= now, ~_ON_THE_LINE, ~_BEING_RUNG)
    return connection.execute(query.order_by(returns.c.since, returns.c.id).limit(limit)).all()


def callable_now(connection: sa.Connection, return_ids: Iterable[int]) -> Sequence[sa.Row[Any]]:
    """Return those of these that are still open, planned, and whose citizen is nowhere on the line.

    A call of ours that is entered in the ledger and not dialled yet is no reason against.
    """
    elsewhere = sa.exists().where(
        calls.c.caller_number == returns.c.number, calls.c.state != ENDED, calls.c.direction == "inbound"
    )
    planned = sa.and_(returns.c.closed_at.is_(None), returns.c.next_at.is_not(None))
    query = sa.select(returns).where(returns.c.id.in_(_IDS), planned, ~elsewhere, ~_BEING_RUNG)
    return connection.execute(query.order_by(returns.c.since), {"ids": list(return_ids)}).all()


def on_line(connection: sa.Connection) -> list[OnLine]:
    """Return who waits for an agent on the line; whom we rang ourselves before everybody else."""
    waiting = sa.select(calls.c.queue, calls.c.arrived_at, calls.c.direction, calls.c.priority).where(
        calls.c.state == "queued", calls.c.queue.is_not(None)
    )
    return [
        OnLine(row.queue, row.arrived_at if row.direction == "inbound" else LONGEST, row.priority or 0)
        for row in connection.execute(waiting)
    ]


def take(connection: sa.Connection, return_ids: Sequence[int]) -> None:
    """Let no other call be placed: one is about to be."""
    if return_ids:
        connection.execute(returns.update().where(returns.c.id.in_(return_ids)).values(next_at=None))


def plan(connection: sa.Connection, return_id: int, next_at: datetime) -> bool:
    """Let the next call be placed then; False if the return is closed or a person's."""
    still = sa.and_(returns.c.id == return_id, _OPEN)
    return connection.execute(returns.update().where(still).values(next_at=next_at)).rowcount == 1


def use_try(connection: sa.Connection, return_id: int) -> None:
    """Count a call that was used."""
    connection.execute(returns.update().where(returns.c.id == return_id).values(tries=returns.c.tries + 1))


def give_up(connection: sa.Connection, return_id: int, why: str, now: datetime) -> bool:
    """Leave a return to a person; False if it is closed or left to one already."""
    still = sa.and_(returns.c.id == return_id, _OPEN)
    values = {"given_up_at": now, "given_up_why": why, "next_at": None}
    if connection.execute(returns.update().where(still).values(**values)).rowcount == 0:
        return False
    _note(connection, one(connection, return_id), "return_given_up", now, why=why)
    return True


def outdated(connection: sa.Connection, before: datetime) -> list[int]:
    """Return those that are planned and were opened before a time."""
    query = sa.select(returns.c.id).where(_OPEN, returns.c.next_at.is_not(None), returns.c.opened_at < before)
    return list(connection.scalars(query))


def forgotten(connection: sa.Connection) -> list[int]:
    """Return open ones that are neither planned nor in a call: a crash in an unlucky moment left them."""
    in_a_call = sa.exists().where(_OF_RETURN, attempts.c.state.in_(LIVE_STATES))
    return list(
        connection.scalars(sa.select(returns.c.id).where(_OPEN, returns.c.next_at.is_(None), ~in_a_call))
    )


def one(connection: sa.Connection, return_id: int) -> sa.Row[Any]:
    """Return a row; raise UnknownThingError."""
    row = connection.execute(sa.select(returns).where(returns.c.id == return_id)).first()
    if row is None:
        raise UnknownThingError(say("return.unknown", id=return_id))
    return row


def open_one(connection: sa.Connection, return_id: int) -> sa.Row[Any]:
    """Return a row that is not closed; raise UnknownThingError, NotAllowedError."""
    row = one(connection, return_id)
    if row.closed_at is not None:
        raise rows.closed_already(row)
    return row


def reset(connection: sa.Connection, return_id: int, by: str, now: datetime) -> ReturnView:
    """Begin anew with all attempts, as if it were new; raise UnknownThingError, NotAllowedError."""
    row = open_one(connection, return_id)
    if _live(connection, return_id):
        raise NotAllowedError(say("return.in_a_call", id=return_id))
    new = {"tries": 0, "given_up_at": None, "given_up_why": None, "next_at": now}
    connection.execute(returns.update().where(returns.c.id == return_id).values(**new))
    _note(connection, row, "return_reset", now, by=by)
    return rows.shown(one(connection, return_id))


def keep(connection: sa.Connection, call_id: str, now: datetime) -> bool:
    """Keep the place of a citizen who waits and wants to be called back.

    Return False where there is nobody to call: the number was withheld, or is on the list of harassment. One
    return that stands for the number already is that place; one that was given up begins anew.
    """
    call = connection.execute(sa.select(calls).where(calls.c.id == call_id)).first()
    if call is None or call.caller_number is None:
        return False
    number = call.caller_number
    if rows.open_return(connection, number, call_id, call.centre, KEPT, now, call.queue, call.arrived_at):
        return True
    standing = sa.select(returns.c.id, returns.c.given_up_at).where(
        returns.c.number == number, returns.c.closed_at.is_(None)
    )
    row = connection.execute(standing).first()
    if row is not None and row.given_up_at is not None:
        reset(connection, row.id, RULES, now)
    return row is not None


def close_talked(connection: sa.Connection, talked: Mapping[str, datetime]) -> None:
    """Close the returns whose calls, by id, led to a talk with an agent at that time."""
    query = sa.select(returns.c.id, attempts.c.id.label("call")).join(attempts, _OF_RETURN)
    query = query.where(attempts.c.id.in_(_IDS), returns.c.closed_at.is_(None))
    for row in connection.execute(query, {"ids": sorted(talked)}).all():
        rows.close(connection, row.id, RULES, say("return.talked", call=row.call), talked[row.call], row.call)


def progress(connection: sa.Connection, call_ids: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return of each call that there is the states of its attempt and of its row in the ledger."""
    ids = {"ids": list(call_ids)}
    tried = sa.select(attempts.c.id, attempts.c.state).where(attempts.c.id.in_(_IDS))
    entered = sa.select(calls.c.id, calls.c.state).where(calls.c.id.in_(_IDS))
    of_attempts = {row.id: row.state for row in connection.execute(tried, ids)}
    of_calls = {row.id: row.state for row in connection.execute(entered, ids)}
    return {each: (of_attempts.get(each), of_calls.get(each)) for each in of_attempts | of_calls}


def call_now(connection: sa.Connection, return_id: int, now: datetime) -> sa.Row[Any]:
    """Let a return be called now because a person wants it; raise UnknownThingError, NotAllowedError."""
    open_one(connection, return_id)
    if _live(connection, return_id):
        raise NotAllowedError(say("return.in_a_call", id=return_id))
    connection.execute(returns.update().where(returns.c.id == return_id).values(next_at=now))
    return one(connection, return_id)


def close_unplaced(connection: sa.Connection, call_id: str, outcome: str, now: datetime) -> None:
    """Close the row of a call that was entered in the ledger and for which no attempt was made."""
    if attempt_rows.one(connection, call_id) is None:
        call_rows.close_outbound(connection, call_id, outcome, now)


def detail(connection: sa.Connection, return_id: int) -> ReturnDetail:
    """Return a return with its calls in order; raise UnknownThingError."""
    row = one(connection, return_id)
    query = sa.select(attempts).where(attempts.c.campaign == CAMPAIGN, attempts.c.task_id == return_id)
    calls_of = connection.execute(query.order_by(attempts.c.reserved_at, attempts.c.id)).all()
    return ReturnDetail(**vars(rows.shown(row)), attempts=[_attempt(each) for each in calls_of])


def enter(connection: sa.Connection, call_id: str, number: str, now: datetime) -> None:
    """Enter a call of a return in the ledger; entered again, it stays as it was."""
    call_rows.open_outbound(connection, [(call_id, number)], now, CAMPAIGN)


def offered(connection: sa.Connection, row: sa.Row[Any], call_id: str, agent: str, now: datetime) -> None:
    """Note that an agent is rung for a return, and what it is."""
    data = {"return": row.id, "kind": CAMPAIGN, "why": row.why, "lost_call": row.call_id}
    told = Happening(now, "return_offered", f"{call_id}:return_offered", agent, data)
    call_rows.append(connection, [(call_id, told)])


def _live(connection: sa.Connection, return_id: int) -> bool:
    query = sa.select(attempts.c.id).where(attempts.c.campaign == CAMPAIGN, attempts.c.task_id == return_id)
    return connection.scalar(query.where(attempt_rows.is_live())) is not None


def _note(connection: sa.Connection, row: sa.Row[Any], kind: str, now: datetime, **data: str) -> None:
    key = f"{kind}:{row.id}:{uuid.uuid4().hex}"
    told = Happening(now, kind, key, data={"return": row.id, **data})
    call_rows.append(connection, [(row.call_id, told)])


def _attempt(row: sa.Row[Any]) -> AttemptView:
    started, ended = (at.astimezone(SHANGHAI) if at else None for at in (row.started_at, row.ended_at))
    return AttemptView(row.id, row.state, started, ended, row.ring_seconds, row.why)
