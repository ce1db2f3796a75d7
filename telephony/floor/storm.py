"""Storm mode: one command for a day on which far more people call than usual.

While a storm is on, queues spill over sooner, revisits rest, and those who wait are told. What is on stands
in the store; this holds it in memory, for it is asked for at every look at those who wait.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock, Delayed, Timer
from telephony.config_hotline import StormRules
from telephony.store import storms as rows
from telephony.store.database import Database
from telephony.store.storms import StormView

log = structlog.get_logger()


class Storm:
    """Whether a storm is on, and what follows; `listeners` are called whenever that may have changed."""

    def __init__(self, rules: StormRules, database: Database, clock: Clock, timer: Timer) -> None:
        self._rules, self._database, self._clock, self._timer = rules, database, clock, timer
        self._storm: StormView | None = None
        self._end: Delayed | None = None
        self._switches = 0
        self.listeners: list[Callable[[], None]] = []

    @property
    def current(self) -> StormView | None:
        """Return the storm that is on now, or None."""
        storm = self._storm
        return storm if storm is not None and self._clock.now() < storm.ends_at else None

    @property
    def factor(self) -> float:
        """By what the limits of overflow are multiplied now."""
        return 1.0 if self.current is None else self._rules.overflow_factor

    @property
    def revisits_rest(self) -> bool:
        """Whether no new revisit is to be dialled now; asked in a thread of the store as well."""
        return self._rules.revisits_rest and self.current is not None

    @property
    def is_on(self) -> bool:
        """Whether a storm is on now."""
        return self.current is not None

    def refresh(self) -> Deferred[None]:
        """Read again what is on: at the start, and at times, for another installation may have changed it."""
        switches = self._switches

        def take(storm: StormView | None) -> None:
            if switches == self._switches:  # else it was read before somebody switched it
                self._take(storm)

        return self._database.read(partial(rows.current, now=self._clock.now())).addCallback(take)

    def switch_on(self, until: datetime, why: str, by: str) -> Deferred[StormView]:
        """Declare a storm until a time; one that is on ends. Fires when it is on."""
        work = partial(rows.switch_on, until=until, why=why, by=by, now=self._clock.now())
        return self._database.write(work, urgent=True).addCallback(self._switched)

    def switch_off(self, by: str) -> Deferred[StormView]:
        """End the storm; fail with NotAllowedError if none is on."""
        work = partial(rows.switch_off, by=by, now=self._clock.now())
        return self._database.write(work, urgent=True).addCallback(self._switched)

    def stop(self) -> None:
        """Wait for no end any more."""
        if self._end is not None and self._end.active():
            self._end.cancel()

    def _switched(self, view: StormView) -> StormView:
        self._switches += 1
        self._take(view if view.is_on else None)
        return view

    def _take(self, storm: StormView | None) -> None:
        if storm == self._storm:
            return
        self._storm = storm
        self.stop()
        if storm is not None:
            seconds = (storm.ends_at - self._clock.now()).total_seconds()
            self._end = self._timer.callLater(max(0.0, seconds), self._changed)
        self._changed()

    def _changed(self) -> None:
        log.info("storm", on=self.is_on)
        for listener in self.listeners:
            listener()
