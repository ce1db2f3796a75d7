"""What the API has of the rest of the service, handed in by bootstrap, and how a route reaches it."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import Depends, Request
from twisted.internet.defer import Deferred

from telephony.api.parts import (
    Agents,
    Halls,
    News,
    Outbound,
    Parts,
    Refusing,
    Rooms,
    Store,
    Supervision,
    Tapes,
    Transfers,
    Waiting,
)
from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError
from telephony.floor.notices import Notices
from telephony.floor.storm import Storm
from telephony.rules.numbers import national
from telephony.secret_store import Secrets
from telephony.texts import say

T = TypeVar("T")
_DIALABLE = re.compile(r"\+?[0-9]{3,20}")
"""A number without its country may be too short for any call: then it stays as it came."""


@dataclass(frozen=True)
class Listening:
    """An address on which some part of the installation listens; `protocol` is tcp or udp."""

    name: str
    address: str
    port: int
    protocol: str


@dataclass(frozen=True)
class Services:
    """All that the routes use. `counters` is read at each scrape of the metrics."""

    config: Config
    secrets: Secrets
    clock: Clock
    database: Store
    roster: Agents
    pulse: News
    health: Parts
    listening: Sequence[Listening] = ()
    counters: Mapping[str, float] = field(default_factory=dict)
    outbound: Outbound | None = None
    rooms: Rooms | None = None
    notices: Notices | None = None
    storm: Storm | None = None
    waiting: Waiting | None = None
    tapes: Tapes | None = None
    refusals: Refusing | None = None
    supervision: Supervision | None = None
    transfers: Transfers | None = None
    halls: Halls | None = None


def one_form(services: Services, number: str) -> str:
    """Return a citizen's number in the form in which the ledger keeps it."""
    found = national(number, services.config.hotline.area_code)
    return found if found is not None and _DIALABLE.fullmatch(found) else number


def outbound_of(services: Services) -> Outbound:
    """Return the outbound side; raise HotlineError where there is none."""
    if services.outbound is None:
        raise HotlineError(say("outbound.none"))
    return services.outbound


def rooms_of(services: Services) -> Rooms:
    """Return the three-way side; raise HotlineError where there is none."""
    if services.rooms is None:
        raise HotlineError(say("rooms.none"))
    return services.rooms


def notices_of(services: Services) -> Notices:
    """Return what tells callers of incidents; raise HotlineError where there is none."""
    if services.notices is None:
        raise HotlineError(say("notice.none"))
    return services.notices


def storm_of(services: Services) -> Storm:
    """Return storm mode; raise HotlineError where there is none."""
    if services.storm is None:
        raise HotlineError(say("storm.none"))
    return services.storm


def waiting_of(services: Services) -> Waiting:
    """Return the waiting room; raise HotlineError where there is none."""
    if services.waiting is None:
        raise HotlineError(say("waiting.none"))
    return services.waiting


def tapes_of(services: Services) -> Tapes:
    """Return the recordings; raise HotlineError where there are none."""
    if services.tapes is None:
        raise HotlineError(say("recordings.none"))
    return services.tapes


def refusing_of(services: Services) -> Refusing:
    """Return what refuses matters; raise HotlineError where there is none."""
    if services.refusals is None:
        raise HotlineError(say("refusal.none"))
    return services.refusals


def supervision_of(services: Services) -> Supervision:
    """Return what supervisors may do on calls; raise HotlineError where there is none."""
    if services.supervision is None:
        raise HotlineError(say("supervise.none"))
    return services.supervision


def transfers_of(services: Services) -> Transfers:
    """Return what transfers calls; raise HotlineError where nothing does."""
    if services.transfers is None:
        raise HotlineError(say("rooms.none"))
    return services.transfers


def halls_of(services: Services) -> Halls:
    """Return the leaders' side; raise HotlineError where there is none."""
    if services.halls is None:
        raise HotlineError(say("leader.none"))
    return services.halls


def services_of(request: Request) -> Services:
    """Return the services of the application that answers this request (a FastAPI dependency)."""
    services: Services = request.app.state.services
    return services


Door = Annotated[Services, Depends(services_of)]


async def settled(deferred: Deferred[Any]) -> Any:
    """Await a Deferred's result in the loop that the reactor runs."""
    return await deferred.asFuture(asyncio.get_running_loop())


async def read(services: Services, work: Callable[[sa.Connection], T]) -> T:
    """Await work that only reads."""
    result: T = await settled(services.database.read(work))
    return result


async def report(services: Services, work: Callable[[sa.Connection], T]) -> T:
    """Await long work that only reads: it takes no reader from calls. Raise BusyError if too much waits."""
    result: T = await settled(services.database.report(work))
    return result


async def write(services: Services, work: Callable[[sa.Connection], T]) -> T:
    """Await work in a transaction; those who wait for news are woken after the commit."""
    result: T = await settled(services.database.write(work))
    services.pulse.beat()
    return result
