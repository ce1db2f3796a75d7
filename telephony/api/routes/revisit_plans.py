"""Why a revisit is called when it is, or not at all."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from fastapi import APIRouter

from telephony.api.inputs import RowPath
from telephony.api.services import Door, outbound_of, read
from telephony.callback.explain import Explanation, explanation, in_words
from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.workdays import UnknownYearError
from telephony.store import revisits as rows
from telephony.texts import say

router = APIRouter(prefix="/revisits", tags=["revisits"])


@dataclass(frozen=True)
class NextCall:
    """The next lawful call; started after `latest_at` it can lead to nothing."""

    at: datetime
    number: str
    band: str
    latest_at: datetime


@dataclass(frozen=True)
class HoldView:
    """Why no call may start before `until`: a code."""

    code: str
    until: datetime


@dataclass(frozen=True)
class RejectedView:
    """A day, or a band of it, that was passed over, and why: a code."""

    code: str
    day: date
    band: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan as codes and times, and in words, Chinese with English beside it.

    `state`: decided, calling or waiting. `counting` are the calls that count towards a deemed verdict,
    `closed` what has ended that path, `tries` the calls that were made.
    """

    state: str
    now: datetime
    due_at: datetime
    verdict: str | None
    decided_at: datetime | None
    next: NextCall | None
    impossible: str | None
    holds: list[HoldView]
    rejected: list[RejectedView]
    outside: bool
    counting: list[str]
    closed: str | None
    tries: int
    words: list[str]


@router.get("/{revisit_id}/plan")
async def plan(services: Door, revisit_id: RowPath) -> Plan:
    """Return the next lawful call and why it is not earlier, or why there is none."""
    outbound = outbound_of(services)

    def look(connection: sa.Connection) -> Explanation:
        row = rows.one(connection, revisit_id)
        if row is None:
            raise UnknownThingError(say("revisit.unknown", id=revisit_id))
        tick, gap = outbound.times.tick(), outbound.planner.rules.number_gap
        revisit = rows.rounds(connection, [row], tick, gap)[row.id]
        return explanation(tick.at, row, revisit, outbound.planner)

    try:
        why = await read(services, look)
    except UnknownYearError as error:
        raise NotAllowedError(say("calendar.ends", year=error.year)) from error
    return _view(why, in_words(why, outbound.planner.rules, whole_numbers=True))


def _view(why: Explanation, words: list[str]) -> Plan:
    call = None
    if why.next is not None:
        at, latest_at = _shown(why.next.at), _shown(why.next.latest_at)
        call = NextCall(at, why.next.number, why.next.window.band, latest_at)
    return Plan(
        state=why.state,
        now=_shown(why.now),
        due_at=_shown(why.due_at),
        verdict=why.verdict,
        decided_at=why.decided_at and _shown(why.decided_at),
        next=call,
        impossible=why.impossible,
        holds=[HoldView(hold.code, _shown(hold.until)) for hold in why.holds],
        rejected=[RejectedView(each.code, each.day, each.band) for each in why.rejected],
        outside=why.outside,
        counting=[past.id for past in why.counting],
        closed=why.closed,
        tries=why.tries,
        words=words,
    )


def _shown(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI)
