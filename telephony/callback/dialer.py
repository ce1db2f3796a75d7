"""The dialer: reserve, commit, dial, gather evidence, judge. One engine for every campaign.

Commit, then act: RESERVED is committed, then DIALLING, and only then is the switch asked. What a call amounts
to is judged from stored evidence. The due times lie in the campaigns' tables; timers here only wake.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from telephony.callback.campaign import Campaign, Line, Order, nothing
from telephony.callback.channels import Channels
from telephony.callback.desk import ClockBehindError, Desk, Settings, Store, Times
from telephony.callback.live import LiveCall
from telephony.callback.witness import RETRY, WATCH, Witness
from telephony.clock import Delayed
from telephony.errors import EncodingRefusedError, SwitchRefusedError, SwitchUnavailableError
from telephony.rules.verdict import ENDS_WITHIN, RING_FLOOR, UNDIALABLE, Evidence, Kind
from telephony.store import attempts as attempt_rows
from telephony.store.attempts import Reservation
from telephony.store.outbound_tables import LIVE_STATES
from telephony.store.revisits import Tick

log = structlog.get_logger()
SEND_WITHIN = 5.0
"""Seconds after its commit in which a call is sent, or not at all: its latest end is stored."""
EARLIEST = 0.05
"""Seconds between two looks at the plan at least."""
DETERMINED = (SwitchRefusedError, EncodingRefusedError)
"""Answers to an order after which surely nothing rings."""


@dataclass(frozen=True)
class _Batch:
    reservations: Sequence[Reservation]
    wake_at: datetime | None
    asleep: str = ""


@dataclass(frozen=True)
class _Committed:
    """Calls that are 'dialling' in the store, and since when, in monotonic seconds."""

    attempts: frozenset[str]
    mono: float


class Dialer:
    """Places calls for its campaigns as long as there are channels, and settles them."""

    def __init__(  # noqa: PLR0913 - what bootstrap hands in, once
        self,
        campaigns: Sequence[Campaign],
        *,
        database: Store,
        line: Line,
        channels: Channels,
        times: Times,
        settings: Settings,
        desk: Desk,
        at_point: Callable[[str], None] = nothing,
    ) -> None:
        self.campaigns = {campaign.name: campaign for campaign in campaigns}
        self.database, self.line, self.channels = database, line, channels
        self.times, self.settings = times, settings
        self.desk, self._at_point = desk, at_point
        self.witness = Witness(
            self.campaigns,
            database=database,
            line=line,
            channels=channels,
            times=times,
            desk=desk,
            at_point=at_point,
        )
        self.witness.when_over = self._over
        self._ids = map(f"rv-{settings.epoch[:12]}-{{:08d}}".format, itertools.count(1))
        self._drained: Deferred[None] | None = None
        self._wake: Delayed | None = None
        self._wake_at: datetime | None = None
        self._limited = True
        """Whether more calls than channels may be due: then each free channel is used at once."""
        self._pumping = self._again = False
        self._uncertain = False
        """Whether reservations may have been committed of which we were not told."""
        self.open = False
        """Whether calls may be placed: the switch agrees with the store, and nobody has stopped us."""
        self.stopping = False
        self.asleep = ""
        """Why nothing is dialled although something may be due: a code of the catalogue, or nothing."""

    # Whom to call.

    def wake(self) -> None:
        """There may be something to do."""
        if self._pumping:
            self._again = True
        elif self.open and not self.stopping and self.line.is_up:
            self._pump()

    def wake_by(self, at: datetime | None) -> None:
        """There will be something to do at this time."""
        if at is None or (self._wake_at is not None and self._wake_at <= at):
            return
        if self._pumping or at <= self.times.now():
            self.wake()
        else:
            self._sleep_until(at)

    def _pump(self) -> None:
        self._sleep(None)
        self._limited = True
        slots = self.channels.slots(self.times.monotonic())
        if not slots:
            self._sleep(self.channels.next_slot(self.times.monotonic()))
            return
        self._pumping = True
        reserved = self.database.write(partial(self._reserve, slots=slots))
        reserved.addCallback(self._reserved, len(slots)).addErrback(self._not_reserved)
        reserved.addBoth(lambda _: self._pumped())

    def _pumped(self) -> None:
        self._pumping = False
        if self._again:
            self._again = False
            self.wake()

    def _sleep(self, seconds: float | None) -> None:
        if self._wake is not None and self._wake.active():
            self._wake.cancel()
        self._wake = self._wake_at = None
        if seconds is not None and not self.stopping:
            delay = min(max(seconds, EARLIEST), self.settings.longest_sleep)
            self._wake_at = self.times.now() + timedelta(seconds=delay)
            self._wake = self.times.timer.callLater(delay, self.wake)

    def _reserve(self, connection: sa.Connection, slots: Sequence[str]) -> _Batch:
        tick = self.times.tick()
        if self._uncertain:
            self._take_back_unknown(connection, tick)
        asleep = self.desk.look(connection, self.settings.epoch, tick.at)
        if asleep:
            return _Batch((), None, asleep)
        reservations: list[Reservation] = []
        for campaign in self.campaigns.values():
            free = slots[len(reservations) :]
            found = campaign.candidates(connection, tick, len(free)) if free else ()
            reserved = [
                Reservation(
                    each.attempt_id or next(self._ids),
                    campaign.name,
                    each.task_id,
                    each.number,
                    trunk,
                    each.window.day.isoformat(),
                    each.window.band,
                    each.start_by,
                )
                for each, trunk in zip(found, free, strict=False)
            ]
            if reserved:  # at once: the next campaign sees that this number is being called
                attempt_rows.reserve(connection, reserved, self.settings.epoch, tick.at)
            reservations += reserved
        times = [campaign.wake_at(connection, tick) for campaign in self.campaigns.values()]
        return _Batch(reservations, min((at for at in times if at is not None), default=None))

    def _reserved(self, batch: _Batch, wanted: int) -> Any:
        self.asleep, self._uncertain = batch.asleep, False
        self._limited = len(batch.reservations) == wanted
        if not batch.reservations:
            self._sleep_until(batch.wake_at)
            return None
        calls = []
        for each in batch.reservations:
            call = LiveCall(each, self.campaigns[each.campaign].guard)
            self.witness.join(call)
            calls.append(call)
        self.channels.spend(len(calls))
        self._at_point("after_reserved")
        if len(calls) < wanted:
            self._sleep_until(batch.wake_at)
        else:
            self._again = True
        return self._dial(calls)

    def _sleep_until(self, at: datetime | None) -> None:
        seconds = self.settings.longest_sleep if at is None else (at - self.times.now()).total_seconds()
        self._sleep(seconds)

    def _take_back_unknown(self, connection: sa.Connection, tick: Tick) -> None:
        """Take back our reservations that nobody knows of: their commit's answer was lost."""
        for row in attempt_rows.live_of(connection, [self.settings.epoch]):
            if row.state == "reserved" and row.id not in self.witness.live:
                attempt_rows.cancel(connection, [row.id])
                self.campaigns[row.campaign].let_go(connection, row.task_id, tick)

    def _not_reserved(self, failure: Failure) -> None:
        self._uncertain = True
        if failure.check(ClockBehindError):
            self.asleep = "clock_behind"
            self.database.write(partial(self.desk.clock_behind, now=self.times.now()))
        log.error("nothing_reserved", why=repr(failure.value), retry_seconds=RETRY)
        self._sleep(RETRY)

    # Commit, then dial.

    def _dial(self, calls: Sequence[LiveCall]) -> Deferred[None]:
        committed = self.database.write(partial(self._commit_dialling, calls=calls))
        return committed.addCallbacks(
            self._send, self._not_committed, callbackArgs=(calls,), errbackArgs=(calls,)
        )

    def _commit_dialling(self, connection: sa.Connection, calls: Sequence[LiveCall]) -> _Committed:
        tick = self.times.tick()
        sent: dict[str, Evidence] = {}
        for call in calls:
            within = call.guard + SEND_WITHIN
            latest_end = tick.at + timedelta(seconds=within)
            in_time = tick.at <= call.start_by
            if in_time and attempt_rows.dial(connection, call.attempt_id, tick.at, latest_end):
                data = {ENDS_WITHIN: within, RING_FLOOR: self.campaigns[call.campaign].ring_floor}
                sent[call.attempt_id] = Evidence(Kind.SENT, tick.at, Kind.SENT, tick.mono, tick.boot, data)
            else:
                self._take_back(connection, call, tick)
        attempt_rows.append(connection, sent.items())
        orders = [self._order(call) for call in calls if call.attempt_id in sent]
        self.desk.ledger.opened(connection, orders, tick.at)
        return _Committed(frozenset(sent), tick.mono)

    def _take_back(self, connection: sa.Connection, call: LiveCall, tick: Tick) -> bool:
        """Cancel a reservation; return False if 'dialling' was committed after all."""
        attempt_rows.cancel(connection, [call.attempt_id])
        row = attempt_rows.one(connection, call.attempt_id)
        if row is not None and row.state in LIVE_STATES:
            return False
        self.campaigns[call.campaign].let_go(connection, call.task_id, tick)
        return True

    def _send(self, committed: _Committed, calls: Sequence[LiveCall]) -> None:
        self._at_point("after_dialling_committed")
        for call in calls:
            if call.attempt_id not in committed.attempts:
                self.witness.forget(call)
                continue
            call.machine.dial()
            late = self.times.monotonic() - committed.mono > SEND_WITHIN
            if late or self.times.now() > call.start_by or self.stopping or not self.line.is_up:
                self.witness.note(call.attempt_id, Kind.NOT_SENT, self.times.now(), {})
            else:
                self._originate(call)

    def _originate(self, call: LiveCall) -> None:
        call.sent = True
        self.witness.watch(call, call.guard + WATCH)
        # What was written stays here until the reactor's next turn: only an answer shows that it has left.
        ordered = maybeDeferred(self.line.originate, self._order(call))
        ordered.addCallback(lambda _: self._at_point("after_originate_sent"))
        ordered.addErrback(self._order_failed, call)

    def _order(self, call: LiveCall) -> Order:
        entry = self.campaigns[call.campaign].entry
        return Order(call.attempt_id, call.task_id, entry, call.number, call.trunk, call.guard)

    def _order_failed(self, failure: Failure, call: LiveCall) -> None:
        if failure.check(*DETERMINED):
            why = {"why": UNDIALABLE} if failure.check(EncodingRefusedError) else {}
            self.witness.note(call.attempt_id, Kind.SWITCH_REFUSED, self.times.now(), why)
        elif not failure.check(SwitchUnavailableError):
            log.error("order_failed", attempt=call.attempt_id, why=repr(failure.value))

    def _not_committed(self, failure: Failure, calls: Sequence[LiveCall]) -> None:
        """No commit, no call: give the reservations back as soon as the store takes it."""
        log.error("nothing_dialled", why=repr(failure.value), retry_seconds=RETRY)

        def work(connection: sa.Connection) -> list[str]:
            tick = self.times.tick()
            return [call.attempt_id for call in calls if not self._take_back(connection, call, tick)]

        def again(_: Failure) -> None:
            self.times.timer.callLater(RETRY, self._not_committed, failure, calls)

        def forget(committed: list[str]) -> None:
            for call in calls:
                if call.attempt_id in committed:  # and nobody told us: nothing was sent
                    call.machine.dial()
                    self.witness.note(call.attempt_id, Kind.NOT_SENT, self.times.now(), {})
                else:
                    self.witness.forget(call)
            self.wake()

        self.database.write(work).addCallbacks(forget, again)

    # The end.

    def stop(self, seconds: float) -> Deferred[None]:
        """Reserve no more, wait at most `seconds` for calls under way; the next start finds what is left."""
        self.stopping = True
        self._sleep(None)
        self._drained = Deferred()
        deadline = self.times.timer.callLater(seconds, self._drained.callback, None)
        self._drained.addBoth(lambda _: deadline.cancel() if deadline.active() else None)
        drained = self._drained
        self._over(None)
        return drained

    def _over(self, next_at: datetime | None) -> None:
        if self._drained is not None and not self.witness.live and not self._drained.called:
            self._drained.callback(None)
        if self._limited:
            self.wake()
        else:
            self.wake_by(next_at)
