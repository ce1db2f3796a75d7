"""Missed-call returns (未接回拨): citizens whose call we cut short, until somebody has called them back."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store.tables import calls, insert_for
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
    """Whom to call back, and why; times are Shanghai's. `call_id` is the call that was lost."""

    id: int
    number: str
    call_id: str
    centre: str | None
    why: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


def open_return(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection, number: str, call_id: str, centre: str | None, why: str, now: datetime
) -> bool:
    """Note that a citizen whose call was lost at `now` is to be called back; tell whether that is new.

    At most one is open for a number: a second one changes nothing, nor does one for a citizen who has called
    again and been answered since.
    """
    since = {"number": number, "since": now, "lost": call_id}
    if connection.scalar(_ANSWERED_SINCE, since) is not None:
        return False
    row = {"number": number, "call_id": call_id, "centre": centre, "why": why, "opened_at": now}
    insert = insert_for(connection, returns).values(**row).on_conflict_do_nothing()
    return_id = connection.scalar(insert.returning(returns.c.id))
    if return_id is None:
        return False
    told = Happening(
        now, "return_opened", f"return_opened:{return_id}", data={"return": return_id, "why": why}
    )
    call_rows.append(connection, [(call_id, told)])
    return True


def close(connection: sa.Connection, return_id: int, by: str, note: str | None, now: datetime) -> ReturnView:
    """Note that a citizen was called back; raise UnknownThingError, or NotAllowedError if it is closed."""
    still_open = sa.and_(returns.c.id == return_id, returns.c.closed_at.is_(None))
    ended = {"closed_at": now, "closed_by": by, "note": note}
    closed = connection.execute(returns.update().where(still_open).values(**ended)).rowcount
    row = connection.execute(sa.select(returns).where(returns.c.id == return_id)).first()
    if row is None:
        raise UnknownThingError(say("return.unknown", id=return_id))
    if not closed:
        when = f"{row.closed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        raise NotAllowedError(say("return.closed_already", id=return_id, by=row.closed_by, time=when))
    told = Happening(now, "return_closed", f"return_closed:{return_id}", data={"return": return_id, "by": by})
    call_rows.append(connection, [(row.call_id, told)])
    return _shown(row)


def close_answered(connection: sa.Connection, answered: Iterable[tuple[str, str, datetime]]) -> None:
    """Close what is open to citizens who called again and were answered: (number, call, answered at)."""
    calls_of = {number: (call_id, at) for number, call_id, at in answered}
    if not calls_of:
        return
    for row in connection.execute(_OPEN, {"numbers": sorted(calls_of)}).all():
        call_id, at = calls_of[row.number]
        if row.opened_at <= at and row.call_id != call_id:
            close(connection, row.id, RULES, say("return.called_again", call=call_id), at)


def open_list(connection: sa.Connection, limit: int, *, with_closed: bool = False) -> list[ReturnView]:
    """Return whom to call back, the longest waiting first; with closed ones the newest first."""
    query = sa.select(returns).limit(limit)
    if with_closed:
        query = query.order_by(returns.c.opened_at.desc(), returns.c.id.desc())
    else:
        query = query.where(returns.c.closed_at.is_(None)).order_by(returns.c.opened_at, returns.c.id)
    return [_shown(row) for row in connection.execute(query)]


def _shown(row: sa.Row[tuple[object, ...]]) -> ReturnView:
    values = {field.name: getattr(row, field.name) for field in fields(ReturnView)}
    times = {
        name: value.astimezone(SHANGHAI) for name, value in values.items() if isinstance(value, datetime)
    }
    return ReturnView(**{**values, **times})
