"""A leader day begins and ends by the clock (Art. 6), or by a person who was quicker.

At its hour the line is opened. At its end nobody is let in any more, who waits is told and goes to an agent,
and the day is closed once the call under way is over. What is to be done follows from the days as they stand
now: so it is done again after a kill, and by a service that finds another one's work.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.rules.leader_day import ANNOUNCED, OPEN
from telephony.store import leader_line as rows
from telephony.store import returns
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView

log = structlog.get_logger()
CLOCK = "clock"
"""Who opens and closes a day where no person did."""
WORD = "leader-over"
"""The prompt that tells who waits that the day is over."""
ABSENT = "leader-absent"
"""The prompt that tells who waits that nobody is there to answer, and that an agent does."""
DESERTED = 300.0
"""Seconds for which nobody at work serves a queue of an open line until agents do: as long as without us."""
Days = Sequence[LeaderDayView]


class Commands(Protocol):
    """What opens and closes a day (telephony.leader.days.LeaderDays)."""

    def open_day(self, day_id: int, by: str) -> Deferred[LeaderDayView]:
        """Let the leader's line take calls."""
        ...

    def close_day(self, day_id: int, by: str) -> Deferred[LeaderDayView]:
        """End the day."""
        ...


class Lines(Protocol):
    """What the route knows of the days (telephony.leader.line.LeaderLines)."""

    def refresh(self) -> Deferred[Days]:
        """Look at the days again; fires with those that are open or announced."""
        ...


class Waiting(Protocol):
    """Who waits in the room (telephony.floor.waiting_elsewhere.Elsewhere)."""

    def send(
        self,
        queues: Iterable[str],
        queue: str,
        prompt: str,
        note: Callable[[sa.Connection, str, str, datetime], None],
    ) -> None:
        """Let all in these queues go on to another, also who comes there later."""
        ...

    def keep(self, queues: Iterable[str]) -> None:
        """Let who comes to these queues wait there."""
        ...


