"""Recordings in the store: noted, sealed, held, deleted by age; and who heard them.

`place` is the installation on whose disk a recording is; rows of a time before places were kept have none,
and are anybody's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.rules.retention import REASON
from telephony.store import calls as call_rows
from telephony.store.recording_tables import recording_accesses, recordings
from telephony.store.recording_tables import recording_disks as disks
from telephony.store.tables import insert_once, legs, upsert
from telephony.texts import say

OPEN, SEALED, DELETED = "open", "sealed", "deleted"
MISSING, DAMAGED = "missing", "damaged"
RULES = "rules"
"""Who deletes by age."""
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,75}\.wav")
Row = sa.Row[Any]
Access = Literal["play", "export", "hold", "release", "delete"]


@dataclass(frozen=True)
class Noted:
    """A recording that has begun; `name` is the switch's, such as 2026-11-23/1795420886.1.wav."""

    name: str
    call_id: str
    leg_id: str
    kind: str
    recorded_at: datetime


@dataclass(frozen=True)
class Who:
    """Who wants something of a recording, as what, and why."""

    by: str
    role: str
    why: str


def note(connection: sa.Connection, place: str, begun: Iterable[Noted]) -> None:
    """Enter recordings; one that is there already stays as it is, and what is no name of ours is left out."""
    rows = [
        {
            **{name: getattr(each, name) for name in ("name", "call_id", "leg_id", "kind", "recorded_at")},
            "place": place,
            "day": date.fromisoformat(found[1]),
            "state": OPEN,
        }
        for each in begun
        if (found := _NAME.fullmatch(each.name))
    ]
    if rows:
        connection.execute(insert_once(connection.dialect.name, recordings), rows)


def one(connection: sa.Connection, recording_id: int) -> Row:
    """Return a recording; raise UnknownThingError."""
    row = connection.execute(sa.select(recordings).where(recordings.c.id == recording_id)).first()
    if row is None:
        raise UnknownThingError(say("recording.unknown", id=recording_id))
    return row


def may(connection: sa.Connection, row: Row, who: Who) -> None:
    """Raise NotAllowedError unless this person may hear a recording: an agent only of calls they spoke in.

    A phone that only rang gives no right to hear what another one answered.
    """
    if who.role != "agent":
        return
    own = sa.exists().where(
        legs.c.call_id == row.call_id,
        legs.c.role == "agent",
        legs.c.party == who.by,
        legs.c.bridged_at.is_not(None),
    )
    if not connection.scalar(sa.select(own)):
        raise NotAllowedError(say("recording.not_yours", id=row.id, by=who.by))


def to_seal(connection: sa.Connection, place: str, again: datetime, limit: int) -> Sequence[Row]:
    """Return what may be closed by now: its leg has ended, or it is a reason; with `leg_ended_at`.

    What was looked for in vain since `again` is left out.
    """
    query = (
        sa.select(recordings, legs.c.ended_at.label("leg_ended_at"))
        .join(legs, legs.c.id == recordings.c.leg_id, isouter=True)
        .where(recordings.c.state == OPEN, _here(place))
        .where(sa.or_(legs.c.ended_at.is_not(None), recordings.c.kind == REASON))
        .where(sa.or_(recordings.c.checked_at.is_(None), recordings.c.checked_at < again))
        .order_by(recordings.c.id)
    )
    return connection.execute(query.limit(limit)).all()


def ended(connection: sa.Connection, row: Row) -> bool:
    """Tell whether the leg that is recorded has gone, as far as the ledger knows."""
    return connection.scalar(sa.select(legs.c.ended_at).where(legs.c.id == row.leg_id)) is not None


def seal(connection: sa.Connection, row: Row, sealed: Mapping[str, Any], now: datetime) -> bool:
    """Note size, sha256 and key_id of a recording; return whether it was still open.

    With a key the plain file is no longer wanted: it goes after the commit.
    """
    values = {**sealed, "state": SEALED, "sealed_at": now, "finding": None, "checked_at": now}
    values["to_unlink"] = sealed["key_id"] is not None
    still_open = sa.and_(recordings.c.id == row.id, recordings.c.state == OPEN)
    if not connection.execute(recordings.update().where(still_open).values(**values)).rowcount:
        return False
    said = {"recording": row.id, "call": row.call_id, "seconds": _seconds(sealed["size"])}
    said["key"] = sealed["key_id"]
    # No part of the call's own story, which has ended.
    happening = Happening(now, "recording_sealed", f"recording:{row.id}:sealed", data=said)
    call_rows.append(connection, [(None, happening)])
    return True


def found(connection: sa.Connection, recording_id: int, finding: str | None, now: datetime) -> None:
    """Note what a look at the file has shown; none: it is as it should be. It may be so again later."""
    values = {"finding": finding, "checked_at": now}
    connection.execute(recordings.update().where(recordings.c.id == recording_id).values(**values))


def accessed(connection: sa.Connection, row: Row, what: Access, who: Who, now: datetime) -> int:
    """Enter into the list of accesses, and into the call's story, what somebody does; return its number."""
    values = {"recording_id": row.id, "at": now, "what": what, "by": who.by, "role": who.role, "why": who.why}
    added = connection.execute(recording_accesses.insert().values(**values))
    access_id = int(added.inserted_primary_key[0])  # type: ignore[index]  # of one row there is always one
    said = {"recording": row.id, "what": what, "by": who.by, "why": who.why}
    _tell(connection, row, Happening(now, "recording_access", f"recording_access:{access_id}", data=said))
    return access_id


