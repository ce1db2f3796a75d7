"""Brings what the switch reports to the agents and the ledger, and settles after a restart of either side."""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from telephony.clock import Clock
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.journal_watch import JournalWatch
from telephony.floor.ledger import Ledger
from telephony.floor.mirror import QueueMirror
from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.snapshot import Channel
from telephony.rules.call_story import ORDERED, Happening

log = structlog.get_logger()


class SwitchWatch:
    """Listens to AMI for as long as the service lives."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        ami: AMIClient,
        roster: Roster,
        mirror: QueueMirror,
        ledger: Ledger,
        journal: JournalWatch,
        clock: Clock,
        pulse: Pulse,
    ) -> None:
        self._ami, self._roster, self._mirror = ami, roster, mirror
        self._ledger, self._journal, self._clock, self._pulse = ledger, journal, clock, pulse
        self._booted_at: datetime | None = None
        self._lost_at: datetime | None = None
        self._living: frozenset[str] = frozenset()
        self._swept_at: datetime | None = None
        self._settling, self._again = 0, False
        self.when_settled: Callable[[], None] = lambda: None
        """Called each time the switch agrees with the store again; the journal has been read by then."""
        self.when_seen: Callable[[list[Channel], float], object] = lambda _, _asked: None
        """Called with every snapshot of the live channels, and when it was asked for by the monotonic clock;
        by then the agents agree with it."""
        self.calls_of_legs: Callable[[], Mapping[str, str]] = dict
        """Asked for the calls of channels that were added to them, by the channels' ids."""
        self.settled = False
        """Whether members, agents and calls agree with the switch since it came up last."""

    def start(self) -> None:
        """Subscribe to what matters; connecting is the client's own business."""
        self._ami.subscribe(["FullyBooted"], self._booted)
        self._ami.subscribe(["AgentCalled"], self._offered)
        self._ami.subscribe(["AgentConnect"], self._connected)
        self._ami.subscribe(["DialEnd"], self._dial_ended)
        self._ami.subscribe(["Hangup"], self._hangup)
        self._ami.subscribe(["Hold", "Unhold"], self._hold)
        self._ami.subscribe(["DeviceStateChange"], self._device)
        self._ami.on_up(lambda: _logged(self.settle(), "settle"))
        self._ami.on_down(self._down)

    @inlineCallbacks
    def settle(self) -> Generator[Deferred[Any], Any, None]:
        """Bring into line what differs: members, states of agents, calls that died."""
        self._settling += 1
        try:
            yield from self._settle()
        finally:
            self._settling -= 1
        if self._again and not self._settling:
            self._again = False
            yield self.sweep()

    def _settle(self) -> Generator[Deferred[Any], Any, None]:
        members = self._mirror.learn((yield self._ami.list_action("QueueStatus")))
        phones: dict[str, str] = yield snapshot.phones(self._ami)
        for number, state in phones.items():
            self._roster.phone(number, state)
        # The channels last: an event that came after this list must not be undone by it.
        asked = self._clock.monotonic()
        live: list[Channel] = yield snapshot.channels(self._ami)
        self._roster.reconcile(_of_agents(live, self.calls_of_legs()), members)
        self.when_seen(live, asked)
        yield self._journal.drained()
        if self._booted_at is not None:
            died_at = min(self._lost_at or self._booted_at, self._booted_at)
            yield self._bury(_living(live), self._booted_at, died_at)
        self.settled = True
        self.when_settled()
        self._pulse.beat()

    @inlineCallbacks
    def sweep(self) -> Generator[Deferred[Any], Any, None]:
        """End calls that two snapshots in a row know nothing of; called by the ticker.

        While it is being settled, the switch is looked at after that.
        """
        self._again = bool(self._settling)
        if not self._ami.is_up or self._settling:
            return
        if not self.settled:  # it failed half way, such as without its database, and no reconnect will come
            yield self.settle()
            return
        now, asked = self._clock.now(), self._clock.monotonic()
        live: list[Channel] = yield snapshot.channels(self._ami)
        self.when_seen(live, asked)
        living = _living(live)
        yield self._journal.drained()
        if self._swept_at is not None:
            yield self._bury(living | self._living, self._swept_at, now)
        self._living, self._swept_at = living, now

    def _bury(self, living: frozenset[str], before: datetime, died_at: datetime) -> Deferred[None]:
        def tell(dead: list[str]) -> None:
            if dead:
                log.warning("calls_interrupted", calls=dead)
                self._pulse.beat()

        return self._ledger.bury(living, before, died_at).addCallback(tell)

    def _booted(self, message: Message) -> None:
        uptime = int(message.get("Uptime") or 0)
        # The switch cuts off fractions, so this is up to a second late; a call of that second which the new
        # switch took and ended is in the journal, which is read before anything is called dead.
        self._booted_at = self._clock.now() - timedelta(seconds=uptime)

    def _down(self) -> None:
        self.settled, self._swept_at, self._lost_at = False, None, self._clock.now()

    def _offered(self, message: Message) -> None:
        self._roster.offered(_agent(message), message.get("Linkedid"), message.get("DestUniqueid"))

    def _connected(self, message: Message) -> None:
        self._roster.connected(_agent(message), message.get("Linkedid"), message.get("DestUniqueid"))

    def _dial_ended(self, message: Message) -> None:
        # Not AgentRingNoAnswer: app_queue says that of a caller who went away as well. The first DialEnd of
        # a ring tells them apart; leg ids keep the second one (always CANCEL) from being taken for news.
        status, leg_id = message.get("DialStatus"), message.get("DestUniqueid")
        # Of a ring that we ordered it says NOANSWER as well if we took it back: who ordered it knows.
        if status != "ANSWER" and not leg_id.startswith(ORDERED):
            agent = snapshot.endpoint_of(message.get("DestChannel"))
            self._roster.ring_ended(agent, leg_id, withdrawn=status == "CANCEL")

    def _hangup(self, message: Message) -> None:
        self._roster.leg_ended(snapshot.endpoint_of(message.get("Channel")), message.get("Uniqueid"))

    def _hold(self, message: Message) -> None:
        kind = "held" if message.name == "Hold" else "resumed"
        call_id, leg_id = message.get("Linkedid"), message.get("Uniqueid")
        stamp = message.get("Timestamp")
        endpoint = snapshot.endpoint_of(message.get("Channel"))
        happening = Happening(self._clock.now(), kind, f"{leg_id}:{kind}:{stamp}", endpoint, {})
        _logged(self._ledger.note(call_id, happening).addCallback(lambda _: self._pulse.beat()), "hold")

    def _device(self, message: Message) -> None:
        found = snapshot.phone(message.get("Device"), message.get("State"))
        if found is not None:
            self._roster.phone(*found)


def _agent(message: Message) -> str:
    return message.get("Interface").removeprefix(TECHNOLOGY)


def _of_agents(live: list[Channel], added: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    # A channel that began its call itself is no citizen's call: the agent dialled a feature code.
    calls = {c: added.get(c.leg_id, c.call_id) for c in live}
    return {c.endpoint: (c.state, call_id, c.leg_id) for c, call_id in calls.items() if c.leg_id != call_id}


def _living(live: list[Channel]) -> frozenset[str]:
    # Legs as well: one that we ordered, such as a unit's, has an id of its own as its call's.
    return frozenset(each for channel in live for each in (channel.call_id, channel.leg_id))


def _logged(work: Deferred[Any], what: str) -> None:
    def failed(failure: Failure) -> None:
        # Lost in the middle: the next reconnect begins again, or the next sweep.
        quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
        (log.warning if quiet else log.error)("switch_work_failed", what=what, why=repr(failure.value))

    work.addErrback(failed)
