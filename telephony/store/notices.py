"""Notices of known incidents: what the callers of a number hear before the queue, and how many it answered.

A notice is on from its start until its end, or until it is switched off before that. Nothing has to run for
it to pass: whoever asks compares its end with the clock.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import BEGUN, BY_NOTICE, PASSED, Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.incident_tables import notices
from telephony.store.tables import ENDED, UtcTime, calls, inserted_id
from telephony.texts import say

_ON = sa.and_(notices.c.off_at.is_(None), notices.c.ends_at > sa.bindparam("now", type_=UtcTime))
_ON_FOR = sa.select(notices.c.id, notices.c.text, notices.c.prompt).where(
    notices.c.number == sa.bindparam("number"), _ON
)

_COUNTED = ("heard", "left", "went_on", "cut_short")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A notice to be switched on: a text to be spoken, or the name of a prompt; never both."""

    number: str
    text: str | None
    prompt: str | None
    ends_at: datetime
    why: str | None
    by: str


@dataclass(frozen=True)
class Active:
    """What the callers of a number hear now."""

    id: int
    text: str | None
    prompt: str | None


@dataclass(frozen=True, kw_only=True)
class NoticeView:
    """A notice and what came of it; times are Shanghai's.

    `heard` counts the calls to which it began to be played. Of these, `left` heard it to its end and hung up
    (outcome `by_notice`), `went_on` asked for or waited for a person, `cut_short` hung up before its end; the
    rest is listening now. `off_at` is None of a notice that runs, or ran, until `ends_at`.
    """

    id: int
    number: str
    text: str | None
    prompt: str | None
    why: str | None
    by: str
    starts_at: datetime
    ends_at: datetime
    off_at: datetime | None
    off_by: str | None
    is_on: bool
    heard: int
    left: int
    went_on: int
    cut_short: int


def switch_on(connection: sa.Connection, wanted: Wanted, now: datetime) -> int:
    """Put a notice on for a number from `now` and return its id; one that is on ends in the same moment."""
    here = notices.c.number == wanted.number
    passed = sa.and_(here, notices.c.off_at.is_(None), notices.c.ends_at <= now)
    connection.execute(notices.update().where(passed).values(off_at=notices.c.ends_at))
    _end(connection, wanted.number, wanted.by, now)
    result = connection.execute(notices.insert().values(**vars(wanted), starts_at=now))
    notice_id = inserted_id(result)
    until = wanted.ends_at.astimezone(SHANGHAI).isoformat()
    _note(connection, now, "notice_on", notice=notice_id, number=wanted.number, until=until, by=wanted.by)
    return notice_id


def switch_off(connection: sa.Connection, number: str, by: str, now: datetime) -> NoticeView:
    """End the notice of a number; raise NotAllowedError if none is on."""
    notice_id = _end(connection, number, by, now)
    if notice_id is None:
        raise NotAllowedError(say("notice.none_on", number=number))
    return one(connection, notice_id, now)


def active(connection: sa.Connection, number: str, now: datetime) -> Active | None:
    """Return what the callers of a number hear now, or None."""
    row = connection.execute(_ON_FOR, {"number": number, "now": now}).first()
    return None if row is None else Active(row.id, row.text, row.prompt)


def texts_on(connection: sa.Connection, now: datetime) -> list[str]:
    """Return the texts that have to be spoken now."""
    query = sa.select(notices.c.text).where(_ON, notices.c.text.is_not(None))
    return list(connection.scalars(query, {"now": now}))


def listed(connection: sa.Connection, now: datetime, limit: int, *, with_ended: bool) -> list[NoticeView]:
    """Return the notices that are on, or all of them; the newest first."""
    query = sa.select(notices).order_by(notices.c.id.desc()).limit(limit)
    rows = connection.execute(query if with_ended else query.where(_ON), {} if with_ended else {"now": now})
    return _views(connection, rows.all(), now)


def one(connection: sa.Connection, notice_id: int, now: datetime) -> NoticeView:
    """Return one notice; raise UnknownThingError."""
    rows = connection.execute(sa.select(notices).where(notices.c.id == notice_id)).all()
    if not rows:
        raise UnknownThingError(say("notice.unknown", id=notice_id))
    return _views(connection, rows, now)[0]


def _end(connection: sa.Connection, number: str, by: str, now: datetime) -> int | None:
    row = connection.execute(_ON_FOR, {"number": number, "now": now}).first()
    if row is None:
        return None
    connection.execute(notices.update().where(notices.c.id == row.id).values(off_at=now, off_by=by))
    _note(connection, now, "notice_off", notice=row.id, number=number, by=by)
    return int(row.id)


def _views(connection: sa.Connection, rows: Iterable[sa.Row[Any]], now: datetime) -> list[NoticeView]:
    rows = list(rows)
    counts = _counts(connection, [row.id for row in rows])
    return [_shown(row, counts.get(row.id, (0, 0, 0, 0)), now) for row in rows]


def _counts(connection: sa.Connection, ids: list[int]) -> dict[int, tuple[int, ...]]:
    ended = sa.and_(calls.c.notice_stage == BEGUN, calls.c.state == ENDED)
    classes = (calls.c.outcome == BY_NOTICE, calls.c.notice_stage == PASSED, ended)
    columns = [sa.func.coalesce(sa.func.sum(sa.case((each, 1), else_=0)), 0) for each in classes]
    query = (
        sa.select(calls.c.notice, sa.func.count(), *columns)
        .where(calls.c.notice.in_(ids))
        .group_by(calls.c.notice)
    )
    return {notice: tuple(map(int, counts)) for notice, *counts in connection.execute(query)}


def _shown(row: sa.Row[Any], counts: tuple[int, ...], now: datetime) -> NoticeView:
    counted: dict[str, Any] = dict(zip(_COUNTED, counts, strict=True))
    own = {field.name for field in fields(NoticeView)} - {*_COUNTED, "is_on"}
    shown = {name: _local(getattr(row, name)) for name in own}
    return NoticeView(**shown, **counted, is_on=row.off_at is None and now < row.ends_at)


def _local(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value


def _note(connection: sa.Connection, now: datetime, kind: str, **data: Datum) -> None:
    event = Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data=data)
    call_rows.append(connection, [(None, event)])
