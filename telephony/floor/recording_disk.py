"""The disk with this installation's recordings: recognised before anything is concluded from it."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from telephony.clock import Clock
from telephony.floor.vault import DiskError, Vault
from telephony.store import recordings as rows
from telephony.store.database import Database
from telephony.texts import say

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True)
class Disk:
    """The files in the vault, the rows of them in the store (`place`), and threads for work on files."""

    database: Database
    vault: Vault
    clock: Clock
    reactor: IReactorFromThreads
    place: str
    _threads: ThreadPool = field(default_factory=lambda: ThreadPool(0, 2, "recordings"))

    def start(self) -> None:
        """Start the threads that read and write files."""
        self._threads.start()

    def stop(self) -> None:
        """Finish the files at hand."""
        self._threads.stop()

    @inlineCallbacks
    def arrive(self) -> Generator[Deferred[Any], Any, None]:
        """Raise AwayError unless the disk is there, which bears the mark that the store knows."""
        known: str | None = yield self.database.read(partial(rows.disk, place=self.place))
        oldest = yield self.database.read(partial(rows.oldest, place=self.place, limit=20))
        mark: str = yield self.in_thread(self.vault.recognise, known, [row.name for row in oldest])
        if mark != known:
            log.info("recordings_disk_known", mark=mark)
            enter = partial(rows.disk_is, place=self.place, mark=mark, now=self.clock.now())
            yield self.database.write(enter)
        self.vault.expect(mark)

    @inlineCallbacks
    def in_thread(self, work: Callable[..., T], *args: Any) -> Generator[Deferred[Any], Any, T]:
        """Fire with what work on files returns; fails with what it raises, DiskError for an OSError."""
        try:
            result = yield deferToThreadPool(self.reactor, self._threads, work, *args)
        except OSError as error:
            raise DiskError(say("recording.disk", why=error.strerror or type(error).__name__)) from error
        return result  # type: ignore[no-any-return]  # what the thread returned
