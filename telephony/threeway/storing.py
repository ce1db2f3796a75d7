"""Stores what changes in conversations: of each one transaction after the other, in the order of the changes.

What the store refuses is kept and tried again each second, with whatever has come to it meanwhile: the switch
has seen it happen, and must be told what follows. So an older change is never written over a newer one.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Delayed, Timer

T = TypeVar("T")
Work = Callable[[sa.Connection], None]
RETRY = 1.0
"""Seconds until the next try when the store refused (disk full, database away)."""
log = structlog.get_logger()


class Store(Protocol):
    """The database (telephony.store.database.Database)."""

    def read(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run work that only reads."""
        ...

    def write(self, work: Callable[[sa.Connection], T], *, urgent: bool = False) -> Deferred[T]:
        """Run work in a transaction; fires after the commit."""
        ...


class Storing:
    """`done` is called with a conversation's id after each of its commits."""

    def __init__(self, database: Store, timer: Timer, done: Callable[[int], None]) -> None:
        self._database, self._timer, self._done = database, timer, done
        self._kept: dict[int, list[Work]] = {}
        self._waiting: dict[int, list[Deferred[None]]] = {}
        self._busy: set[int] = set()
        self._retry: Delayed | None = None

    def store(self, reference: int, work: Work) -> Deferred[None]:
        """Store a change of a conversation; fires after the commit, fails as the store does: it is kept."""
        stored: Deferred[None] = Deferred()
        self._kept.setdefault(reference, []).append(work)
        self._waiting.setdefault(reference, []).append(stored)
        self._write(reference)
        return stored

    def holds(self, reference: int) -> bool:
        """Tell whether something of a conversation is not stored yet."""
        return reference in self._kept

    def stop(self) -> None:
        """Try nothing again."""
        if self._retry is not None and self._retry.active():
            self._retry.cancel()

    def _write(self, reference: int) -> None:
        if reference in self._busy:
            return  # the end of that one goes on with this
        works, waiting = list(self._kept[reference]), self._waiting.pop(reference, [])
        self._busy.add(reference)

        def write(connection: sa.Connection) -> None:
            for work in works:
                work(connection)

        def stored(_: None) -> None:
            self._busy.discard(reference)
            self._stored(reference, len(works))
            for each in waiting:
                each.callback(None)

        def refused(failure: Failure) -> None:
            self._busy.discard(reference)
            log.error("threeway_not_stored", id=reference, why=repr(failure.value))
            self._try_later()
            for each in waiting:
                each.errback(failure)

        self._database.write(write, urgent=True).addCallbacks(stored, refused)

    def _stored(self, reference: int, count: int) -> None:
        del self._kept[reference][:count]
        if self._kept[reference]:
            self._write(reference)
        else:
            del self._kept[reference]
        self._done(reference)

    def _try_later(self) -> None:
        if self._retry is None:
            self._retry = self._timer.callLater(RETRY, self._again)

    def _again(self) -> None:
        self._retry = None
        for reference in list(self._kept):
            self._write(reference)
