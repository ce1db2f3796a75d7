"""Missed-call returns (未接回拨): citizens whose call was lost, until somebody has called them back."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Datum, Happening
from telephony.rules.returns import KEPT, MAINLAND, NOT_CALLABLE, OVERFLOW, Reach
from telephony.store import calls as call_rows
from telephony.store.tables import blacklist, calls, insert_for
from telephony.store.threeway_tables import returns
from telephony.texts import say

RULES = "rules"
"""Who closes a return when the citizen has called again and was answered."""
_NUMBERS: sa.BindParameter[list[str]] = sa.bindparam("numbers", expanding=True)
_OPEN = sa.select(returns).where(returns.c.closed_at.is_(None), returns.c.number.in_(_NUMBERS))
_ANSWERED_SINCE = (
    sa.select(calls.c.id)
    .where(
        calls.c.caller_number == sa.bindparam("number"),
        calls.c.answered_at >= sa.bindparam("since"),
        calls.c.id != sa.bindparam("lost"),
        calls.c.direction == "inbound",
    )
    .limit(1)
)


@dataclass(frozen=True, kw_only=True)
class ReturnView:
    """Whom to call back, and why; times are Shanghai's. `call_id` is the call that was lost.

    `since` is when that call arrived, `next_at` when the next call may be placed, `tries` how many were.
    `state`: planned, dialling, given_up (a person's turn), closed.
    """

    id: int
    number: str
    call_id: str
    centre: str | None
    queue: str | None
    why: str
    state: str
    since: datetime
    opened_at: datetime
    next_at: datetime | None
    tries: int
    given_up_at: datetime | None
    given_up_why: str | None
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


def open_return(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection,
    number: str,
    call_id: str,
    centre: str | None,
    why: str,
    now: datetime,
    queue: str | None = None,
    since: datetime | None = None,
    reach: Reach = MAINLAND,
) -> bool:
    """Note that a citizen whose call was lost at `now` is to be called back; tell whether that is new.

    At most one is open for a number: a second one changes nothing, nor does one for a citizen who has called
    again and been answered since, one whose number is on the list of harassment, or one told twice. A number
    that no machine may call stands on the list for a person.
    """
    if _owed_nothing(connection, number, call_id, now):
        return False
    row = {"number": number, "call_id": call_id, "centre": centre, "why": why, "opened_at": now}
    row |= {"queue": queue, "since": since or now, "next_at": now}
    reachable = reach.includes(number)
    if not reachable:
        row |= {"next_at": None, "given_up_at": now, "given_up_why": NOT_CALLABLE}
    insert = insert_for(connection, returns).values(**row).on_conflict_do_nothing()
    return_id = connection.scalar(insert.returning(returns.c.id))
    if return_id is None:
        return False
    told = [("return_opened", why)] + [("return_given_up", NOT_CALLABLE)] * (not reachable)
    happened = (
        Happening(now, kind, f"{kind}:{return_id}", data={"return": return_id, "why": because})
        for kind, because in told
    )
    call_rows.append(connection, [(call_id, each) for each in happened])
    return True


def _owed_nothing(connection: sa.Connection, number: str, call_id: str, now: datetime) -> bool:
    since = {"number": number, "since": now, "lost": call_id}
    harassing = sa.select(blacklist.c.number).where(
        blacklist.c.number == number,
        sa.or_(blacklist.c.expires_at.is_(None), blacklist.c.expires_at > now),
    )
    told_before = sa.select(returns.c.id).where(returns.c.call_id == call_id)
    asked: tuple[tuple[sa.Select[tuple[object]], dict[str, object]], ...] = (
        (_ANSWERED_SINCE, since),
        (harassing, {}),
        (told_before, {}),
    )
    return any(connection.scalar(query, values) is not None for query, values in asked)


def close(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection,
    return_id: int,
    by: str,
    note: str | None,
    now: datetime,
    call_id: str | None = None,
) -> ReturnView:
    """Note that a citizen was called back, in a call if we know which.

    Raise UnknownThingError, or NotAllowedError if it is closed.
    """
    still_open = sa.and_(returns.c.id == return_id, returns.c.closed_at.is_(None))
    ended = {"closed_at": now, "closed_by": by, "note": note, "next_at": None, "closed_call": call_id}
    closed = connection.execute(returns.update().where(still_open).values(**ended)).rowcount
    row = connection.execute(sa.select(returns).where(returns.c.id == return_id)).first()
    if row is None:
        raise UnknownThingError(say("return.unknown", id=return_id))
    if not closed:
        raise closed_already(row)
    data: dict[str, Datum] = {"return": return_id, "by": by, "call": call_id}
    key = f"return_closed:{return_id}:{now.timestamp():.6f}"  # one that began anew is closed again
    told = Happening(now, "return_closed", key, data=data)
    call_rows.append(connection, [(row.call_id, told)])
    return shown(row)


def closed_already(row: sa.Row[tuple[object, ...]]) -> NotAllowedError:
    """Return the error that says who closed a return, and when."""
    when = f"{row.closed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return NotAllowedError(say("return.closed_already", id=row.id, by=row.closed_by, time=when))


def close_answered(connection: sa.Connection, answered: Iterable[tuple[str, str, datetime]]) -> None:
    """Close what is open to citizens who called again and were answered: (number, call, answered at)."""
    calls_of = {number: (call_id, at) for number, call_id, at in answered}
    if not calls_of:
        return
    for row in connection.execute(_OPEN, {"numbers": sorted(calls_of)}).all():
        call_id, at = calls_of[row.number]
        # Who is told that we call back may be answered in the same call, if a turn came meanwhile.
        if row.opened_at <= at and (row.call_id != call_id or row.why in {KEPT, OVERFLOW}):
            close(connection, row.id, RULES, say("return.called_again", call=call_id), at, call_id)


def open_list(connection: sa.Connection, limit: int, *, with_closed: bool = False) -> list[ReturnView]:
    """Return whom to call back, the longest waiting first; with closed ones the newest first."""
    query = sa.select(returns).limit(limit)
    if with_closed:
        query = query.order_by(returns.c.opened_at.desc(), returns.c.id.desc())
    else:
        query = query.where(returns.c.closed_at.is_(None)).order_by(returns.c.opened_at, returns.c.id)
    return [shown(row) for row in connection.execute(query)]


def move_queue(connection: sa.Connection, queues: Collection[str], to: str, now: datetime) -> list[int]:
    """Let another queue's agents call back whoever is open in these; return which returns that are."""
    here = sa.and_(returns.c.closed_at.is_(None), returns.c.queue.in_(list(queues)))
    found = sa.select(returns.c.id, returns.c.call_id, returns.c.queue).where(here)
    rows = connection.execute(found.order_by(returns.c.id)).all()
    # Another service may move them in the same moment: who moved one tells of it.
    moving = returns.update().where(returns.c.id.in_([row.id for row in rows]), here).values(queue=to)
    ids = set(connection.scalars(moving.returning(returns.c.id)))
    moved = [row for row in rows if row.id in ids]
    call_rows.append(connection, [(row.call_id, _moved(row.id, row.queue, to, now)) for row in moved])
    return [row.id for row in moved]


def _moved(return_id: int, queue: str, to: str, now: datetime) -> Happening:
    data: dict[str, Datum] = {"return": return_id, "from": queue, "to": to}
    key = f"return_moved:{return_id}:{queue}:{now.timestamp():.6f}"
    return Happening(now, "return_moved", key, data=data)


def shown(row: sa.Row[tuple[object, ...]]) -> ReturnView:
    """Return a row as people see it."""
    names = {field.name for field in fields(ReturnView)} - {"state"}
    values = {name: getattr(row, name) for name in names}
    values["since"] = values["since"] or values["opened_at"]
    times = {
        name: value.astimezone(SHANGHAI) for name, value in values.items() if isinstance(value, datetime)
    }
    return ReturnView(state=_state(row), **{**values, **times})


def _state(row: sa.Row[tuple[object, ...]]) -> str:
    if row.closed_at is not None:
        return "closed"
    if row.given_up_at is not None:
        return "given_up"
    return "dialling" if row.next_at is None else "planned"
