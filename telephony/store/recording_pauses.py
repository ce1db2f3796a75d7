"""Pauses of recordings: who wanted silence in which call and why, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import ENDED, Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.recording_tables import recording_pauses as pauses
from telephony.store.tables import calls, legs
from telephony.texts import say

CALL, LIMIT, SWITCH = "call", "limit", "switch"
"""Who ends a pause besides people: the call's end, the limit, a switch that did not do it."""


@dataclass(frozen=True)
class Paused:
    """A pause, and the legs of its call that are recorded and live; `over`: the call has ended."""

    id: int
    call_id: str
    due_at: datetime
    ended_at: datetime | None
    legs: tuple[str, ...]
    over: bool


def begin(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection,
    place: str,
    call_id: str,
    by: str,
    reason: str,
    now: datetime,
    due_at: datetime,
) -> Paused:
    """Enter a pause; raise UnknownThingError, or NotAllowedError if nothing is recorded or it is paused."""
    state = connection.scalar(sa.select(calls.c.state).where(calls.c.id == call_id))
    if state is None:
        raise UnknownThingError(say("call.unknown", id=call_id))
    recorded = _recorded(connection, call_id)
    if not recorded:
        raise NotAllowedError(say("recording.not_on", id=call_id))
    if _open(connection, call_id) is not None:
        raise NotAllowedError(say("recording.is_paused", id=call_id))
    row = {"call_id": call_id, "place": place, "by": by, "reason": reason}
    added = connection.execute(pauses.insert().values(**row, started_at=now, due_at=due_at))
    pause_id = int(added.inserted_primary_key[0])  # type: ignore[index]  # of one row there is always one
    said: dict[str, Datum] = {"pause": pause_id, "by": by, "reason": reason}
    _tell(connection, call_id, Happening(now, "recording_paused", f"pause:{pause_id}", data=said))
    return Paused(pause_id, call_id, due_at, None, recorded, over=False)


def end_of_call(connection: sa.Connection, call_id: str, by: str, now: datetime) -> Paused:
    """End the pause of a call; raise NotAllowedError if there is none."""
    row = _open(connection, call_id)
    if row is None:
        raise NotAllowedError(say("recording.not_paused_now", id=call_id))
    end(connection, row.id, by, now)
    return Paused(row.id, call_id, row.due_at, now, _recorded(connection, call_id), over=False)


def end(connection: sa.Connection, pause_id: int, by: str, now: datetime) -> bool:
    """End a pause, unless it has ended; return whether it had not."""
    still_open = sa.and_(pauses.c.id == pause_id, pauses.c.ended_at.is_(None))
    ended = pauses.update().where(still_open).values(ended_at=now, ended_by=by)
    call_id = connection.scalar(ended.returning(pauses.c.call_id))
    if call_id is None:
        return False
    said: dict[str, Datum] = {"pause": pause_id, "by": by}
    _tell(connection, call_id, Happening(now, "recording_resumed", f"pause:{pause_id}:end", data=said))
    return True


def heard(connection: sa.Connection, pause_id: int, now: datetime) -> None:
    """Note that the switch records again after a pause, or that there is nothing left to record."""
    connection.execute(pauses.update().where(pauses.c.id == pause_id).values(heard_at=now))


def unsettled(connection: sa.Connection, place: str) -> Sequence[Paused]:
    """Return pauses that go on, and those after which the switch has not been heard to record again."""
    query = sa.select(pauses, calls.c.state).join(calls, calls.c.id == pauses.c.call_id)
    rows = connection.execute(query.where(pauses.c.heard_at.is_(None), pauses.c.place == place)).all()
    return [_paused(connection, row) for row in rows]


def _paused(connection: sa.Connection, row: sa.Row[Any]) -> Paused:
    recorded = _recorded(connection, row.call_id)
    over = not recorded and row.state == ENDED
    return Paused(row.id, row.call_id, row.due_at, row.ended_at, recorded, over)


def _open(connection: sa.Connection, call_id: str) -> sa.Row[Any] | None:
    query = sa.select(pauses).where(pauses.c.call_id == call_id, pauses.c.ended_at.is_(None))
    return connection.execute(query).first()


def _recorded(connection: sa.Connection, call_id: str) -> tuple[str, ...]:
    query = sa.select(legs.c.id).where(legs.c.call_id == call_id, legs.c.recording.is_not(None))
    return tuple(connection.scalars(query.where(legs.c.ended_at.is_(None)).order_by(legs.c.id)))


def _tell(connection: sa.Connection, call_id: str, happening: Happening) -> None:
    call_rows.append(connection, [(call_id, happening)])
