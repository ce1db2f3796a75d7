"""Leader days in the store: what was planned, how far it is, and what was announced of it (Art. 6).

A row moves on only from the state in which it was read, so that two who order at once cannot both succeed.
Notices are only ever added.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Datum, Happening
from telephony.rules.leader_day import CANCELLED, POSTPONED
from telephony.rules.leader_play import REAL, shown_at
from telephony.store import calls as call_rows
from telephony.store.leader_tables import leader_days, leader_notices
from telephony.store.tables import inserted_id
from telephony.texts import say

TOLD = "leader_day"
"""The kind of the event that tells of each step of a day."""


@dataclass(frozen=True, kw_only=True)
class LeaderDayView:
    """A leader day; times are Shanghai's. `leader` and `seat` are codes of leaders.yaml."""

    id: int
    centre: str
    seat: str
    leader: str
    state: str
    starts_at: datetime
    ends_at: datetime
    scope: str
    topics: list[str]
    reason: str | None
    created_at: datetime
    by: str
    opened_at: datetime | None
    opened_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    closed_why: str | None
    certified_at: datetime | None
    certified_by: str | None
    played: int
    """Seconds of its own clock in a real one, of a day that a demonstration plays; 0 of a real day."""


@dataclass(frozen=True, kw_only=True)
class LeaderNoticeView:
    """What was announced of a day: `nth` from 1, `content` as it went out and never changed."""

    id: int
    day_id: int
    nth: int
    kind: str
    published_at: datetime
    by: str
    reason: str | None
    content: dict[str, Any]


_ALONE = 1234560
"""The name of PostgreSQL's lock for who changes leader days."""
_NEWEST = 100
_DAY = [leader_days.c[field.name] for field in fields(LeaderDayView)]
_NOTICE = [leader_notices.c[field.name] for field in fields(LeaderNoticeView)]


def alone(connection: sa.Connection) -> None:
    """Let nobody else change days before this transaction ends; what a rule asks of other days stays so.

    On SQLite writers are alone already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE)))


def add(connection: sa.Connection, row: dict[str, Any]) -> LeaderDayView:
    """Enter a day that is planned, and return it."""
    return one(connection, inserted_id(connection.execute(leader_days.insert().values(**row))))


def one(connection: sa.Connection, day_id: int) -> LeaderDayView:
    """Return a day; raise UnknownThingError."""
    row = connection.execute(sa.select(*_DAY).where(leader_days.c.id == day_id)).mappings().first()
    if row is None:
        raise UnknownThingError(say("leader.unknown_day", id=day_id))
    return _day(row)


def played(connection: sa.Connection, day_id: int) -> bool:
    """Tell whether a day is a demonstration's: of that nothing follows outside."""
    factor = connection.scalar(sa.select(leader_days.c.played).where(leader_days.c.id == day_id))
    return bool(factor)


def listed(  # noqa: PLR0913 - by what a list may be narrowed
    connection: sa.Connection,
    *,
    centre: str | None = None,
    seat: str | None = None,
    states: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    played: bool | None = None,
    limit: int = 1000,
) -> list[LeaderDayView]:
    """Return days by their beginning, which is `since` or later and before `until`.

    `played`: only those of demonstrations, or only real ones.
    """
    query = sa.select(*_DAY).order_by(leader_days.c.starts_at, leader_days.c.id).limit(limit)
    for column, value in ((leader_days.c.centre, centre), (leader_days.c.seat, seat)):
        query = query if value is None else query.where(column == value)
    query = query if states is None else query.where(leader_days.c.state.in_(states))
    query = query if since is None else query.where(leader_days.c.starts_at >= since)
    query = query if until is None else query.where(leader_days.c.starts_at < until)
    if played is not None:
        query = query.where(leader_days.c.played != REAL if played else leader_days.c.played == REAL)
    return [_day(row) for row in connection.execute(query).mappings()]


