"""Leader days are planned, announced and held (Art. 6): each step checked, committed, then told.

Whatever a rule asks of other days is asked inside the transaction that writes, so that two who plan at once
cannot both be the only one of a month.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from twisted.internet.defer import Deferred, succeed

from telephony.clock import Clock
from telephony.config import Config
from telephony.store.database import Database


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
        self._config, self._database, self._clock = config, database, clock
        self._tell, self._sounds = tell, sounds
        self.listeners: list[Callable[[], None]] = []

    def start(self) -> Deferred[None]:
        """Take up what callers are told now."""
        return self.refresh()

    def refresh(self) -> Deferred[None]:
        """Read again what callers are told."""
        return succeed(None)

    def changed(self) -> None:
        """Let everybody know that a day was changed: those who hold days in memory first."""
        for listener in self.listeners:
            listener()
        self._tell()
