"""Three-way calls: begin one, look at them, say what came of one."""

from functools import partial
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from telephony.api.inputs import (
    CALL_ID,
    CallId,
    Limit,
    MaybeEmpty,
    Text40,
    Word,
)
from telephony.api.services import Door, Services, read, rooms_of, settled, write
from telephony.errors import UnknownThingError
from telephony.store import threeway_views as views
from telephony.store.threeway_views import ThreeWayDetail, ThreeWayFilter, ThreeWayView
from telephony.texts import say
from telephony.threeway import results
from telephony.threeway.starting import Start

router = APIRouter(prefix="/threeway", tags=["three-way calls"])
Reference = Annotated[str, Path(pattern=CALL_ID, description="the three-way call's id, or its call's")]
AgentQuery = Annotated[str | None, Query(pattern=r"^[0-9]{3,16}$")]
Live = Annotated[bool | None, Query(description="only those under way, or only those that are over")]
OpenResult = Annotated[bool, Query(description="only those of which nobody has said what came of them")]
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class NewThreeWay:
    """Ask a unit (code or short code) into a live call; `beside`: citizen and agent talk on meanwhile.

    `consult`: the agent speaks with the unit first; `at_once`: all three as soon as the unit has accepted.
    """

    call_id: CallId
    unit: Word
    mode: Literal["consult", "at_once"] = "consult"
    beside: bool = False
    matter: MaybeEmpty = ""
    case_number: Word | None = None
    citizen_name: Text40 | None = None
    confidential: bool = False
    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class Outcome:
    """What came of it: `answered_on_spot` ends the case, `dispatched` gives the units 4 hours (Art. 8)."""

    result: Literal["answered_on_spot", "dispatched"]
    by: Text40
    note: MaybeEmpty | None = None


@router.post("")
async def start(services: Door, wanted: NewThreeWay) -> ThreeWayDetail:
    """Begin a three-way call, or ask one more unit into the one that is under way on this call."""
    rooms = rooms_of(services)
    asked = Start(**vars(wanted))
    under_way = rooms.conversations.under_way(wanted.call_id)
    if under_way is None:
        await settled(rooms.starting.start(asked))
    else:
        await settled(rooms.starting.invite(under_way, asked))
    return await shown(services, wanted.call_id)


@router.get("")
async def three_ways(
    services: Door,
    live: Live = None,
    open_result: OpenResult = False,
    agent: AgentQuery = None,
    limit: Limit = 100,
) -> list[ThreeWayView]:
    """Return three-way calls and coordination conferences, the newest first."""
    wanted = ThreeWayFilter(live, open_result, agent, limit)
    return await read(services, partial(views.three_way_list, wanted=wanted))


@router.get("/{reference}")
async def three_way(services: Door, reference: Reference) -> ThreeWayDetail:
    """Return one with who takes part, who was asked, and what came of it."""
    return await shown(services, reference)


@router.post("/{reference}/result")
async def result(services: Door, reference: Reference, outcome: Outcome) -> ThreeWayDetail:
    """Record what came of it, once; also after it is over."""
    rooms, now = rooms_of(services), services.clock.now()

    def work(connection: sa.Connection) -> ThreeWayDetail:
        told: dict[str, Any] = {"by": outcome.by, "note": outcome.note, "now": now, "replies": rooms.replies}
        return results.record(connection, reference, outcome.result, **told)

    return await write(services, work)


async def shown(services: Services, reference: str) -> ThreeWayDetail:
    """Return one as it is stored; raise UnknownThingError."""
    found = await read(services, partial(views.three_way, reference=reference))
    if found is None:
        raise UnknownThingError(say("threeway.unknown", id=reference))
    return found