def on_its_clock(day: LeaderDayView) -> LeaderDayView:
    """Return a day with the times that its own clock showed: another's than ours only if it is played."""

    def shown(at: datetime | None) -> datetime | None:
        return None if at is None else shown_at(at, day.starts_at, day.played)

    return replace(
        day,
        starts_at=shown_at(day.starts_at, day.starts_at, day.played),
        ends_at=shown_at(day.ends_at, day.starts_at, day.played),
        opened_at=shown(day.opened_at),
        closed_at=shown(day.closed_at),
    )


def move(connection: sa.Connection, day: LeaderDayView, state: str, **values: Any) -> LeaderDayView:
    """Bring a day from the state in which it was read to another; raise NotAllowedError if it moved since."""
    here = sa.and_(leader_days.c.id == day.id, leader_days.c.state == day.state)
    if connection.execute(leader_days.update().where(here).values(state=state, **values)).rowcount != 1:
        raise NotAllowedError(say("leader.moved", id=day.id))
    return one(connection, day.id)


def announce(  # noqa: PLR0913, PLR0917 - a notice's own columns
    connection: sa.Connection,
    day_id: int,
    kind: str,
    content: dict[str, Any],
    by: str,
    reason: str | None,
    now: datetime,
) -> LeaderNoticeView:
    """Add a day's next notice; none is ever changed."""
    last = sa.select(sa.func.coalesce(sa.func.max(leader_notices.c.nth), 0))
    nth = (connection.scalar(last.where(leader_notices.c.day_id == day_id)) or 0) + 1
    row = {"day_id": day_id, "nth": nth, "kind": kind, "published_at": now, "by": by}
    row |= {"reason": reason, "content": content}
    connection.execute(leader_notices.insert().values(**row))
    return notices(connection, day_id)[-1]


def notices(connection: sa.Connection, day_id: int) -> list[LeaderNoticeView]:
    """Return a day's notices, the first one first."""
    query = sa.select(*_NOTICE).where(leader_notices.c.day_id == day_id).order_by(leader_notices.c.nth)
    return [_notice(row) for row in connection.execute(query).mappings()]


def newest_notices(connection: sa.Connection, day_ids: Collection[int]) -> list[LeaderNoticeView]:
    """Return the newest notice of each of these days that has one, in the order of days' ids."""
    last = sa.select(sa.func.max(leader_notices.c.id)).where(leader_notices.c.day_id.in_(day_ids))
    query = sa.select(*_NOTICE).where(leader_notices.c.id.in_(last.group_by(leader_notices.c.day_id)))
    found = connection.execute(query.order_by(leader_notices.c.day_id)).mappings()
    return [_notice(row) for row in found]


def takings_back(connection: sa.Connection) -> list[LeaderNoticeView]:
    """Return the newest notices by which a session was put off or cancelled, the newest first."""
    kinds = leader_notices.c.kind.in_((POSTPONED, CANCELLED))
    query = sa.select(*_NOTICE).where(kinds).order_by(leader_notices.c.id.desc()).limit(_NEWEST)
    return [_notice(row) for row in connection.execute(query).mappings()]


def tell(connection: sa.Connection, day_id: int, what: str, now: datetime, **data: Datum) -> None:
    """Tell of a step of a day as an event, once for each call of this."""
    told = {"day": day_id, "what": what, **data}
    event = Happening(now, TOLD, f"{TOLD}:{uuid.uuid4().hex}", data=told)
    call_rows.append(connection, [(None, event)])


def _day(row: sa.RowMapping) -> LeaderDayView:
    return LeaderDayView(**{str(name): local(value) for name, value in row.items()})


def _notice(row: sa.RowMapping) -> LeaderNoticeView:
    return LeaderNoticeView(**{str(name): local(value) for name, value in row.items()})


def local(value: Any) -> Any:
    """Return an instant in Shanghai's time; anything else as it is."""
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
