"""Transfers: a citizen goes from an agent to another agent, a queue, a unit, a centre."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints
from pydantic.dataclasses import dataclass
from twisted.internet.defer import Deferred

from telephony.api.inputs import CALL_ID, CallId, Limit, Text40
from telephony.api.routes.threeway import STRICT, AgentQuery
from telephony.api.services import Door, Services, read, settled, transfers_of
from telephony.errors import UnknownThingError
from telephony.floor.transfers import Wanted
from telephony.store import transfers as rows
from telephony.store.transfers import TransferView
from telephony.texts import say

router = APIRouter(prefix="/transfers", tags=["transfers"])
Reference = Annotated[str, Path(pattern=CALL_ID, description="the transfer's id, or its call's")]
To = Annotated[str, StringConstraints(pattern=r"^(agent|queue|unit|centre):[A-Za-z0-9_.-]{1,40}$")]
Live = Annotated[bool | None, Query(description="only those under way, or only those that are over")]


@dataclass(frozen=True, config=STRICT)
class NewTransfer:
    """Give a call away: `to` is agent:NUMBER, queue:NAME, unit:CODE (or short code) or centre:CODE.

    `blind`: the agent goes at once; `attended`: the two speak first, and the citizen hears music.
    """

    call_id: CallId
    to: To
    mode: Literal["blind", "attended"] = "blind"
    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class By:
    """Who wants it."""

    by: Text40 = "api"


@router.post("")
async def start(services: Door, wanted: NewTransfer) -> TransferView:
    """Begin a transfer; it answers once it is stored and the lines are being moved."""
    return await _done(services, transfers_of(services).start(Wanted(**vars(wanted))))


@router.get("")
async def transfers(
    services: Door, live: Live = None, agent: AgentQuery = None, limit: Limit = 100
) -> list[TransferView]:
    """Return transfers, the newest first; of an agent those that they gave or got."""
    return await read(services, partial(rows.find_all, live=live, agent=agent, limit=limit))


@router.get("/{reference}")
async def transfer(services: Door, reference: Reference) -> TransferView:
    """Return one, or the newest of a call."""
    found = await read(services, partial(rows.find, reference=reference))
    if found is None:
        raise UnknownThingError(say("transfer.unknown", id=reference))
    return found


@router.post("/{reference}/complete")
async def complete(services: Door, reference: Reference, wanted: By | None = None) -> TransferView:
    """Let the agent go: the other one has the citizen, or will when answering."""
    return await _done(services, transfers_of(services).complete(reference, (wanted or By()).by))


@router.post("/{reference}/cancel")
async def cancel(services: Door, reference: Reference, wanted: By | None = None) -> TransferView:
    """Bring the citizen back to the agent."""
    return await _done(services, transfers_of(services).cancel(reference, (wanted or By()).by))


async def _done(services: Services, done: Deferred[Any]) -> TransferView:
    found: TransferView = await settled(done)
    return await transfer(services, str(found.id))
