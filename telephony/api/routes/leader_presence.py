"""How long a leader was really there, and whether the least time can still be reached (Art. 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from fastapi import APIRouter

from telephony.api.inputs import RowPath
from telephony.api.services import Door, Services, read
from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.leader.shortfall import extend_command
from telephony.rules.leader_day import OPEN
from telephony.rules.leader_play import shown_at
from telephony.rules.leader_presence import outlook
from telephony.store import leader_days as rows
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_presence import presence_of
from telephony.texts import say

router = APIRouter(prefix="/leader-days", tags=["leader days"])


@dataclass(frozen=True, kw_only=True)
class OutlookView:
    """Of an open day: whether the least time can still be reached; times are Shanghai's.

    `slack` is how many seconds of breaks are left until the announced end; below 0 it is too early. `by` is
    when the least time is reached without another break. `extend_to` is the full minute to which the end has
    to be put off for that; null where it is late enough. `mend` is the command that puts it off with ten
    minutes to spare; null while more than that is left.
    """

    reachable: bool
    slack: float
    by: datetime
    extend_to: datetime | None
    mend: str | None


@dataclass(frozen=True, kw_only=True)
class LeaderPresenceView:
    """Seconds between a day's opening and its closing, or now; there, paused, away and wrap_up add up to it.

    `there` is what counts: the seat's phone registered, the leader ready, rung or talking. `missing` is what
    that lacks of `least`. `short`: the day is over with too little. Of a played day seconds and
    outlook are its own clock's, `opened_at` and `until` the real one's.
    """

    day_id: int
    agent: str
    state: str
    opened_at: datetime | None
    until: datetime
    there: float
    paused: float
    away: float
    wrap_up: float
    least: float
    missing: float
    short: bool
    outlook: OutlookView | None


@router.get("/{day_id}/presence")
async def presence(services: Door, day_id: RowPath) -> LeaderPresenceView:
    """Return how long the leader was there, and of an open day whether the least time can be reached."""

    def work(connection: sa.Connection) -> LeaderPresenceView:
        return _view(connection, services, rows.one(connection, day_id))

    return await read(services, work)


def _view(connection: sa.Connection, services: Services, day: LeaderDayView) -> LeaderPresenceView:
    config, now = services.config, services.clock.now()
    if day.seat not in config.seats:
        raise UnknownThingError(say("leader.unknown_seat", code=day.seat, codes=", ".join(config.seats)))
    agent, least = config.seats[day.seat].agent, timedelta(minutes=config.leader_days.minutes)
    found, shown = presence_of(connection, day, agent, now), rows.on_its_clock(day)
    seen = outlook(found, shown_at(now, day.starts_at, day.played), shown.ends_at, least)
    coming = OutlookView(
        reachable=seen.reachable,
        slack=seen.slack,
        by=seen.by.astimezone(SHANGHAI),
        extend_to=seen.extend_to and seen.extend_to.astimezone(SHANGHAI),
        mend=extend_command(day.id, seen) if seen.warns and not day.played else None,
    )
    return LeaderPresenceView(
        day_id=day.id,
        agent=agent,
        state=day.state,
        opened_at=day.opened_at,
        until=(day.closed_at or now).astimezone(SHANGHAI),
        there=found.there,
        paused=found.paused,
        away=found.away,
        wrap_up=found.wrap_up,
        least=least.total_seconds(),
        missing=seen.missing,
        short=day.closed_at is not None and seen.missing > 0,
        outlook=coming if day.state == OPEN else None,
    )
