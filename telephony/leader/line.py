"""The leaders' lines as a call finds them (Art. 6): by a seat's number, its key, or a day's topics.

The route asks in another thread and never waits for this: what it asks is held in memory and replaced whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.rules.leader_day import OPEN
from telephony.rules.routing import OPEN as TAKES
from telephony.rules.routing import OVER, TOLD, LeaderLine
from telephony.store import leader_line as rows
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView

Spoken = Callable[[LeaderDayView], str | None]
"""The prompt that tells of a day which was put off or called off; None where there is nothing to tell."""


@dataclass(frozen=True)
class _Way:
    """A way to a leader: a day, its seat, and what callers hear of it where it is not open."""

    day: LeaderDayView
    seat: Seat
    first: str

    def leads(self, number: str, key: str) -> bool:
        """Tell whether a number, or a key on it, leads to this seat."""
        return number == self.seat.number or (
            key != "" and (number, key) == (self.seat.main_number, self.seat.key)
        )

    def takes(self, now: datetime) -> bool:
        """Tell whether who calls is let in; `ends_at` is the first instant at which nobody is."""
        return self.day.state == OPEN and now < self.day.ends_at

    def line(self, now: datetime) -> LeaderLine | None:
        """Return what who comes this way finds; None where it is as without a day."""
        if self.takes(now):
            seat = self.seat
            queue = seat.screening_queue if seat.entry == "screened" else seat.queue
            return LeaderLine(self.day.id, TAKES, seat.entry, queue, seat.normal_queue)
        if self.day.state == OPEN:
            return LeaderLine(self.day.id, OVER)
        told = self.first and now < self.day.ends_at
        return LeaderLine(self.day.id, TOLD, first=self.first) if told else None


class LeaderLines:
    """Which leader's line a call comes to."""

    def __init__(self, config: Config, database: Database, clock: Clock, spoken: Spoken) -> None:
        self._seats, self._database, self._clock, self._spoken = config.seats, database, clock, spoken
        self._ways: tuple[_Way, ...] = ()
        self._asked = self._known = 0

    def refresh(self) -> Deferred[Sequence[LeaderDayView]]:
        """Look at the days again; fires with those that are open or announced, once the route knows them."""
        self._asked += 1
        read = self._database.read(partial(rows.standing, now=self._clock.now()))
        return read.addCallback(self._take, self._asked)

    def line_of(self, number: str, key: str, queue: str, now: datetime) -> LeaderLine | None:
        """Return the line to which a number, a key on it and the queue chosen by both lead; None without one.

        The seat's own number and key go before topics. Only an open line is reached by a topic.
        """
        ways = self._ways
        found = (way.line(now) for way in ways if way.leads(number, key))
        line = next((each for each in found if each is not None), None)
        if line is not None:
            return line
        topics = (way.line(now) for way in ways if way.takes(now) and queue in way.day.topics)
        return next(topics, None)

    def _take(self, days: Sequence[LeaderDayView], asked: int) -> Sequence[LeaderDayView]:
        if asked > self._known:  # else one that was asked later has been answered already
            self._known = asked
            known = [day for day in days if day.seat in self._seats]
            known.sort(key=lambda day: (day.state != OPEN, day.starts_at, day.id))
            self._ways = tuple(_Way(day, self._seats[day.seat], self._spoken(day) or "") for day in known)
        return [way.day for way in self._ways]
