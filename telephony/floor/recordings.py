"""Recordings after the call: sealed, heard by people who say why, deleted when they are old enough.

Commit, then act: the row says first that a file is sealed or deleted, then what is no longer wanted goes.
So a crash leaves at worst a file too many, which the next look removes, and never a row that claims one
which has gone. While the disk with the recordings is away, nothing is concluded from that.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from telephony.clock import SHANGHAI, Clock
from telephony.errors import HotlineError, NotAllowedError
from telephony.floor.health import Component
from telephony.floor.vault import DamagedError, DiskError, MissingError, Sealed, Vault
from telephony.rules.retention import REASON, cutoffs
from telephony.store import recordings as rows
from telephony.store.database import Database
from telephony.store.recordings import DAMAGED, MISSING, OPEN, RULES, Row, Who
from telephony.texts import say

log = structlog.get_logger()
T = TypeVar("T")
BATCH = 200
UNCLOSED = timedelta(seconds=60)
"""After a leg's end: a file still without an end is one that the switch died over, or holds no sound."""
LOOK_AGAIN = timedelta(minutes=10)
"""Until a file that was missing, or could not be sealed, is looked for again."""
MOST_AT_ONCE = 2000
"""Deleted by one command at most: it answers in time, and may be given again."""
UNREADABLE = "unreadable"
"""A finding that is told and not kept: whether the file is whole nobody knows."""
BY_AGE = Who(RULES, RULES, "keep_days")


@dataclass(frozen=True)
class Sound:
    """A recording that somebody hears: its number, bytes in all, and the bytes themselves."""

    recording_id: int
    size: int
    pieces: Generator[bytes]


@dataclass(frozen=True)
class Expired:
    """What age has come to: recordings due, deleted now, and kept by a legal hold."""

    due: int
    deleted: int
    held: int


@dataclass(frozen=True)
class Checked:
    """What was found wrong with one recording: missing, damaged, or unreadable as its disk failed."""

    id: int
    call_id: str
    finding: str


