"""What the monthly obligation rests on in the store: days, who sat when, and the alarms (Art. 6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.leader_day import ANNOUNCED, HELD, PLANNED
from telephony.store import agents as agent_rows
from telephony.store.leader_tables import leader_days, leader_notices
from telephony.store.tables import alarms, calls

DUE, MISSED = "leader-day-due", "leader-day-missed"
"""The kinds of the alarms; their subject is a centre and a month, such as `city 2026-12`."""
_UNDONE = ("postponed", "cancelled")
_REAL = leader_days.c.played == 0
"""A demonstration's day is nobody's month."""


@dataclass(frozen=True)
class DayRow:
    """A day as far as months are concerned; `starts_at` is Shanghai's time."""

    id: int
    centre: str
    leader: str
    state: str
    starts_at: datetime


@dataclass(frozen=True)
class Raise:
    """An alarm to be raised, unless there was one of this kind and subject from `since` on."""

    kind: str
    subject: str
    since: datetime


@dataclass(frozen=True)
class Settling:
    """Alarms to be raised, and those (kind and subject) whose cause is over."""

    raised: Sequence[Raise]
    over: Sequence[tuple[str, str]]


def days(connection: sa.Connection, since: datetime, until: datetime) -> list[DayRow]:
    """Return the days that begin from `since` on and before `until`, in this order."""
    columns = (leader_days.c[name] for name in ("id", "centre", "leader", "state", "starts_at"))
    query = sa.select(*columns).where(_REAL, leader_days.c.starts_at >= since)
    query = query.where(leader_days.c.starts_at < until).order_by(leader_days.c.starts_at, leader_days.c.id)
    found = connection.execute(query)
    return [
        DayRow(row.id, row.centre, row.leader, row.state, row.starts_at.astimezone(SHANGHAI)) for row in found
    ]


def last_sat(connection: sa.Connection, today: datetime) -> dict[str, datetime]:
    """Return when each leader sat last, or will by a day that is planned or announced from `today` on."""
    to_come = sa.and_(leader_days.c.state.in_([*ANNOUNCED, PLANNED]), leader_days.c.starts_at >= today)
    query = sa.select(leader_days.c.leader.label("name"), sa.func.max(leader_days.c.starts_at).label("at"))
    query = query.where(_REAL, sa.or_(leader_days.c.state.in_(HELD), to_come))
    return _by_name(connection.execute(query.group_by(leader_days.c.leader)))


def recorded_since(connection: sa.Connection) -> datetime | None:
    """Return when records begin here: the first call, or the first leader day that was entered."""
    firsts = (sa.select(sa.func.min(calls.c.arrived_at)), sa.select(sa.func.min(leader_days.c.created_at)))
    found = [at for at in map(connection.scalar, firsts) if at is not None]
    return min(found, default=None)


def undone(connection: sa.Connection) -> dict[str, datetime]:
    """Return by centre when a notice was last taken back: its day was put off, or cancelled."""
    query = sa.select(
        leader_days.c.centre.label("name"), sa.func.max(leader_notices.c.published_at).label("at")
    )
    query = query.join(leader_notices, leader_notices.c.day_id == leader_days.c.id)
    query = query.where(_REAL, leader_notices.c.kind.in_(_UNDONE)).group_by(leader_days.c.centre)
    return _by_name(connection.execute(query))


def open_settling(connection: sa.Connection, wanted: Settling) -> Settling:
    """Return what of it is still to be done: most often nothing, and nobody has to write."""
    standing = sa.select(alarms.c.kind, alarms.c.subject).where(
        alarms.c.kind.in_((DUE, MISSED)), alarms.c.acknowledged_at.is_(None)
    )
    stands = {(row.kind, row.subject) for row in connection.execute(standing)}
    raised = [
        each
        for each in wanted.raised
        if (each.kind, each.subject) not in stands and _is_new(connection, each)
    ]
    return Settling(raised, [each for each in wanted.over if each in stands])


def settle(connection: sa.Connection, wanted: Settling, now: datetime) -> None:
    """Raise alarms and take others back; told twice it is done once."""
    for kind, subject in wanted.over:
        agent_rows.take_back_alarms(connection, kind, [subject], now)
    for each in wanted.raised:
        if _is_new(connection, each):
            agent_rows.raise_alarm(connection, now, each.kind, each.subject)


def _by_name(rows: Iterable[sa.Row[Any]]) -> dict[str, datetime]:
    return {row.name: row.at for row in rows}


def _is_new(connection: sa.Connection, each: Raise) -> bool:
    # Somebody may have acknowledged it, before a restart as well: the same month alarms once.
    return agent_rows.alarmed_since(connection, each.kind, each.subject, each.since) is None
