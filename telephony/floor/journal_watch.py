"""Reads the journal whenever the switch has written to it, until nothing is left."""

from pathlib import Path
from typing import Any

import structlog
from twisted.internet import inotify
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath

from telephony.clock import Timer
from telephony.floor.ledger import Ledger
from telephony.floor.pulse import Pulse

log = structlog.get_logger()
RETRY = 1.0
"""Seconds until the next try when the store refused (disk full, database away): nothing is lost meanwhile."""

REST = 0.05
"""Seconds between two readings: under load each then takes many records at once, which halves what a call
costs (docs/benchmarks.md); the first news after a quiet while is read at once."""


class JournalWatch:
    """One reading at a time; news that comes during one, or in the rest after it, starts another."""

    def __init__(self, ledger: Ledger, folder: Path, pulse: Pulse, timer: Timer) -> None:
        self._ledger, self._folder, self._pulse, self._timer = ledger, folder, pulse, timer
        self._notifier: Any = None
        self._busy = False
        self._again = False
        self.fault: str | None = None
        """Why the last reading failed, or None."""

    def start(self, reactor: Any) -> None:
        """Watch the folder and read what is there already."""
        self._notifier = inotify.INotify(reactor)
        self._notifier.startReading()
        mask = inotify.IN_MODIFY | inotify.IN_CREATE | inotify.IN_MOVED_TO
        self._notifier.watch(FilePath(str(self._folder)), mask, callbacks=[lambda *_: self.wake()])
        self.wake()

    def stop(self) -> None:
        """Watch no longer."""
        if self._notifier is not None:
            self._notifier.stopReading()

    def wake(self) -> None:
        """There may be news."""
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self._ledger.catch_up().addCallbacks(self._read, self._failed)

    def drained(self) -> Deferred[None]:
        """Return a Deferred that fires when all that is written by now has been read."""
        done: Deferred[None] = Deferred()

        def read(count: int) -> None:
            if count:
                self._pulse.beat()
                self._ledger.catch_up().addCallbacks(read, done.errback)
            else:
                done.callback(None)

        self._ledger.catch_up().addCallbacks(read, done.errback)
        return done

    def _read(self, count: int) -> None:
        self.fault = None
        if count:
            self._pulse.beat()
        if count or self._again:
            self._timer.callLater(REST, self._rested)
        else:
            self._busy = False

    def _failed(self, failure: Failure) -> None:
        self.fault = repr(failure.value)
        log.error("journal_not_stored", why=self.fault, retry_seconds=RETRY)
        self._timer.callLater(RETRY, self._rested)

    def _rested(self) -> None:
        self._busy = False
        self.wake()
