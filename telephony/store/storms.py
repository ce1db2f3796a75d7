"""Storms: hours in which far more people call than usual, declared by a person, with an end.

A storm is on from its start until its end, or until a person ends it before that; whoever asks compares its
end with the clock. At most one is on, by an index that holds it for two services as well: a new one takes the
place of the old in one transaction.
"""

import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError
from telephony.rules.call_story import Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.incident_tables import storms
from telephony.store.tables import UtcTime, insert_for
from telephony.texts import say

_ON = sa.and_(storms.c.off_at.is_(None), storms.c.ends_at > sa.bindparam("now", type_=UtcTime))


@dataclass(frozen=True, kw_only=True)
class StormView:
    """A storm; times are Shanghai's. `off_at` is None, or `ends_at`, of one that ran until its end."""

    id: int
    why: str
    by: str
    starts_at: datetime
    ends_at: datetime
    off_at: datetime | None
    off_by: str | None
    is_on: bool


def switch_on(connection: sa.Connection, until: datetime, why: str, by: str, now: datetime) -> StormView:
    """Declare a storm from `now` on; one that is on ends in the same moment."""
    row = {"why": why, "by": by, "starts_at": now, "ends_at": until}
    storm_id = None
    # Another service may declare one in the same moment: then it has been on, and ends.
    while storm_id is None:
        _end(connection, by, now)
        storm_id = _insert(connection, row)
    ends = until.astimezone(SHANGHAI).isoformat()
    _note(connection, now, "storm_on", storm=storm_id, why=why, by=by, until=ends)
    return _one(connection, storm_id, now)


def switch_off(connection: sa.Connection, by: str, now: datetime) -> StormView:
    """End the storm before its time; raise NotAllowedError if none is on."""
    storm_id = _end(connection, by, now)
    if storm_id is None:
        raise NotAllowedError(say("storm.none_on"))
    return _one(connection, storm_id, now)


def current(connection: sa.Connection, now: datetime) -> StormView | None:
    """Return the storm that is on at `now`, or None."""
    row = connection.execute(sa.select(storms).where(_ON), {"now": now}).first()
    return None if row is None else _shown(row, now)


def listed(connection: sa.Connection, now: datetime, limit: int) -> list[StormView]:
    """Return storms, the newest first."""
    rows = connection.execute(sa.select(storms).order_by(storms.c.id.desc()).limit(limit))
    return [_shown(row, now) for row in rows]


def _insert(connection: sa.Connection, row: dict[str, Any]) -> int | None:
    """Enter a storm; return None if one has been entered since `_end` looked."""
    passed = sa.and_(storms.c.off_at.is_(None), storms.c.ends_at <= row["starts_at"])
    connection.execute(storms.update().where(passed).values(off_at=storms.c.ends_at))
    entered = insert_for(connection, storms).values(**row).on_conflict_do_nothing()
    found: int | None = connection.scalar(entered.returning(storms.c.id))
    return found


def _end(connection: sa.Connection, by: str, now: datetime) -> int | None:
    storm = current(connection, now)
    if storm is None:
        return None
    connection.execute(storms.update().where(storms.c.id == storm.id).values(off_at=now, off_by=by))
    _note(connection, now, "storm_off", storm=storm.id, by=by)
    return storm.id


def _one(connection: sa.Connection, storm_id: int, now: datetime) -> StormView:
    return _shown(connection.execute(sa.select(storms).where(storms.c.id == storm_id)).one(), now)


def _shown(row: sa.Row[Any], now: datetime) -> StormView:
    own = {field.name for field in fields(StormView)} - {"is_on"}
    shown = {name: _local(getattr(row, name)) for name in own}
    return StormView(**shown, is_on=row.off_at is None and row.starts_at <= now < row.ends_at)


def _local(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value


def _note(connection: sa.Connection, now: datetime, kind: str, **data: Datum) -> None:
    event = Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data=data)
    call_rows.append(connection, [(None, event)])
