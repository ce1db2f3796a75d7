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
from telephony.callback.live import LiveCall
from telephony.rules.verdict import Kind
from telephony.store import attempts as attempt_rows
from telephony.store import workers as worker_rows
from telephony.store.attempts import Reservation
from telephony.store.revisits import Tick

log = structlog.get_logger()
SILENT = timedelta(minutes=2)
"""After so long without a sign of life another worker's calls are settled without it."""
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
        """Show that this worker lives, and settle calls of workers that do not; called by the ticker."""

        def work(connection: sa.Connection) -> list[Any]:
            now = self._times.now()
            worker_rows.alive(connection, self._settings.epoch, now)
            epochs = worker_rows.silent(connection, now - SILENT)
            gone = attempt_rows.live_of(connection, epochs) if epochs else []
            return [row for row in gone if (row.latest_end_at or row.reserved_at) < now - SILENT]

        def settle(gone: list[Any]) -> None:
            for row in gone:
                log.warning("attempt_of_a_silent_worker", attempt=row.id)
                self._take_up(row, frozenset(), None, None)

        return self._dialer.database.write(work).addCallback(settle)

    def _take_stock(
        self, connection: sa.Connection, living: Mapping[str, str]
    ) -> list[tuple[Any, frozenset[str], datetime | None]]:
        """Take back what was never sent; return the rest with its stored evidence."""
        tick = self._times.tick()
        epochs = worker_rows.epochs_of(connection, self._settings.worker)
        rows = attempt_rows.live_of(connection, epochs)
        dead = [row for row in rows if row.state == "reserved" and row.epoch != self._settings.epoch]
        self._take_back(connection, dead, tick)
        sent = [row for row in rows if row.state != "reserved"]
        attempt_rows.adopt(connection, [row.id for row in sent if row.id in living], self._settings.epoch)
        told = attempt_rows.told(connection, [row.id for row in sent]).of
        gone = [row.id for row in sent if row.id not in living]
        answered = {attempt_id: self._answered(connection, attempt_id) for attempt_id in gone}
        return [(row, frozenset(each.kind for each in told[row.id]), answered.get(row.id)) for row in sent]

    def _take_back(self, connection: sa.Connection, rows: list[Any], tick: Tick) -> None:
        attempt_rows.cancel(connection, [row.id for row in rows])
        for row in rows:
            if row.campaign in self._dialer.campaigns:
                self._dialer.campaigns[row.campaign].let_go(connection, row.task_id, tick)

    def _take_up(
        self, row: Any, seen: frozenset[str], answered_at: datetime | None, state: str | None
    ) -> None:
        witness, now = self._dialer.witness, self._times.now()
        call = witness.live.get(row.id) or self._restored(row, seen)
        if state is not None:
            witness.note(row.id, Kind.ADOPTED, now, {"state": state})
            kind = {"Ringing": Kind.ALERTING, "Up": Kind.UP}.get(state)
            if kind is not None and kind not in call.seen:
                witness.note(row.id, kind, now, {"status": state.upper()})
            witness.watch(call, call.guard)
            return
        if answered_at is not None and not call.is_answered:
            witness.note(row.id, Kind.UP, answered_at, {})
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
