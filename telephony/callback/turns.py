"""Whose turn it is to be called back: the agent who is free is rung first, or the citizen, as configured.

What is decided here is lost with the service, and nothing with it: until the dialer has reserved the call the
return stays planned, from then on the attempt is in the store (callback/dialer.py).
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.callback.desk import Store, Times
from telephony.callback.returns import Ready
from telephony.clock import Delayed
from telephony.errors import (
    HotlineError,
    NotAllowedError,
    SwitchRefusedError,
    SwitchUnavailableError,
    UnknownThingError,
)
from telephony.rules.returns import OnLine, Owed
from telephony.rules.returns import turns as turns_of
from telephony.store import ordered
from telephony.store import return_calls as rows
from telephony.texts import say

log = structlog.get_logger()
REST = 0.25
"""Seconds between two looks at the store at least."""
MOST = 200
"""Returns that stand in the line at once."""
UNDIALLED = 15.0
"""Seconds after which an agent who waits for a call that is not placed is let go."""
FREE = frozenset({"ready", "paused", "wrap_up"})
"""States of an agent whom a person may have rung for a return."""
LIVE = frozenset({"reserved", "dialling", "ringing"})
NO_AGENT = "no_agent"


class AgentState(Protocol):
    """An agent as far as this needs one."""

    @property
    def state(self) -> str:
        """Return the state's name."""
        ...


