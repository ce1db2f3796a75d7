"""One store, one switch, and services that may die at any point and start again."""

from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from twisted.internet.defer import succeed

from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.recovery import Recovery
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.simulate.world import Life, Memory
from telephony.clock import SHANGHAI
from telephony.errors import SwitchUnavailableError
from telephony.rules.planner import Planner
from telephony.store.outbound_tables import dialer as dialer_table
from telephony.store.outbound_tables import revisits
from telephony.store.revisits import Tick
from telephony.store.tables import case_numbers, cases
from tests.unit.callback.hostile.store import AnswerLostError, DiskFullError, MoodyStore
from tests.unit.callback.hostile.switch import Switch
from tests.unit.callback.hostile.time import SettableTime
from tests.unit.rules.revisits import CALENDAR, RULES

BOOT, TRUNK = "boot", "carrier"
TICK, LAZY_TICKS = 100.0, 12
"""Seconds between two ticks while anything is under way; where nothing is, every 12th will do."""
LIMITS = Limits({TRUNK: 4}, 4, 0, 1000, 5, 60)


class Installation:
    """`faults` are errors that nobody provoked: there must be none."""

    def __init__(self, start, rules=RULES, calendar=CALENDAR, limits=LIMITS):
        self.time, self.memory, self.faults = SettableTime(start), Memory(), []
        self.switch = Switch(self.time)
        self.planner, self.limits = Planner(rules, calendar), limits
        self.services, self._idle = {}, 0
        self.time.callLater(TICK, self._tick)

    def service(self, name="one"):
        """Return the service of that name, started if it is new."""
        if name not in self.services:
            self.services[name] = Service(self, name)
            self.services[name].start()
        return self.services[name]

    @property
    def alive(self):
        return [service for service in self.services.values() if service.life.alive]

    def tick_all(self):
        """Do what telephony.building.outbound does at each tick."""
        self._idle = 0
        for service in self.alive:
            service.tick()

    def _tick(self):
        self.time.callLater(TICK, self._tick)
        self._idle += 1
        if self.switch.live or self._idle >= LAZY_TICKS:
            self.tick_all()

    def case(self, number, *numbers, replied_at=None):
        """Enter a case with its citizen's numbers, and its unit's reply; return the revisit."""
        now = self.time.now()
        entered = {"case_number": number, "open": True, "updated_at": now, "round": 1}
        self.memory.write(lambda c: c.execute(cases.insert().values(**entered)))
        rows = [{"case_number": number, "position": p, "number": n} for p, n in enumerate(numbers)]
        self.memory.write(lambda c: c.execute(case_numbers.insert(), rows))
        service = self.alive[0]
        reply = Reply(number, replied_at or now, "told by phone")
        opened = self.memory.write(partial(service.rounds.reply, reply=reply, tick=self.tick()))
        for each in self.alive:
            each.dialer.wake_by(opened.next_at)
        return opened.id

    def tick(self):
        return Tick(self.time.now(), self.time.monotonic(), BOOT)

    def called_back(self, number):
        service = self.alive[0]
        tick = self.tick()
        work = partial(service.rounds.called_back, number=number, call=("in", tick.at), tick=tick)
        return self.memory.write(work)

    def pause(self, *, paused):
        self.memory.write(lambda c: c.execute(dialer_table.update().values(paused=paused)))

    def all(self, table, **wanted):
        query = sa.select(table).order_by(table.c.id)
        return self.memory.connection.execute(query.filter_by(**wanted)).all()

    def revisit(self, revisit_id):
        return self.all(revisits, id=revisit_id)[0]

    def until(self, text):
        """Let time go by until that hour, minute and second of the day in Shanghai, or of the next day."""
        now = self.time.now().astimezone(SHANGHAI)
        then = datetime.combine(now.date(), datetime.strptime(text, "%H:%M:%S").time(), SHANGHAI)  # noqa: DTZ007
        self.time.pass_by(((then - now) % timedelta(days=1)).total_seconds())


class Service:
    """One service, of which each start is a new life."""

    def __init__(self, installation, name):
        self._house, self.name, self._starts = installation, name, 0
        self.life = Life(alive=False)
        self.dies_at = None
        self.points = []
        self.watch = lambda _: None

    def start(self):
        """Start, agree with the switch if it is there, and tick."""
        house, self.life = self._house, Life()
        self._starts += 1
        self.store = MoodyStore(self.life, house.memory, house.time, house.faults)
        self.campaign = Revisits(house.planner, f"test:{house.planner.rules.version}")
        self.rounds = Rounds(self.campaign, timedelta(days=30))
        self.channels = Channels(house.limits, lambda _: 0)
        self.connection = house.switch.connect(self._hear, self.name)
        self.times = Times(house.time, _Timer(house.time, self.life), BOOT)
        self.dialer = Dialer(
            [self.campaign],
            database=self.store,
            line=self.connection,
            channels=self.channels,
            times=self.times,
            settings=Settings(f"{self.name:x<6}{self._starts:06d}", self.name, longest_sleep=3600.0),
            desk=Desk(),
            at_point=partial(self._at_point, self.life),
        )
        self.recovery = Recovery(self.dialer, house.switch.answered_at)
        begun = self.recovery.begin()
        begun.addCallback(lambda _: self.settle()).addErrback(self._note)

    def die(self):
        """Kill it at once: nothing that it still does reaches the store, the switch or a timer."""
        self.life.alive = False
        self.dies_at = None
        self._house.switch.service_died(self.name)

    def settle(self):
        if not self.connection.is_up:
            return succeed(None)
        return self.recovery.settle().addErrback(self._note)

    def lose_switch(self):
        self.connection.is_up = False

    def reach_switch(self):
        self.connection.is_up = True
        self.settle()

    def _hear(self, *told):
        if self.life.alive:
            self.dialer.witness.note(*told)

    def tick(self):
        self.recovery.alive().addErrback(self._note)
        if not self.dialer.open:
            self.settle()
        self.dialer.wake()

    def _at_point(self, life, point):
        self.points.append(point)
        self.watch(point)
        if life.alive and self.dies_at == point:
            self.die()

    def _note(self, failure):
        if failure.check(SwitchUnavailableError, DiskFullError, AnswerLostError) is None:
            self._house.faults.append(repr(failure.value))


class _Timer:
    """What a service asks for later is forgotten when it dies."""

    def __init__(self, time, life):
        self._time, self._life = time, life

    def callLater(self, delay, do, *args):  # noqa: N802 - Twisted's name
        return self._time.callLater(delay, self._if_alive, do, args)

    def _if_alive(self, do, args):
        if self._life.alive:
            do(*args)
