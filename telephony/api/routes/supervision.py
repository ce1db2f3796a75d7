"""Supervisors: on calls, and over agents' states. `by` is the supervisor's number; everything is logged."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, StringConstraints
from pydantic.dataclasses import dataclass

from telephony.api.inputs import AgentPath, CallPath, CallQuery, Limit, Reason, Word
from telephony.api.parts import Command
from telephony.api.problems import RefusedInputError
from telephony.api.routes.agents import shown
from telephony.api.services import Door, Services, read, settled, supervision_of
from telephony.errors import UnknownThingError
from telephony.floor.views import AgentView
from telephony.pbx.supervision import Mode
from telephony.store import supervisions as rows
from telephony.store.supervisions import SupervisionFilter, SupervisionView
from telephony.texts import say

router = APIRouter(prefix="/supervision", tags=["supervision"])
STRICT = ConfigDict(extra="forbid")
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,16}$")]
NumberQuery = Annotated[str | None, Query(pattern=r"^[0-9]{3,16}$")]
Live = Annotated[bool | None, Query(description="only those under way, or only those that are over")]


@dataclass(frozen=True, config=STRICT)
class By:
    """The supervisor whose phone takes part."""

    by: Number


@dataclass(frozen=True, config=STRICT)
class Ordered:
    """A supervisor orders an agent's state, and says why."""

    by: Number
    why: Reason


@dataclass(frozen=True, config=STRICT)
class OrderedPause:
    """As Ordered; `reason` is one of `pause_reasons` in hotline.yaml, the first if none is given."""

    by: Number
    why: Reason
    reason: Word | None = None


@router.get("")
async def supervisions(  # noqa: PLR0913, PLR0917 - the query's own words
    services: Door,
    call: CallQuery = None,
    supervisor: NumberQuery = None,
    agent: NumberQuery = None,
    live: Live = None,
    limit: Limit = 100,
) -> list[SupervisionView]:
    """Return who took part in whose call, how and when, the newest first."""
    wanted = SupervisionFilter(call, supervisor, agent, live, limit)
    return await read(services, partial(rows.listed, wanted=wanted))


@router.post("/{call_id}/listen")
async def listen(services: Door, call_id: CallPath, wanted: By) -> SupervisionView:
    """Ring the supervisor, who then hears agent and citizen; or only listen again. Neither hears anything."""
    return await _takes_part(services, call_id, wanted, Mode.LISTEN)


@router.post("/{call_id}/whisper")
async def whisper(services: Door, call_id: CallPath, wanted: By) -> SupervisionView:
    """As `listen`; the agent hears the supervisor, the citizen does not."""
    return await _takes_part(services, call_id, wanted, Mode.WHISPER)


@router.post("/{call_id}/barge")
async def barge(services: Door, call_id: CallPath, wanted: By) -> SupervisionView:
    """As `listen`; agent and citizen hear the supervisor. Not in a three-way call."""
    return await _takes_part(services, call_id, wanted, Mode.BARGE)


@router.post("/{call_id}/take-over")
async def take_over(services: Door, call_id: CallPath, wanted: By) -> SupervisionView:
    """Give the citizen to a supervisor who is on the call; the event `taken` tells that it is done."""
    return await _seen(services, await settled(supervision_of(services).take_over(call_id, wanted.by)))


@router.post("/{call_id}/stop")
async def stop(services: Door, call_id: CallPath, wanted: By) -> SupervisionView:
    """End the supervisor's part."""
    return await _seen(services, await settled(supervision_of(services).leave(call_id, wanted.by)))


@router.post("/agents/{number}/ready")
async def ready(services: Door, number: AgentPath, wanted: Ordered) -> AgentView:
    """Order an agent to take calls again."""
    return await _ordered(services, number, "ready", wanted.by, wanted.why)


@router.post("/agents/{number}/logout")
async def logout(services: Door, number: AgentPath, wanted: Ordered) -> AgentView:
    """Order an agent's end of work, after the present call if there is one."""
    return await _ordered(services, number, "logout", wanted.by, wanted.why)


@router.post("/agents/{number}/pause")
async def pause(services: Door, number: AgentPath, wanted: OrderedPause) -> AgentView:
    """Order a pause, after the present call if there is one."""
    reasons = services.config.hotline.agents.reasons
    if wanted.reason is not None and wanted.reason not in reasons:
        raise RefusedInputError(say("agent.pause_reason", reasons=", ".join(reasons)))
    return await _ordered(services, number, "pause", wanted.by, wanted.why, wanted.reason)


async def _takes_part(services: Services, call_id: str, wanted: By, mode: Mode) -> SupervisionView:
    return await _seen(services, await settled(supervision_of(services).take_part(call_id, wanted.by, mode)))


async def _seen(services: Services, reference: int) -> SupervisionView:
    return await read(services, partial(rows.one, reference=reference))


async def _ordered(  # noqa: PLR0913, PLR0917 - what an order says
    services: Services, number: str, what: Command, by: str, why: str, reason: str | None = None
) -> AgentView:
    supervision_of(services).check(by)
    if number not in services.config.agents:
        raise UnknownThingError(say("agent.unknown", number=number))
    view: AgentView = await settled(services.roster.command(number, what, reason, by, why))
    return shown(view)