class Agents(Protocol):
    """The roster, which another feature keeps (telephony.floor.roster.Roster)."""

    def one(self, number: str) -> AgentState:
        """Return one agent; raise UnknownThingError."""
        ...

    @property
    def ready_agents(self) -> frozenset[str]:
        """Return who would ring now."""
        ...

    def offered(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that an agent's phone rings."""
        ...

    def connected(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that an agent is in a call."""
        ...

    def ring_ended(self, number: str, leg_id: str, *, withdrawn: bool) -> None:
        """Note that a ring was not answered."""
        ...


class AgentLine(Protocol):
    """The switch, as far as agents are rung (telephony.pbx.agent_ring.AgentRing)."""

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""
        ...

    def start(self, listener: Any) -> None:
        """Tell of the legs."""
        ...

    def ring(self, leg_id: str, agent: str, seconds: float) -> Deferred[Any]:
        """Ring an agent."""
        ...

    def tell_not_reached(self, leg_id: str) -> Deferred[Any]:
        """Let an agent go who waits, with a word."""
        ...

    def living(self) -> Deferred[Any]:
        """Return every live channel by its id."""
        ...


@dataclass(frozen=True)
class House:
    """What bootstrap hands in: `may_dial` says whether the dialer would take a call now."""

    database: Store
    line: AgentLine
    agents: Agents
    times: Times
    skills: Mapping[str, Mapping[str, int]]
    tell: Callable[[], None]
    wake: Callable[[], None]
    may_dial: Callable[[], bool]


@dataclass(frozen=True)
class Plan:
    """How citizens are called back: `open_now` says whether by themselves, now."""

    agent_first: bool
    agent_seconds: float
    priority: int
    default_queue: str
    open_now: Callable[[], bool]


@dataclass(frozen=True)
class Offer:
    """It is a return's turn; `leg_id` where the agent is rung first, `channel` once that one has answered."""

    return_id: int
    attempt_id: str
    agent: str
    queue: str
    since: float
    made: float
    leg_id: str = ""
    channel: str = ""
    held: bool = True
    """Whether the agent is kept free of other callers for it."""

    @property
    def may_dial(self) -> bool:
        """Whether the citizen may be rung."""
        return bool(self.channel) or not self.leg_id


class Turns:
    """The returns whose turn it is, or will be."""

    def __init__(self, house: House, plan: Plan, epoch: str) -> None:
        self._house, self._plan = house, plan
        self._due: dict[int, sa.Row[Any]] = {}
        self._offers: Mapping[int, Offer] = {}
        """Replaced whole: the dialer reads it in another thread."""
        self._nth = itertools.count(1)
        self._epoch = epoch[:12]
        self._looking = self._again = False
        self._timer: Delayed | None = None
        self.stopped = False

    def start(self) -> None:
        """Listen to the switch."""
        self._house.line.start(self)

    def stop(self) -> None:
        """Offer no more."""
        self.stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # Who stands in the line.

    def look(self) -> None:
        """Look at the store: something may be due, or over; called at each news and by the ticker."""
        if self.stopped:
            return
        if self._looking or (self._timer is not None and self._timer.active()):
            self._again = True
            return
        self._looking, self._again = True, False
        offers = self._offers
        calls = [offer.attempt_id for offer in offers.values()]
        by_itself = self._plan.open_now()
        read = partial(self._read, calls=calls, by_itself=by_itself)
        self._house.database.read(read).addCallbacks(self._seen, self._not_seen).addBoth(self._looked)

    def _read(
        self, connection: sa.Connection, calls: list[str], *, by_itself: bool
    ) -> tuple[dict[str, tuple[str | None, str | None]], list[Any], list[OnLine]]:
        progress = rows.progress(connection, calls) if calls else {}
        if not by_itself or rows.paused(connection):
            return progress, [], []
        due = list(rows.due(connection, self._house.times.now(), MOST))
        line = rows.on_line(connection) if due else []
        return progress, due, line

    def _seen(self, seen: tuple[dict[str, tuple[str | None, str | None]], list[Any], list[OnLine]]) -> None:
        progress, due, line = seen
        for offer in list(self._offers.values()):
            self._follow(offer, *progress.get(offer.attempt_id, (None, None)))
        self._due = {row.id: row for row in due if row.id not in self._offers}
        self._choose(line)

    def _choose(self, line: list[OnLine]) -> None:
        """Give turns to those for whom an agent is left over by all who have waited longer."""
        self.give(line, self._house.agents.ready_agents)

    def give(self, line: Iterable[OnLine], agents: Iterable[str]) -> frozenset[str]:
        """Give turns beside those on the line with agents who are free; return who is kept free for a return.

        What is due is as of the last look. Nobody is kept where the dialer would take no call now.
        """
        house = self._house
        if not self._due or self.stopped or not house.may_dial() or not self._plan.open_now():
            return self.held
        free = {
            agent: house.skills[agent] for agent in frozenset(agents) - self.held if agent in house.skills
        }
        owed = [Owed(row.id, self._queue(row), row.since, row.priority or 0) for row in self._due.values()]
        for turn in turns_of(owed, line, free):
            if house.may_dial():
                self.take(turn.return_id, turn.agent)
        return self.held

    def _not_seen(self, failure: Failure) -> None:
        log.error("returns_not_read", why=repr(failure.value))

    def _looked(self, _: Any) -> None:
        self._looking = False
        self._timer = self._house.times.timer.callLater(REST, self._rested)

    def _rested(self) -> None:
        if self._again:
            self.look()

    def _queue(self, row: sa.Row[Any]) -> str:
        return row.queue or self._plan.default_queue

    @property
    def held(self) -> frozenset[str]:
        """Return the agents who are kept free of other callers for a return."""
        return frozenset(offer.agent for offer in self._offers.values() if offer.held)

    # A turn.

    def take(self, return_id: int, agent: str) -> None:
        """Let a return have its turn with an agent."""
        row = self._due.pop(return_id, None)
        if row is not None:
            self._offer(row, agent, agent_first=self._plan.agent_first).addErrback(
                self._not_offered, return_id
            )

    def call(self, return_id: int, agent: str) -> Deferred[str]:
        """Let an agent call a citizen back now, whatever the hour; fires with the call's id.

        Raise UnknownThingError; NotAllowedError if the agent is in a call, the return is closed or being
        called, or no channel is free. Fails as AMI does.
        """
        house = self._house
        if agent not in house.skills:
            raise UnknownThingError(say("agent.unknown", number=agent))
        if house.agents.one(agent).state not in FREE or agent in self.held:
            raise NotAllowedError(say("threeway.agent_busy", number=agent))
        if return_id in self._offers:
            raise NotAllowedError(say("return.in_a_call", id=return_id))
        if not house.may_dial():
            raise NotAllowedError(say("revisit.no_channel"))
        now = house.times.now()

        def offer(row: sa.Row[Any]) -> Deferred[str]:
            return self._offer(row, agent, agent_first=True)

        return house.database.write(lambda c: rows.call_now(c, return_id, now), urgent=True).addCallback(
            offer
        )

    def _offer(self, row: sa.Row[Any], agent: str, *, agent_first: bool) -> Deferred[str]:
        nth, mono = next(self._nth), self._house.times.monotonic()
        attempt_id = f"rv-{self._epoch}-8{nth:07d}.1"
        # Asterisk names a bridge after the leg whose id has the smallest number: that is the citizen's.
        leg_id = f"ra-{self._epoch}-9{nth:07d}.1" if agent_first else ""
        since = (row.since or row.opened_at).timestamp()
        offer = Offer(row.id, attempt_id, agent, self._queue(row), since, mono, leg_id)
        self._keep(offer)
        entered = self._house.database.write(partial(self._enter, row=row, offer=offer), urgent=True)
        return entered.addCallback(self._entered, offer)

    def _enter(self, connection: sa.Connection, row: sa.Row[Any], offer: Offer) -> bool:
        """Commit, then act: the ledger knows of the call and of the agent's leg before the switch does."""
        now = self._house.times.now()
        if not rows.callable_now(connection, [row.id]):
            return False
        rows.offered(connection, row, offer.attempt_id, offer.agent, now)
        if offer.leg_id:
            rows.enter(connection, offer.attempt_id, row.number, now)
            ordered.order(connection, offer.leg_id, offer.attempt_id, "agent", offer.agent, now)
        return True

    def _entered(self, still: bool, offer: Offer) -> Any:
        if not still:
            self._drop(offer)
            raise NotAllowedError(say("return.in_a_call", id=offer.return_id))
        self._house.tell()
        if not offer.leg_id:
            self._house.wake()
            return offer.attempt_id
        rung = self._house.line.ring(offer.leg_id, offer.agent, self._plan.agent_seconds)
        return rung.addCallbacks(lambda _: offer.attempt_id, self._not_rung, errbackArgs=(offer,))

    def _not_rung(self, failure: Failure, offer: Offer) -> Failure:
        # Without an answer it may ring all the same: then nobody is dialled, and the dialplan ends the wait.
        self._drop(offer)
        self._close(offer)
        return failure

    def _not_offered(self, failure: Failure, return_id: int) -> None:
        quiet = failure.check(HotlineError, SwitchRefusedError, SwitchUnavailableError)
        (log.info if quiet else log.error)("return_not_offered", task=return_id, why=repr(failure.value))

    # What becomes of it.

    def ready(self) -> Mapping[int, Ready]:
        """Return those that may be dialled now (telephony.callback.returns.Returns.ready)."""
        return {
            offer.return_id: Ready(offer.return_id, offer.attempt_id)
            for offer in self._offers.values()
            if offer.may_dial
        }

    def words(self, return_id: int) -> Mapping[str, str]:
        """Return what extensions.d/47-returns.conf is told of a return's call."""
        offer = self._offers.get(return_id)
        told = {"HOTLINE_RETURN_PRIORITY": str(self._plan.priority)}
        if offer is None:
            return told
        return {
            **told,
            "HOTLINE_RETURN_AGENT": offer.channel,
            "HOTLINE_RETURN_PREFERRED": offer.agent,
            "HOTLINE_RETURN_QUEUE": offer.queue,
            "HOTLINE_SINCE": f"{offer.since:.6f}",
        }

    def alerted(self, leg_id: str) -> None:
        """Note that an agent's phone rings (telephony.pbx.agent_ring.Listener)."""
        offer = self._of(leg_id)
        if offer is not None:
            self._house.agents.offered(offer.agent, offer.attempt_id, leg_id)

    def up(self, leg_id: str, channel: str) -> None:
        """Note that an agent has answered: the citizen is rung."""
        offer = self._of(leg_id)
        if offer is not None and not offer.channel:
            self._house.agents.connected(offer.agent, offer.attempt_id, leg_id)
            self._keep(replace(offer, channel=channel, made=self._house.times.monotonic()))
            self._house.wake()

    def gone(self, leg_id: str) -> None:
        """Note that an agent's leg is over; who never answered is asked no more for now."""
        offer = self._of(leg_id)
        if offer is None:
            return
        self._drop(offer)
        if not offer.channel:
            self._house.agents.ring_ended(offer.agent, leg_id, withdrawn=False)
            self._close(offer)
        self.look()

    def _follow(self, offer: Offer, attempt: str | None, call: str | None) -> None:
        """Go on with a turn: its attempt and its call are in these states, None if there is none."""
        waited = self._house.times.monotonic() - offer.made
        if attempt is None:
            if offer.may_dial and waited > UNDIALLED:
                self._end(offer)
        elif attempt not in LIVE:
            self._end(offer)
        elif not offer.leg_id and call not in {None, "dialling"}:
            self._keep(replace(offer, held=False))

    def _end(self, offer: Offer) -> None:
        self._drop(offer)
        if offer.channel:
            # Who talked has hung up by now, or is being hung up: then there is nobody to tell.
            self._house.line.tell_not_reached(offer.leg_id).addErrback(lambda _: None)
            self._close(offer)

    def _close(self, offer: Offer) -> None:
        """Close the ledger's row of a call that was entered and perhaps never placed."""
        now = self._house.times.now()
        work = partial(rows.close_unplaced, call_id=offer.attempt_id, outcome=NO_AGENT, now=now)
        self._house.database.write(work).addErrback(self._not_seen)

    # After a start.

    def agree(self) -> Deferred[None]:
        """Let agents go who wait for a call of an earlier life that nobody places any more."""
        return self._house.line.living().addCallback(self._let_go)

    def _let_go(self, living: Mapping[str, Any]) -> Deferred[None]:
        known = {offer.leg_id for offer in self._offers.values()}
        alone = [
            leg for leg, channel in living.items()
            if leg.startswith("ra-") and leg not in known and channel.call_id == leg and channel.state == "Up"
        ]  # fmt: skip

        def tell(places: Mapping[str, Any]) -> None:
            for leg in alone:
                if leg not in places or places[leg][0] not in living:
                    self._house.line.tell_not_reached(leg).addErrback(lambda _: None)

        return self._house.database.read(lambda c: ordered.places(c, alone)).addCallback(tell)

    def _of(self, leg_id: str) -> Offer | None:
        return next((offer for offer in self._offers.values() if offer.leg_id == leg_id), None)

    def _keep(self, offer: Offer) -> None:
        self._offers = {**self._offers, offer.return_id: offer}

    def _drop(self, offer: Offer) -> None:
        self._offers = {key: each for key, each in self._offers.items() if key != offer.return_id}
