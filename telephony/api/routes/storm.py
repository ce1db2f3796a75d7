"""Storm mode: declared by a person until a time."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import Instant, Limit, Reason, Text40
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, Services, read, settled, storm_of
from telephony.store import storms as rows
from telephony.store.storms import StormView
from telephony.texts import say

router = APIRouter(prefix="/storm", tags=["storm"])


@dataclass(frozen=True)
class StormNow:
    """Whether a storm is on, by what limits of overflow are multiplied now, and whether revisits rest."""

    is_on: bool
    storm: StormView | None
    overflow_factor: float
    revisits_rest: bool


@dataclass(frozen=True)
class NewStorm:
    """Until when (with a zone), why, and who declares it."""

    until: Instant
    why: Reason
    by: Text40


@dataclass(frozen=True)
class Ending:
    """Who ends a storm before its time."""

    by: Text40


@router.get("")
async def storm(services: Door) -> StormNow:
    """Return whether a storm is on, until when, and what follows."""
    return _now(services)


@router.get("/past")
async def past(services: Door, *, limit: Limit = 100) -> list[StormView]:
    """Return all storms, the newest first."""
    return await read(services, partial(rows.listed, now=services.clock.now(), limit=limit))


@router.put("")
async def switch_on(services: Door, new: NewStorm) -> StormNow:
    """Declare a storm from now on; one that is on ends."""
    if new.until <= services.clock.now():
        raise RefusedInputError(say("storm.until"))
    await settled(storm_of(services).switch_on(new.until, new.why, new.by))
    services.pulse.beat()
    return _now(services)


@router.post("/off")
async def switch_off(services: Door, ending: Ending) -> StormView:
    """End the storm before its time."""
    over: StormView = await settled(storm_of(services).switch_off(ending.by))
    services.pulse.beat()
    return over


def _now(services: Services) -> StormNow:
    found = storm_of(services)
    return StormNow(found.is_on, found.current, found.factor, found.revisits_rest)
