"""Recordings after the call, for people: heard by those who say why, deleted by command, looked at whole.

What is done without being told, such as sealing, is done by recording_upkeep.py.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IReactorFromThreads

from telephony.clock import Clock
from telephony.errors import NotAllowedError
from telephony.floor.recording_disk import Disk
from telephony.floor.recording_upkeep import Upkeep
from telephony.floor.vault import DamagedError, DiskError, MissingError, Sealed, Vault
from telephony.rules.retention import REASON, cutoffs
from telephony.store import recordings as rows
from telephony.store.database import Database
from telephony.store.recordings import DAMAGED, MISSING, OPEN, Row, Who
from telephony.texts import say

log = structlog.get_logger()
MOST_AT_ONCE = 2000
"""Deleted by one command at most: it answers in time, and may be given again."""
UNREADABLE = "unreadable"
"""A finding that is told and not kept: whether the file is whole nobody knows."""


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
        self._disk = Disk(database, vault, clock, reactor, place)
        self._database, self._vault, self._clock, self._place = database, vault, clock, place
        self._keep_days, self._tell = keep_days, tell
        self.upkeep = Upkeep(self._disk, keep_days, tell)

    def start(self) -> None:
        """Start the threads that read and write files."""
        self._disk.start()

    def stop(self) -> None:
        """Finish the file at hand and begin none."""
        self.upkeep.stop()
        self._disk.stop()

    def reason_recorded(self, name: str, call_id: str) -> Deferred[None]:
        """Enter a reason that was spoken in a survey; `name` is its file's below the recordings."""
        begun = rows.Noted(name, call_id, call_id, REASON, self._clock.now())
        return self._database.write(partial(rows.note, place=self._place, begun=[begun]))

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
        size = row.size if row.size is not None else (yield self._disk.in_thread(self._measure, row.name))
        enter = partial(rows.accessed, row=row, what=what, who=who, now=self._clock.now())
        yield self._database.write(enter, urgent=True)
        self._tell()
        return Sound(row.id, size, self._vault.sound(row.name, row.key_id))

    @inlineCallbacks
    def expire(self, who: Who, *, dry_run: bool) -> Generator[Deferred[Any], Any, Expired]:
        """Delete at once what is old enough, MOST_AT_ONCE at most, or only count it. Fails with AwayError."""
        now = self._clock.now()
        yield self._disk.arrive()
        count = partial(rows.count_due, place=self._place, cutoffs=cutoffs(now, self._keep_days), now=now)
        due, held = yield self._database.read(count)
        deleted = 0 if dry_run else (yield self.upkeep.expire(who, MOST_AT_ONCE))
        return Expired(due, deleted, held)

    @inlineCallbacks
    def verify(self, after: int, limit: int) -> Generator[Deferred[Any], Any, tuple[list[Checked], int, int]]:
        """Look at the next recordings whole.

        Fires with what is wrong, how many were seen, and the last's number. Those that are being recorded are
        only looked for. Fails with AwayError or KeyFaultError.
        """
        yield self._disk.arrive()
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
        yield self._disk.arrive()
        there = yield self._disk.in_thread(self._vault.names, day.isoformat())
        known = yield self._database.read(partial(rows.names_of_day, place=self._place, day=day))
        return sorted(there - known)

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
        finding = yield self._disk.in_thread(self._look_at, row)
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
