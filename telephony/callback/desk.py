"""What the dialer looks at before it dials, and whom it tells: the pause, the clock, alarms, the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.callback.campaign import Order
from telephony.clock import Clock, Timer
from telephony.errors import HotlineError
from telephony.store import agents as agent_rows
from telephony.store.outbound_tables import dialer, workers
from telephony.store.revisits import Tick
from telephony.store.tables import UtcTime

T = TypeVar("T")
TOLERANCE = timedelta(seconds=2)
"""By how much two machines' clocks may differ before a dialer refuses to dial."""
SEEN_EVERY = timedelta(seconds=5)
_LOOK = sa.select(dialer.c.paused, sa.select(sa.func.max(workers.c.seen_at, type_=UtcTime)).scalar_subquery())
_SEEN = (
    workers.update()
    .where(workers.c.epoch == sa.bindparam("of"))
    .values(seen_at=sa.bindparam("now", type_=UtcTime))
)


class ClockBehindError(HotlineError):
    """The machine's clock is behind a time that was committed already: three hours cannot be measured."""


class Store(Protocol):
    """The database (telephony.store.database.Database)."""

    def write(self, work: Callable[[sa.Connection], T], *, urgent: bool = False) -> Deferred[T]:
        """Run work in a transaction; fires after the commit."""
        ...

    def read(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run work that only reads."""
        ...


@dataclass(frozen=True)
class Settings:
    """What one running dialer is: its epoch is new at each start, its worker the installation's name."""

    epoch: str
    worker: str
    longest_sleep: float = 10.0


@dataclass(frozen=True)
class Times:
    """Both clocks, and what makes calls later; `boot` says within what monotonic seconds compare."""

    clock: Clock
    timer: Timer
    boot: str

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self.clock.monotonic()

    def tick(self) -> Tick:
        """Return this moment by both clocks."""
        return Tick(self.clock.now(), self.clock.monotonic(), self.boot)


class Ledger(Protocol):
    """Where calls are entered before they are placed, and closed with what became of them."""

    def opened(self, connection: sa.Connection, orders: Sequence[Order], now: datetime) -> None:
        """Enter calls that are about to be placed."""
        ...

    def closed(self, connection: sa.Connection, attempt_id: str, outcome: str, now: datetime) -> None:
        """Close a call, unless the switch's journal has told of its end already."""
        ...


class NoLedger:
    """Stands where no ledger is kept: in a simulation."""

    def opened(self, connection: sa.Connection, orders: Sequence[Order], now: datetime) -> None:
        """Enter nothing."""

    def closed(self, connection: sa.Connection, attempt_id: str, outcome: str, now: datetime) -> None:
        """Close nothing."""


def _nobody() -> None:
    """Stand where nobody waits for news."""


class Desk:
    """`tell` wakes who waits for news; `ledger` is the ledger of all calls."""

    def __init__(self, tell: Callable[[], None] = _nobody, ledger: Ledger | None = None) -> None:
        self.tell = tell
        self.ledger: Ledger = ledger or NoLedger()
        self._seen_at: datetime | None = None

    def look(self, connection: sa.Connection, epoch: str, now: datetime) -> str:
        """Return why nothing may be dialled, or nothing; raise ClockBehindError.

        The last committed time is every worker's `seen_at`, moved with each reservation.
        """
        paused, seen_at = connection.execute(_LOOK).one()
        if seen_at is not None and now < seen_at - TOLERANCE:
            raise ClockBehindError(f"the clock is behind {seen_at.isoformat()}, which was committed already")
        if paused:
            return "paused"
        if self._seen_at is None or now - self._seen_at >= SEEN_EVERY:
            connection.execute(_SEEN, {"of": epoch, "now": now})
            self._seen_at = now
        return ""

    def clock_behind(self, connection: sa.Connection, now: datetime) -> None:
        """Raise the alarm that the clock is wrong."""
        agent_rows.raise_alarm(connection, now, "clock-behind", "dialer")

    def trunk_paused(self, connection: sa.Connection, trunk: str, now: datetime) -> None:
        """Raise the alarm that a trunk fails."""
        agent_rows.raise_alarm(connection, now, "trunk-paused", trunk)
