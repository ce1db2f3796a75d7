"""The waiting room: all who wait, over all queues; whose turn it is goes to an agent who is free.

The service decides, the switch rings: a turn is committed, then the caller's channel is moved to the queue
of that one agent. Who is not answered there comes back with the same arrival, and so is next again. What must
be known of a caller stands on the caller's channel and comes with each question; events tell it to a service
that starts anew (waiting_seen.py).
"""

import itertools
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.expectations import Expectations
from telephony.floor.pulse import Pulse
from telephony.floor.waiting_elsewhere import Elsewhere
from telephony.floor.waiting_gate import Gate
from telephony.floor.waiting_guests import LET_GO, SENT, Asking, Guest, told, waits
from telephony.floor.waiting_news import News
from telephony.floor.waiting_sides import Agents, Limits, Line
from telephony.floor.waiting_view import WaitingView, views
from telephony.floor.waiting_words import Reply, Words
from telephony.pbx.waiting import Listener
from telephony.rules import waiting as rules
from telephony.rules.call_story import Happening
from telephony.rules.returns import OnLine
from telephony.rules.waiting import Agent, Answer, Caller, Turn
from telephony.store import calls as call_rows
from telephony.store import waiting as rows
from telephony.store.database import Database
from telephony.store.waiting import Known, Waited

