"""Looks after recordings at each tick: what is closed is sealed, what is old enough deleted.

Commit, then act: the row says first that a file is sealed or deleted, then what is no longer wanted goes.
So a crash leaves at worst a file too many, which the next look removes, and never a row that claims one
which has gone. While the disk with the recordings is away, nothing is concluded from that.
"""

from collections.abc import Callable, Generator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from telephony.clock import SHANGHAI
from telephony.errors import HotlineError
from telephony.floor.health import Component
from telephony.floor.recording_disk import Disk
from telephony.floor.vault import DamagedError, DiskError, MissingError, Sealed
from telephony.rules.retention import cutoffs
from telephony.store import recordings as rows
from telephony.store.recordings import MISSING, RULES, Row, Who
from telephony.texts import say

log = structlog.get_logger()
BATCH = 200
UNCLOSED = timedelta(seconds=60)
"""After a leg's end: a file still without an end is one that the switch died over, or holds no sound."""
LOOK_AGAIN = timedelta(minutes=10)
"""Until a file that was missing, or could not be sealed, is looked for again."""
BY_AGE = Who(RULES, RULES, "keep_days")


class Upkeep:
    """What the rules do with the recordings on a disk; `tell` wakes who waits for events."""

    def __init__(self, disk: Disk, keep_days: dict[str, int], tell: Callable[[], None]) -> None:
        self._disk, self._keep_days, self._tell = disk, keep_days, tell
        self._database, self._vault = disk.database, disk.vault
        self._clock, self._place = disk.clock, disk.place
        self._busy = self._stopped = False
        self._expired_on: date | None = None
        self._fault = self._trouble = ""
        self._trouble_until = disk.clock.now()

    def stop(self) -> None:
        """Finish the file at hand and begin none."""
        self._stopped = True

    def health(self) -> Component:
        """Say whether recordings can be sealed and heard, and why not."""
        return Component(not self._fault, self._fault or say("health.recordings"))

    def tick(self) -> None:
        """Look after the recordings, unless that is being done already; errors are told by `health`."""
        if not self._busy and not self._stopped:
            self._busy = True
            self.look().addCallbacks(self._done, self._not_done)

    @inlineCallbacks
    def look(self) -> Generator[Deferred[Any], Any, None]:
        """Remove what is to go, seal what is closed, and once a day delete what is old enough.

        A step that fails holds up none of the others; the first fault is told when all have been tried.
        """
        yield self._disk.arrive()
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
    def expire(self, who: Who, most: int) -> Generator[Deferred[Any], Any, int]:
        """Delete at once what is old enough, `most` or a few more; fires with how many there were."""
        deleted = 0
        while deleted < most:
            more = yield self._expire(who)
            deleted += more
            if more < BATCH:
                break
        return deleted

    @inlineCallbacks
    def _expire_daily(self) -> Generator[Deferred[Any], Any, None]:
        today = self._clock.now().astimezone(SHANGHAI).date()
        if self._expired_on != today:
            while (yield self._expire(BY_AGE)) == BATCH and not self._stopped:
                pass
            self._expired_on = today

    @inlineCallbacks
    def _seal_closed(self) -> Generator[Deferred[Any], Any, None]:
        now = self._clock.now()
        closed = partial(rows.to_seal, place=self._place, again=now - LOOK_AGAIN, limit=BATCH)
        for row in (yield self._database.read(closed)):
            if self._stopped:
                return
            try:
                sealed = yield self._disk.in_thread(self._seal, row, now)
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
            gone = yield self._disk.in_thread(self._remove, batch)
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
