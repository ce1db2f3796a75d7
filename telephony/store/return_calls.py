"""The calls of missed-call returns: when each is due, who waits before it, what became of an attempt."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.rules.returns import KEPT, LONGEST, NO_DISTURB, NOT_CALLABLE, OnLine, Reach
from telephony.rules.verdict import Outcome
from telephony.store import attempts as attempt_rows
from telephony.store import calls as call_rows
from telephony.store import returns as rows
from telephony.store.attempts import CANCELLED
from telephony.store.outbound_tables import LIVE_STATES, attempts, dialer, no_disturb
from telephony.store.returns import RULES, ReturnView
from telephony.store.tables import ENDED, UtcTime, blacklist, calls, legs
from telephony.store.threeway_tables import returns
from telephony.texts import say

CAMPAIGN = "return"
"""Under which the attempts of returns are stored, and how their calls are marked."""
_IDS: sa.BindParameter[list[Any]] = sa.bindparam("ids", expanding=True)
_OPEN = sa.and_(returns.c.closed_at.is_(None), returns.c.given_up_at.is_(None))
_ON_THE_LINE = sa.exists().where(calls.c.caller_number == returns.c.number, calls.c.state != ENDED)
_BEING_RUNG = sa.exists().where(attempts.c.number == returns.c.number, attempts.c.state.in_(LIVE_STATES))
_NOW = sa.bindparam("now", type_=UtcTime)


def _listed(numbers: sa.Table) -> sa.Exists:
    """Tell whether a return's number stands on a list at `now`."""
    holds = sa.or_(numbers.c.expires_at.is_(None), numbers.c.expires_at > _NOW)
    return sa.exists().where(numbers.c.number == returns.c.number, holds)


_REFUSED, _QUIET = _listed(blacklist), _listed(no_disturb)
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


