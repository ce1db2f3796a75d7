"""A hall whose days a test plans: the real commands over a real store, and sounds that are made at once."""

from datetime import datetime

from telephony.clock import SHANGHAI
from telephony.leader.days import LeaderDays
from telephony.leader.plans import Wanted
from telephony.store import leader_days as rows
from tests.fakes import FakeSounds
from tests.unit.times import FixedClock


def at(text):
    """Return an instant in Shanghai: '12-10 15:00' of 2026, or with a year of its own."""
    text = text if text[4] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=SHANGHAI)


def wanted(start="12-10 15:00", end="12-10 17:00", **values):
    known = {"seat": "city-hall", "leader": "mayor-li", "scope": "供热、供水", "by": "李敏"}
    return Wanted(starts_at=at(start), ends_at=at(end), **(known | values))


class Hall:
    """LeaderDays at 12:00 on 23 November 2026, what it told, and its sounds."""

    def __init__(self, config, database):
        self.config, self.database = config, database
        self.clock, self.sounds, self.told = FixedClock(), FakeSounds(), []
        self.days = self.service()

    def service(self):
        """Return the commands, as another service on the same store has them."""
        days = LeaderDays(self.config, self.database, self.clock, self.tell, self.sounds)
        days.listeners.append(lambda: self.told.append("listener"))
        return days

    def tell(self):
        self.told.append("tell")

    def now(self, text):
        self.clock.instant = at(text)

    async def published(self, *times, **values):
        day = await self.days.add(wanted(*times, **values))
        return await self.days.publish(day.id, "李敏")

    async def opened(self):
        day = await self.published()
        self.now("12-10 15:00")
        return await self.days.open_day(day.id, "李敏")

    def one(self, day_id):
        return self.database.read(lambda c: rows.one(c, day_id))

    def notices(self, day_id):
        return self.database.read(lambda c: rows.notices(c, day_id))
