"""Agents' states, and alarms, in and out of the store.

Several services may share the store, each with a switch of its own. An agent's row says at which of them, by
its worker (telephony/store/workers.py), the agent was at work last.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from telephony.store.tables import agents, alarms, insert_once, upsert

Taking = Literal["any", "logged_out", "none"]
"""Which rows of other workers a change takes over: a person's who logs in any, another's who was not at work
here those of agents who are at work nowhere, and else none."""
_OURS = sa.or_(agents.c.worker.is_(None), agents.c.worker == sa.literal_column("excluded.worker"))
_MAY: dict[Taking, sa.ColumnElement[bool] | None] = {
    "any": None,
    "logged_out": sa.or_(_OURS, agents.c.state == "logged_out"),
    "none": _OURS,
}

_COUNTED = {"preserve_rowcount": True}  # of an INSERT PostgreSQL's driver does not say it else


def load(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return each agent's row."""
    rows = connection.execute(sa.select(agents)).mappings()
    return {row["number"]: dict(row) for row in rows}


def is_of(row: Mapping[str, Any], worker: str) -> bool:
    """Tell whether an agent's row is this worker's; one of which nobody knows is whoever's finds it."""
    return row["worker"] in {None, worker}


def is_elsewhere(connection: sa.Connection, number: str, worker: str) -> bool:
    """Tell whether an agent's row is another worker's."""
    row = connection.execute(sa.select(agents.c.worker).where(agents.c.number == number)).mappings().first()
    return row is not None and not is_of(dict(row), worker)


def save(connection: sa.Connection, row: dict[str, Any], taking: Taking = "any") -> bool:
    """Write one agent's row, with the worker that it names; return whether that was allowed.

    A row of another worker stays as it is unless `taking` allows to take it over.
    """
    changed = tuple(name for name in row if name != "number")
    statement = upsert(connection.dialect.name, agents, "number", changed, _MAY[taking])
    return connection.execute(statement, row, execution_options=_COUNTED).rowcount > 0


def raise_alarm(connection: sa.Connection, at: datetime, kind: str, subject: str) -> bool:
    """Write an alarm, unless the same one stands unacknowledged; return whether it is a new one."""
    row = {"at": at, "kind": kind, "subject": subject}
    statement = insert_once(connection.dialect.name, alarms)
    return connection.execute(statement, row, execution_options=_COUNTED).rowcount > 0


def alarmed_since(connection: sa.Connection, kind: str, subject: str, since: datetime) -> int | None:
    """Return the alarm of this kind that was raised from a time on, acknowledged or not; None without one."""
    same = sa.and_(alarms.c.kind == kind, alarms.c.subject == subject, alarms.c.at >= since)
    return connection.scalar(sa.select(alarms.c.id).where(same).limit(1))


def take_back_alarms(connection: sa.Connection, kind: str, subjects: list[str], at: datetime) -> None:
    """Close alarms whose cause is over, as if somebody had acknowledged them."""
    same = sa.and_(alarms.c.kind == kind, alarms.c.subject.in_(subjects), alarms.c.acknowledged_at.is_(None))
    connection.execute(alarms.update().where(same).values(acknowledged_at=at))
