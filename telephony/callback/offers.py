"""The returns whose turn it is: the agent who is rung or kept free for each, and what becomes of that.

One book says which agents are promised to a return (`held`); the waiting room, which gives turns, asks it.
An agent's leg whose end nobody told us of is looked for in the switch.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from telephony.callback.desk import Store, Times
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.store import ordered
from telephony.store import return_calls as rows

log = structlog.get_logger()
UNDIALLED = 15.0
"""Seconds after which an agent who waits for a call that is not placed is let go."""
FRESH = 2.0
"""Seconds for which a leg that was just ordered may be missing from the list of channels."""
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

    def hang_up(self, leg_id: str) -> Deferred[Any]:
        """Ring an agent no more."""
        ...

    def tell_not_reached(self, leg_id: str) -> Deferred[Any]:
        """Let an agent go who waits, with a word."""
        ...

    def living(self) -> Deferred[Any]:
        """Return every live channel by its id."""
        ...


@dataclass(frozen=True)
class House:
    """What bootstrap hands in: `may_dial` says whether the dialer would take a call now.

    `worker` names this installation.
    """

    database: Store
    line: AgentLine
    agents: Agents
    times: Times
    skills: Mapping[str, Mapping[str, int]]
    tell: Callable[[], None]
    wake: Callable[[], None]
    may_dial: Callable[[], bool]
    worker: str = ""


@dataclass(frozen=True)
class Offer:
    """It is a return's turn; `leg_id` where the agent is rung first, `channel` once that one has answered.

    `ordered` is when the switch was asked to ring the agent, `made` when it last went on, by the monotonic
    clock. `over`: nothing is to come of it, the agent's phone is only to stop ringing.
    """

    return_id: int
    attempt_id: str
    agent: str
    queue: str
    since: float
    made: float
    leg_id: str = ""
    channel: str = ""
    ordered: float | None = None
    held: bool = True
    """Whether the agent is kept free of other callers for it."""
    by_person: bool = False
    over: bool = False

    @property
    def may_dial(self) -> bool:
        """Whether the citizen may be rung."""
        return not self.over and (bool(self.channel) or not self.leg_id)


class Offers:
    """The offers under way; `seconds` is how long an agent's phone rings."""

    def __init__(self, house: House, seconds: float) -> None:
        self._house, self._seconds = house, seconds
        self._offers: Mapping[int, Offer] = {}
        """Replaced whole: the dialer reads it in another thread."""
        self._asking = False
        self.when_over: Callable[[], None] = lambda: None
        """Called when an agent's leg is over."""

    def all(self) -> Mapping[int, Offer]:
        """Return them by the return's id; from any thread."""
        return self._offers

    @property
    def held(self) -> frozenset[str]:
        """Return the agents who are kept free of other callers for a return."""
        return frozenset(offer.agent for offer in self._offers.values() if offer.held)

    def calls_of_legs(self) -> dict[str, str]:
        """Return the call of each agent's leg, which is a call of its own to the switch until joined."""
        return {each.leg_id: each.attempt_id for each in self._offers.values() if each.leg_id}

    def keep(self, offer: Offer) -> None:
        """Note an offer, or how it goes on."""
        self._offers = {**self._offers, offer.return_id: offer}

    def drop(self, offer: Offer) -> None:
        """Note that an offer is no more."""
        self._offers = {key: each for key, each in self._offers.items() if key != offer.return_id}

    def ring(self, offer: Offer) -> Deferred[str]:
        """Ring the agent of an offer that is stored; fires with the call's id. Fails as AMI does."""
        self.keep(replace(offer, ordered=self._house.times.monotonic()))
        rung = maybeDeferred(self._house.line.ring, offer.leg_id, offer.agent, self._seconds)
        return rung.addCallbacks(lambda _: offer.attempt_id, self._not_rung, errbackArgs=(offer,))

    def _not_rung(self, failure: Failure, offer: Offer) -> Failure:
        # Without an answer it may ring all the same: events tell, or the switch is asked (`follow`, `agree`).
        if not failure.check(SwitchUnavailableError):
            self.drop(offer)
            self.close(offer)
        return failure

    # What the switch tells (telephony.pbx.agent_ring.Listener).

    def alerted(self, leg_id: str) -> None:
        """Note that an agent's phone rings."""
        offer = self._of(leg_id)
        if offer is not None:
            self._house.agents.offered(offer.agent, offer.attempt_id, leg_id)

    def up(self, leg_id: str, channel: str) -> None:
        """Note that an agent has answered: the citizen is rung."""
        offer = self._of(leg_id)
        if offer is None or offer.channel:
            return
        self._house.agents.connected(offer.agent, offer.attempt_id, leg_id)
        answered = replace(offer, channel=channel, made=self._house.times.monotonic())
        self.keep(answered)
        if offer.over:
            self.end(answered)
        else:
            self._house.wake()

    def gone(self, leg_id: str) -> None:
        """Note that an agent's leg is over; who never answered is asked no more for now."""
        offer = self._of(leg_id)
        if offer is not None:
            self._over(offer, withdrawn=offer.over)

    def _over(self, offer: Offer, *, withdrawn: bool) -> None:
        self.drop(offer)
        if not offer.channel:
            self._house.agents.ring_ended(offer.agent, offer.leg_id, withdrawn=withdrawn)
            self.close(offer)
        self.when_over()

    # What becomes of it.

    def follow(self, offer: Offer, attempt: str | None, call: str | None, *, wanted: bool) -> None:
        """Go on with an offer: its attempt and its call are in these states, None if there is none.

        `wanted`: the citizen is still to be called, as long as there is no attempt.
        """
        waited = self._house.times.monotonic() - offer.made
        if attempt is None:
            if not wanted or (offer.may_dial and waited > UNDIALLED):
                self.end(offer)
        elif attempt not in LIVE:
            self.end(offer)
        elif not offer.leg_id and call not in {None, "dialling"}:
            self.keep(replace(offer, held=False))
        if offer.leg_id and not offer.channel and waited > self._seconds + UNDIALLED:
            self._ask()

    def end(self, offer: Offer) -> None:
        """Let nothing more come of an offer."""
        rings = bool(offer.leg_id) and not offer.channel and offer.ordered is not None
        if not rings:
            self.drop(offer)
        elif not offer.over:
            # Until the switch has told that it rings no more, nobody else gets the agent.
            self.keep(replace(offer, over=True))
            self._house.line.hang_up(offer.leg_id).addErrback(self._not_hung_up, offer)
        if offer.channel:
            # Who talked has hung up by now, or is being hung up: then there is nobody to tell.
            self._house.line.tell_not_reached(offer.leg_id).addErrback(lambda _: None)
            self.close(offer)

    def _not_hung_up(self, failure: Failure, offer: Offer) -> None:
        if failure.check(SwitchRefusedError):
            self._ask()  # there is no such leg, or not yet
        elif not failure.check(SwitchUnavailableError):
            log.error("return_ring_not_ended", task=offer.return_id, why=repr(failure.value))

    def close(self, offer: Offer) -> None:
        """Close the ledger's row of a call that was entered and perhaps never placed."""
        now = self._house.times.now()
        work = partial(rows.close_unplaced, call_id=offer.attempt_id, outcome=NO_AGENT, now=now)
        self._house.database.write(work).addErrback(
            lambda failure: log.error("return_not_closed", why=repr(failure.value))
        )

    # What the switch holds.

    def _ask(self) -> None:
        def asked(_: Any) -> None:
            self._asking = False

        if not self._asking:
            self._asking = True
            # It is asked again as long as there is doubt.
            self.agree().addErrback(lambda _: None).addBoth(asked)

    def agree(self) -> Deferred[None]:
        """Settle with the switch what it may not have told: after each reconnect, and where in doubt.

        Agents who wait for a call of an earlier life that nobody places any more are let go.
        """
        old = self._house.times.monotonic() - FRESH
        mine = [each for each in self._offers.values() if each.ordered is not None and each.ordered <= old]
        return self._house.line.living().addCallback(self._agreed, mine)

    def _agreed(self, living: Mapping[str, Any], mine: Iterable[Offer]) -> Deferred[None]:
        for each in mine:
            offer, channel = self._of(each.leg_id), living.get(each.leg_id)
            if offer is None:
                continue
            if channel is None:
                self._over(offer, withdrawn=True)
            elif channel.state == "Up":
                self.up(offer.leg_id, channel.name)
            elif offer.over:
                self._house.line.hang_up(offer.leg_id).addErrback(lambda _: None)
        return self._let_go(living)

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
        return next((each for each in self._offers.values() if leg_id and each.leg_id == leg_id), None)
