"""Coordination conferences (Art. 12): call one together, and the roll in it.

They are conversations as three-way calls are: asked for, held, left and ended by the same commands.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from pydantic.dataclasses import dataclass

from telephony.api.inputs import MaybeEmpty, Text40, Word
from telephony.api.routes.threeway import STRICT, Reference, shown
from telephony.api.routes.threeway_commands import AgentNumber, By
from telephony.api.services import Door, rooms_of, settled
from telephony.store.threeway_views import ThreeWayDetail
from telephony.threeway.coordination import Summons

router = APIRouter(prefix="/threeway", tags=["three-way calls"])
MOST_UNITS = 20
Supporting = Annotated[tuple[Word, ...], Field(max_length=MOST_UNITS)]


@dataclass(frozen=True, config=STRICT)
class NewConference:
    """Who is called together: the agent in the chair, the lead unit, and the supporting ones."""

    agent: AgentNumber
    lead: Word
    supporting: Supporting = ()
    matter: MaybeEmpty = ""
    case_number: Word | None = None
    by: Text40 = "api"


@router.post("/coordination")
async def start(services: Door, wanted: NewConference) -> ThreeWayDetail:
    """Call a coordination conference together: the chair and all units are rung at once."""
    chair = services.config.agents.get(wanted.agent)
    summons = Summons(
        chair=wanted.agent,
        lead=wanted.lead,
        supporting=wanted.supporting,
        by=wanted.by,
        matter=wanted.matter,
        case_number=wanted.case_number,
        centre=chair.centre if chair else None,
    )
    conversation = await settled(rooms_of(services).coordination.start(summons))
    return await shown(services, str(conversation.about.id))


@router.post("/{reference}/roll-call")
async def roll_call(services: Door, reference: Reference, wanted: By | None = None) -> ThreeWayDetail:
    """Note who of the invited is there, and say it to all in the room."""
    rooms = rooms_of(services)
    conversation = rooms.conversations.find(reference)
    await settled(rooms.coordination.call_roll(conversation, (wanted or By()).by))
    return await shown(services, str(conversation.about.id))
