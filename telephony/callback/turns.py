"""Whose turn it is to be called back: the agent who is free is rung first, or the citizen, as configured.

Whoever gives turns to those on the line (the waiting room) gives these too, so that no agent is given twice.
What is decided here is lost with the service, and nothing with it: until the dialer has reserved the call the
return stays planned, from then on the attempt is in the store (callback/dialer.py).
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.callback.offers import House, Offer, Offers
from telephony.callback.returns import Ready
from telephony.clock import Delayed
from telephony.errors import (
    HotlineError,
    NotAllowedError,
    SwitchRefusedError,
    SwitchUnavailableError,
    UnknownThingError,
)
from telephony.rules.returns import OnLine, Owed, Share
from telephony.rules.returns import turns as turns_of
from telephony.store import ordered
from telephony.store import return_calls as rows
from telephony.texts import say

log = structlog.get_logger()
REST = 0.25
"""Seconds between two looks at the store at least."""
MOST = 200
"""Returns of one queue that stand in the line at once."""
FREE = frozenset({"ready", "paused", "wrap_up"})
"""States of an agent whom a person may have rung for a return."""


@dataclass(frozen=True)
class Plan:
    """How citizens are called back.

    `open_in` says whether by themselves in so many seconds, `share` which part of the agents' turns they may
    have now while somebody on the line waits for them.
    """

    agent_first: bool
    agent_seconds: float
    priority: int
    default_queue: str
    open_in: Callable[[float], bool]
    share: Callable[[], float]
    demo_number: str = ""
    """The demonstration's citizen, who is nobody's: called by itself at any hour (decision 0036)."""

    @property
    def open_now(self) -> bool:
        """Whether a turn may be given now: the citizen is rung once the agent has answered."""
        return self.open_in(0) and (not self.agent_first or self.open_in(self.agent_seconds))


@dataclass(frozen=True)
class _Seen:
    """What the store holds: how far the offers are, which are still wanted; who is due, who waits."""

    progress: Mapping[str, tuple[str | None, str | None]]
    wanted: frozenset[int]
    due: list[Any]
    line: list[OnLine]


class Turns:
    """The returns whose turn it is, or will be."""

    def __init__(self, house: House, plan: Plan, epoch: str) -> None:
        self._house, self._plan = house, plan
        self.offers = Offers(house, plan.agent_seconds)
        self.offers.when_over = self.look
        self._due: dict[int, sa.Row[Any]] = {}
        self._line: list[OnLine] = []
        self._saved: Mapping[str, float] = {}
        self._nth = itertools.count(1)
        self._epoch = epoch[:12]
        self._looking = self._again = False
        self._timer: Delayed | None = None
        self.allot: Callable[[], object] = lambda: None
        """Gives turns to all who wait, and asks `give` (telephony.floor.waiting_room.WaitingRoom.look)."""
        self.rings: Callable[[str], bool] = lambda _agent: False
        """Whether an agent is given to somebody on the line."""
        self.stopped = False

    def start(self) -> None:
        """Listen to the switch."""
        self._house.line.start(self.offers)

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
        offers = self.offers.all()
        read = partial(self._read, offers=offers, by_itself=self._plan.open_now)
        seen = self._house.database.read(read).addCallback(self._seen, offers)
        seen.addErrback(self._not_seen).addBoth(self._looked)

    def _read(self, connection: sa.Connection, offers: Mapping[int, Offer], *, by_itself: bool) -> _Seen:
        now = self._house.times.now()
        # In this order: a call that is reserved meanwhile has made its return one that is not to be called.
        found = rows.callable_now(connection, offers, now) if offers else ()
        wanted = frozenset(row.id for row in found)
        calls = [offer.attempt_id for offer in offers.values()]
        progress = rows.progress(connection, calls) if calls else {}
        if rows.paused(connection):
            return _Seen(progress, wanted, [], [])
        only = None if by_itself else self._plan.demo_number
        due = list(rows.due(connection, now, MOST, only))
        return _Seen(progress, wanted, due, rows.on_line(connection) if due else [])

    def _seen(self, seen: _Seen, offers: Mapping[int, Offer]) -> None:
        is_open = self._plan.open_in(0)
        for offer in offers.values():
            now = self.offers.all().get(offer.return_id)
            if now is not None and now.attempt_id == offer.attempt_id:
                wanted = offer.return_id in seen.wanted and (offer.by_person or is_open)
                self.offers.follow(now, *seen.progress.get(offer.attempt_id, (None, None)), wanted=wanted)
        self._due = {row.id: row for row in seen.due if row.id not in self.offers.all()}
        self._line = seen.line
        self.allot()

    def give(self, line: Iterable[OnLine], agents: Iterable[str]) -> frozenset[str]:
        """Give turns beside those on the line with agents who are free; return who is kept free for a return.

        What is due is as of the last look. Nobody is kept where the dialer would take no call now.
        """
        house = self._house
        if not self._due or self.stopped or not house.may_dial():
            return self.held
        here = list(line)
        known = {each.call_id for each in here}
        # Whom the switch serves without the room waits all the same.
        waiting = [each for each in here if not each.ringing]
        waiting += [each for each in self._line if each.call_id not in known]
        free = {
            agent: house.skills[agent] for agent in frozenset(agents) - self.held if agent in house.skills
        }
        due, demo = self._due.values(), self._plan.demo_number
        callable_now = due if self._plan.open_now else [row for row in due if row.number == demo]
        owed = [Owed(row.id, self._queue(row), row.since, row.priority or 0) for row in callable_now]
        found, share = turns_of(owed, waiting, free, Share(self._plan.share(), self._saved))
        self._saved = share.saved
        for turn in found:
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
        return self.offers.held

    # A turn.

    def take(self, return_id: int, agent: str) -> None:
        """Let a return have its turn with an agent."""
        row = self._due.pop(return_id, None)
        if row is not None:
            offered = self._offer(row, agent, agent_first=self._plan.agent_first)
            offered.addErrback(self._not_offered, return_id)

    def call(self, return_id: int, agent: str) -> Deferred[str]:
        """Let an agent call a citizen back now, whatever the hour; fires with the call's id.

        Raise UnknownThingError; NotAllowedError if the agent is in a call or given to somebody else, the
        return is closed or being called, or no channel is free. Fails as AMI does.
        """
        house = self._house
        if agent not in house.skills:
            raise UnknownThingError(say("agent.unknown", number=agent))
        self._check(return_id, agent)
        now = house.times.now()

        def offer(row: sa.Row[Any]) -> Deferred[str]:
            self._check(return_id, agent)  # somebody else may have got the agent meanwhile
            return self._offer(row, agent, agent_first=True, by_person=True)

        called = house.database.write(lambda c: rows.call_now(c, return_id, now), urgent=True)
        return called.addCallback(offer)

    def _check(self, return_id: int, agent: str) -> None:
        busy = self._house.agents.one(agent).state not in FREE or self.rings(agent)
        if busy or agent in self.held:
            raise NotAllowedError(say("threeway.agent_busy", number=agent))
        if return_id in self.offers.all():
            raise NotAllowedError(say("return.in_a_call", id=return_id))
        if not self._house.may_dial():
            raise NotAllowedError(say("revisit.no_channel"))

    def _offer(
        self, row: sa.Row[Any], agent: str, *, agent_first: bool, by_person: bool = False
    ) -> Deferred[str]:
        nth, mono = next(self._nth), self._house.times.monotonic()
        attempt_id = f"rv-{self._epoch}-8{nth:07d}.1"
        # Asterisk names a bridge after the leg whose id has the smallest number: that is the citizen's.
        leg_id = f"ra-{self._epoch}-9{nth:07d}.1" if agent_first else ""
        since = (row.since or row.opened_at).timestamp()
        # The demo's citizen is nobody's, and is called at any hour (0036).
        any_hour = by_person or row.number == self._plan.demo_number
        offer = Offer(row.id, attempt_id, agent, self._queue(row), since, mono, leg_id, by_person=any_hour)
        self.offers.keep(offer)
        entered = self._house.database.write(partial(self._enter, row=row, offer=offer), urgent=True)
        return entered.addCallbacks(
            self._entered, self._not_entered, callbackArgs=(offer,), errbackArgs=(offer,)
        )

    def _enter(self, connection: sa.Connection, row: sa.Row[Any], offer: Offer) -> bool:
        """Commit, then act: the ledger knows of the call and of the agent's leg before the switch does."""
        now = self._house.times.now()
        if not rows.callable_now(connection, [row.id], now):
            return False
        rows.offered(connection, row, offer.attempt_id, offer.agent, now)
        if offer.leg_id:
            rows.enter(connection, offer.attempt_id, row.number, now, self._house.worker)
            ordered.order(connection, offer.leg_id, offer.attempt_id, "agent", offer.agent, now)
        return True

    def _entered(self, still: bool, offer: Offer) -> Any:
        kept = self.offers.all().get(offer.return_id) is offer
        if not still or not kept:
            self.offers.close(offer)
            if kept:
                self.offers.drop(offer)
            raise NotAllowedError(say("return.in_a_call", id=offer.return_id))
        self._house.tell()
        if offer.leg_id:
            return self.offers.ring(offer)
        self._house.wake()
        return offer.attempt_id

    def _not_entered(self, failure: Failure, offer: Offer) -> Failure:
        self.offers.drop(offer)
        return failure

    def _not_offered(self, failure: Failure, return_id: int) -> None:
        quiet = failure.check(HotlineError, SwitchRefusedError, SwitchUnavailableError)
        (log.info if quiet else log.error)("return_not_offered", task=return_id, why=repr(failure.value))

    # What the dialer asks.

    def ready(self) -> Mapping[int, Ready]:
        """Return those that may be dialled now (telephony.callback.returns.Returns.ready)."""
        return {
            offer.return_id: Ready(offer.return_id, offer.attempt_id, by_person=offer.by_person)
            for offer in self.offers.all().values()
            if offer.may_dial
        }

    def words(self, return_id: int) -> Mapping[str, str]:
        """Return what extensions.d/47-returns.conf is told of a return's call."""
        offer = self.offers.all().get(return_id)
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
