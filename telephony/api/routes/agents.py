"""Agents: their states, commands to them, and what their softphones need."""

from dataclasses import dataclass, replace

from fastapi import APIRouter

from telephony.api.inputs import AgentPath, WordQuery
from telephony.api.parts import Command
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, Services, settled
from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.floor.views import AgentView
from telephony.texts import say

router = APIRouter(prefix="/agents", tags=["agents"])
TRANSPORT = "udp"
BY = "api"


@dataclass(frozen=True)
class Credentials:
    """What a softphone needs to register."""

    user: str
    password: str
    server: str
    port: int
    transport: str


@dataclass(frozen=True)
class Pause:
    """Why an agent takes no calls: one of `pause_reasons` in hotline.yaml, the first if none is given."""

    reason: str | None = None


@router.get("")
async def agents(services: Door, state: WordQuery = None, centre: WordQuery = None) -> list[AgentView]:
    """Return all agents, or those in one state or of one centre."""
    return [
        shown(agent)
        for agent in services.roster.all()
        if state in {None, agent.state} and centre in {None, agent.centre}
    ]


@router.get("/{number}")
async def agent(services: Door, number: AgentPath) -> AgentView:
    """Return one agent."""
    return shown(services.roster.one(number))


@router.get("/{number}/credentials")
async def credentials(services: Door, number: AgentPath) -> Credentials:
    """Return what the agent's softphone needs; the password is the agent's own."""
    password = services.secrets.sip.get(number)
    if number not in services.config.agents or password is None:
        raise UnknownThingError(say("agent.unknown", number=number))
    sip = services.config.hotline.sip
    return Credentials(number, password, str(sip.address), sip.port, TRANSPORT)


@router.post("/{number}/login")
async def login(services: Door, number: AgentPath) -> AgentView:
    """Start work: the agent is ready at once."""
    return await _command(services, number, "login")


@router.post("/{number}/logout")
async def logout(services: Door, number: AgentPath) -> AgentView:
    """End work, after the present call if there is one."""
    return await _command(services, number, "logout")


@router.post("/{number}/ready")
async def ready(services: Door, number: AgentPath) -> AgentView:
    """Take calls again: ends a pause or the work after a call."""
    return await _command(services, number, "ready")


@router.post("/{number}/pause")
async def pause(services: Door, number: AgentPath, wanted: Pause | None = None) -> AgentView:
    """Take no calls for a reason, after the present call if there is one."""
    reasons = services.config.hotline.agents.reasons
    reason = wanted.reason if wanted is not None else None
    if reason is not None and reason not in reasons:
        raise RefusedInputError(say("agent.pause_reason", reasons=", ".join(reasons)))
    return await _command(services, number, "pause", reason)


async def _command(services: Services, number: str, what: Command, reason: str | None = None) -> AgentView:
    if number not in services.config.agents:
        raise UnknownThingError(say("agent.unknown", number=number))
    view: AgentView = await settled(services.roster.command(number, what, reason, BY))
    return shown(view)


def shown(agent: AgentView) -> AgentView:
    """Return an agent with times of Shanghai."""
    until = agent.wrap_up_until and agent.wrap_up_until.astimezone(SHANGHAI)
    return replace(agent, since=agent.since.astimezone(SHANGHAI), wrap_up_until=until)
