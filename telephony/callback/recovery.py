"""After a start, and whenever the switch is reached again: what was under way is adopted, or judged.

A reservation of an earlier epoch was never sent and is taken back. A call that the switch still has is
adopted. Of one that is gone, only what was stored counts, and an answer that the switch's journal proves;
the rest of it is unknown, and the unknown never counts as unanswered.
"""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, inlineCallbacks

from telephony.callback.dialer import Dialer
from telephony.callback.live import RINGS, LiveCall, kinds_of
from telephony.callback.witness import GRACE
from telephony.rules.verdict import Kind
from telephony.store import attempts as attempt_rows
from telephony.store import workers as worker_rows
from telephony.store.attempts import Reservation
from telephony.store.revisits import Tick

log = structlog.get_logger()
SILENT = timedelta(minutes=2)
"""After so long without a sign of life another worker's calls are settled without it."""
_Found = tuple[Any, frozenset[str], datetime | None]
"""An attempt's row, the kinds of its stored evidence, and when the journal says that it was answered."""
Answered = Callable[[sa.Connection, str], datetime | None]
"""Asks the ledger, which reads the switch's journal, when a call was answered."""


class Recovery:
    """Brings the dialer and the switch into agreement."""

    def __init__(self, dialer: Dialer, answered: Answered) -> None:
        self._dialer, self._answered = dialer, answered
        self._settings, self._times = dialer.settings, dialer.times
        self._settling = False

    def begin(self) -> Deferred[None]:
        """Register this epoch and take up the stored tasks; nothing is dialled yet."""

        def work(connection: sa.Connection) -> None:
            tick = self._times.tick()
            worker_rows.register(connection, self._settings.epoch, self._settings.worker, tick.at)
            for campaign in self._dialer.campaigns.values():
                campaign.begin(connection, tick)

        return self._dialer.database.write(work)

    @inlineCallbacks
    def settle(self) -> Generator[Deferred[Any], Any, None]:
        """Adopt or judge every call of this worker that has no verdict, then let the dialer dial."""
        if self._settling:
            return
        self._settling = True
        try:
            yield from self._settle()
        finally:
            self._settling = False

    def _settle(self) -> Generator[Deferred[Any], Any, None]:
        self._dialer.open = False
        living: Mapping[str, str] = yield self._dialer.line.living()
        found = yield self._dialer.database.write(partial(self._take_stock, living=living))
        for row, seen, answered_at in found:
            self._take_up(row, seen, answered_at, living.get(row.id))
        self._dialer.open = True
        self._dialer.wake()

    def alive(self) -> Deferred[None]:
        """Show that this worker lives, end what needs no call, settle calls of workers that are silent.

        Called by the ticker, whether or not anything can be dialled: a deadline passes all the same. What is
        left of this worker's own earlier lives waits for the switch and its journal (`settle`).
        """

        def work(connection: sa.Connection) -> list[_Found]:
            tick = self._times.tick()
            worker_rows.alive(connection, self._settings.epoch, tick.at)
            for campaign in self._dialer.campaigns.values():
                campaign.look_after(connection, tick)
            return self._of_the_silent(connection, tick)

        def settle(gone: list[_Found]) -> None:
            for row, seen, answered_at in gone:
                log.warning("attempt_of_a_silent_worker", attempt=row.id)
                self._take_up(row, seen, answered_at, None)

        return self._dialer.database.write(work).addCallback(settle)

    def _of_the_silent(self, connection: sa.Connection, tick: Tick) -> list[_Found]:
        """Take back what silent workers never sent; return the rest that must be over by now."""
        epochs = worker_rows.silent(connection, tick.at - SILENT, self._settings.worker)
        rows = attempt_rows.live_of(connection, epochs) if epochs else []
        over = [row for row in rows if (row.latest_end_at or row.reserved_at) < tick.at - SILENT]
        self._take_back(connection, [row for row in over if row.state == "reserved"], tick)
        return self._known(connection, [row for row in over if row.state != "reserved"])

    def _take_stock(self, connection: sa.Connection, living: Mapping[str, str]) -> list[_Found]:
        """Take back what was never sent; return the rest with its stored evidence."""
        tick = self._times.tick()
        epochs = worker_rows.epochs_of(connection, self._settings.worker)
        rows = attempt_rows.live_of(connection, epochs)
        dead = [row for row in rows if row.state == "reserved" and row.epoch != self._settings.epoch]
        self._take_back(connection, dead, tick)
        sent = [row for row in rows if row.state != "reserved"]
        attempt_rows.adopt(connection, [row.id for row in sent if row.id in living], self._settings.epoch)
        return self._known(connection, sent)

    def _known(self, connection: sa.Connection, rows: list[Any]) -> list[_Found]:
        """Return attempts with the kinds of their stored evidence and an answer that the journal proves."""
        told = attempt_rows.told(connection, [row.id for row in rows]).of
        return [(row, frozenset(kinds_of(told[row.id])), self._answered(connection, row.id)) for row in rows]

    def _take_back(self, connection: sa.Connection, rows: list[Any], tick: Tick) -> None:
        attempt_rows.cancel(connection, [row.id for row in rows])
        for row in rows:
            if row.campaign in self._dialer.campaigns:
                self._dialer.campaigns[row.campaign].let_go(connection, row.task_id, tick)

    def _take_up(
        self, row: Any, seen: frozenset[str], answered_at: datetime | None, state: str | None
    ) -> None:
        witness, now = self._dialer.witness, self._times.now()
        ours = witness.live.get(row.id)
        call = ours or self._restored(row, seen)
        if state is not None:
            witness.note(row.id, Kind.ADOPTED, now, {"state": state})
            if state == "Ringing" and RINGS not in call.seen:  # early media may be an announcement
                witness.note(row.id, Kind.ALERTING, now, {"status": "RINGING"})
            elif state == "Up" and not call.is_answered:
                witness.note(row.id, Kind.UP, now, {})
            witness.watch(call, call.guard)
            return
        if answered_at is not None and not call.is_answered:
            witness.note(row.id, Kind.UP, answered_at, {})
        if ours is not None and not call.is_over:
            # The order may be younger than the list of channels: the switch is asked once more.
            witness.watch(call, GRACE)
            return
        if Kind.HANGUP not in call.seen or not call.is_released:
            witness.note(row.id, Kind.UNWITNESSED, now, {})
        else:
            witness.settle(call)

    def _restored(self, row: Any, seen: frozenset[str]) -> LiveCall:
        campaign = self._dialer.campaigns[row.campaign]
        reserved = Reservation(
            row.id, row.campaign, row.task_id, row.number, row.trunk, row.day, row.band, row.latest_end_at
        )
        call = LiveCall(reserved, campaign.guard)
        call.machine.dial()
        for kind in seen:
            call.saw(kind)
        self._dialer.witness.take_up(call)
        return call
