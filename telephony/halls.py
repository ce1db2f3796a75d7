"""Puts leader hotline days together (Art. 6): what is planned and announced, and what follows from it."""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.leader.days import LeaderDays, Sounds
from telephony.store.database import Database


class Halls:
    """The leaders' side; `tell` wakes who waits for events."""

    def __init__(
        self, config: Config, database: Database, clock: Clock, sounds: Sounds, tell: Callable[[], None]
    ) -> None:
        self.days = LeaderDays(config, database, clock, tell, sounds)

    def start(self) -> Deferred[None]:
        """Take up the stored state; fires before sounds that are missing have been made again."""
        return self.days.start()

    def tick(self) -> None:
        """Every ten seconds: another service on the same store may have changed a day."""
        self.days.refresh()
