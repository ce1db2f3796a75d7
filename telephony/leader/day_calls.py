"""The calls of leader days, read and changed: each change is checked and committed at once, then told."""

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.errors import UnknownThingError
from telephony.store import leader_calls as rows
from telephony.store import leader_days
from telephony.store.database import Database
from telephony.store.leader_calls import LeaderCallView
from telephony.texts import say

Work = Callable[[sa.Connection, LeaderCallView, Seat], None]
"""What is done with a call of a day: looked at, checked and written in one transaction."""


class DayCalls:
    """Reads and changes calls that were let in to days; `tell` wakes who waits for events."""

    def __init__(self, config: Config, database: Database, clock: Clock, tell: Callable[[], None]) -> None:
        self._config, self._database, self.clock, self._tell = config, database, clock, tell

    def change(self, call_id: str, states: frozenset[str], work: Work) -> Deferred[LeaderCallView]:
        """Change a call whose day is in one of these states; fires with it as it is then.

        Raise UnknownThingError for no call of a day, NotAllowedError if its day is in another state.
        """

        def enter(connection: sa.Connection) -> None:
            day_id = rows.day_of(connection, call_id)
            seat = self._seat(rows.hold_day(connection, day_id, states), day_id)
            work(connection, rows.one(connection, call_id, seat, self.clock.now()), seat)

        def done(_: None) -> Deferred[LeaderCallView]:
            self._tell()
            return self.one(call_id)

        return self._database.write(enter, urgent=True).addCallback(done)

    def one(self, call_id: str) -> Deferred[LeaderCallView]:
        """Fire with a call of a day; fail with UnknownThingError."""

        def look(connection: sa.Connection) -> LeaderCallView:
            seat = self.seat_of(connection, rows.day_of(connection, call_id))
            return rows.one(connection, call_id, seat, self.clock.now())

        return self._database.read(look)

    def listed(self, day_id: int) -> Deferred[list[LeaderCallView]]:
        """Fire with all calls of a day; fail with UnknownThingError."""
        return self._database.read(partial(self._all, day_id=day_id))

    def open_entries(self, day_id: int) -> Deferred[list[LeaderCallView]]:
        """Fire with what keeps a day from being certified; fail with UnknownThingError."""

        def look(connection: sa.Connection) -> list[LeaderCallView]:
            seat = self.seat_of(connection, day_id)
            return rows.open_entries(connection, day_id, seat, self.clock.now())

        return self._database.read(look)

    def seat_of(self, connection: sa.Connection, day_id: int) -> Seat:
        """Return the seat of a day; raise UnknownThingError for no day, or a seat no longer configured."""
        return self._seat(leader_days.one(connection, day_id).seat, day_id)

    def _all(self, connection: sa.Connection, day_id: int) -> list[LeaderCallView]:
        return rows.listed(connection, day_id, self.seat_of(connection, day_id), self.clock.now())

    def _seat(self, code: str, day_id: int) -> Seat:
        if code not in self._config.seats:
            raise UnknownThingError(say("leader.seat_gone", id=day_id, seat=code))
        return self._config.seats[code]
