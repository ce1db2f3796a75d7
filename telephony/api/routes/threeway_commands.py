"""What is done in a three-way call: each command fires once it is stored and everybody is being moved."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import StringConstraints
from pydantic.dataclasses import dataclass
from twisted.internet.defer import Deferred

from telephony.api.inputs import Text40
from telephony.api.routes.threeway import STRICT, Reference, shown
from telephony.api.services import Door, Services, rooms_of, settled
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.store.threeway_views import ThreeWayDetail
from telephony.texts import say
from telephony.threeway.commands import Commands
from telephony.threeway.conversation import Conversation

router = APIRouter(prefix="/threeway", tags=["three-way calls"])
Party = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
AgentNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,16}$")]


@dataclass(frozen=True, config=STRICT)
class By:
    """Who wants it."""

    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class OfParty:
    """Whom it concerns: `citizen`, `units` for all of them, a unit's code, an agent's number."""

    party: Party = "units"
    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class OfAgent:
    """Which agent is rung."""

    agent: AgentNumber
    by: Text40 = "api"


@dataclass(frozen=True, config=STRICT)
class MaybeAgent:
    """Which agent is rung: the one who left, unless another is named."""

    agent: AgentNumber | None = None
    by: Text40 = "api"


@router.post("/{reference}/join")
async def join(services: Door, reference: Reference, wanted: By | None = None) -> ThreeWayDetail:
    """Bring all together in the room."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.join(conversation, (wanted or By()).by))


@router.post("/{reference}/hold")
async def hold(services: Door, reference: Reference, wanted: OfParty) -> ThreeWayDetail:
    """Let the citizen, a unit or all units hear music."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.hold(conversation, wanted.party, wanted.by))


@router.post("/{reference}/resume")
async def resume(services: Door, reference: Reference, wanted: OfParty) -> ThreeWayDetail:
    """Take somebody back from the music."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.resume(conversation, wanted.party, wanted.by))


@router.post("/{reference}/mute")
async def mute(services: Door, reference: Reference, wanted: OfParty) -> ThreeWayDetail:
    """Let the others not hear somebody."""
    commands, conversation = await _of(services, reference)
    done = commands.mute(conversation, wanted.party, wanted.by, muted=True)
    return await _done(services, conversation, done)


@router.post("/{reference}/unmute")
async def unmute(services: Door, reference: Reference, wanted: OfParty) -> ThreeWayDetail:
    """Let the others hear somebody again."""
    commands, conversation = await _of(services, reference)
    done = commands.mute(conversation, wanted.party, wanted.by, muted=False)
    return await _done(services, conversation, done)


@router.post("/{reference}/drop")
async def drop(services: Door, reference: Reference, wanted: OfParty | None = None) -> ThreeWayDetail:
    """Let a unit or all units go; units that are still being asked are asked no further."""
    commands, conversation = await _of(services, reference)
    asked = wanted or OfParty()
    return await _done(services, conversation, commands.drop(conversation, asked.party, asked.by))


@router.post("/{reference}/leave")
async def leave(services: Door, reference: Reference, wanted: By | None = None) -> ThreeWayDetail:
    """Let the agent go; citizen and units go on."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.leave(conversation, (wanted or By()).by))


@router.post("/{reference}/back")
async def back(services: Door, reference: Reference, wanted: MaybeAgent | None = None) -> ThreeWayDetail:
    """Ring the agent who left, or another one; who answers is in the room."""
    commands, conversation = await _of(services, reference)
    asked = wanted or MaybeAgent()
    return await _done(services, conversation, commands.back(conversation, asked.agent, asked.by))


@router.post("/{reference}/hand-over")
async def hand_over(services: Door, reference: Reference, wanted: OfAgent) -> ThreeWayDetail:
    """Ring another agent, who takes the place of the present one when answering."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.hand_over(conversation, wanted.agent, wanted.by))


@router.post("/{reference}/supervisor")
async def supervisor(services: Door, reference: Reference, wanted: OfAgent) -> ThreeWayDetail:
    """Ring a supervisor, who comes in beside the agent."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.supervise(conversation, wanted.agent, wanted.by))


@router.post("/{reference}/end")
async def end(services: Door, reference: Reference, wanted: By | None = None) -> ThreeWayDetail:
    """End it for everybody."""
    commands, conversation = await _of(services, reference)
    return await _done(services, conversation, commands.end(conversation, (wanted or By()).by))


async def _of(services: Services, reference: str) -> tuple[Commands, Conversation]:
    rooms = rooms_of(services)
    try:
        return rooms.commands, rooms.conversations.find(reference)
    except UnknownThingError:
        if (await shown(services, reference)).ended_at is None:
            raise
        raise NotAllowedError(say("threeway.over")) from None


async def _done(services: Services, conversation: Conversation, done: Deferred[Any]) -> ThreeWayDetail:
    await settled(done)
    return await shown(services, str(conversation.about.id))
