"""The waiting room: all who wait, over all queues; whose turn it is goes to an agent who is free.

The service decides, the switch rings: a turn is committed, then the caller's channel is moved to the queue
of that one agent. Who is not answered there comes back with the same arrival, and so is next again. What must
be known of a caller stands on the caller's channel and comes with each question; events tell it to a service
that starts anew (waiting_seen.py).
"""

import itertools
import uuid
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.expectations import Expectations
from telephony.floor.pulse import Pulse
from telephony.floor.waiting_guests import LET_GO, Asking, Guest, WaitingView, told, waits
from telephony.floor.waiting_words import Reply, Words
from telephony.pbx.waiting import Listener
from telephony.rules import waiting as rules
from telephony.rules.call_story import Happening
from telephony.rules.returns import OnLine
from telephony.rules.waiting import Agent, Answer, Caller, Turn
from telephony.store import calls as call_rows
from telephony.store import waiting as rows
from telephony.store.database import Database
from telephony.store.waiting import Waited

log = structlog.get_logger()
GRACE = 5.0
"""Seconds for which callers are asked to wait for the switch before app_queue takes over."""
REST, LONG_REST = 1.0, 30.0
"""Seconds before an agent who did not answer is asked again; and whose own queue the switch does not know."""
BEAT, STALL = 0.5, 1.5
"""Seconds between two beats, and after which the room must take it that the service stood still."""
UNKNOWN_QUEUE = "UNKNOWN"
"""app_queue's word where the agent's own queue is missing."""


class Agents(Protocol):
    """Who is free (telephony.floor.roster.Roster)."""

    def free(self) -> list[str]:
        """Return who would ring now."""
        ...


class Limits(Protocol):
    """What becomes of who waits too long (telephony.floor.overflow.Overflow)."""

    def soon(self) -> None:
        """Somebody came."""
        ...

    def asks(self, guest: Guest) -> None:
        """Somebody asks what to do: note on the guest whether it is to go."""
        ...


class Line(Protocol):
    """The switch (telephony.pbx.waiting.WaitingLine)."""

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""
        ...

    def start(self, listener: Listener) -> None:
        """Tell of those who wait."""
        ...

    def ring(self, leg_id: str, agent: str) -> Deferred[Any]:
        """Let an agent ring for a citizen."""
        ...

    def take_back(self, leg_id: str) -> Deferred[Any]:
        """Let a citizen who waits in app_queue come into the room."""
        ...


