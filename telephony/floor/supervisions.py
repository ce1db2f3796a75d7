"""The supervisions under way: finding them, storing what changes, and what the roster is told of them.

Commit, then act. What the switch has told is tried until it is stored: it happened.
"""

import itertools
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError
from telephony.floor.supervised import LISTENING, OVER, RINGING, TAKEN, TAKING, WAITING, Supervised, restored
from telephony.floor.views import AgentView
from telephony.pbx.supervision import PREFIX, SpyLine
from telephony.store import calls as call_rows
from telephony.store import supervisions as rows
from telephony.store.database import Database
from telephony.texts import say

RETRY = 1.0
"""Seconds until the next try when the store refused."""
log = structlog.get_logger()


class Roster(Protocol):
    """The roster (telephony.floor.roster.Roster)."""

    def one(self, number: str) -> AgentView:
        """Return one agent; raise UnknownThingError."""
        ...

    def offered(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that the phone rings."""
        ...

    def connected(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that somebody is on a call."""
        ...

    def ring_ended(self, number: str, leg_id: str, *, withdrawn: bool) -> None:
        """Note that a ring was not answered."""
        ...

    def only_listens(self, leg_id: str, *, listens: bool) -> None:
        """Note that after this leg there is no wrap-up, or that there is."""
        ...


class Supervisions:
    """The registry of this installation; `tell` wakes who waits for events."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        database: Database,
        line: SpyLine,
        clock: Clock,
        timer: Timer,
        roster: Roster,
        worker: str,
        tell: Callable[[], None],
    ) -> None:
        self.database, self.line, self.clock, self.roster, self.worker = database, line, clock, roster, worker
        self._timer, self.tell = timer, tell
        self._live: dict[int, Supervised] = {}
        self._timers: set[Delayed] = set()
        epoch = uuid.uuid4().hex[:12]
        self._legs = map(f"{PREFIX}{epoch}-{{:08d}}".format, itertools.count(1))
        self._keys = map(f"supervision:{epoch}:{{}}".format, itertools.count(1))
        self.at_point: Callable[[str], None] = lambda _: None
        """Called at each point of the commit order with its name: of a test, the service dies there."""

    def restore(self) -> Deferred[None]:
        """Take up what the store holds; it is judged once the switch is settled with."""

        def take_up(found: Any) -> None:
            for row in found:
                # What was begun since it was read is known better than it was read.
                each = self._live.setdefault(row.id, restored(row))
                self.roster.only_listens(each.leg_id, listens=each.state != TAKEN)

        return self.database.read(partial(rows.live, worker=self.worker)).addCallback(take_up)

    def stop(self) -> None:
        """Try nothing again; the voices go on."""
        for timer in self._timers:
            if timer.active():
                timer.cancel()

    def new_leg(self) -> str:
        """Return an id for a channel of ours: never given before, and all of one length."""
        return next(self._legs)

    def all(self) -> list[Supervised]:
        """Return those under way."""
        return list(self._live.values())

    def add(self, new: Supervised) -> None:
        """Take up one that was just stored."""
        self._live[new.id] = new

    def of(self, supervisor: str) -> Supervised | None:
        """Return what a supervisor takes part in now."""
        return next((each for each in self._live.values() if each.supervisor == supervisor), None)

    def of_leg(self, leg_id: str) -> Supervised | None:
        """Return the one on a supervisor's channel."""
        return next((each for each in self._live.values() if each.leg_id == leg_id), None)

    def on_call(self, call_id: str, by: str) -> Supervised:
        """Return a supervisor's part in a call; raise NotAllowedError if there is none."""
        found = self.of(by)
        if found is None:
            raise NotAllowedError(say("supervise.not_there", number=by, id=call_id))
        check_call(found, call_id)
        return found

    def note(self, found: Supervised, what: str, by: str, why: str | None = None) -> None:
        """Note what was done; it is stored with the next `store`."""
        found.note(self.clock.now(), next(self._keys), what, by, why)

    def store(
        self, found: Supervised, first: Callable[[sa.Connection], None] = lambda _: None
    ) -> Deferred[None]:
        """Store what changed; fires after the commit. Fails as the store or `first` does; the next has it."""
        row, told = found.row(), found.told
        found.told = []

        def work(connection: sa.Connection) -> None:
            first(connection)
            rows.save(connection, found.id, row)
            call_rows.append(connection, [(found.call_id, each) for each in told])

        def refused(failure: Failure) -> Failure:
            found.told = [*told, *found.told]
            return failure

        stored: Deferred[None] = self.database.write(work, urgent=True)
        return stored.addCallbacks(lambda _: self.tell(), refused)

    def keep(self, found: Supervised) -> None:
        """Store what the switch has told, again and again until it is stored."""

        def refused(failure: Failure) -> None:
            log.error("supervision_not_stored", id=found.id, why=repr(failure.value))
            self.later(RETRY, self.keep, found)

        self.store(found).addErrback(refused)

    def later(self, seconds: float, what: Callable[..., object], *args: Any) -> None:
        """Do something in a while, unless the service stops."""
        self._timers = {timer for timer in self._timers if timer.active()}
        self._timers.add(self._timer.callLater(seconds, what, *args))

    def taken(self, found: Supervised) -> None:
        """Note that the citizen is with the supervisor, who has wrap-up afterwards as every agent."""
        found.state, found.taken_at = TAKEN, self.clock.now()
        self.roster.only_listens(found.leg_id, listens=False)
        self.note(found, "taken", found.supervisor)
        self.keep(found)

    def not_taken(self, found: Supervised, why: str) -> None:
        """Note that a take-over came to nothing: the supervisor listens as before."""
        if found.state in {TAKING, WAITING}:
            found.state = LISTENING
            self.note(found, "take_over_failed", found.supervisor, why)
            self.keep(found)

    def end(self, found: Supervised, why: str) -> None:
        """Note that a supervisor has gone; of a take-over not seen to be done the ledger knows."""
        if found.state == RINGING:
            self.roster.ring_ended(found.supervisor, found.leg_id, withdrawn=True)
        doubtful = found.state in {TAKING, WAITING}
        found.state, found.ended_at, found.ended_why = OVER, self.clock.now(), why
        self._live.pop(found.id, None)

        def known(taken: bool) -> None:
            if doubtful:
                found.taken_at = found.ended_at if taken else None
                self.note(found, "taken" if taken else "take_over_failed", found.supervisor, why)
            self.note(found, why, found.supervisor)
            self.keep(found)

        if doubtful:
            asked = self.database.read(partial(rows.has_taken, leg_id=found.leg_id))
            asked.addErrback(lambda _: False).addCallback(known)
        else:
            known(taken=False)


def check_call(found: Supervised, call_id: str) -> None:
    """Raise NotAllowedError if a supervisor is on another call."""
    if found.call_id != call_id:
        raise NotAllowedError(say("supervise.elsewhere", number=found.supervisor, id=found.call_id))


def check_listening(found: Supervised) -> None:
    """Raise NotAllowedError unless a supervisor has answered and takes nothing over."""
    if found.state != LISTENING:
        raise NotAllowedError(say("supervise.not_now", number=found.supervisor))


def quietly(sent: Deferred[Any], what: str) -> None:
    """Do something nobody waits for; what goes wrong is found again by the next look at the switch."""

    def failed(failure: Failure) -> None:
        known = failure.check(SwitchRefusedError, SwitchUnavailableError)
        (log.warning if known else log.error)("supervision_not_done", what=what, why=repr(failure.value))

    sent.addErrback(failed)
