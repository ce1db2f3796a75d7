"""Blacklist, numbers not to be disturbed, and alarms in the store; each change leaves an event."""

import uuid
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.rules.call_story import Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.outbound_tables import no_disturb
from telephony.store.tables import alarms, blacklist, insert_for
from telephony.texts import say


@dataclass(frozen=True)
class BlacklistEntry:
    """A number that is refused, why, and until when; an `expired` one is accepted again by itself.

    Entries made before each had to end may have no end: then they hold until they are removed.
    """

    number: str
    reason: str
    added_at: datetime
    expires_at: datetime | None
    expired: bool = False


@dataclass(frozen=True)
class QuietEntry:
    """A number that no machine may call, why, and until when (None: until it is removed)."""

    number: str
    reason: str
    added_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class AlarmView:
    """Something a supervisor should look at; `subject` is an agent, a number or a part."""

    id: int
    at: datetime
    kind: str
    subject: str
    acknowledged_at: datetime | None


V = TypeVar("V", BlacklistEntry, QuietEntry, AlarmView)


def blacklist_entries(connection: sa.Connection, now: datetime) -> list[BlacklistEntry]:
    """Return every entry by number, those too that have expired by `now`."""
    over = sa.and_(blacklist.c.expires_at.is_not(None), blacklist.c.expires_at <= now)
    query = sa.select(blacklist, sa.type_coerce(over, sa.Boolean).label("expired"))
    return [_shown(BlacklistEntry, row) for row in connection.execute(query.order_by(blacklist.c.number))]


def refuse_number(
    connection: sa.Connection, number: str, reason: str, now: datetime, expires_at: datetime
) -> BlacklistEntry:
    """Put a number on the blacklist, or change its entry."""
    row = {"number": number, "reason": reason, "added_at": now, "expires_at": expires_at}
    _upsert(connection, blacklist, "number", row)
    until = expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds")
    _note(connection, now, "blacklist_added", number=number, reason=reason, until=until)
    return _in_shanghai(BlacklistEntry(number, reason, now, expires_at))


def accept_number(connection: sa.Connection, number: str, now: datetime) -> None:
    """Take a number off the blacklist; raise UnknownThingError if it is not on it."""
    gone = connection.execute(blacklist.delete().where(blacklist.c.number == number)).rowcount
    if not gone:
        raise UnknownThingError(say("blacklist.unknown", number=number))
    _note(connection, now, "blacklist_removed", number=number)


def quiet_entries(connection: sa.Connection) -> list[QuietEntry]:
    """Return every number that is not to be disturbed, expired ones too."""
    rows = connection.execute(sa.select(no_disturb).order_by(no_disturb.c.number))
    return [_shown(QuietEntry, row) for row in rows]


def quiet_entry(connection: sa.Connection, number: str) -> QuietEntry:
    """Return one number's entry; raise UnknownThingError."""
    row = connection.execute(sa.select(no_disturb).where(no_disturb.c.number == number)).first()
    if row is None:
        raise UnknownThingError(say("no_disturb.unknown", number=number))
    return _shown(QuietEntry, row)


def leave_in_peace(
    connection: sa.Connection, number: str, reason: str, now: datetime, expires_at: datetime | None
) -> QuietEntry:
    """Let no machine call a number, or change its entry; people still may."""
    row = {"number": number, "reason": reason, "added_at": now, "expires_at": expires_at}
    _upsert(connection, no_disturb, "number", row)
    _note(connection, now, "no_disturb_added", number=number, reason=reason)
    return _in_shanghai(QuietEntry(number, reason, now, expires_at))


def may_be_called(connection: sa.Connection, number: str, now: datetime) -> None:
    """Let a number be called again; raise UnknownThingError if it was not on the list."""
    gone = connection.execute(no_disturb.delete().where(no_disturb.c.number == number)).rowcount
    if not gone:
        raise UnknownThingError(say("no_disturb.unknown", number=number))
    _note(connection, now, "no_disturb_removed", number=number)


def alarm_list(connection: sa.Connection, limit: int, *, with_acknowledged: bool) -> list[AlarmView]:
    """Return alarms, the newest first."""
    query = sa.select(alarms).order_by(alarms.c.id.desc()).limit(limit)
    if not with_acknowledged:
        query = query.where(alarms.c.acknowledged_at.is_(None))
    return [_shown(AlarmView, row) for row in connection.execute(query)]


def standing_alarms(connection: sa.Connection) -> int:
    """Return how many alarms nobody has acknowledged."""
    query = sa.select(sa.func.count()).select_from(alarms).where(alarms.c.acknowledged_at.is_(None))
    return connection.scalar(query) or 0


def acknowledge(connection: sa.Connection, alarm_id: int, now: datetime) -> AlarmView:
    """Note that somebody has seen an alarm; the first time counts. Raise UnknownThingError."""
    standing = sa.and_(alarms.c.id == alarm_id, alarms.c.acknowledged_at.is_(None))
    if connection.execute(alarms.update().where(standing).values(acknowledged_at=now)).rowcount:
        _note(connection, now, "alarm_acknowledged", alarm=alarm_id)
    row = connection.execute(sa.select(alarms).where(alarms.c.id == alarm_id)).first()
    if row is None:
        raise UnknownThingError(say("alarm.unknown", id=alarm_id))
    return _shown(AlarmView, row)


def _note(connection: sa.Connection, now: datetime, kind: str, **data: Datum) -> None:
    event = Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data=data)
    call_rows.append(connection, [(None, event)])


def _upsert(connection: sa.Connection, table: sa.Table, key: str, row: dict[str, Any]) -> None:
    statement = insert_for(connection, table).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=row))


def _shown(view: type[V], row: sa.Row[Any]) -> V:
    return _in_shanghai(view(**{field.name: getattr(row, field.name) for field in fields(view)}))


def _in_shanghai(view: V) -> V:
    values = vars(view).items()
    times: Any = {name: value.astimezone(SHANGHAI) for name, value in values if isinstance(value, datetime)}
    return replace(view, **times)
