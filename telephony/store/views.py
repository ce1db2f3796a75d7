"""What people ask the ledger: calls, one call whole, events. Times are given in Asia/Shanghai."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.presence import Recording
from telephony.store import leader_calls, presence, urgings
from telephony.store.leader_calls import LeaderBrief
from telephony.store.presence import Presence, SegmentView, StayView
from telephony.store.tables import ENDED, calls, events, legs
from telephony.store.urgings import UrgingView

MOST = 1000
"""Rows in one answer at most."""
NOBODY = Presence((), ())


@dataclass(frozen=True, kw_only=True)
class CallView:
    """A call as shown. Durations are seconds; None where they do not apply (yet).

    `talk_seconds` is how long the citizen, in a conference (Art. 12) anybody, shared a bridge with another
    party: a hold for which the switch takes the citizen out of the bridge is left out. A hold that the
    agent's telephone makes by itself leaves both in the bridge, and counts. Of a call told before stays were
    kept it is the time from the answer to the end.
    """

    id: str
    direction: str
    state: str
    called_number: str | None
    caller_number: str | None
    key: str | None
    centre: str | None
    queue: str | None
    agent: str | None
    priority: int | None
    marks: list[str]
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    wait_seconds: float | None
    talk_seconds: float | None
    outcome: str | None
    route_reason: str | None
    recording: str | None
    rating: str | None


@dataclass(frozen=True, kw_only=True)
class LegView:
    """One party's channel; `cause` is the Q.850 cause of its hangup.

    `recording` holds what this party heard and said from `recorded_from` on.
    """

    id: str
    role: str
    party: str | None
    started_at: datetime
    answered_at: datetime | None
    bridged_at: datetime | None
    ended_at: datetime | None
    cause: int | None
    recording: str | None
    recorded_from: datetime | None


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One row of the append-only list."""

    id: int
    at: datetime
    kind: str
    call_id: str | None
    agent: str | None
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CallDetail(CallView):
    """A call with its legs, the first first, and its events in the order in which they happened.

    `stays` say who was in which bridge, `segments` who was with whom, `talk_seconds_by_agent` how long each
    agent shared a bridge with another party, the citizen or not. `urging` is what the agent is told of a
    citizen who calls about an open case again.
    """

    legs: list[LegView]
    events: list[EventView]
    stays: list[StayView]
    segments: list[SegmentView]
    talk_seconds_by_agent: dict[str, float]
    urging: UrgingView | None = None
    leader: LeaderBrief | None = None


@dataclass(frozen=True)
class CallFilter:
    """Which calls: `number` is the called or the caller's; `since` is inclusive, `until` is not."""

    number: str | None = None
    queue: str | None = None
    centre: str | None = None
    agent: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100


def call_list(connection: sa.Connection, wanted: CallFilter, now: datetime) -> list[CallView]:
    """Return calls, the newest first, at most MOST; a call that goes on is measured up to `now`."""
    query = sa.select(calls).order_by(calls.c.arrived_at.desc(), calls.c.id.desc())
    for name in ("queue", "centre", "agent", "state"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(calls.c[name] == value)
    if wanted.number is not None:
        query = query.where(
            sa.or_(calls.c.called_number == wanted.number, calls.c.caller_number == wanted.number)
        )
    if wanted.since is not None:
        query = query.where(calls.c.arrived_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(calls.c.arrived_at < wanted.until)
    rows = connection.execute(query.limit(min(wanted.limit, MOST))).all()
    found = presence.of_calls(connection, [row.id for row in rows], now)
    return [CallView(**_call(row, found.get(row.id, NOBODY), now)) for row in rows]


def call_detail(connection: sa.Connection, call_id: str, now: datetime) -> CallDetail | None:
    """Return one call with legs and events, or None if the ledger does not know it."""
    row = connection.execute(sa.select(calls).where(calls.c.id == call_id)).first()
    if row is None:
        return None
    leg_rows = connection.execute(
        sa.select(legs).where(legs.c.call_id == call_id).order_by(legs.c.started_at)
    ).all()
    files = {leg.id: Recording(leg.recording, leg.recorded_from) for leg in leg_rows if leg.recorded_from}
    there = presence.of_calls(connection, [call_id], now, files).get(call_id, NOBODY)
    of_call = sa.select(events).where(events.c.call_id == call_id).order_by(events.c.at, events.c.id)
    event_rows = connection.execute(of_call)
    return CallDetail(
        **_call(row, there, now),
        legs=[LegView(**_fields(leg, LegView)) for leg in leg_rows],
        events=[EventView(**_fields(event, EventView)) for event in event_rows],
        stays=there.stay_views(),
        segments=there.segment_views(),
        talk_seconds_by_agent=there.talked_by_agent(),
        urging=urgings.of_call(connection, call_id),
        leader=leader_calls.brief(connection, call_id),
    )


def events_after(
    connection: sa.Connection,
    after: int,
    *,
    call_id: str | None = None,
    kind: str | None = None,
    limit: int = MOST,
) -> list[EventView]:
    """Return events with an id above `after` in the order of their ids, at most MOST."""
    query = _events(call_id, kind).where(events.c.id > after).order_by(events.c.id)
    rows = connection.execute(query.limit(min(limit, MOST)))
    return [EventView(**_fields(row, EventView)) for row in rows]


def newest_events(
    connection: sa.Connection, *, call_id: str | None = None, kind: str | None = None, limit: int = MOST
) -> list[EventView]:
    """Return the newest events, in the order of their ids."""
    query = _events(call_id, kind).order_by(events.c.id.desc())
    rows = connection.execute(query.limit(min(limit, MOST))).all()
    return [EventView(**_fields(row, EventView)) for row in reversed(rows)]


def last_event_id(connection: sa.Connection) -> int:
    """Return the id of the newest event; 0 if there is none."""
    return connection.scalar(sa.select(sa.func.max(events.c.id))) or 0


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from `start` to `end`, to the millisecond and never below 0; None without both."""
    if start is None or end is None:
        return None
    return round(max(0.0, (end - start).total_seconds()), 3)


def _events(call_id: str | None, kind: str | None) -> sa.Select[Any]:
    query = sa.select(events)
    if call_id is not None:
        query = query.where(events.c.call_id == call_id)
    return query if kind is None else query.where(events.c.kind == kind)


def _call(row: sa.Row[Any], there: Presence, now: datetime) -> dict[str, Any]:
    until = row.ended_at or (now if row.state != ENDED else None)
    waited = seconds_between(row.queued_at, row.answered_at or until)
    own = {name for name in CallView.__dataclass_fields__ if not name.endswith("_seconds")}
    shown = {name: _shown(getattr(row, name)) for name in own}
    return {**shown, "wait_seconds": waited, "talk_seconds": _talked(row, there, until)}


def _talked(row: sa.Row[Any], there: Presence, until: datetime | None) -> float | None:
    if row.answered_at is None:
        return None
    told = there.talked(row.direction)
    return seconds_between(row.answered_at, until) if told is None else told


def _fields(row: sa.Row[Any], view: type[LegView] | type[EventView]) -> dict[str, Any]:
    return {name: _shown(getattr(row, name)) for name in view.__dataclass_fields__}


def _shown(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