def due(
    connection: sa.Connection, now: datetime, limit: int, number: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return those that may be called now, the longest waiting first, of each queue so many at most.

    With a number only that one's.

    Not whose citizen is on the line already, or is being rung for something else, or whose number has been
    put on the list of harassment or of those whom no machine may call.
    """
    lost = sa.select(calls.c.priority).where(calls.c.id == returns.c.call_id).scalar_subquery()
    place = sa.func.row_number().over(partition_by=returns.c.queue, order_by=(returns.c.since, returns.c.id))
    query = sa.select(returns, lost.label("priority"), place.label("place"))
    query = query.where(_OPEN, returns.c.next_at <= _NOW, ~_ON_THE_LINE, ~_BEING_RUNG, ~_REFUSED, ~_QUIET)
    if number is not None:
        query = query.where(returns.c.number == number)
    placed = query.subquery()
    first = sa.select(placed).where(placed.c.place <= limit)
    return connection.execute(first.order_by(placed.c.since, placed.c.id), {"now": now}).all()


def callable_now(
    connection: sa.Connection, return_ids: Iterable[int], now: datetime
) -> Sequence[sa.Row[Any]]:
    """Return those of these that are still open, planned, and whose citizen is nowhere on the line.

    A call of ours that is entered in the ledger and not dialled yet is no reason against. One whose number
    is on the list of harassment is not called; one whom no machine may call only where a person wants it.
    """
    elsewhere = sa.exists().where(
        calls.c.caller_number == returns.c.number, calls.c.state != ENDED, calls.c.direction == "inbound"
    )
    planned = sa.and_(returns.c.closed_at.is_(None), returns.c.next_at.is_not(None))
    allowed = sa.and_(~_REFUSED, sa.or_(returns.c.given_up_at.is_not(None), ~_QUIET))
    query = sa.select(returns).where(returns.c.id.in_(_IDS), planned, allowed, ~elsewhere, ~_BEING_RUNG)
    return connection.execute(query.order_by(returns.c.since), {"ids": list(return_ids), "now": now}).all()


def on_line(connection: sa.Connection) -> list[OnLine]:
    """Return who waits for an agent on the line; whom we rang ourselves before everybody else."""
    names = (calls.c.id, calls.c.queue, calls.c.arrived_at, calls.c.direction, calls.c.priority)
    waiting = sa.select(*names).where(calls.c.state == "queued", calls.c.queue.is_not(None))
    return [
        OnLine(
            row.queue, row.arrived_at if row.direction == "inbound" else LONGEST, row.priority or 0, row.id
        )
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
    """Return those that are planned and were opened, or begun anew, before a time."""
    begun = sa.func.coalesce(returns.c.renewed_at, returns.c.opened_at, type_=UtcTime)
    query = sa.select(returns.c.id).where(_OPEN, returns.c.next_at.is_not(None), begun < before)
    return list(connection.scalars(query))


def quiet(connection: sa.Connection, now: datetime) -> list[int]:
    """Return those that are planned and whose number no machine may call any more: they are a person's."""
    query = sa.select(returns.c.id).where(_OPEN, returns.c.next_at.is_not(None), _QUIET)
    return list(connection.scalars(query, {"now": now}))


def planned(connection: sa.Connection) -> list[tuple[int, str]]:
    """Return those that are planned, each with its number."""
    query = sa.select(returns.c.id, returns.c.number).where(_OPEN, returns.c.next_at.is_not(None))
    return [(row.id, row.number) for row in connection.execute(query)]


def strangers(connection: sa.Connection, since: datetime) -> int:
    """Return how many were opened from a time on for numbers with which nobody here has ever talked."""
    talked = sa.exists().where(calls.c.caller_number == returns.c.number, calls.c.answered_at.is_not(None))
    query = sa.select(sa.func.count(sa.distinct(returns.c.number)))
    return connection.scalar(query.where(returns.c.opened_at >= since, ~talked)) or 0


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
    """Begin anew with all attempts, as if it were new; raise UnknownThingError, NotAllowedError.

    So does one that was closed by a call of ours, for an agent may have talked with a voicemail only.
    """
    row = _closed_by_our_call(connection, return_id) or _of_the_dialer(connection, return_id)
    new = {"tries": 0, "given_up_at": None, "given_up_why": None, "next_at": now, "renewed_at": now}
    new |= dict.fromkeys(("closed_at", "closed_by", "closed_call", "note"))
    connection.execute(returns.update().where(returns.c.id == return_id).values(**new))
    of_no_contact = {} if row.closed_call is None else {"call": str(row.closed_call)}
    _note(connection, row, "return_reset", now, by=by, **of_no_contact)
    return rows.shown(one(connection, return_id))


def _closed_by_our_call(connection: sa.Connection, return_id: int) -> sa.Row[Any] | None:
    """Return a row that the talk in a call of ours has closed; None for any other.

    Raise UnknownThingError, and NotAllowedError where another one is open for the number by now.
    """
    row = one(connection, return_id)
    ours = sa.select(attempts.c.id).where(attempts.c.id == row.closed_call, attempts.c.campaign == CAMPAIGN)
    if row.closed_by != RULES or connection.scalar(ours) is None:
        return None
    open_now = sa.select(returns.c.id).where(returns.c.number == row.number, returns.c.closed_at.is_(None))
    if (other := connection.scalar(open_now)) is not None:
        raise NotAllowedError(say("return.another_open", id=return_id, other=other))
    return row


def keep(connection: sa.Connection, call_id: str, now: datetime, reach: Reach) -> bool:
    """Keep the place of a citizen who waits and wanted at `now` to be called back.

    Return False where there is nobody to call, as `promise` does, the number was withheld, or an agent has
    taken the call meanwhile: then nobody was told that we call back.
    """
    call = connection.execute(sa.select(calls).where(calls.c.id == call_id)).first()
    if call is None or call.caller_number is None:
        return False
    taken = sa.select(legs.c.id).where(
        legs.c.call_id == call_id, legs.c.role == "agent", legs.c.bridged_at >= now
    )
    if connection.scalar(taken) is not None:
        return False
    lost = (call.caller_number, call_id, call.centre, KEPT, now, call.queue, call.arrived_at)
    return promise(connection, *lost, reach)


def promise(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection,
    number: str,
    call_id: str,
    centre: str | None,
    why: str,
    now: datetime,
    queue: str | None,
    since: datetime,
    reach: Reach,
) -> bool:
    """Note that a citizen is to be called back; tell whether that is so, and may be said to them.

    Return False where they will not be: the number is none that a machine may call, or is on the list of
    harassment, or they have been answered since. One return that stands for the number already is what they
    are told of; one that was given up begins anew.
    """
    if not reach.includes(number):
        return False
    if rows.open_return(connection, number, call_id, centre, why, now, queue, since, reach):
        return True
    standing = sa.select(returns.c.id, returns.c.given_up_at, returns.c.given_up_why).where(
        returns.c.number == number, returns.c.closed_at.is_(None), ~_REFUSED
    )
    row = connection.execute(standing, {"now": now}).first()
    if row is None or row.given_up_why == NOT_CALLABLE:
        return False
    if row.given_up_at is not None and not _live(connection, row.id):
        reset(connection, row.id, RULES, now)
    return True


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


def known(connection: sa.Connection, call_ids: Iterable[str]) -> frozenset[str]:
    """Return those of these calls for which there was an attempt, whatever became of it."""
    query = sa.select(attempts.c.id).where(attempts.c.id.in_(_IDS))
    return frozenset(connection.scalars(query, {"ids": list(call_ids)}))


def faults(connection: sa.Connection, return_id: int) -> int:
    """Return how many calls in a row have failed, the last one included, that were no attempts."""
    tried = sa.select(attempts.c.state).where(
        attempts.c.campaign == CAMPAIGN, attempts.c.task_id == return_id, attempts.c.state != CANCELLED
    )
    newest = connection.scalars(tried.order_by(attempts.c.reserved_at.desc(), attempts.c.id.desc()))
    return sum(1 for _ in takewhile(lambda state: state == Outcome.FAILED, newest))


def call_now(connection: sa.Connection, return_id: int, now: datetime) -> sa.Row[Any]:
    """Let a return be called now because a person wants it; raise UnknownThingError, NotAllowedError.

    A number that no machine may call is a person's from now on, if it was not: else it would not be called.
    """
    _of_the_dialer(connection, return_id)
    this = returns.c.id == return_id
    if connection.scalar(sa.select(returns.c.id).where(this, _REFUSED), {"now": now}) is not None:
        raise NotAllowedError(say("return.blacklisted", id=return_id))
    if return_id in quiet(connection, now):
        give_up(connection, return_id, NO_DISTURB, now)
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


def enter(connection: sa.Connection, call_id: str, number: str, now: datetime, worker: str) -> None:
    """Enter a worker's call of a return in the ledger; entered again, it stays as it was."""
    call_rows.open_outbound(connection, [(call_id, number)], now, CAMPAIGN, worker)


def offered(connection: sa.Connection, row: sa.Row[Any], call_id: str, agent: str, now: datetime) -> None:
    """Note that an agent is rung for a return, and what it is."""
    data = {"return": row.id, "kind": CAMPAIGN, "why": row.why, "lost_call": row.call_id}
    told = Happening(now, "return_offered", f"{call_id}:return_offered", agent, data)
    call_rows.append(connection, [(call_id, told)])


def _of_the_dialer(connection: sa.Connection, return_id: int) -> sa.Row[Any]:
    """Return a row that can be called by the dialer; raise UnknownThingError, NotAllowedError."""
    row = open_one(connection, return_id)
    if row.given_up_why == NOT_CALLABLE:
        raise NotAllowedError(say("return.not_callable", id=return_id))
    if _live(connection, return_id):
        raise NotAllowedError(say("return.in_a_call", id=return_id))
    return row


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
