"""Leader days in a store, with what moves them: for tests of the lines and of the sessions."""

from datetime import timedelta

import sqlalchemy as sa
from twisted.internet.task import Clock as Timer

from telephony.leader.days import LeaderDays
from telephony.leader.line import LeaderLines
from telephony.leader.session import Sessions
from telephony.rules.leader_day import PUBLISHED
from telephony.store import leader_days
from telephony.store.tables import alarms, events
from tests.unit.times import NOON, FixedClock

HOUR = timedelta(hours=1)
CITY, COUNTY, OTHER = "city-hall", "baofeng-hall", "jiaxian-hall"


class Floor:
    """Notes which queues are served, and where who waits in the others is sent."""

    def __init__(self):
        self.sent, self.notes, self.busy, self.deserted = {}, {}, set(), set()

    def send(self, queues, queue, prompt, note):
        for each in queues:
            self.sent[each], self.notes[each] = (queue, prompt), note

    def keep(self, queues):
        for each in queues:
            self.sent.pop(each, None)

    def serves(self, queue):
        return queue not in self.deserted


class Hall:
    """The sessions of all seats over a store; `told` is what callers hear of a day, by its id."""

    def __init__(self, config, database):
        self.database, self.clock, self.timer, self.floor, self.told = (
            database,
            FixedClock(),
            Timer(),
            Floor(),
            {},
        )
        self.days = LeaderDays(config, database, self.clock, lambda: None)
        self.lines = LeaderLines(config, database, self.clock, lambda day: self.told.get(day.id))
        sides = (self.clock, self.timer, self.days, self.lines, self.floor)
        asked = (self.floor.busy.__contains__, self.floor.serves)
        self.sessions = Sessions(config, database, *sides, *asked)
        self.days.listeners.append(self.sessions.changed)

    async def put(self, seat=CITY, starts=NOON + HOUR, ends=NOON + 3 * HOUR, state=PUBLISHED, **values):
        row = {"centre": "city", "seat": seat, "leader": "mayor-li", "state": state, "topics": []}
        row |= {"starts_at": starts, "ends_at": ends, "scope": "城市管理", "created_at": NOON, "by": "李敏"}
        return (await self.database.write(lambda c: leader_days.add(c, row | values))).id

    async def change(self, day_id, **values):
        table = leader_days.leader_days
        await self.database.write(
            lambda c: c.execute(table.update().where(table.c.id == day_id).values(values))
        )

    async def at(self, instant):
        """Let it be that time, and the sessions look."""
        self.clock.instant = instant
        await self.sessions.look()

    async def state(self, day_id):
        return (await self.database.read(lambda c: leader_days.one(c, day_id))).state

    async def done(self):
        """Return which days were opened and closed, and by whom, in order."""
        query = sa.select(events.c.data).where(events.c.kind == leader_days.TOLD).order_by(events.c.id)
        told = await self.database.read(lambda c: list(c.scalars(query)))
        return [(each["day"], each["what"], each["by"]) for each in told]

    async def alarms(self):
        query = sa.select(alarms.c.kind, alarms.c.subject)
        return await self.database.read(lambda c: [tuple(row) for row in c.execute(query)])

    def line(self, number="12345", key="6", queue="city-12345"):
        return self.lines.line_of(number, key, queue, self.clock.now())
