"""Supervision in and out of the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.store.supervision_tables import supervisions
from telephony.store.tables import inserted_id, legs
from telephony.texts import say

MOST = 1000
"""Rows in one answer at most."""


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """One thing that was done: `why` tells of what failed or ended."""

    at: datetime
    what: str
    by: str
    why: str | None


@dataclass(frozen=True, kw_only=True)
class SupervisionView:
    """How a supervisor took part in a call; `taken_at` is set if the citizen was taken over."""

    id: int
    call_id: str
    supervisor: str
    agent: str
    state: str
    mode: str
    ordered_at: datetime
    answered_at: datetime | None
    taken_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    changes: list[ChangeView]


@dataclass(frozen=True)
class SupervisionFilter:
    """Which ones: of a call, of a supervisor, of an agent; only those under way, or only those over."""

    call_id: str | None = None
    supervisor: str | None = None
    agent: str | None = None
    live: bool | None = None
    limit: int = 100


def begin(connection: sa.Connection, row: Mapping[str, Any]) -> int:
    """Enter one that is about to be ordered; return its id."""
    return inserted_id(connection.execute(supervisions.insert().values(**row)))


def save(connection: sa.Connection, reference: int, row: Mapping[str, Any]) -> None:
    """Write what has changed of one."""
    connection.execute(supervisions.update().where(supervisions.c.id == reference).values(**row))


def live(connection: sa.Connection, worker: str) -> Sequence[sa.Row[Any]]:
    """Return this installation's that are under way."""
    query = sa.select(supervisions).where(supervisions.c.worker == worker, supervisions.c.ended_at.is_(None))
    return connection.execute(query.order_by(supervisions.c.id)).all()


def has_taken(connection: sa.Connection, leg_id: str) -> bool:
    """Tell whether the journal says that this supervisor's leg has taken the citizen over."""
    return connection.scalar(sa.select(legs.c.role).where(legs.c.id == leg_id)) == "agent"


def one(connection: sa.Connection, reference: int) -> SupervisionView:
    """Return one; raise UnknownThingError."""
    row = connection.execute(sa.select(supervisions).where(supervisions.c.id == reference)).first()
    if row is None:
        raise UnknownThingError(say("supervise.unknown", id=reference))
    return _view(row)


def listed(connection: sa.Connection, wanted: SupervisionFilter) -> list[SupervisionView]:
    """Return them, the newest first, at most MOST."""
    query = sa.select(supervisions).order_by(supervisions.c.id.desc())
    for name in ("call_id", "supervisor", "agent"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(supervisions.c[name] == value)
    if wanted.live is not None:
        over = supervisions.c.ended_at
        query = query.where(over.is_(None) if wanted.live else over.is_not(None))
    return [_view(row) for row in connection.execute(query.limit(min(wanted.limit, MOST)))]


def _view(row: sa.Row[Any]) -> SupervisionView:
    own = {name: _shown(getattr(row, name)) for name in SupervisionView.__dataclass_fields__}
    changes = [ChangeView(**{**each, "at": _instant(each["at"])}) for each in row.changes]
    return SupervisionView(**{**own, "changes": changes})


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(SHANGHAI)


def _shown(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
