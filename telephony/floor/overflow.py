"""Overflow: who has waited too long, or in too long a queue, is helped by other queues' agents, or let go.

Nobody moves in the waiting room: a spill adds to whose agents may serve a caller, who keeps the place. Behind
the last limit a caller who can be called back gets a return, hears so, and is let go; one whose number is
withheld, none that a machine may call, or on the list of harassment, stays. Each is committed before anything
follows from it. Its key holds the call and the step, so that a service that starts anew tells nothing twice;
and what was told is remembered then: who was helped is so until the end of the wait.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.config import Config, Queue
from telephony.floor.waiting_guests import LET_GO, NOTED, Guest
from telephony.rules import overflow as rules
from telephony.rules.call_story import Datum, Happening
from telephony.rules.overflow import RETURNS, Spill, Step, Waiter
from telephony.rules.returns import OVERFLOW
from telephony.store import calls as call_rows
from telephony.store import return_calls
from telephony.store import waiting as rows
from telephony.store.database import Database
from telephony.store.waiting import SPILLED, Passed

log = structlog.get_logger()


class Room(Protocol):
    """Who waits (telephony.floor.waiting_room.WaitingRoom)."""

    def guests(self) -> dict[str, Guest]:
        """Return who waits, by the id of the call."""
        ...

    def look(self) -> None:
        """Give turns to all for whom somebody is free."""
        ...

    def not_stored(self, failure: Failure) -> None:
        """Note that the store refused to write."""
        ...


class Overflow:
    """Watches the limits of those who wait; `factor` is by what they are multiplied now (a storm)."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        timer: Timer,
        room: Room,
        factor: Callable[[], float],
        tell: Callable[[], None],
    ) -> None:
        self._policies = {name: _steps(queue) for name, queue in config.queues.items() if queue.overflow}
        self._centres = {name: queue.centre for name, queue in config.queues.items()}
        self._calls_back, self._reach = config.calls_back, config.reach
        self._database, self._clock, self._timer = database, clock, timer
        self._room, self._factor, self._tell = room, factor, tell
        self._wake: Delayed | None = None

    def soon(self) -> None:
        """Look at all limits in a moment: the limits changed, or who waits."""
        self._sleep(0.0)

    def came(self, guest: Guest, passed: Iterable[Passed]) -> None:
        """Take up somebody who comes, with the limits passed before the service began anew."""
        self.remember(guest, passed)
        self.soon()

    def stop(self) -> None:
        """Look no more."""
        if self._wake is not None and self._wake.active():
            self._wake.cancel()

    def look(self) -> None:
        """Let other queues' agents help whoever has passed a limit, and wake up for the next limit."""
        now, factor = self._clock.now(), self._factor()
        guests = self._guests()
        waiters = [_waiter(guest, stays=True) for guest in guests.values()]
        found = rules.spills(waiters, self._policies, now, factor)
        if found:
            self._help([(guests[spill.call_id], spill) for spill in found], now)
        waiters = [_waiter(guest, stays=True) for guest in guests.values()]
        at = rules.next_at(waiters, self._policies, now, factor)
        if at is not None:
            self._sleep((at - now).total_seconds())

    def asks(self, guest: Guest) -> None:
        """Let a caller who has just asked what to do go, if the last limit is passed; noted on the guest."""
        last = [step for step in self._policies.get(guest.queue, ()) if not step.to]
        if guest.parting or not last:
            return
        now = self._clock.now()
        # Where no length counts, nobody else has to be looked at: each of hundreds asks every few seconds.
        guests = self._guests() if any(step.length is not None for step in last) else {}
        guests[guest.call_id] = guest
        # Nobody is let go whom we called, who was moved here and asked to stay, or whom we cannot call back.
        stays = bool(guest.agent) or guest.called or guest.moved
        stays = stays or not self._calls_back(guest.number, guest.queue)
        waiters = [_waiter(each, stays=stays or each is not guest) for each in guests.values()]
        for spill in rules.spills(waiters, self._policies, now, self._factor()):
            if not spill.to:
                self._part(guest, spill, now)

    def remember(self, guest: Guest, passed: Iterable[Passed]) -> None:
        """Let somebody be helped who was so before the service began anew, if the queue still says so."""
        steps = dict(enumerate(self._policies.get(guest.queue, ())))
        for each in passed:
            step = steps.get(each.step)
            if each.queue == guest.queue and step is not None and each.to == step.to:
                guest.passed |= {each.step}
                guest.helpers |= frozenset(step.to)

    def _guests(self) -> dict[str, Guest]:
        found = self._room.guests()
        return {
            call: each for call, each in found.items() if each.queue in self._policies and not each.parting
        }

    def _help(self, spilled: Sequence[tuple[Guest, Spill]], now: datetime) -> None:
        """Let all of them be helped by one commit and one look: a storm spills hundreds at once."""
        for guest, spill in spilled:
            guest.passed |= {spill.step}

        def stored(_: bool) -> None:
            for guest, spill in spilled:
                guest.helpers |= frozenset(spill.to)
            self._tell()
            self._room.look()

        def failed(failure: Failure) -> None:
            for guest, spill in spilled:
                guest.passed -= {spill.step}
            self._room.not_stored(failure)

        events = [(guest.call_id, self._event(guest, spill, now, SPILLED)) for guest, spill in spilled]
        self._write(events, lambda _: True).addCallbacks(stored, failed)

    def _part(self, guest: Guest, spill: Spill, now: datetime) -> None:
        guest.parting = NOTED
        centre = self._centres.get(guest.queue)

        def owe(connection: sa.Connection) -> bool:
            lost = (guest.number, guest.call_id, centre, OVERFLOW, now)
            return return_calls.promise(connection, *lost, guest.queue, guest.since, self._reach)

        def stored(owed: bool) -> None:
            # Whom we would not call back is not told so, and goes on waiting.
            guest.parting = LET_GO if owed else ""
            guest.passed |= frozenset() if owed else {spill.step}
            self._tell()
            if not owed:
                self._room.look()

        def failed(failure: Failure) -> None:
            guest.parting = ""
            self._room.not_stored(failure)

        event = self._event(guest, spill, now, "let_go")
        self._write([(guest.call_id, event)], owe).addCallbacks(stored, failed)

    def _write(
        self, events: Sequence[tuple[str, Happening]], first: Callable[[sa.Connection], bool]
    ) -> Deferred[bool]:
        """Commit events, unless what goes before them says that they do not happen; fires with that."""

        def work(connection: sa.Connection) -> bool:
            happens = first(connection)
            if happens:
                call_rows.append(connection, events)
            return happens

        return self._database.write(work, urgent=True)

    def _event(self, guest: Guest, spill: Spill, now: datetime, kind: str) -> Happening:
        data: dict[str, Datum] = {
            "queue": spill.queue,
            "to": " ".join(spill.to) or RETURNS,
            "because": spill.reason,
            "limit": spill.limit,
            "waited": round((now - guest.since).total_seconds(), 3),
            "factor": self._factor(),
        }
        return Happening(now, kind, rows.spill_key(guest.call_id, kind, guest.since, spill.step), None, data)

    def _sleep(self, seconds: float) -> None:
        self.stop()
        self._wake = self._timer.callLater(max(0.0, seconds), self.look)


def _steps(queue: Queue) -> list[Step]:
    return [
        Step(
            () if step.to == (RETURNS,) else step.to,
            None if step.after_seconds is None else timedelta(seconds=step.after_seconds),
            step.length,
        )
        for step in queue.overflow
    ]


def _waiter(guest: Guest, *, stays: bool) -> Waiter:
    return Waiter(guest.call_id, guest.queue, guest.priority, guest.since, guest.passed, stays)
