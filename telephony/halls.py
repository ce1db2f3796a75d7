"""Puts leader hotline days together (Art. 6): what is planned and announced, and what follows from it."""

from collections.abc import Callable
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.leader.days import LeaderDays, Sounds
from telephony.leader.line import LeaderLines
from telephony.leader.session import Sessions, Waiting
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView

log = structlog.get_logger()

log = structlog.get_logger()


class Halls:
    """The leaders' side; `tell` wakes who waits for events."""

    def __init__(
        self, config: Config, database: Database, clock: Clock, sounds: Sounds, tell: Callable[[], None]
    ) -> None:
        self._config, self._database, self._clock, self._sounds = config, database, clock, sounds
        self.days = LeaderDays(config, database, clock, tell, sounds)
        self.lines = LeaderLines(config, database, clock, self._prompt_of)
        self._sessions: Sessions | None = None

    def hold(self, timer: Timer, waiting: Waiting, busy: Callable[[str], bool]) -> None:
        """Let days begin and end by the clock; `busy` says whether an agent's phone rings or talks now."""
        sides = (timer, self.days, self.lines, waiting, busy)
        self._sessions = Sessions(self._config, self._database, self._clock, *sides)
        self.days.listeners.append(self._sessions.changed)

    def start(self) -> Deferred[None]:
        """Take up the stored state; fires before sounds that are missing have been made again."""
        return self.days.start().addCallback(lambda _: self._look())

    def stop(self) -> None:
        """Let no more days begin or end."""
        if self._sessions is not None:
            self._sessions.stop()

    def tick(self) -> None:
        """Every ten seconds: another service on the same store may have changed a day."""
        self.days.refresh().addCallback(lambda _: self._look()).addErrback(_log_fault)

    def _look(self) -> Deferred[Any]:
        return self.lines.refresh() if self._sessions is None else self._sessions.look()

    def _prompt_of(self, day: LeaderDayView) -> str | None:
        text = self.days.spoken(day)
        return self._sounds.name(text) if text and self._sounds.is_there(text) else None


def _log_fault(failure: Failure) -> None:
    log.error("leader_days_not_read", why=repr(failure.value))
