"""Leader hotline days (领导接线日, Art. 6): planned, announced and held; their notices to be published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from telephony.api.inputs import Instant, Limit, Reason, RowPath, RowQuery, Text40, TimeQuery, Word, WordQuery
from telephony.api.problems import RefusedInputError, person
from telephony.api.services import Door, Services, halls_of, read, settled
from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.leader.notice import calendar_of, text_of
from telephony.leader.plans import Wanted
from telephony.rules.bands import parse_band
from telephony.rules.leader_day import ANNOUNCED, CANCELLED, OPEN
from telephony.rules.leader_play import FACTORS
from telephony.store import leader_days as rows
from telephony.store.leader_days import LeaderDayView, LeaderNoticeView
from telephony.texts import say

router = APIRouter(prefix="/leader-days", tags=["leader days"])

Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
Topics = Annotated[list[Word], Field(max_length=10)]
State = Literal[
    "planned", "published", "postponed", "substituted", "open", "closed", "certified", "cancelled"
]
Form = Literal["text", "json", "ics"]
ICS, TEXT = "text/calendar", "text/plain"
_OBJECT = {"type": "object"}
_WORDS = {"schema": {"type": "string"}}
_ONE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": _OBJECT}, TEXT: _WORDS, ICS: _WORDS}}
}
_SEVERAL: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "array", "items": _OBJECT}}, ICS: _WORDS}}
}
_SHOWN = ANNOUNCED | {OPEN, CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who orders it."""

    by: Text40


@dataclass(frozen=True, kw_only=True)
class Reasoned(Order):
    """Who orders it, and why."""

    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class When(Order):
    """A `day`, in the hours of leaders.yaml, or both times."""

    day: Day | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


@dataclass(frozen=True, kw_only=True)
class Plan(When, Reasoned):
    """When, its topics, and the `reason` of a second day in one month."""

    topics: Topics | None = None


@dataclass(frozen=True, kw_only=True)
class NewDay(Plan):
    """A day to be planned."""

    seat: Word
    leader: Word
    scope: Reason


@dataclass(frozen=True, kw_only=True)
class Change(Plan):
    """What is to be otherwise of a day that nobody was told of; the rest stays."""

    seat: Word | None = None
    leader: Word | None = None
    scope: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Postponement(When):
    """To when, and why; `second` says why it is a second one in its new month."""

    reason: Reason
    second: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Substitution(Order):
    """Who sits instead, and why."""

    leader: Word
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Extension(Order):
    """Until when the day lasts."""

    ends_at: Instant


@dataclass(frozen=True, kw_only=True)
class PlayedDay(Order):
    """A day of `hotline demo leader-day`: real seconds until it begins and that it lasts.

    In each of them `factor` seconds of its own clock pass.
    """

    factor: Annotated[int, Field(ge=min(FACTORS), le=max(FACTORS))]
    begins_in_seconds: Annotated[float, Field(gt=0, le=600)]
    seconds: Annotated[float, Field(gt=0, le=3600)]


@dataclass(frozen=True, kw_only=True)
class PlayedNotice(Order):
    """So many full days lie between the announcement's day and the session's, by the played day's clock."""

    full_days: Annotated[int, Field(ge=0, le=31)]


@router.get("")
async def days(  # noqa: PLR0913, PLR0917 - by what a list may be narrowed
    services: Door,
    centre: WordQuery = None,
    state: State | None = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
    played: Annotated[bool, Query(description="those of demonstrations instead of real ones")] = False,
    limit: Limit = 100,
) -> list[LeaderDayView]:
    """Return days by their beginning, which is `since` or later and before `until`."""
    states = None if state is None else [state]
    listed = partial(
        rows.listed, centre=centre, states=states, since=since, until=until, played=played, limit=limit
    )
    return await read(services, listed)


@router.get("/calendar", response_model=None, responses=_SEVERAL)
async def calendar(
    services: Door, centre: WordQuery = None, form: Literal["json", "ics"] = "json"
) -> Response:
    """Return the announced sessions that are not over, also cancelled ones, each by its newest notice."""
    found = await read(services, partial(_coming, now=services.clock.now(), centre=centre))
    if form == "ics":
        return _ics(found)
    return JSONResponse([each.content for each in found])


@router.post("", status_code=201)
async def add(services: Door, new: NewDay) -> LeaderDayView:
    """Plan a day; nobody is told of it yet."""
    starts_at, ends_at = _times(services, new)
    wanted = Wanted(
        seat=new.seat,
        leader=new.leader,
        starts_at=starts_at,
        ends_at=ends_at,
        scope=new.scope,
        by=person(new.by),
        topics=tuple(new.topics or ()),
        reason=new.reason,
    )
    return await _done(halls_of(services).days.add(wanted))


@router.post("/played", status_code=201)
async def play(services: Door, new: PlayedDay) -> LeaderDayView:
    """Plan a day of the demonstration's, on its own seat and by its own clock; times are the real ones."""
    begins_in, lasts = timedelta(seconds=new.begins_in_seconds), timedelta(seconds=new.seconds)
    return await _done(halls_of(services).days.play(person(new.by), new.factor, begins_in, lasts))


@router.post("/played/{day_id}/publish")
async def publish_played(services: Door, day_id: RowPath, order: PlayedNotice) -> LeaderDayView:
    """Announce a played day, by its own clock so many full days before it: refused with too few (Art. 6)."""
    return await _done(halls_of(services).days.publish_played(day_id, person(order.by), order.full_days))


