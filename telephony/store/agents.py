"""Agents' states, and alarms, in and out of the store."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.store.tables import agents, alarms, upsert


def load(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return each agent's row."""
    rows = connection.execute(sa.select(agents)).mappings()
    return {row["number"]: dict(row) for row in rows}


def save(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write one agent's row."""
    changed = tuple(name for name in row if name != "number")
    connection.execute(upsert(connection.dialect.name, agents, "number", changed), row)


def raise_alarm(connection: sa.Connection, at: datetime, kind: str, subject: str) -> bool:
    """Write an alarm, unless the same one stands unacknowledged; return whether it is a new one."""
    same = sa.and_(alarms.c.kind == kind, alarms.c.subject == subject, alarms.c.acknowledged_at.is_(None))
    if connection.scalar(sa.select(alarms.c.id).where(same)) is not None:
        return False
    connection.execute(alarms.insert().values(at=at, kind=kind, subject=subject))
    return True


def alarmed_since(connection: sa.Connection, kind: str, subject: str, since: datetime) -> int | None:
    """Return the alarm of this kind that was raised from a time on, acknowledged or not; None without one."""
    same = sa.and_(alarms.c.kind == kind, alarms.c.subject == subject, alarms.c.at >= since)
    return connection.scalar(sa.select(alarms.c.id).where(same).limit(1))


def take_back_alarms(connection: sa.Connection, kind: str, subjects: list[str], at: datetime) -> None:
    """Close alarms whose cause is over, as if somebody had acknowledged them."""
    same = sa.and_(alarms.c.kind == kind, alarms.c.subject.in_(subjects), alarms.c.acknowledged_at.is_(None))
    connection.execute(alarms.update().where(same).values(acknowledged_at=at))