class WaitingRoom:
    """All who wait for a person."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        timer: Timer,
        agents: Agents,
        line: Line,
        pulse: Pulse,
    ) -> None:
        self._config, self._database = config, database
        self._clock, self._timer, self._agents, self._pulse = clock, timer, agents, pulse
        self._seconds = config.hotline.waiting.ask_seconds
        self.line = line
        self.expectations = Expectations(config, clock)
        self.words = Words(config.hotline.waiting, self.expectations)
        self._guests: dict[str, Guest] = {}
        self._rings: dict[str, str] = {}
        self._resting: set[str] = set()
        self._given: dict[str, int] = {}
        self._counter, self._life = itertools.count(1), uuid.uuid4().hex
        self.overflow: Limits | None = None
        self.returns: Callable[[list[OnLine], list[str]], frozenset[str]] = lambda _line, _free: frozenset()
        """Gives returns their turns with agents who are free; says who is kept free for one."""
        self.sent_away: set[str] = set()
        """Calls that app_queue is to serve although the room is open."""
        self.open = False
        """Whether the switch has been seen, so that turns may be given."""
        self.faulty = False
        """Whether the store refused to write: then app_queue serves all."""
        self.when_stalled: Callable[[], object] = lambda: None
        """Called when a snapshot is needed: callers may have gone on without the service."""
        self._hold_until = 0.0
        self._beat_at, self._beats = 0.0, True

    def start(self) -> Deferred[None]:
        """Listen to the switch; fires when the answers of the last while are known."""
        self.lost()
        self._beat_at = self._clock.monotonic()
        self._beat()
        self.line.start(Listener(self.connected, self.gone))
        since = self._clock.now() - self.expectations.window
        found = self._database.read(lambda connection: rows.answers_since(connection, since))
        return found.addCallback(self.expectations.restore)

    def lost(self) -> None:
        """Note that the switch cannot be asked: nobody is moved until it has been seen again."""
        self.open = False
        self._hold_until = self._clock.monotonic() + GRACE

    def stop(self) -> None:
        """Beat no more."""
        self._beats = False

    def _beat(self) -> None:
        self._check_stall()
        if self._beats:
            self._timer.callLater(BEAT, self._beat)

    def _check_stall(self) -> None:
        # The dialplan leaves a service that stands still: who is here by our books may talk by now, and to
        # be moved would end that talk. So nobody is moved until the switch has been seen.
        now = self._clock.monotonic()
        stalled, self._beat_at = now - self._beat_at > STALL, now
        if stalled and self.open:
            log.warning("waiting_room_stood_still")
            self.lost()
            self.when_stalled()

    @property
    def _steady(self) -> bool:
        if self._clock.monotonic() - self._beat_at > STALL:
            self._check_stall()
        return self.serves

    @property
    def serves(self) -> bool:
        """Whether turns are given."""
        return self.open and not self.faulty

    # What the dialplan asks.

    def ask(self, asking: Asking) -> Reply | None:
        """Take a caller in, or go on with one who waits; return what to do, None to leave it to app_queue."""
        self._came_back(asking)
        missing = asking.offered and asking.status == UNKNOWN_QUEUE
        if asking.queue not in self._config.queues or missing:
            self.sent_away.add(asking.call_id)
            self.leave(asking.call_id)
            return None
        if not self.serves:
            return self._reply_while_closed(asking)
        guest = self._welcome(asking)
        self.look()
        if self.overflow is not None:
            self.overflow.asks(guest)
        if guest.parting == LET_GO:
            self.leave(guest.call_id)
            return Reply(0, ("overflow-return",), parting=True)
        if guest.agent or guest.parting:
            return Reply(1 if guest.parting else self._seconds)
        return Reply(self._seconds, self.words.due(guest, self._callers(), self._clock.monotonic()))

    def _reply_while_closed(self, asking: Asking) -> Reply | None:
        if self.faulty or self._clock.monotonic() > self._hold_until:
            self.leave(asking.call_id)
            return None
        self._welcome(asking)
        return Reply(1)

    def _welcome(self, asking: Asking) -> Guest:
        guest = self._guests.get(asking.call_id)
        if guest is None or guest.since != asking.since:
            guest = self.take_in(asking.waited)
            self.store((guest.call_id, waits(guest, self._clock.now()))).addErrback(self.not_stored)
        guest.preferred, guest.asked_at = asking.preferred, self._clock.monotonic()
        return guest

    def _came_back(self, asking: Asking) -> None:
        """End the offer of an agent who did not answer; the agent has a moment's rest."""
        guest = self._guests.get(asking.call_id)
        if guest is not None and guest.agent and guest.agent == asking.offered:
            self.end_offer(guest)
        if asking.offered and asking.offered not in self._rings:
            self._rest(asking.offered, LONG_REST if asking.status == UNKNOWN_QUEUE else REST)

    def _rest(self, agent: str, seconds: float) -> None:
        def over() -> None:
            self._resting.discard(agent)
            self.look()

        if agent not in self._resting:
            self._resting.add(agent)
            self._timer.callLater(seconds, over)

    # Whose turn it is.

    def look(self) -> None:
        """Give turns to all for whom somebody is free."""
        if not self._steady or not self._guests:
            return
        taken = self._resting.union(self._rings)
        free = [self._agent(number) for number in self._agents.free() if number not in taken]
        if free:
            callers = [guest.caller() for guest in self._guests.values() if not guest.parting]
            kept = self.returns([_on_line(caller) for caller in callers], [each.number for each in free])
            free = [each for each in free if each.number not in kept]
            for turn in rules.turns(callers, free, self.expectations.sharing):
                self._give(turn)

    def _agent(self, number: str) -> Agent:
        return Agent(number, self._config.agents[number].skills, (self._given.get(number, 0),))

    def _callers(self) -> list[Caller]:
        return [guest.caller() for guest in self._guests.values()]

    def _give(self, turn: Turn) -> None:
        guest = self._guests[turn.call_id]
        self._given[turn.agent] = next(self._counter)
        self.rings(guest, turn.agent)
        events = told(turn, guest, self._clock.now(), self.key(turn.call_id))
        stored = self.store(*((turn.call_id, event) for event in events))
        stored.addCallbacks(lambda _: self._ring(guest, turn.agent), self._not_given, errbackArgs=(guest,))

    def _ring(self, guest: Guest, agent: str) -> None:
        if self._steady and self._guests.get(guest.call_id) is guest and guest.agent == agent:
            guest.moved_at = self._clock.monotonic()
            self.line.ring(guest.call_id, agent).addErrback(self._not_rung, guest)

    def _not_rung(self, failure: Failure, guest: Guest) -> None:
        # No answer says nothing: the next snapshot shows where the caller is.
        if failure.check(SwitchRefusedError):
            self.gone(guest.call_id)
        elif not failure.check(SwitchUnavailableError):
            log.error("turn_not_sent", call=guest.call_id, why=repr(failure.value))

    def _not_given(self, failure: Failure, guest: Guest) -> None:
        self.end_offer(guest)
        self.not_stored(failure)

    def not_stored(self, failure: Failure) -> None:
        """Note that the store refused to write."""
        # Nobody is moved without a trace: while the store refuses, app_queue serves those who wait.
        if not self.faulty:
            log.error("waiting_room_closed", why=repr(failure.value))
        self.faulty = True

    def rings(self, guest: Guest, agent: str) -> None:
        """Note that an agent rings for a guest: the agent is offered nobody else."""
        guest.agent, guest.moved_at = agent, self._clock.monotonic()
        self._rings[agent] = guest.call_id

    def end_offer(self, guest: Guest) -> None:
        """Note that no agent rings for a guest any more."""
        self._rings.pop(guest.agent, None)
        guest.agent = ""

    # Who comes and goes.

    def connected(self, call_id: str, _agent: str) -> None:
        """Note that a caller hears an agent."""
        guest = self.leave(call_id)
        if guest is not None:
            self.expectations.note(guest.queue, Answer(guest.since, self._clock.now()))

    def gone(self, call_id: str) -> None:
        """Note that a caller waits no more."""
        self.sent_away.discard(call_id)
        if self.leave(call_id) is not None:
            self.look()

    def take_in(self, waited: Waited) -> Guest:
        """Let somebody wait."""
        self.leave(waited.call_id)
        guest = self._guests[waited.call_id] = Guest.of(waited, self._clock.monotonic())
        if self.overflow is not None:
            self.overflow.soon()
        return guest

    def leave(self, call_id: str) -> Guest | None:
        """Let somebody wait no more; return who it was, if anybody."""
        guest = self._guests.pop(call_id, None)
        if guest is not None and guest.agent:
            self._rings.pop(guest.agent, None)
        return guest

    def guests(self) -> dict[str, Guest]:
        """Return who waits, by the id of the call."""
        return dict(self._guests)

    def views(self) -> list[WaitingView]:
        """Return who waits, the next first."""
        order = rules.in_order(self._callers())
        return [self._view(self._guests[caller.call_id], order) for caller in order]

    def _view(self, guest: Guest, order: list[Caller]) -> WaitingView:
        place = rules.position(order, guest.call_id, self.expectations.sharing)
        expected = self.expectations.of(guest.queue, place)
        return WaitingView(
            call_id=guest.call_id,
            queue=guest.queue,
            number=guest.number,
            priority=guest.priority,
            position=place,
            since=guest.since,
            expected_seconds=None if expected is None else round(expected.total_seconds()),
            preferred=guest.preferred or None,
            agent=guest.agent or None,
        )

    def key(self, what: str) -> str:
        """Return the key of an event that nothing tells twice."""
        return f"{what}:{self._life}:{next(self._counter)}"

    def store(self, *events: tuple[str | None, Happening]) -> Deferred[None]:
        """Commit events before what a caller waits for."""
        written = self._database.write(lambda connection: call_rows.append(connection, events), urgent=True)
        return written.addCallback(lambda _: self._pulse.beat())


def _on_line(caller: Caller) -> OnLine:
    """Return a caller as one beside whom returns have their turn."""
    return OnLine(caller.queue, caller.since, caller.priority)
