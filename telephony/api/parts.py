"""Parts of the service as far as the API uses them."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol, TypeVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.callback.channels import Channels
from telephony.callback.desk import Times
from telephony.callback.rounds import Rounds
from telephony.floor.health import Component
from telephony.floor.recorder_pauses import Pauses
from telephony.floor.recordings import Recordings
from telephony.floor.transfers import Wanted
from telephony.floor.views import AgentView
from telephony.floor.waiting_view import WaitingView
from telephony.leader.certificate import Certificates
from telephony.leader.days import LeaderDays
from telephony.leader.duties import Duties
from telephony.leader.register import Register
from telephony.leader.screening import Screening
from telephony.pbx.supervision import Mode
from telephony.rules.planner import Planner
from telephony.rules.refusals import Refusal
from telephony.store.refusals import RefusalView
from telephony.store.transfers import TransferView
from telephony.threeway.commands import Commands
from telephony.threeway.conversations import Conversations
from telephony.threeway.coordination import Coordination
from telephony.threeway.results import Replies
from telephony.threeway.starting import Starting

T = TypeVar("T")
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
    """Calls that we place (telephony.building.outbound.Outbound)."""

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
    """Three-way calls (telephony.building.rooms.Rooms)."""

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
    """Recordings (telephony.building.tapes.Tapes)."""

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


class Halls(Protocol):
    """Leader days (telephony.building.halls.Halls)."""

    @property
    def days(self) -> LeaderDays:
        """Return what plans, announces and holds them."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Return what certifies them."""
        ...

    @property
    def screening(self) -> Screening:
        """Return what screening agents and assistants do with a day's calls."""
        ...

    @property
    def register(self) -> Register:
        """Return who called and was not reached."""
        ...

    @property
    def duties(self) -> Duties:
        """Return what every centre owes, month by month."""
        ...
