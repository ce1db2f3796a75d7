"""What the dialer needs: a campaign that knows whom to call, and a line that rings them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.rules.bands import Window
from telephony.rules.verdict import Datum, Finding
from telephony.store.revisits import Tick


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may start now, and no later than `start_by`."""

    task_id: int
    number: str
    window: Window
    start_by: datetime
    attempt_id: str = ""
    """The id of the call, where the campaign has chosen it; else the dialer does."""


class Campaign(Protocol):
    """One kind of outbound call: its tasks, its rules, what follows from a call.

    Every method but the properties runs in a transaction of the dialer, in a thread of the store.
    """

    @property
    def name(self) -> str:
        """What its attempts are stored under."""
        ...

    @property
    def entry(self) -> str:
        """The dialplan's context that an answered call enters."""
        ...

    @property
    def deems(self) -> bool:
        """Whether its calls may count as unanswered (Art. 17): revisits alone."""
        ...

    @property
    def ring_floor(self) -> float:
        """Seconds that a ring must last to count."""
        ...

    @property
    def guard(self) -> float:
        """Seconds after which a call that nobody answered is ended."""
        ...

    def candidates(self, connection: sa.Connection, tick: Tick, limit: int) -> Sequence[Candidate]:
        """Return calls that may start now, the most urgent first, and offer them no more.

        What needs no call any more, or only later, is settled on the way.
        """
        ...

    def let_go(self, connection: sa.Connection, task_id: int, tick: Tick) -> datetime | None:
        """Plan anew: the call was not placed after all. Return when the next one may be."""
        ...

    def settled(self, connection: sa.Connection, task_id: int, found: Finding, tick: Tick) -> datetime | None:
        """Decide what follows: the attempt has its verdict, written in this transaction.

        Return when the next call may be placed, None if there is none.
        """
        ...

    def wake_at(self, connection: sa.Connection, tick: Tick) -> datetime | None:
        """Return when `candidates` is worth asking again."""
        ...

    def look_after(self, connection: sa.Connection, tick: Tick) -> None:
        """End what time alone ends, such as a passed deadline: also while nothing can be dialled."""
        ...

    def begin(self, connection: sa.Connection, tick: Tick) -> None:
        """Take up the stored tasks at a start: none is forgotten, each is planned by the rules in force."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """One call to be placed; `entry` is the dialplan's context that it enters when it is answered."""

    attempt_id: str
    task_id: int
    entry: str
    number: str
    trunk: str
    guard: float


Told = Callable[[str, str, datetime, Mapping[str, Datum]], None]
"""Takes evidence: attempt, kind (rules.verdict.Kind), the switch's own time, data."""


class Line(Protocol):
    """The switch, as far as outbound calls need it."""

    @property
    def is_up(self) -> bool:
        """Whether calls can be placed."""
        ...

    def originate(self, order: Order) -> Deferred[Any]:
        """Place a call; fires when the switch has taken the order.

        Fails with SwitchRefusedError or EncodingRefusedError (nothing rings), or with SwitchUnavailableError:
        whether it rings is then unknown.
        """
        ...

    def living(self) -> Deferred[Mapping[str, str]]:
        """Return the state of every live channel by id: Ringing, Up and others."""
        ...


def nothing(_: str) -> None:
    """Stand where nobody watches the points of the commit order."""
