"""The presence clock: while a leader day is open, its seat's softphone is watched, twice a second (Art. 6).

What the switch says begins and ends stretches; each look renews the instant at which the phone was still
there. So whatever dies, this service or the switch, the store knows to the second how long the leader was
seated: if the phone is there afterwards the stretch goes on, if not it ended at the last look. While the
switch cannot be asked nothing is known, and nothing begins or ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.config import Config
from telephony.leader.shortfall import Shortfall
from telephony.rules.leader_day import OPEN
from telephony.rules.leader_presence import THERE
from telephony.store import leader_presence as rows
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView

log = structlog.get_logger()
LOOK = 0.5
"""Seconds between two looks: with the time that a commit takes, what is lost at most of a phone that was gone
when the service came back."""
LOOKS = 20
"""So many looks apart the open days are read again, whoever opened them, and their outlook is weighed."""
PATIENCE = 5.0
"""Seconds that a phone has to answer the switch, which gives it three, before it is taken to be gone."""
STEP = timedelta(seconds=1)
"""A clock that differs by more than this from the time that really passed has been set."""


@dataclass
class _Watched:
    """A day whose stretches are kept; `on`: one goes on, as far as we have ordered."""

    id: int
    agent: str
    opened_at: datetime
    is_open: bool
    on: bool


@dataclass
class _Phone:
    """A seat's softphone: whether it is there, None while nobody knows, and since when that is known.

    `asked_at`: when the switch was told to ask it, by the monotonic clock.
    """

    since: datetime
    there: bool | None = None
    asked_at: float | None = None


class Seats:
    """The clocks of all halls.

    `state_of` says an agent's state, `ask` lets the switch ask an agent's phone whether it is there, `tell`
    wakes who waits for news, `worker` names this installation among those that share the store: it keeps the
    stretches of its own switch's phones, and a phone that is not there may be at another's.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what halls.py hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        timer: Timer,
        state_of: Callable[[str], str],
        ask: Callable[[str], object],
        tell: Callable[[], None],
        worker: str = "",
    ) -> None:
        self._worker = worker
        self._agents = {code: seat.agent for code, seat in config.seats.items()}
        self._database, self._clock, self._timer = database, clock, timer
        self._state_of, self._ask = state_of, ask
        self.shortfall = Shortfall(config, database, clock, tell)
        self._phones = {agent: _Phone(clock.now()) for agent in self._agents.values()}
        self._days: dict[int, _Watched] = {}
        self._owed: list[Callable[[sa.Connection], None]] = []
        self._writing = self._reading = self._again = False
        self._set_back = False
        self._later: Delayed | None = None
        self._looks, self._stopped = 0, False
        self._wall, self._steady = clock.now(), clock.monotonic()

    def start(self) -> Deferred[None]:
        """Take up the open days and the stretches that go on; the switch has not been asked yet."""
        self._wall, self._steady = self._clock.now(), self._clock.monotonic()
        self._later = self._timer.callLater(LOOK, self._look)
        return self._database.read(partial(rows.unsettled, worker=self._worker)).addCallback(self._take_up)

    def stop(self) -> None:
        """Look no more; a stretch that goes on is taken up by the next service."""
        self._stopped = True
        if self._later is not None and self._later.active():
            self._later.cancel()

    def days_changed(self) -> Deferred[None]:
        """Read again which days are open; called after each change of one."""
        if self._reading:
            self._again = True
            return succeed(None)
        self._reading, self._again = True, False
        looked = self._database.read(rows.open_days).addCallback(self._read)
        return looked.addErrback(self._not_read).addCallback(self._have_read)

    # What the switch says.

    def phone_changed(self, number: str, *, there: bool) -> None:
        """Note whether an agent's softphone is there; told of every agent, at each report.

        The first that a switch says of a phone, that it is not there, may only mean that it has not asked.
        """
        phone = self._phones.get(number)
        if phone is None:
            return
        if there or phone.there is not None:
            self._know(number, there=there)
        elif phone.asked_at is None:
            phone.asked_at = self._clock.monotonic()
            self._ask(number)

    def lost(self) -> None:
        """Note that the switch cannot be asked: nobody knows of any phone."""
        for phone in self._phones.values():
            phone.there = phone.asked_at = None

    def settled(self) -> None:
        """Note that the switch has said all it knows: a phone it did not name is not there."""
        for number, phone in self._phones.items():
            if phone.there is None:
                self.phone_changed(number, there=False)

    def _know(self, number: str, *, there: bool) -> None:
        now, phone = self._now(), self._phones[number]
        known = phone.there is not None
        if there and not phone.there:
            phone.since = now
        phone.there, phone.asked_at = there, None
        for day in self._of(number):
            self._settle(day, now, known=known)
        self._store(now)

    # The looks.

    def _look(self) -> None:
        self._later = None if self._stopped else self._timer.callLater(LOOK, self._look)
        now, steady = self._now(), self._clock.monotonic()
        for number, phone in self._phones.items():
            if phone.asked_at is not None and steady - phone.asked_at >= PATIENCE:
                self._know(number, there=False)
        for day in list(self._days.values()):
            self._settle(day, now, known=True)
        self._store(now)
        self._looks += 1
        if self._looks % LOOKS == 0:
            self.days_changed()

    def _settle(self, day: _Watched, now: datetime, *, known: bool) -> None:
        """Begin or end a day's stretch; `known`: whether the phone was known to be there until now."""
        phone = self._phones[day.agent]
        if phone.there is None:
            return
        there = phone.there and day.is_open and self._may_count(day.agent)
        if there and not day.on:
            began = now if self._set_back else max(day.opened_at, phone.since)
            self._order(rows.begin, day, began)
        elif day.on and not there:
            at = now if known or phone.there else None
            self._order(rows.end, day, at)
        day.on = there
        if not day.is_open:
            self._days.pop(day.id, None)

    def _may_count(self, agent: str) -> bool:
        # Once the clock was set back, times no longer tell which of an agent's states came later.
        return not self._set_back or self._state_of(agent) in THERE

    def _order(self, work: Callable[..., None], day: _Watched, at: datetime | None) -> None:
        self._owed.append(partial(work, day_id=day.id, at=at, worker=self._worker))

    def _store(self, now: datetime) -> None:
        seen = [day.id for day in self._days.values() if day.on and self._phones[day.agent].there]
        if self._writing or not (self._owed or seen):
            return
        owed, self._owed, self._writing = self._owed, [], True

        def work(connection: sa.Connection) -> None:
            for order in owed:
                order(connection)
            for day_id in seen:
                rows.see(connection, day_id, now, self._worker)

        def stored(_: None) -> None:
            self._writing = False
            if self._owed:
                self._store(self._now())

        def failed(failure: Failure) -> None:
            # The phone came and went whether it is stored or not; the next look tries again.
            self._owed, self._writing = owed + self._owed, False
            log.error("leader_presence_not_stored", why=repr(failure.value))

        self._database.write(work).addCallbacks(stored, failed)

    def _now(self) -> datetime:
        """Return the time; if the clock was set since it was read last, no stretch goes across."""
        now, steady = self._clock.now(), self._clock.monotonic()
        passed = self._wall + timedelta(seconds=steady - self._steady)
        if abs(now - passed) > STEP:
            self._clock_was_set(passed, now)
            self._wall, self._steady = now, steady
        return now

    def _clock_was_set(self, passed: datetime, now: datetime) -> None:
        log.warning("clock_was_set", by_seconds=(now - passed).total_seconds())
        self._set_back |= now < passed
        for day in self._days.values():
            if day.on:
                at = None if self._phones[day.agent].there is None else passed
                self._order(rows.end, day, at)
                day.on = False
        for phone in self._phones.values():
            phone.since = now

    # Which days are open.

    def _of(self, agent: str) -> list[_Watched]:
        return [day for day in self._days.values() if day.agent == agent]

    def _open(self) -> dict[int, str]:
        return {day.id: day.agent for day in self._days.values() if day.is_open}

    def _watch(self, day: LeaderDayView, *, on: bool) -> None:
        agent = self._agents.get(day.seat)
        if agent is None or day.opened_at is None:
            log.error("leader_day_without_seat", day=day.id, seat=day.seat)
        elif day.id not in self._days:
            watched = _Watched(day.id, agent, day.opened_at, day.state == OPEN, on)
            self._days[day.id] = watched
            self._settle(watched, self._now(), known=True)
        else:
            self._days[day.id].on |= on  # a change of another day had this one read before the stretches

    def _take_up(self, found: tuple[list[LeaderDayView], dict[int, datetime]]) -> Deferred[None]:
        days, on = found
        self._set_back = any(seen - self._clock.now() > STEP for seen in on.values())
        for day in days:
            self._watch(day, on=day.id in on)
        return self.shortfall.weigh(self._open())

    def _read(self, days: list[LeaderDayView]) -> Deferred[None]:
        now, still = self._now(), {day.id for day in days}
        for known in list(self._days.values()):
            known.is_open = known.id in still
            self._settle(known, now, known=True)
        for day in days:
            self._watch(day, on=False)
        self._store(now)
        return self.shortfall.weigh(self._open())

    @staticmethod
    def _not_read(failure: Failure) -> None:
        # Read again after some looks.
        log.error("leader_days_not_read", why=repr(failure.value))

    def _have_read(self, _: None) -> Deferred[None]:
        self._reading = False
        return self.days_changed() if self._again else succeed(None)
