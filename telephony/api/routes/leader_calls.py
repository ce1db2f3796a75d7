"""Calls of leader days (Art. 6): screened, handed over, what came of each, who is owed an answer."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints
from pydantic.dataclasses import dataclass

from telephony.api.inputs import PLAIN, CallId, CallPath, Reason, RowPath, Text40, Word
from telephony.api.problems import person
from telephony.api.routes.threeway import STRICT
from telephony.api.services import Door, halls_of, settled
from telephony.leader.register import How
from telephony.leader.screening import HandedOver, Result
from telephony.store.leader_calls import LeaderCallView

router = APIRouter(tags=["leader days"])
Summary = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=PLAIN)]


@dataclass(frozen=True, config=STRICT)
class Screened:
    """Whether a citizen's matter is in the day's scope, and what it is."""

    in_scope: bool
    summary: Summary
    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class WhoHands:
    """Who gives the citizen on."""

    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class CameOf:
    """What came of the leader's talk; `dispatched` names the unit, by code or short code."""

    result: Result
    by: Text40
    unit: Word | None = None
    case_number: Word | None = None
    summary: Summary | None = None


@dataclass(frozen=True, config=STRICT)
class Settled:
    """What became of somebody who was not reached; without `evidence_call` a call back is looked for."""

    how: How
    by: Text40
    unit: Word | None = None
    case_number: Word | None = None
    evidence_call: CallId | None = None
    note: Reason | None = None


@router.get("/leader-days/{day_id}/calls")
async def calls(services: Door, day_id: RowPath) -> list[LeaderCallView]:
    """Return all calls that were let in to a day, the first one first, each with how it stands."""
    found: list[LeaderCallView] = await settled(halls_of(services).register.calls(day_id))
    return found


@router.get("/leader-days/{day_id}/register")
async def register(services: Door, day_id: RowPath) -> list[LeaderCallView]:
    """Return whom a day still owes an answer, and who is still on the line; empty, it can be certified."""
    found: list[LeaderCallView] = await settled(halls_of(services).register.entries(day_id))
    return found


@router.post("/leader-calls/{call_id}/screen")
async def screen(services: Door, call_id: CallPath, wanted: Screened) -> LeaderCallView:
    """Put down what a citizen wants of the leader, while an agent talks with them."""
    screening = halls_of(services).screening
    found: LeaderCallView = await settled(
        screening.screen(call_id, person(wanted.by), wanted.in_scope, wanted.summary)
    )
    return found


@router.post("/leader-calls/{call_id}/hand-over")
async def hand_over(services: Door, call_id: CallPath, wanted: WhoHands | None = None) -> HandedOver:
    """Give a citizen to the leader: warm if the leader is free, else to the leader's queue."""
    by = person((wanted or WhoHands()).by)
    found: HandedOver = await settled(halls_of(services).screening.hand_over(call_id, by))
    return found


@router.post("/leader-calls/{call_id}/to-normal")
async def to_normal(services: Door, call_id: CallPath, wanted: WhoHands | None = None) -> HandedOver:
    """Give a citizen whose matter is out of scope to the agents of every day."""
    by = person((wanted or WhoHands()).by)
    found: HandedOver = await settled(halls_of(services).screening.to_normal(call_id, by))
    return found


@router.post("/leader-calls/{call_id}/result")
async def result(services: Door, call_id: CallPath, wanted: CameOf) -> LeaderCallView:
    """Put down what came of the leader's talk; again, it is corrected."""
    person(wanted.by)
    found: LeaderCallView = await settled(halls_of(services).screening.result(call_id, **vars(wanted)))
    return found


@router.post("/leader-calls/{call_id}/settle")
async def settle(services: Door, call_id: CallPath, wanted: Settled) -> LeaderCallView:
    """Put down, once, what became of somebody who was not reached."""
    person(wanted.by)
    found: LeaderCallView = await settled(halls_of(services).register.settle(call_id, **vars(wanted)))
    return found
