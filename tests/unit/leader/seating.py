"""A hall with one open day, a clock that a test moves, and a seat whose phone comes and goes."""

from datetime import timedelta

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as Timer

from telephony.leader.seat import Seats
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import leader_days as day_rows
from telephony.store.database import transaction
from telephony.store.leader_presence import presence_of, recounted
from telephony.store.leader_tables import leader_days, leader_stretches
from telephony.store.tables import alarms
from tests.unit.times import NOON

SEAT, AGENT = "city-hall", "8801"


class WallClock:
    """A wall clock that may be set, beside time that only passes."""

    def __init__(self):
        self.instant, self.passed = NOON, 0.0

    def now(self):
        return self.instant

    def monotonic(self):
        return self.passed

    def pass_on(self, seconds):
        self.instant += timedelta(seconds=seconds)
        self.passed += seconds

    def set_by(self, seconds):
        self.instant += timedelta(seconds=seconds)


def planned(**values):
    """Return the row of a day of two hours from noon on."""
    row = {"centre": "city", "seat": SEAT, "leader": "mayor-li", "state": "published", "scope": "城市管理"}
    row |= {"starts_at": NOON, "ends_at": NOON + timedelta(hours=2), "topics": [], "by": "李敏"}
    return row | {"created_at": NOON - timedelta(days=10)} | values


class Hall:
    """The store, the clock and the service, which may die and come back."""

    def __init__(self, config, database, worker="first"):
        self.config, self.database, self.worker = config, database, worker
        self.clock, self.timer, self.told = WallClock(), Timer(), 0
        self.asked = []
        self.seats, self.day, self.state = None, None, "logged_out"
        self._changes = 0

    async def begins(self):
        """Start the service; the switch has not been asked yet."""
        self.timer = Timer()
        sides = (lambda _: self.state, self.asked.append, self._tell, self.worker)
        self.seats = Seats(self.config, self.database, self.clock, self.timer, *sides)
        await self.seats.start()
        await self.written()

    def killed(self):
        """End the service as a crash does: nothing of it runs any more, what it knew is lost."""
        self.seats.stop()
        self.seats = None

    async def open_day(self, *, tell=True, **values):
        """Open a day at this instant."""
        now = self.clock.now()
        row = planned(state="open", opened_at=now, opened_by="李敏", **values)
        with transaction(self.database.engine) as connection:
            self.day = day_rows.add(connection, row)
        if tell:
            await self.days_changed()

    async def change_day(self, *, tell=True, **values):
        """Change the day's row, as its commands do."""
        query = leader_days.update().where(leader_days.c.id == self.day.id).values(**values)
        with transaction(self.database.engine) as connection:
            connection.execute(query)
            self.day = day_rows.one(connection, self.day.id)
        if tell:
            await self.days_changed()

    async def close_day(self, *, tell=True):
        await self.change_day(tell=tell, state="closed", closed_at=self.clock.now(), closed_by="李敏")

    async def days_changed(self):
        if self.seats is not None:
            await self.seats.days_changed()
        await self.written()

    async def agent(self, state):
        """Let the leader's state change, as the roster tells it."""
        self.state, self._changes = state, self._changes + 1
        data = {"from": "", "to": state}
        told = Happening(self.clock.now(), "agent", f"agent:{self._changes}", AGENT, data)
        await self.database.write(lambda connection: call_rows.append(connection, [(None, told)]))

    async def phone(self, there):
        self.seats.phone_changed(AGENT, there=there)
        await self.written()

    async def phone_is_missing(self):
        """Let the switch say that the phone is not there, and nothing come of asking it."""
        await self.phone(there=False)
        await self.passes(5)

    async def passes(self, seconds, step=1.0):
        """Let time pass, in steps, after each of which all is written."""
        while seconds > 0:
            now = min(step, seconds)
            self.clock.pass_on(now)
            if self.seats is not None:
                self.timer.advance(now)
            seconds -= now
            await self.written()

    async def written(self):
        """Wait until all is read and written that was asked for."""
        while self.seats is not None and self.seats._reading:
            await self.database.read(lambda _: None)
        await self.database.write(lambda _: None)
        await self.database.write(lambda _: None)

    async def presence(self):
        """Return the day's presence now, which a recount from the events confirms."""
        day, now = self.day, self.clock.now()
        found, again = await self.database.read(
            lambda c: (presence_of(c, day, AGENT, now), recounted(c, day, AGENT, now))
        )
        assert found == again
        return found

    async def there(self):
        return (await self.presence()).there

    async def stretches(self):
        """Return when the phone came and when it was gone, in seconds since noon."""
        query = sa.select(leader_stretches).order_by(leader_stretches.c.id)
        rows = await self.database.read(lambda connection: connection.execute(query).all())
        return [(_since_noon(row.began_at), _since_noon(row.ended_at)) for row in rows]

    async def alarms(self):
        """Return each alarm's kind and subject, and whether it stands."""
        query = sa.select(alarms).order_by(alarms.c.id)
        rows = await self.database.read(lambda connection: connection.execute(query).all())
        return [(row.kind, row.subject, row.acknowledged_at is None) for row in rows]

    def _tell(self):
        self.told += 1


def refuse_writes(database, times):
    """Let so many writes fail, as on a full disk."""
    real, left = database.write, [times]

    def write(work, *, urgent=False):
        if left[0] == 0:
            return real(work, urgent=urgent)
        left[0] -= 1
        failed = Deferred()
        failed.errback(OSError("disk full"))
        return failed

    database.write = write


def _since_noon(at):
    return None if at is None else (at - NOON).total_seconds()
