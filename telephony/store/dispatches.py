"""What units owe: a matter of kind A in 4 hours (Art. 8); and what the case platform is told of it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.store.outbound_tables import outbox
from telephony.store.tables import cases
from telephony.store.threeway_tables import dispatches, three_ways

SPOKE = "not_answered"
"""Why, of a unit that was there and could not answer at once: it was reached."""
OF_HOURS = frozenset({None, "A"})
"""Categories whose clock is of hours (Art. 8): A, and what nobody has put into one yet."""


def dispatch(connection: sa.Connection, row: Mapping[str, Any]) -> datetime | None:
    """Start a unit's clock and tell the case platform; return when it is due, None if it has no hours.

    The first dispatch of a call to a unit stays. A case of another category than A has days, which the
    platform counts: it is told only.
    """
    if not _has_hours(connection, row["case_number"]):
        told = {name: value for name, value in row.items() if name != "due_at"}
        topic = "dispatched" if row["why"] == SPOKE else "unit_not_reached"
        tell_platform(connection, row["dispatched_at"], topic, told)
        return None
    same = (dispatches.c.three_way_id == row["three_way_id"], dispatches.c.unit == row["unit"])
    known = connection.scalar(sa.select(dispatches.c.due_at).where(*same))
    if known is None:
        connection.execute(dispatches.insert().values(**row))
        tell_platform(connection, row["dispatched_at"], "dispatched", row)
    due: datetime = known or row["due_at"]
    return due


def close(
    connection: sa.Connection, call_id: str, case_number: str | None, units: Iterable[str], now: datetime
) -> None:
    """End the clock of units that answered on the spot after all, in this call or of this case."""
    of_call = dispatches.c.three_way_id.in_(sa.select(three_ways.c.id).where(three_ways.c.call_id == call_id))
    same = of_call if case_number is None else sa.or_(of_call, dispatches.c.case_number == case_number)
    for unit in units:
        open_one = sa.and_(same, dispatches.c.unit == unit, dispatches.c.closed_at.is_(None))
        if connection.execute(dispatches.update().where(open_one).values(closed_at=now)).rowcount:
            told = {"call_id": call_id, "case_number": case_number, "unit": unit, "closed_at": now}
            tell_platform(connection, now, "dispatch_closed", told)


def _has_hours(connection: sa.Connection, case_number: str | None) -> bool:
    of_case = sa.select(cases.c.category).where(cases.c.case_number == case_number)
    return case_number is None or connection.scalar(of_case) in OF_HOURS


def tell_platform(connection: sa.Connection, at: datetime, topic: str, told: Mapping[str, Any]) -> None:
    """Put into the outbox what the case platform is to know; times in it are ISO 8601."""
    payload = {name: _plain(value) for name, value in told.items()}
    out = {"at": at, "topic": topic, "key": f"{topic}:{uuid.uuid4().hex}", "payload": payload}
    connection.execute(outbox.insert().values(**out))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
