"""The one way to the database: short functions of a connection, run in threads, each a transaction."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from telephony.errors import BusyError
from telephony.texts import say

T = TypeVar("T")
READERS = 4
REPORTS_WAITING = 3
"""Reports that may wait for the one that is under way."""
RETRY_REPORT = 30
"""Seconds after which a report may be asked for again that was one too many."""
REPORT_CACHE_KB = 65536
BATCH = 256
CONNECT_SECONDS = 5
SILENCE_SECONDS = 15
"""Until a PostgreSQL that has vanished from the network is given up; the kernel alone waits for hours."""
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON")
_PATIENCE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 1000 * SILENCE_SECONDS,
}


class _Job(Generic[T]):
    def __init__(self, work: Callable[[sa.Connection], T]) -> None:
        self.work = work
        self.done: Deferred[T] = Deferred()
        self.result: T | Failure | None = None


class Database:
    """SQLite or PostgreSQL by URL.

    All writes go through one thread, in the order in which they were asked for, but urgent ones first;
    those that wait together share one commit. So a flood of calls costs few commits, two writes never
    race, and event ids appear in order. If one of them fails, all are undone and done again, each behind
    a savepoint of its own, so that it takes no other with it: what is asked for may run twice.
    """

    def __init__(self, url: str, reactor: IReactorFromThreads) -> None:
        self.engine = engine_of(url)
        # Of their own: four reports at once would take every reader, and calls would wait for their answers.
        self._for_reports = engine_of(url, connections=1, cache_kb=REPORT_CACHE_KB)
        self._reactor = reactor
        self._waiting: deque[_Job[Any]] = deque()
        self._urgent: deque[_Job[Any]] = deque()
        self._lock = Lock()
        self._writing = False
        self._writer = ThreadPool(1, 1, "store-writer")
        self._readers = ThreadPool(1, READERS, "store-reader")
        self._reporter = ThreadPool(1, 1, "store-report")
        self._reports = 0

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        self._readers.start()
        self._reporter.start()

    def stop(self) -> None:
        """Finish what was asked for, then end the threads and close connections."""
        self._writer.stop()
        self._readers.stop()
        self._reporter.stop()
        self.engine.dispose()
        self._for_reports.dispose()

    def write(self, work: Callable[[sa.Connection], T], *, urgent: bool = False) -> Deferred[T]:
        """Run `work` in a transaction; the Deferred fires in the reactor after the commit.

        Urgent is what a caller waits for: it goes before all that only has to be written some time.
        """
        job = _Job(work)
        with self._lock:
            (self._urgent if urgent else self._waiting).append(job)
            wake = not self._writing
            self._writing = True
        if wake:
            self._writer.callInThread(self._drain)
        return job.done

    def read(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run `work`, which only reads, in another thread."""
        return deferToThreadPool(self._reactor, self._readers, self._read, self.engine, work)

    def report(self, work: Callable[[sa.Connection], T]) -> Deferred[T]:
        """Run `work`, which only reads and may take long, in the one thread of reports.

        Asked in the reactor. Some wait their turn; one too many fails with BusyError.
        """
        if self._reports > REPORTS_WAITING:
            return fail(BusyError(say("report.busy", seconds=RETRY_REPORT), RETRY_REPORT))
        self._reports += 1
        done = deferToThreadPool(self._reactor, self._reporter, self._read, self._for_reports, work)
        return done.addBoth(self._reported)

    def _reported(self, result: T) -> T:
        self._reports -= 1
        return result

    @staticmethod
    def _read(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
        with engine.connect() as connection:
            return work(connection)

    def _drain(self) -> None:
        while True:
            with self._lock:
                queue = self._urgent or self._waiting
                batch = [queue.popleft() for _ in range(min(BATCH, len(queue)))]
                if not batch:
                    self._writing = False
                    return
            self._commit(batch)
            self._reactor.callFromThread(_tell, batch)

    def _commit(self, batch: list[_Job[Any]]) -> None:
        try:
            if not self._together(batch):
                with transaction(self.engine) as connection:
                    for job in batch:
                        job.result = _guarded(connection, job.work)
        except Exception:  # noqa: BLE001 - whatever the commit's fault is, every waiter must hear of it
            fault = Failure()
            for job in batch:
                job.result = fault

    def _together(self, batch: list[_Job[Any]]) -> bool:
        """Do everything in one transaction; if a part of it fails, undo it all and return False."""
        with self.engine.connect().execution_options(immediate=True) as connection:
            undoing = connection.begin()
            try:
                for job in batch:
                    job.result = job.work(connection)
            except Exception:  # noqa: BLE001 - comes again, and is told to the one who asked, in the second try
                undoing.rollback()
                return False
            undoing.commit()
            return True


def _guarded(connection: sa.Connection, work: Callable[[sa.Connection], T]) -> T | Failure:
    savepoint = connection.begin_nested()
    try:
        result = work(connection)
    except Exception:  # noqa: BLE001 - goes to the one who asked; the others in the batch are not touched
        fault = Failure()
        savepoint.rollback()
        return fault
    savepoint.commit()
    return result


def _tell(batch: list[_Job[Any]]) -> None:
    for job in batch:
        if isinstance(job.result, Failure):
            job.done.errback(job.result)
        else:
            job.done.callback(job.result)


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose work is committed at the end, or rolled back by an exception.

    On SQLite the write lock is taken at the start (BEGIN IMMEDIATE): with the default, reading
    and then writing loses updates.
    """
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        yield connection


def url_of(setting: str, var: Path) -> str:
    """Return the URL for the setting `database` of hotline.yaml."""
    return f"sqlite:///{var}/hotline.db" if setting == "sqlite" else setting


def engine_of(url: str, connections: int = READERS + 1, cache_kb: int = 2000) -> sa.Engine:
    """Return an engine with our transaction rules; the size of SQLite's cache is a connection's."""
    # hide_parameters: the text of an error goes to logs, and what callers said about themselves does not.
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url, pool_size=connections, pool_pre_ping=True, hide_parameters=True, connect_args=_PATIENCE
        )
    engine = sa.create_engine(url, pool_size=connections, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # SQLAlchemy says BEGIN itself, below
        for pragma in (*_PRAGMAS, f"cache_size=-{cache_kb}"):
            dbapi.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
