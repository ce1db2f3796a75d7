"""What people ask of recordings: a list, and one whole. Times are given in Asia/Shanghai."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.store.recording_tables import recording_accesses, recording_pauses, recordings
from telephony.store.recordings import one


@dataclass(frozen=True, kw_only=True)
class RecordingView:
    """A recording as shown; `seconds`, `sha256` and `encrypted` are known once it is sealed.

    `finding` is what the last look at its file has shown: missing, damaged, or nothing.
    """

    id: int
    call_id: str
    leg_id: str | None
    kind: str
    day: date
    recorded_at: datetime
    state: str
    seconds: float | None
    sha256: str | None
    encrypted: bool
    finding: str | None
    checked_at: datetime | None
    hold_by: str | None
    hold_why: str | None
    hold_until: datetime | None
    deleted_at: datetime | None
    deleted_by: str | None
    deleted_why: str | None


@dataclass(frozen=True, kw_only=True)
class PauseView:
    """A stretch without sound: wanted by whom, why, and how it ended; `offset` is seconds into the file."""

    started_at: datetime
    by: str
    reason: str
    ended_at: datetime | None
    ended_by: str | None
    offset: float | None


@dataclass(frozen=True, kw_only=True)
class AccessView:
    """What somebody did with a recording."""

    id: int
    at: datetime
    what: str
    by: str
    role: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RecordingDetail(RecordingView):
    """A recording with its pauses and the list of accesses, each in the order of time."""

    pauses: list[PauseView]
    accesses: list[AccessView]


@dataclass(frozen=True)
class RecordingFilter:
    """Which recordings: `since` is inclusive, `until` is not; `held` those under a legal hold."""

    call_id: str | None = None
    kind: str | None = None
    state: str | None = None
    finding: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    held: bool = False
    limit: int = 100


def recording_list(connection: sa.Connection, wanted: RecordingFilter) -> list[RecordingView]:
    """Return recordings, the newest first."""
    query = sa.select(recordings).order_by(recordings.c.recorded_at.desc(), recordings.c.id.desc())
    for name in ("call_id", "kind", "state", "finding"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(recordings.c[name] == value)
    if wanted.since is not None:
        query = query.where(recordings.c.recorded_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(recordings.c.recorded_at < wanted.until)
    if wanted.held:
        query = query.where(recordings.c.hold_by.is_not(None))
    return [RecordingView(**_values(row)) for row in connection.execute(query.limit(wanted.limit))]


def recording_detail(connection: sa.Connection, recording_id: int) -> RecordingDetail:
    """Return one recording; raise UnknownThingError."""
    row = one(connection, recording_id)
    of_call = sa.select(recording_pauses).where(recording_pauses.c.call_id == row.call_id)
    of_it = sa.select(recording_accesses).where(recording_accesses.c.recording_id == row.id)
    paused = connection.execute(of_call.order_by(recording_pauses.c.started_at)).all()
    accessed = connection.execute(of_it.order_by(recording_accesses.c.id)).all()
    return RecordingDetail(
        **_values(row),
        pauses=[_pause(each, row.recorded_at) for each in paused],
        accesses=[AccessView(**_own(each, AccessView)) for each in accessed],
    )


def _values(row: sa.Row[Any]) -> dict[str, Any]:
    told = {"seconds", "encrypted"}
    own = {
        name: _shown(getattr(row, name)) for name in RecordingView.__dataclass_fields__ if name not in told
    }
    seconds = None if row.size is None else round(max(0, row.size - 44) / 16000, 1)
    return {**own, "seconds": seconds, "encrypted": row.key_id is not None}


def _pause(row: sa.Row[Any], begun: datetime) -> PauseView:
    own = {
        name: _shown(getattr(row, name)) for name in ("started_at", "by", "reason", "ended_at", "ended_by")
    }
    return PauseView(**own, offset=round(max(0.0, (row.started_at - begun).total_seconds()), 1))


def _own(row: sa.Row[Any], view: type[AccessView]) -> dict[str, Any]:
    return {name: _shown(getattr(row, name)) for name in view.__dataclass_fields__}


def _shown(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