log = structlog.get_logger()
T = TypeVar("T")
REST, LONG_REST = 1.0, 30.0
"""Seconds before an agent who did not answer is asked again; and whose own queue the switch does not know."""
STALE = 2.0
"""Seconds after which whoever still waits in the room has not been moved: the order got lost."""
UNKNOWN_QUEUE = "UNKNOWN"
"""app_queue's word where the agent's own queue is missing."""


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
        self.gate = Gate(clock, timer, line)
        self._seconds, self._ours = config.hotline.waiting.ask_seconds, config.own_numbers
        self.line = line
        self.expectations = Expectations(config, clock)
        self.words = Words(config.hotline.waiting, self.expectations, config.normal_queues.keys())
        self.elsewhere = Elsewhere(self, clock)
        self.news = News(clock)
        self._guests: dict[str, Guest] = {}
        self._rings: dict[str, str] = {}
        self._resting: set[str] = set()
        self._given: dict[str, int] = {}
        self._counter, self._life = itertools.count(1), uuid.uuid4().hex
        self.overflow: Limits | None = None
        self.returns: Callable[[Iterable[OnLine], list[str]], frozenset[str]] = lambda _, _free: frozenset()
        """Gives returns their turns with agents who are free; says who is kept free for one."""
        self.sent_away: set[str] = set()
        """Calls that app_queue is to serve although the room is open."""
        self.faulty = False
        """Whether the store refused to write: then app_queue serves all."""

    def start(self) -> Deferred[None]:
        """Listen to the switch; fires when the answers of the last while are known."""
        self.gate.start()
        self.line.start(Listener(self.rung, self.connected, self.gone))
        since = self._clock.now() - self.expectations.window
        found = self._database.read(lambda connection: rows.answers_since(connection, since))
        return found.addCallback(self.expectations.restore)

    def stop(self) -> None:
        """Give no more turns by themselves."""
        self.gate.stop()

    @property
    def steady(self) -> bool:
        """Whether turns are given, and callers are where the room takes them to be."""
        self.gate.check_stall()
        return self.serves

    @property
    def serves(self) -> bool:
        """Whether turns are given."""
        return self.gate.open and not self.faulty

    # What the dialplan asks.

    def ask(self, asking: Asking) -> Reply | None:
        """Take a caller in, or go on with one who waits; return what to do, None to leave it to app_queue."""
        self.news.heard(asking.call_id)
        self._came_back(asking)
        missing = asking.offered and asking.status == UNKNOWN_QUEUE
        if asking.queue not in self._config.queues or missing:
            self.sent_away.add(asking.call_id)
            self.leave(asking.call_id)
            return None
        if not self.serves:
            return self._reply_while_closed(asking)
        guest = self._welcome(asking)
        self.elsewhere.comes(guest)
        self.look()
        if self.overflow is not None:
            self.overflow.asks(guest)
        if guest.parting == SENT and guest.detour is not None:
            return Reply(0, (guest.detour.prompt,), queue=guest.detour.queue)
        if guest.parting == LET_GO:
            self.leave(guest.call_id)
            return Reply(0, ("overflow-return",), parting=True)
        if guest.agent or guest.parting:
            return Reply(1)  # something follows in a moment; if it does not, the next question tells
        return Reply(self._seconds, self.words.due(guest, self._callers, self._clock.monotonic()))

    def _reply_while_closed(self, asking: Asking) -> Reply | None:
        if self.faulty or not self.gate.holds:
            self.leave(asking.call_id)
            return None
        self._welcome(asking)
        return Reply(1)

    def _welcome(self, asking: Asking) -> Guest:
        guest = self._guests.get(asking.call_id)
        if guest is None or (guest.since, guest.queue) != (asking.since, asking.queue):
            moved = guest is not None and guest.since == asking.since
            guest = self.take_in(asking.waited(self._ours))
            guest.moved = moved
            began = (guest.call_id, waits(guest, self._clock.now()))

            def enter(connection: sa.Connection) -> Known:
                call_rows.append(connection, [began])
                return rows.known_of(connection, guest.call_id, guest.since)

            self.commit(enter).addCallbacks(self._entered, self.not_stored, callbackArgs=(guest,))
        guest.preferred, guest.asked_at = asking.preferred, self._clock.monotonic()
        return guest

    def _entered(self, known: Known, guest: Guest) -> None:
        guest.known(known.by_ledger)
        guest.moved |= known.moved
        if self.overflow is not None and known.passed:
            self.overflow.remember(guest, known.passed)
            self.look()

    def _came_back(self, asking: Asking) -> None:
        """End the offer of an agent who did not answer, or never rang; who did not has a moment's rest."""
        guest = self._guests.get(asking.call_id)
        if guest is not None and guest.agent:
            late = self._clock.monotonic() - guest.moved_at > STALE
            if late or guest.agent == asking.offered:
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
        """Give turns to all for whom somebody is free, also to returns: no agent is given twice."""
        if not self.steady:
            return
        taken = self._resting.union(self._rings)
        free = [self._agent(number) for number in self._agents.free() if number not in taken]
        if free:
            callers = self._callers()
            line = (_on_line(caller) for caller in callers if not caller.parting)
            kept = self.returns(line, [each.number for each in free])
            free = [each for each in free if each.number not in kept]
            for turn in rules.turns(callers, free, self.expectations.sharing):
                self._give(turn)

    def _agent(self, number: str) -> Agent:
        return Agent(number, self._config.agents[number].skills, (self._given.get(number, 0),))

    def _callers(self) -> list[Caller]:
        return [guest.caller() for guest in self._guests.values()]

    def _give(self, turn: Turn) -> None:
        guest = self._guests[turn.call_id]
        self._given[turn.agent] = number = next(self._counter)
        self.rings(guest, turn.agent, number)
        events = told(turn, guest, self._clock.now(), self.key(turn.call_id))
        stored = self.store(*((turn.call_id, event) for event in events))
        stored.addCallbacks(lambda _: self._ring(guest, number), self._not_given, errbackArgs=(guest, number))

    def _ring(self, guest: Guest, turn: int) -> None:
        # A commit may take so long that the guest has asked again meanwhile, and has been given another turn.
        if self.steady and self._guests.get(guest.call_id) is guest and guest.turn == turn:
            guest.moved_at = self._clock.monotonic()
            self.line.ring(guest.call_id, guest.agent).addErrback(self._not_rung, guest)

    def _not_rung(self, failure: Failure, guest: Guest) -> None:
        # No answer says nothing: the next snapshot shows where the caller is.
        if failure.check(SwitchRefusedError):
            self.gone(guest.call_id)
        elif not failure.check(SwitchUnavailableError):
            log.error("turn_not_sent", call=guest.call_id, why=repr(failure.value))

    def _not_given(self, failure: Failure, guest: Guest, turn: int) -> None:
        if guest.turn == turn:
            self.end_offer(guest)
        self.not_stored(failure)

    def not_stored(self, failure: Failure) -> None:
        """Note that the store refused to write."""
        # Nobody is moved without a trace: while the store refuses, app_queue serves those who wait.
        if not self.faulty:
            log.error("waiting_room_closed", why=repr(failure.value))
        self.faulty = True

    def rings(self, guest: Guest, agent: str, turn: int = 0) -> None:
        """Note that an agent rings for a guest, by the turn of this number: they are offered nobody else."""
        guest.agent, guest.turn, guest.moved_at = agent, turn, self._clock.monotonic()
        self._rings[agent] = guest.call_id

    def rings_for(self, agent: str) -> bool:
        """Tell whether an agent rings for a guest, or is about to."""
        return agent in self._rings

    def end_offer(self, guest: Guest) -> None:
        """Note that no agent rings for a guest any more."""
        self._rings.pop(guest.agent, None)
        guest.agent, guest.turn = "", 0

    # Who comes and goes.

    def rung(self, call_id: str, agent: str) -> None:
        """Note that an agent rings for a caller; if the room sent them to nobody, app_queue serves them."""
        self.news.heard(call_id)
        guest = self._guests.get(call_id)
        if guest is not None and guest.agent != agent:
            self.leave(call_id)

    def connected(self, call_id: str, _agent: str) -> None:
        """Note that a caller hears an agent."""
        self.news.heard(call_id)
        guest = self.leave(call_id)
        if guest is not None:
            self.expectations.note(guest.queue, Answer(guest.since, self._clock.now()))

    def gone(self, call_id: str) -> None:
        """Note that a caller waits no more."""
        self.sent_away.discard(call_id)
        self.news.heard(call_id)
        if self.leave(call_id) is not None:
            self.look()

    def take_in(self, waited: Waited) -> Guest:
        """Let somebody wait."""
        self.leave(waited.call_id)
        guest = self._guests[waited.call_id] = Guest.of(waited, self._clock.monotonic())
        if self.overflow is not None:
            self.overflow.came(guest, waited.passed)
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

    def since(self, call_id: str) -> datetime | None:
        """Return when somebody who waits came; None for who does not wait."""
        guest = self._guests.get(call_id)
        return None if guest is None else guest.since

    def views(self) -> list[WaitingView]:
        """Return who waits, the next first."""
        return views(self._guests.values(), self.expectations)

    def key(self, what: str) -> str:
        """Return the key of an event that nothing tells twice."""
        return f"{what}:{self._life}:{next(self._counter)}"

    def store(self, *events: tuple[str | None, Happening]) -> Deferred[None]:
        """Commit events before what a caller waits for."""
        return self.commit(lambda connection: call_rows.append(connection, events))

    def commit(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Store what a caller waits for, then let it be known."""

        def tell(result: T) -> T:
            self._pulse.beat()
            return result

        return self._database.write(work, urgent=True).addCallback(tell)


def _on_line(caller: Caller) -> OnLine:
    """Return a caller as one beside whom returns have their turn."""
    return OnLine(caller.queue, caller.since, caller.priority, caller.call_id, caller.helpers, caller.ringing)