class Recordings:
    """The recordings on this installation's disk (`place`); `tell` wakes who waits for events."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        reactor: IReactorFromThreads,
        place: str,
        keep_days: dict[str, int],
        tell: Callable[[], None],
    ) -> None:
        self._database, self._vault, self._clock = database, vault, clock
        self._reactor, self._place, self._tell = reactor, place, tell
        self._keep_days = keep_days
        self._threads = ThreadPool(0, 2, "recordings")
        self._busy = self._stopped = False
        self._expired_on: date | None = None
        self._fault = self._trouble = ""
        self._trouble_until = clock.now()

    def start(self) -> None:
        """Start the threads that read and write files."""
        self._threads.start()

    def stop(self) -> None:
        """Finish the file at hand and begin none."""
        self._stopped = True
        self._threads.stop()

    def health(self) -> Component:
        """Say whether recordings can be sealed and heard, and why not."""
        return Component(not self._fault, self._fault or say("health.recordings"))

    def tick(self) -> None:
        """Look after the recordings, unless that is being done already; errors are told by `health`."""
        if not self._busy and not self._stopped:
            self._busy = True
            self.look().addCallbacks(self._done, self._not_done)

    def reason_recorded(self, name: str, call_id: str) -> Deferred[None]:
        """Enter a reason that was spoken in a survey; `name` is its file's below the recordings."""
        begun = rows.Noted(name, call_id, call_id, REASON, self._clock.now())
        return self._database.write(partial(rows.note, place=self._place, begun=[begun]))

    @inlineCallbacks
    def look(self) -> Generator[Deferred[Any], Any, None]:
        """Remove what is to go, seal what is closed, and once a day delete what is old enough.

        A step that fails holds up none of the others; the first fault is told when all have been tried.
        """
        yield self._arrive()
        fault: HotlineError | None = None
        for step in (self._unlink, self._seal_closed, self._expire_daily):
            try:
                yield step()
            except HotlineError as error:
                log.warning("recordings_step_failed", step=step.__name__, why=repr(error))
                fault = fault or error
        if fault is not None:
            raise fault

    @inlineCallbacks
    def _expire_daily(self) -> Generator[Deferred[Any], Any, None]:
        today = self._clock.now().astimezone(SHANGHAI).date()
        if self._expired_on != today:
            while (yield self._expire(BY_AGE)) == BATCH and not self._stopped:
                pass
            self._expired_on = today

    def hear(self, recording_id: int, what: Literal["play", "export"], who: Who) -> Deferred[Sound]:
        """Give the sound once the access is stored.

        Fails with UnknownThingError; NotAllowedError: not this person, deleted, still being recorded,
        missing, damaged; AwayError or KeyFaultError.
        """
        return self._hear(recording_id, what, who)

    @inlineCallbacks
    def _hear(
        self, recording_id: int, what: Literal["play", "export"], who: Who
    ) -> Generator[Deferred[Any], Any, Sound]:
        row = yield self._database.read(
            partial(self._hearable, recording_id=recording_id, what=what, who=who)
        )
        finding = yield self._check(row)
        if finding is not None:
            key = "recording.missing" if finding == MISSING else "recording.damaged"
            raise NotAllowedError(say(key, name=row.name))
        size = row.size if row.size is not None else (yield self._in_thread(self._measure, row.name))
        enter = partial(rows.accessed, row=row, what=what, who=who, now=self._clock.now())
        yield self._database.write(enter, urgent=True)
        self._tell()
        return Sound(row.id, size, self._vault.sound(row.name, row.key_id))

    @inlineCallbacks
    def expire(self, who: Who, *, dry_run: bool) -> Generator[Deferred[Any], Any, Expired]:
        """Delete at once what is old enough, MOST_AT_ONCE at most, or only count it. Fails with AwayError."""
        now, deleted = self._clock.now(), 0
        yield self._arrive()
        count = partial(rows.count_due, place=self._place, cutoffs=cutoffs(now, self._keep_days), now=now)
        due, held = yield self._database.read(count)
        while not dry_run and deleted < MOST_AT_ONCE:
            more = yield self._expire(who)
            deleted += more
            if more < BATCH:
                break
        return Expired(due, deleted, held)

    @inlineCallbacks
    def verify(self, after: int, limit: int) -> Generator[Deferred[Any], Any, tuple[list[Checked], int, int]]:
        """Look at the next recordings whole.

        Fires with what is wrong, how many were seen, and the last's number. Those that are being recorded are
        only looked for. Fails with AwayError or KeyFaultError.
        """
        yield self._arrive()
        found = partial(rows.after, place=self._place, recording_id=after, limit=limit)
        batch = yield self._database.read(found)
        wrong = []
        for row in batch:
            try:
                finding = yield self._check(row)
            except DiskError as error:  # this one: the others are looked at all the same
                log.warning("recording_not_read", recording=row.id, name=row.name, why=repr(error))
                finding = UNREADABLE
            if finding is not None:
                wrong.append(Checked(row.id, row.call_id, finding))
        return wrong, len(batch), batch[-1].id if batch else after

    @inlineCallbacks
    def strangers(self, day: date) -> Generator[Deferred[Any], Any, list[str]]:
        """Return the files of a day that no row knows; fails with AwayError."""
        yield self._arrive()
        there = yield self._in_thread(self._vault.names, day.isoformat())
        known = yield self._database.read(partial(rows.names_of_day, place=self._place, day=day))
        return sorted(there - known)

    @inlineCallbacks
    def _arrive(self) -> Generator[Deferred[Any], Any, None]:
        """Raise AwayError unless the disk is there, which bears the mark that the store knows."""
        known: str | None = yield self._database.read(partial(rows.disk, place=self._place))
        oldest = yield self._database.read(partial(rows.oldest, place=self._place, limit=20))
        mark: str = yield self._in_thread(self._vault.recognise, known, [row.name for row in oldest])
        if mark != known:
            log.info("recordings_disk_known", mark=mark)
            enter = partial(rows.disk_is, place=self._place, mark=mark, now=self._clock.now())
            yield self._database.write(enter)
        self._vault.expect(mark)

    def _hearable(
        self, connection: sa.Connection, recording_id: int, what: Literal["play", "export"], who: Who
    ) -> Row:
        row = rows.present(connection, recording_id)
        if what == "export" and who.role == "agent":
            raise NotAllowedError(say("recording.supervisors"))
        rows.may(connection, row, who)
        if row.place not in {self._place, ""}:
            raise NotAllowedError(say("recording.elsewhere", id=row.id))
        if row.state == OPEN and row.kind != REASON and not rows.ended(connection, row):
            raise NotAllowedError(say("recording.goes_on", id=row.id))
        return row

    @inlineCallbacks
    def _check(self, row: Row) -> Generator[Deferred[Any], Any, str | None]:
        """Return what is wrong with a file, and store it. Fails with AwayError, KeyFaultError."""
        finding = yield self._in_thread(self._look_at, row)
        if finding != row.finding or row.state != OPEN:
            now = self._clock.now()
            yield self._database.write(partial(rows.found, recording_id=row.id, finding=finding, now=now))
        if finding is not None and finding != row.finding:
            log.error("recording_not_whole", recording=row.id, finding=finding)
        return finding  # type: ignore[no-any-return]  # what a thread returned

    def _look_at(self, row: Row) -> str | None:
        try:
            if row.state == OPEN:
                next(self._vault.sound(row.name, None), b"")
            else:
                self._vault.check(row.name, Sealed(row.size, row.sha256, row.key_id))
        except MissingError:
            return MISSING
        except DamagedError:
            return DAMAGED
        return None

    def _measure(self, name: str) -> int:
        return sum(map(len, self._vault.sound(name, None)))

    @inlineCallbacks
    def _seal_closed(self) -> Generator[Deferred[Any], Any, None]:
        now = self._clock.now()
        closed = partial(rows.to_seal, place=self._place, again=now - LOOK_AGAIN, limit=BATCH)
        for row in (yield self._database.read(closed)):
            if self._stopped:
                return
            try:
                sealed = yield self._in_thread(self._seal, row, now)
            except (MissingError, DamagedError, DiskError) as error:
                yield self._put_off(row, error, now)
                continue
            if sealed is not None:
                yield self._sealed(row, sealed)

    @inlineCallbacks
    def _put_off(self, row: Row, error: HotlineError, now: datetime) -> Generator[Deferred[Any], Any, None]:
        """Go on with the others: one file that cannot be sealed holds up none of them."""
        if not isinstance(error, MissingError):  # that is told by the list of recordings
            self._troubled(str(error), now)
        log.warning("recording_not_sealed", recording=row.id, name=row.name, why=repr(error))
        finding = MISSING if isinstance(error, MissingError) else row.finding
        yield self._database.write(partial(rows.found, recording_id=row.id, finding=finding, now=now))

    def _troubled(self, why: str, now: datetime) -> None:
        self._trouble, self._trouble_until = why, now + LOOK_AGAIN

    def _seal(self, row: Row, now: datetime) -> Sealed | None:
        late = row.leg_ended_at is not None and now - row.leg_ended_at > UNCLOSED
        return self._vault.seal(row.name) if late or self._vault.is_closed(row.name) else None

    @inlineCallbacks
    def _sealed(self, row: Row, sealed: Sealed) -> Generator[Deferred[Any], Any, None]:
        work = partial(rows.seal, row=row, sealed=vars(sealed), now=self._clock.now())
        yield self._database.write(work)
        self._tell()
        if sealed.key_id is not None:
            yield self._unlink()

    @inlineCallbacks
    def _expire(self, who: Who) -> Generator[Deferred[Any], Any, int]:
        now = self._clock.now()
        limits = cutoffs(now, self._keep_days)
        work = partial(rows.expire, place=self._place, cutoffs=limits, who=who, now=now, limit=BATCH)
        deleted = yield self._database.write(work)
        if deleted:
            log.info("recordings_deleted", count=deleted, by=who.by)
            self._tell()
            yield self._unlink()
        return deleted  # type: ignore[no-any-return]  # what the store returned

    @inlineCallbacks
    def _unlink(self) -> Generator[Deferred[Any], Any, None]:
        """Remove files that the store has given up; a disk that is away keeps them on the list."""
        seen = 0
        while batch := (
            yield self._database.read(
                partial(rows.to_unlink, place=self._place, recording_id=seen, limit=BATCH)
            )
        ):
            gone = yield self._in_thread(self._remove, batch)
            yield self._database.write(partial(rows.unlinked, ids=gone))
            seen = batch[-1].id  # what did not go is tried again at the next look

    def _remove(self, batch: list[Row]) -> list[int]:
        gone = []
        for row in batch:
            try:
                self._vault.forget(row.name) if row.state == rows.DELETED else self._vault.forget_plain(
                    row.name
                )
            except MissingError:
                log.exception("recording_sealed_and_gone", recording=row.id, name=row.name)
            except (DiskError, OSError) as error:
                log.warning("recording_not_removed", recording=row.id, name=row.name, why=repr(error))
                self._troubled(say("recording.not_removed", name=row.name), self._clock.now())
            else:
                gone.append(row.id)
        return gone

    @inlineCallbacks
    def _in_thread(self, work: Callable[..., T], *args: Any) -> Generator[Deferred[Any], Any, T]:
        try:
            result = yield deferToThreadPool(self._reactor, self._threads, work, *args)
        except OSError as error:
            raise DiskError(say("recording.disk", why=error.strerror or type(error).__name__)) from error
        return result  # type: ignore[no-any-return]  # what the thread returned

    def _done(self, _: None) -> None:
        self._busy = False
        self._fault = self._trouble if self._clock.now() < self._trouble_until else ""

    def _not_done(self, failure: Failure) -> None:
        known = failure.check(HotlineError)
        self._busy = False
        if known:
            self._fault = str(failure.value)
        elif not failure.check(SQLAlchemyError):  # that is the database's own to tell
            self._fault = say("health.recordings_fault", why=repr(failure.value))
        (log.warning if known else log.error)("recordings_not_looked_after", why=repr(failure.value))
