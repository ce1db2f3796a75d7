"""Urging (催办): a citizen with an open case calls about it again. One call urges one case, and once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.call_story import Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.tables import urgings

_OF_CASE = sa.select(sa.func.count(), sa.func.max(urgings.c.at)).where(
    urgings.c.case_number == sa.bindparam("case")
)


@dataclass(frozen=True)
class Urged:
    """How often a case was urged, and when last (Asia/Shanghai; None if never)."""

    count: int
    last_at: datetime | None


@dataclass(frozen=True)
class UrgingView:
    """The case that a call urges; `nth` counts from 1, `before` is when it was urged the time before."""

    case_number: str
    nth: int
    before: datetime | None


def note(connection: sa.Connection, call_id: str, case_number: str, at: datetime) -> None:
    """Count one urging; told again of the same call, it changes nothing."""
    row = {"call_id": call_id, "case_number": case_number, "at": at}
    # One thread writes: nobody counts the same call between the look and the insert.
    if connection.scalar(sa.select(urgings.c.call_id).where(urgings.c.call_id == call_id)) is not None:
        return
    before = of_case(connection, case_number)
    connection.execute(urgings.insert(), row)
    data: dict[str, Datum] = {"case": case_number, "count": before.count + 1}
    call_rows.append(connection, [(call_id, Happening(at, "urged", f"{call_id}:urged", data=data))])


def of_case(connection: sa.Connection, case_number: str) -> Urged:
    """Return how often a case was urged."""
    count, last = connection.execute(_OF_CASE, {"case": case_number}).one()
    return Urged(count, last and last.astimezone(SHANGHAI))


def of_call(connection: sa.Connection, call_id: str) -> UrgingView | None:
    """Return what a call urges, as its agent is told; None if nothing."""
    row = connection.execute(sa.select(urgings).where(urgings.c.call_id == call_id)).first()
    if row is None:
        return None
    earlier = sa.and_(
        urgings.c.case_number == row.case_number,
        sa.or_(urgings.c.at < row.at, sa.and_(urgings.c.at == row.at, urgings.c.call_id < row.call_id)),
    )
    count, last = connection.execute(
        sa.select(sa.func.count(), sa.func.max(urgings.c.at)).where(earlier)
    ).one()
    return UrgingView(row.case_number, count + 1, last and last.astimezone(SHANGHAI))
