"""What the API needs from the rest of the service, handed in by bootstrap."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, TypeVar

import sqlalchemy as sa
from fastapi import Depends, Request
from twisted.internet.defer import Deferred

from telephony.callback.channels import Channels
from telephony.callback.desk import Times
from telephony.callback.rounds import Rounds
from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError
from telephony.floor.health import Component
from telephony.floor.notices import Notices
from telephony.floor.recorder_pauses import Pauses
from telephony.floor.recordings import Recordings
from telephony.floor.storm import Storm
from telephony.floor.transfers import Wanted
from telephony.floor.views import AgentView
from telephony.floor.waiting_view import WaitingView
from telephony.pbx.supervision import Mode
from telephony.rules.numbers import national
from telephony.rules.planner import Planner
from telephony.rules.refusals import Refusal
from telephony.secret_store import Secrets
from telephony.store.refusals import RefusalView
from telephony.store.transfers import TransferView
from telephony.texts import say
from telephony.threeway.commands import Commands
from telephony.threeway.conversations import Conversations
from telephony.threeway.coordination import Coordination
from telephony.threeway.results import Replies
from telephony.threeway.starting import Starting

T = TypeVar("T")
_DIALABLE = re.compile(r"\+?[0-9]{3,20}")
"""A number without its country may be too short for any call: then it stays as it came."""
Command = Literal["login", "logout", "pause", "ready"]


class Store(Protocol):
    """The database: functions of a connection, run in its threads (telephony.store.database.Database)."""

    def read(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run work that only reads."""
        ...

    def report(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run long work that only reads, one after another; raise BusyError when too many wait."""
        ...

    def write(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run work in a transaction; fires after the commit."""
        ...


class Agents(Protocol):
    """The roster (telephony.floor.roster.Roster)."""

    def command(
        self, number: str, what: Command, reason: str | None, by: str, why: str | None = None
    ) -> Deferred[AgentView]:
        """Change an agent's state; raise UnknownThingError or NotAllowedError."""
        ...

    def all(self) -> list[AgentView]:
        """Return every agent."""
        ...

    def one(self, number: str) -> AgentView:
        """Return one agent; raise UnknownThingError."""
        ...


class News(Protocol):
    """The pulse (telephony.floor.pulse.Pulse)."""

    def wait(self) -> Deferred[None]:
        """Return a Deferred that fires when new events were committed."""
        ...

    def beat(self) -> None:
        """Say that new events were committed."""
        ...


class Parts(Protocol):
    """Whether each part works (telephony.floor.health.Health)."""

    def components(self) -> dict[str, Component]:
        """Return the state of every part."""
        ...


class Dialling(Protocol):
    """The dialer (telephony.callback.dialer.Dialer)."""

    @property
    def open(self) -> bool:
        """Whether the switch agrees with the store, so that calls may be placed."""
        ...

    @property
    def asleep(self) -> str:
        """Why nothing is dialled although something may be due: a code, or nothing."""
        ...

    @property
    def channels(self) -> Channels:
        """Return the channels that it dials on."""
        ...

    def wake(self) -> None:
        """There may be something to do."""
        ...

    def wake_by(self, at: datetime | None) -> None:
        """There will be something to do at this time."""
        ...


class PersonCalls(Protocol):
    """Calls that an agent makes to a citizen (telephony.callback.person_calls.PersonCalls)."""

    def call(self, revisit_id: int, agent: str) -> Deferred[str]:
        """Ring the agent, then the citizen; fires with the call's id."""
        ...


class Turns(Protocol):
    """Calls to citizens whose call was lost (telephony.callback.turns.Turns)."""

    def call(self, return_id: int, agent: str) -> Deferred[str]:
        """Ring the agent, then the citizen; fires with the call's id."""
        ...


class Outbound(Protocol):
    """Calls that we place (telephony.outbound.Outbound)."""

    @property
    def times(self) -> Times:
        """Return the clocks by which calls are spaced."""
        ...

    @property
    def planner(self) -> Planner:
        """Return the rules in force."""
        ...

    @property
    def rounds(self) -> Rounds:
        """Return what opens, changes and ends revisits."""
        ...

    @property
    def dialer(self) -> Dialling:
        """Return the dialer."""
        ...

    @property
    def person_calls(self) -> PersonCalls:
        """Return what rings an agent first."""
        ...

    @property
    def turns(self) -> Turns:
        """Return what calls back whose call was lost."""
        ...


class Waiting(Protocol):
    """The waiting room (telephony.floor.waiting_room.WaitingRoom)."""

    def views(self) -> list[WaitingView]:
        """Return who waits, the next first."""
        ...


class Rooms(Protocol):
    """Three-way calls (telephony.rooms.Rooms)."""

    @property
    def conversations(self) -> Conversations:
        """Return those under way."""
        ...

    @property
    def starting(self) -> Starting:
        """Return what begins them."""
        ...

    @property
    def commands(self) -> Commands:
        """Return what is done in them."""
        ...

    @property
    def coordination(self) -> Coordination:
        """Return what calls coordination conferences together."""
        ...

    @property
    def replies(self) -> Replies:
        """Return what a reply given in one leads to."""
        ...


class Tapes(Protocol):
    """Recordings (telephony.tapes.Tapes)."""

    @property
    def recordings(self) -> Recordings:
        """Return those on this installation's disk."""
        ...

    @property
    def pauses(self) -> Pauses:
        """Return what silences those of live calls."""
        ...


class Refusing(Protocol):
    """Refusals of matters (telephony.floor.refusals.Refusals)."""

    def refuse(self, call_id: str, kind: Refusal, by: str, note: str | None) -> Deferred[RefusalView]:
        """Refuse the matter of a call; raise UnknownThingError or NotAllowedError."""
        ...


class Supervision(Protocol):
    """Supervisors on calls (telephony.floor.supervision.Supervision)."""

    def check(self, number: str) -> None:
        """Raise UnknownThingError or NotAllowedError unless this is a supervisor."""
        ...

    def take_part(self, call_id: str, by: str, mode: Mode) -> Deferred[int]:
        """Ring a supervisor for a call, or change how one takes part; fires with the supervision's id."""
        ...

    def take_over(self, call_id: str, by: str) -> Deferred[int]:
        """Give the citizen to a supervisor who is on the call."""
        ...

    def leave(self, call_id: str, by: str) -> Deferred[int]:
        """End a supervisor's part in a call."""


class Transfers(Protocol):
    """Transfers (telephony.floor.transfers.Transfers)."""

    def start(self, wanted: Wanted) -> Deferred[TransferView]:
        """Begin one."""
        ...

    def complete(self, reference: str, by: str) -> Deferred[TransferView]:
        """Let the first agent go."""
        ...

    def cancel(self, reference: str, by: str) -> Deferred[TransferView]:
        """Bring the citizen back."""
        ...


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