@router.get("/{day_id}")
async def one(services: Door, day_id: RowPath) -> LeaderDayView:
    """Return one day."""
    return await read(services, partial(rows.one, day_id=day_id))


@router.patch("/{day_id}")
async def change(services: Door, day_id: RowPath, wish: Change) -> LeaderDayView:
    """Plan a day anew that nobody was told of."""
    values: dict[str, Any] = {
        name: value
        for name in ("seat", "leader", "scope", "reason")
        if (value := getattr(wish, name)) is not None
    }
    if wish.topics is not None:
        values["topics"] = tuple(wish.topics)
    if any(each is not None for each in (wish.day, wish.starts_at, wish.ends_at)):
        values["starts_at"], values["ends_at"] = _times(services, wish)
    return await _done(halls_of(services).days.change(day_id, person(wish.by), **values))


@router.post("/{day_id}/publish")
async def publish(services: Door, day_id: RowPath, order: Order) -> LeaderDayView:
    """Announce a day, with at least seven full days of notice (Art. 6)."""
    return await _done(halls_of(services).days.publish(day_id, person(order.by)))


@router.post("/{day_id}/postpone")
async def postpone(services: Door, day_id: RowPath, wish: Postponement) -> LeaderDayView:
    """Put a day off: a new notice goes out, and callers hear of it until the announced session's end."""
    starts_at, ends_at = _times(services, wish)
    days = halls_of(services).days
    return await _done(days.postpone(day_id, starts_at, ends_at, person(wish.by), wish.reason, wish.second))


@router.post("/{day_id}/substitute")
async def substitute(services: Door, day_id: RowPath, wish: Substitution) -> LeaderDayView:
    """Let another leader sit: a new notice goes out."""
    return await _done(halls_of(services).days.substitute(day_id, wish.leader, person(wish.by), wish.reason))


@router.post("/{day_id}/cancel")
async def cancel(services: Door, day_id: RowPath, order: Reasoned) -> LeaderDayView:
    """Let a day not take place; one that was announced wants a reason, and a notice goes out."""
    return await _done(halls_of(services).days.cancel(day_id, person(order.by), order.reason))


@router.post("/{day_id}/extend")
async def extend(services: Door, day_id: RowPath, wish: Extension) -> LeaderDayView:
    """Put off the end of an open day."""
    return await _done(halls_of(services).days.extend(day_id, wish.ends_at, person(wish.by)))


@router.post("/{day_id}/open")
async def open_day(services: Door, day_id: RowPath, order: Order) -> LeaderDayView:
    """Let the leader's line take calls, from an hour before the beginning on."""
    return await _done(halls_of(services).days.open_day(day_id, person(order.by)))


@router.post("/{day_id}/close")
async def close_day(services: Door, day_id: RowPath, order: Reasoned) -> LeaderDayView:
    """Let the leader's line take no more calls; before its end only with a reason."""
    return await _done(halls_of(services).days.close_day(day_id, person(order.by), order.reason))


@router.get("/{day_id}/notices")
async def notices(services: Door, day_id: RowPath) -> list[LeaderNoticeView]:
    """Return what was announced of a day, the first notice first; none is ever changed."""
    return await read(services, partial(_notices, day_id=day_id))


@router.get("/{day_id}/notice", response_model=None, responses=_ONE)
async def notice(
    services: Door,
    day_id: RowPath,
    form: Form = "text",
    nth: Annotated[RowQuery, Query(description="which one of the day, from 1; the newest without it")] = None,
) -> Response:
    """Return a notice for the web site and the WeChat account: as text, JSON or iCalendar."""
    found = await read(services, partial(_notices, day_id=day_id))
    chosen = [each for each in found if nth in {None, each.nth}][-1:]
    if not chosen:
        raise UnknownThingError(say("leader.no_notice", id=day_id))
    if form == "json":
        return JSONResponse(chosen[0].content)
    return _ics(chosen) if form == "ics" else Response(text_of(chosen[0].content), media_type=TEXT)


def _notices(connection: sa.Connection, day_id: int) -> list[LeaderNoticeView]:
    rows.one(connection, day_id)
    return rows.notices(connection, day_id)


def _coming(connection: sa.Connection, now: datetime, centre: str | None) -> list[LeaderNoticeView]:
    # A session never goes over midnight: none that began before today is still to come.
    since = datetime.combine(now.astimezone(SHANGHAI).date(), datetime.min.time(), SHANGHAI)
    days = rows.listed(connection, centre=centre, states=_SHOWN, since=since, played=False)
    ahead = {day.id for day in days if now < day.ends_at}
    found = rows.newest_notices(connection, ahead)
    return sorted(found, key=lambda each: str(each.content["starts_at"]))


def _times(services: Services, when: When) -> tuple[datetime, datetime]:
    starts_at, ends_at = when.starts_at, when.ends_at
    if when.day is not None and starts_at is None and ends_at is None:
        band = parse_band(services.config.leader_days.hours)
        start, end = (datetime.combine(when.day, at, SHANGHAI) for at in (band.start, band.end))
        return start, end
    if when.day is None and starts_at is not None and ends_at is not None:
        return starts_at, ends_at
    raise RefusedInputError(say("leader.times"))


def _ics(found: Sequence[LeaderNoticeView]) -> Response:
    return Response(calendar_of(found), media_type=ICS)


async def _done(deferred: Any) -> LeaderDayView:
    view: LeaderDayView = await settled(deferred)
    return view