def hold(
    connection: sa.Connection, recording_id: int, who: Who, until: datetime | None, now: datetime
) -> None:
    """Keep a recording until `until`, or until it is released; a hold that is there is replaced."""
    row = present(connection, recording_id)
    values = {"hold_by": who.by, "hold_why": who.why, "hold_at": now, "hold_until": until}
    connection.execute(recordings.update().where(recordings.c.id == row.id).values(**values))
    accessed(connection, row, "hold", who, now)


def release(connection: sa.Connection, recording_id: int, who: Who, now: datetime) -> None:
    """End a hold; the recording is deleted by its age again. Raise NotAllowedError if there is none."""
    row = present(connection, recording_id)
    if row.hold_by is None:
        raise NotAllowedError(say("recording.not_held", id=row.id))
    values = dict.fromkeys(("hold_by", "hold_why", "hold_at", "hold_until"))
    connection.execute(recordings.update().where(recordings.c.id == row.id).values(**values))
    accessed(connection, row, "release", who, now)


def count_due(
    connection: sa.Connection, place: str, cutoffs: Mapping[str, datetime], now: datetime
) -> tuple[int, int]:
    """Return how many recordings are too old, and how many more would be if they were not held."""
    counts = [
        connection.scalar(sa.select(sa.func.count()).where(_aged(place, cutoffs), condition)) or 0
        for condition in (_free(now), sa.not_(_free(now)))
    ]
    return counts[0], counts[1]


def expire(  # noqa: PLR0913, PLR0917 - a rule and who applies it
    connection: sa.Connection,
    place: str,
    cutoffs: Mapping[str, datetime],
    who: Who,
    now: datetime,
    limit: int,
) -> int:
    """Say that the oldest due ones are deleted; return how many. The files go after the commit."""
    due = sa.select(recordings).where(_aged(place, cutoffs), _free(now)).order_by(recordings.c.recorded_at)
    rows = connection.execute(due.limit(limit)).all()
    gone = {"state": DELETED, "deleted_at": now, "deleted_by": who.by, "deleted_why": who.why}
    ids = [row.id for row in rows]
    where = recordings.c.id.in_(ids)
    connection.execute(recordings.update().where(where).values(**gone, to_unlink=True, finding=None))
    for row in rows:
        accessed(connection, row, "delete", who, now)
    return len(rows)


def to_unlink(connection: sa.Connection, place: str, recording_id: int, limit: int) -> Sequence[Row]:
    """Return the next of which a file is still to go: a deleted one's, or a sealed one's plain form."""
    query = sa.select(recordings).where(recordings.c.to_unlink, _here(place))
    query = query.where(recordings.c.id > recording_id).order_by(recordings.c.id)
    return connection.execute(query.limit(limit)).all()


def unlinked(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Note that those files have gone."""
    connection.execute(recordings.update().where(recordings.c.id.in_(list(ids))).values(to_unlink=False))


def oldest(connection: sa.Connection, place: str, limit: int) -> Sequence[Row]:
    """Return the oldest recordings of which there should be a file on the disk, sealed or not."""
    wanted = sa.or_(recordings.c.state != DELETED, recordings.c.to_unlink)
    query = sa.select(recordings).where(wanted, _here(place), recordings.c.finding.is_(None))
    return connection.execute(query.order_by(recordings.c.id).limit(limit)).all()


def disk(connection: sa.Connection, place: str) -> str | None:
    """Return the mark of the disk on which an installation keeps its recordings; none: it had none yet."""
    return connection.scalar(sa.select(disks.c.mark).where(disks.c.place == place))


def disk_is(connection: sa.Connection, place: str, mark: str, now: datetime) -> None:
    """Note the mark of the disk on which an installation keeps its recordings from now on."""
    row = {"place": place, "mark": mark, "known_at": now}
    connection.execute(upsert(connection.dialect.name, disks, "place", ("mark", "known_at")), row)


def after(connection: sa.Connection, place: str, recording_id: int, limit: int) -> Sequence[Row]:
    """Return the next recordings that should be on the disk, by their numbers."""
    query = sa.select(recordings).where(recordings.c.state != DELETED, _here(place))
    query = query.where(recordings.c.id > recording_id).order_by(recordings.c.id)
    return connection.execute(query.limit(limit)).all()


def names_of_day(connection: sa.Connection, place: str, day: date) -> set[str]:
    """Return the names of all recordings of a day, deleted ones too if their files are still to go."""
    query = sa.select(recordings.c.name).where(recordings.c.day == day, _here(place))
    wanted = sa.or_(recordings.c.state != DELETED, recordings.c.to_unlink)
    return set(connection.scalars(query.where(wanted)))


def present(connection: sa.Connection, recording_id: int) -> Row:
    """Return a recording that is not deleted; raise UnknownThingError, NotAllowedError."""
    row = one(connection, recording_id)
    if row.state == DELETED:
        when = f"{row.deleted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        raise NotAllowedError(say("recording.deleted", id=row.id, by=row.deleted_by, time=when))
    return row


def _here(place: str) -> sa.ColumnElement[bool]:
    return recordings.c.place.in_((place, ""))


def _aged(place: str, cutoffs: Mapping[str, datetime]) -> sa.ColumnElement[bool]:
    too_old = [
        sa.and_(recordings.c.kind == kind, recordings.c.recorded_at <= at) for kind, at in cutoffs.items()
    ]
    return sa.and_(recordings.c.state != DELETED, _here(place), sa.or_(sa.false(), *too_old))


def _free(now: datetime) -> sa.ColumnElement[bool]:
    over = sa.and_(recordings.c.hold_until.is_not(None), recordings.c.hold_until <= now)
    return sa.or_(recordings.c.hold_by.is_(None), over)


def _seconds(size: int) -> float:
    return round(max(0, size - 44) / 16000, 1)


def _tell(connection: sa.Connection, row: Row, happening: Happening) -> None:
    call_rows.append(connection, [(row.call_id, happening)])