class Sessions:
    """The days of all seats, each by itself.

    `busy` tells whether a phone rings or talks now, `served` whether anybody at work serves a queue.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what halls hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        timer: Timer,
        days: Commands,
        lines: Lines,
        waiting: Waiting,
        busy: Callable[[str], bool],
        served: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._seats, self._database, self._clock, self._timer = config.seats, database, clock, timer
        self._days, self._lines, self._waiting, self._busy = days, lines, waiting, busy
        self._served = served
        self._deserted_at: dict[str, float] = {}
        self._wake: Delayed | None = None
        self.looks = self._again = False
        """`looks`: what is due is being done now."""
        self._alarmed: set[tuple[int, datetime]] = set()

    @inlineCallbacks
    def look(self) -> Generator[Deferred[Any], Any, None]:
        """Do what is due: at the start, at each tick, after each change of a day, and at its own instants."""
        self._again = True
        if self.looks:
            return  # whoever looks now looks once more
        self.looks = True
        try:
            while self._again:
                self._again = False
                yield self._once()
        finally:
            self.looks = False

    def changed(self) -> None:
        """Look at once: a day was changed."""
        self.look().addErrback(_not_looked)

    def stop(self) -> None:
        """Wake up no more."""
        if self._wake is not None and self._wake.active():
            self._wake.cancel()

    @inlineCallbacks
    def _once(self) -> Generator[Deferred[Any], Any, None]:
        days = yield self._lines.refresh()
        now = self._clock.now()
        # In the same turn as the route learns of it: who is let in finds the queue open.
        idle = self._steer(days, now)
        self._sleep(days, now)
        for day in days:
            yield self._step(day, now)
        yield self._hand_over_returns(idle, now)

    def _steer(self, days: Days, now: datetime) -> list[Seat]:
        """Let those who wait for a leader wait or go on; return the seats whose lines take nobody."""
        taking = {day.seat for day in days if day.state == OPEN and now < day.ends_at}
        for code in taking:
            self._keep(self._seats[code])
        idle = [seat for code, seat in self._seats.items() if code not in taking]
        for seat in idle:
            self._waiting.send(_queues(seat), seat.normal_queue, WORD, _note_to(seat.normal_queue))
            for queue in _queues(seat):
                self._deserted_at.pop(queue, None)
        return idle

    def _keep(self, seat: Seat) -> None:
        """Let those wait for whom somebody is there, also in a pause; others reach an agent in the end."""
        steady = self._clock.monotonic()
        for queue in _queues(seat):
            if self._served(queue):
                self._deserted_at.pop(queue, None)
            if steady - self._deserted_at.setdefault(queue, steady) >= DESERTED:
                self._waiting.send(
                    [queue], seat.normal_queue, ABSENT, partial(_passed_on, to=seat.normal_queue)
                )
            else:
                self._waiting.keep([queue])

    def _step(self, day: LeaderDayView, now: datetime) -> Deferred[Any]:
        if day.state == OPEN:
            return self._close_if_over(day, now)
        if day.state in ANNOUNCED and day.starts_at <= now:
            if now < day.ends_at:
                return self._open(day)
            return succeed(None) if day.played else self._alarm(day, now)
        return succeed(None)

    def _open(self, day: LeaderDayView) -> Deferred[Any]:
        return self._days.open_day(day.id, CLOCK).addErrback(_not_moved, day)

    @inlineCallbacks
    def _close_if_over(self, day: LeaderDayView, now: datetime) -> Generator[Deferred[Any], Any, None]:
        agent = self._seats[day.seat].agent
        if now < day.ends_at or self._busy(agent):
            return
        # Another service may have the call: the ledger is everybody's.
        talking = yield self._database.read(partial(rows.in_calls, agents=[agent]))
        if not talking:
            yield self._days.close_day(day.id, CLOCK).addErrback(_not_moved, day)

    @inlineCallbacks
    def _alarm(self, day: LeaderDayView, now: datetime) -> Generator[Deferred[Any], Any, None]:
        which = (day.id, day.ends_at)
        if which not in self._alarmed:
            yield self._database.write(partial(rows.alarm_not_held, day=day, now=now))
            self._alarmed.add(which)

    @inlineCallbacks
    def _hand_over_returns(self, idle: Sequence[Seat], now: datetime) -> Generator[Deferred[Any], Any, None]:
        """Let agents call back whom the leader did not reach: none of their queues is served any more."""
        queues = [queue for seat in idle for queue in _queues(seat)]
        owed = yield self._database.read(partial(rows.owed_in, queues=queues))
        for seat in idle:
            mine = owed.intersection(_queues(seat))
            if mine:
                work = partial(returns.move_queue, queues=mine, to=seat.normal_queue, now=now)
                yield self._database.write(work)

    def _sleep(self, days: Days, now: datetime) -> None:
        self.stop()
        instants = [day.ends_at if day.state == OPEN else day.starts_at for day in days]
        coming = [at for at in instants if at > now]
        if coming:
            self._wake = self._timer.callLater((min(coming) - now).total_seconds(), self.changed)


def _queues(seat: Seat) -> tuple[str, str]:
    return seat.queue, seat.screening_queue


def _note_to(to: str) -> Callable[[sa.Connection, str, str, datetime], None]:
    def note(connection: sa.Connection, call_id: str, queue: str, now: datetime) -> None:
        rows.send_off(connection, call_id, queue, to, now)

    return note


def _passed_on(connection: sa.Connection, call_id: str, queue: str, now: datetime, *, to: str) -> None:
    rows.pass_on(connection, call_id, queue, to, now)


def _not_moved(failure: Failure, day: LeaderDayView) -> None:
    # Somebody else may have done it in the same moment, or it is tried again at the next tick.
    log.warning("leader_day_not_moved", day=day.id, state=day.state, why=failure.getErrorMessage())


def _not_looked(failure: Failure) -> None:
    log.error("leader_days_not_looked_at", why=repr(failure.value))
