"""Leader days are planned, announced and held (Art. 6): each step checked, committed, then told.

Whatever a rule asks of other days is asked inside the transaction that writes, so that two who plan at once
cannot both be the only one of a month. What callers are to hear is spoken before the notice is committed:
no session is put off of which nobody could be told.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.leader.callers import Message, messages, standing
from telephony.leader.machine import after
from telephony.leader.notice import spoken_of
from telephony.leader.plans import Wanted
from telephony.leader.steps import Step, Steps
from telephony.store import leader_days as rows
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView
from telephony.texts import forms, say

log = structlog.get_logger()


class Sounds(Protocol):
    """What speaks to callers (telephony.floor.notice_sounds)."""

    def name(self, text: str) -> str:
        """Return the prompt's name."""
        ...

    def is_there(self, text: str) -> bool:
        """Tell whether it can be played."""
        ...

    def make(self, text: str) -> Deferred[None]:
        """Speak a text; fires once it can be played."""
        ...

    def keep_only(self, texts: Collection[str]) -> None:
        """Remove what nobody plays any more."""
        ...


Draft = Callable[[sa.Connection, datetime], Step]
"""Checks a command and changes nothing."""


class LeaderDays:
    """The commands; `listeners` are called after each change, then `tell`, which wakes who waits for news."""

    def __init__(
        self,
        config: Config,
        database: Database,
        clock: Clock,
        tell: Callable[[], None],
        sounds: Sounds | None = None,
    ) -> None:
        self._database, self._clock = database, clock
        self._tell, self._sounds = tell, sounds
        self._steps, self._demo = Steps(config), config.hotline.demo.leader
        self._messages: list[Message] = []
        self._changes = 0
        self.listeners: list[Callable[[], None]] = []

    def start(self) -> Deferred[None]:
        """Take up what callers are told; fires before sounds that are missing have been made again."""
        return self.refresh().addCallback(lambda _: self._tidy())

    def refresh(self) -> Deferred[None]:
        """Read again what callers are told: another service on the same store may have announced it."""
        changes = self._changes

        def take(found: list[Message]) -> None:
            if changes == self._changes:  # else it was read before somebody changed it
                self._messages = found
                self._make_missing()

        return self._database.read(messages).addCallback(take)

    def spoken(self, day: LeaderDayView) -> str | None:
        """Return what callers of the leader's line are told of a day that was put off or cancelled.

        They hear it from the notice until the end of the session that it takes back; then, and of any other
        day, nothing.
        """
        return next((each.text for each in self.heard() if each.day_id == day.id), None)

    def heard(self) -> list[Message]:
        """Return all that callers of leaders' lines are told now, the newest first."""
        return standing(self._messages, self._clock.now())

    def add(self, wanted: Wanted) -> Deferred[LeaderDayView]:
        """Plan a day; fail with UnknownThingError or NotAllowedError where it may not be so."""
        return self._write(partial(self._add, wanted=wanted))

    def play(self, by: str, factor: int, begins_in: timedelta, lasts: timedelta) -> Deferred[LeaderDayView]:
        """Plan a day of the demonstration's, whose clock is `factor` times as fast; both lengths are real."""
        starts_at = self._clock.now() + begins_in
        ends_at, demo = starts_at + lasts, self._demo
        return self.add(
            Wanted(
                seat=demo.seat,
                leader=demo.leader,
                starts_at=starts_at,
                ends_at=ends_at,
                scope=forms("leader.played_scope")["zh"],
                by=by,
                played=factor,
            )
        )

    def publish_played(self, day_id: int, by: str, full_days: int) -> Deferred[LeaderDayView]:
        """Announce a played day, so many full days before it by its own clock (rules/leader_play.py)."""
        return self._take(partial(self._steps.publish_played, day_id=day_id, by=by, full_days=full_days))

    def change(self, day_id: int, by: str, **values: Any) -> Deferred[LeaderDayView]:
        """Plan a day anew that nobody was told of: `values` are fields of Wanted, each as it is to be."""
        return self._take(partial(self._steps.change, day_id=day_id, by=by, values=values))

    def publish(self, day_id: int, by: str) -> Deferred[LeaderDayView]:
        """Announce a day, with as many full days of notice as Art. 6 asks for."""
        return self._take(partial(self._steps.publish, day_id=day_id, by=by))

    def postpone(  # noqa: PLR0913, PLR0917 - what a postponement consists of
        self,
        day_id: int,
        starts_at: datetime,
        ends_at: datetime,
        by: str,
        reason: str,
        second: str | None = None,
    ) -> Deferred[LeaderDayView]:
        """Put an announced day off, and announce that; `second` says why it is a second one in that month."""
        draft = partial(
            self._steps.postpone,
            day_id=day_id,
            starts_at=starts_at,
            ends_at=ends_at,
            by=by,
            reason=reason,
            second=second,
        )
        return self._take_back(draft)

    def substitute(self, day_id: int, leader: str, by: str, reason: str) -> Deferred[LeaderDayView]:
        """Let another leader sit, and announce that: however late, for citizens have been asked to call."""
        return self._take(partial(self._steps.substitute, day_id=day_id, leader=leader, by=by, reason=reason))

    def cancel(self, day_id: int, by: str, reason: str | None) -> Deferred[LeaderDayView]:
        """Let a day not take place; one that was announced wants a reason, and a notice tells of it."""
        return self._take_back(partial(self._steps.cancel, day_id=day_id, by=by, reason=reason))

    def open_day(self, day_id: int, by: str) -> Deferred[LeaderDayView]:
        """Let the leader's line take calls: from an hour before the beginning on, until the end."""
        return self._take(partial(self._steps.open, day_id=day_id, by=by))

    def extend(self, day_id: int, ends_at: datetime, by: str) -> Deferred[LeaderDayView]:
        """Put off the end of an open day, never over midnight."""
        return self._take(partial(self._steps.extend, day_id=day_id, ends_at=ends_at, by=by))

    def close_day(self, day_id: int, by: str, why: str | None = None) -> Deferred[LeaderDayView]:
        """Let the leader's line take no more calls; before its end only with a reason."""
        return self._take(partial(self._steps.close, day_id=day_id, by=by, why=why))

    def changed(self) -> None:
        """Let everybody know that a day was changed: those who hold days in memory first."""
        for listener in self.listeners:
            listener()
        self._tell()

    def _add(self, connection: sa.Connection, now: datetime, *, wanted: Wanted) -> LeaderDayView:
        day = rows.add(connection, self._steps.planned(connection, now, wanted=wanted))
        rows.tell(connection, day.id, "add", now, by=wanted.by, centre=day.centre, state=day.state)
        return day

    def _take(self, draft: Draft, heard: str | None = None) -> Deferred[LeaderDayView]:
        def work(connection: sa.Connection, now: datetime) -> LeaderDayView:
            step = draft(connection, now)
            if step.notice is not None and spoken_of(step.notice) != heard:
                raise NotAllowedError(say("leader.moved", id=step.day.id))
            return _commit(step, connection, now)

        return self._write(work)

    def _take_back(self, draft: Draft) -> Deferred[LeaderDayView]:
        """Take a step of which callers are told: the sound is made before anything is committed."""
        now = self._clock.now()
        found = self._database.read(lambda connection: draft(connection, now))

        def speak(step: Step) -> Deferred[LeaderDayView]:
            text = None if step.notice is None else spoken_of(step.notice)
            return self._speak(text).addCallback(lambda _: self._take(draft, text))

        return found.addCallback(speak)

    def _speak(self, text: str | None) -> Deferred[None]:
        if text is None or self._sounds is None:
            return succeed(None)
        return self._sounds.make(text).addErrback(_not_spoken)

    def _write(self, work: Callable[[sa.Connection, datetime], LeaderDayView]) -> Deferred[LeaderDayView]:
        now = self._clock.now()

        def alone(connection: sa.Connection) -> tuple[LeaderDayView, list[Message]]:
            rows.alone(connection)
            return work(connection, now), messages(connection)

        return self._database.write(alone, urgent=True).addCallback(self._written)

    def _written(self, result: tuple[LeaderDayView, list[Message]]) -> LeaderDayView:
        view, self._messages = result
        self._changes += 1
        self.changed()
        return view

    def _tidy(self) -> None:
        if self._sounds is not None:
            self._sounds.keep_only([each.text for each in self.heard()])

    def _make_missing(self) -> None:
        """Speak what cannot be played on this machine: after a restart, or announced by another service."""
        if (sounds := self._sounds) is None:
            return
        for message in self.heard():
            if not sounds.is_there(message.text):
                sounds.make(message.text).addErrback(_unheard)


def _commit(step: Step, connection: sa.Connection, now: datetime) -> LeaderDayView:
    day = rows.move(connection, step.day, after(step.day.state, step.command), **step.values)
    told = {"by": step.by, "centre": day.centre, "state": day.state, "reason": step.reason}
    if step.notice is not None:
        notice = (day.state, step.notice, step.by, step.reason, step.announced_at or now)
        told["notice"] = rows.announce(connection, day.id, *notice).content["number"]
    rows.tell(connection, day.id, step.command, now, **told)
    return day


def _not_spoken(failure: Failure) -> None:
    raise HotlineError(say("leader.not_spoken", why=failure.getErrorMessage())) from failure.value


def _unheard(failure: Failure) -> None:
    log.error("leader_message_not_spoken", why=repr(failure.value))
