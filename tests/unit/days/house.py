"""The whole service over a switch that is played in memory, a real store, and a clock that a test moves.

Nothing waits for a thread or a socket, so that a day of an office is over in a second.
"""

import shutil
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.task import Clock as Timer

from telephony import secret_store
from telephony.bootstrap import Service
from telephony.building import doors, ground
from telephony.paths import PROJECT, Paths
from telephony.store import agents as agent_rows
from telephony.store.database import Database, transaction
from tests.unit.days.lines import Ami
from tests.unit.days.played_switch import PlayedSwitch
from tests.unit.times import NOON

TICK_SECONDS = 30
"""Between two looks at what is due by time alone; the service itself looks every ten seconds."""

DEAD_SECONDS = 0.05
"""Between two lives: the switch has done by then what the first one ordered."""


class PlayedClock:
    """The time of the timer."""

    def __init__(self, timer):
        self._timer = timer

    def now(self):
        return NOON + timedelta(seconds=self._timer.seconds())

    def monotonic(self):
        return 1000 + self._timer.seconds()


class AtOnce(Database):
    """The store without threads: the work is done at once, whoever asked hears of it in the next turn."""

    def write(self, work, *, urgent=False):  # noqa: ARG002 - the store's own form
        return self._told(execute(self._written, work))

    def read(self, work):
        return self._told(execute(self._read, self.engine, work))

    def _written(self, work):
        with transaction(self.engine) as connection:
            return work(connection)

    def _told(self, done):
        told = Deferred()
        self._reactor.callLater(0, done.chainDeferred, told)
        return told


class Reader:
    """The store for whoever asks from outside, such as a route of the API: answers on the spot."""

    def __init__(self, engine):
        self._engine = engine

    def read(self, work):
        with self._engine.connect() as connection:
            return succeed(work(connection))

    report = read


class Doors:
    """What the dialplan asks, without a socket."""

    open = total = refused = failed = 0
    listening = True

    def __init__(self, handlers, _secret, **_more):
        self.handlers = handlers


class House:
    """Service, switch and store; `restart` lets the service begin anew beside the same switch."""

    def __init__(self, config, folder, template):
        self.folder, self.timer, self.config = folder, Timer(), config
        self.paths = Paths(PROJECT / "config", folder / "var")
        self.paths.var.mkdir()
        shutil.copy(template, self.paths.var / "hotline.db")
        self.clock = PlayedClock(self.timer)
        self.switch = PlayedSwitch(self.paths.journal, self.clock, self.timer, config)
        self._begin()

    def restart(self):
        """Kill the service and begin anew: of the life before nothing is left but what is stored."""
        for planned in [*self.timer.getDelayedCalls()]:
            if planned not in self.switch.planned:
                planned.cancel()
        self.service.ground.database.engine.dispose()
        self.switch.doors = {}
        self.pass_time(DEAD_SECONDS)
        self._begin()

    def _begin(self):
        self.switch.ami = Ami(self.switch)
        played = {"AMIClient": lambda *_, **__: self.switch.ami, "HostnameEndpoint": lambda *_: None}
        secrets = secret_store.ensure(self.paths.secrets, [])
        with patch.multiple(ground, Database=AtOnce, **played), patch.object(doors, "FastAGIServer", Doors):
            self.service = Service(self.paths, self.config, secrets, self.timer, self.clock)
        self._start(self.service)

    def _start(self, service):
        building, watches = service.building, service.building.watches
        building.roster.restore(self.do(agent_rows.load))
        building.lobby.waiting.start()
        for room in (building.supervision, building.rooms, building.outbound, watches.switch):
            room.start()
        self.switch.doors, self.switch.read = service.agi.handlers, watches.journal.wake
        service.ground.pulse.on_beat = building.outbound.turns.look
        self.switch.ami.connected()
        self.timer.callLater(TICK_SECONDS, self._tick, building)

    def _tick(self, building):
        building.watches.switch.sweep()
        building.outbound.alive()
        building.rooms.agree()
        self.timer.callLater(TICK_SECONDS, self._tick, building)

    @property
    def services(self):
        """What a route of the API is handed."""
        reader = Reader(self.service.ground.database.engine)
        return SimpleNamespace(config=self.config, clock=self.clock, database=reader)

    def do(self, work, *words):
        """Do something in the store; return what it returns."""
        with transaction(self.service.ground.database.engine) as connection:
            return work(connection, *words)

    def pass_time(self, seconds):
        """Let time pass; whatever was planned happens in its time."""
        end = self.timer.seconds() + seconds
        while (due := self._next()) is not None and due <= end:
            self.timer.advance(due - self.timer.seconds())
        self.timer.advance(end - self.timer.seconds())

    def _next(self):
        return min((each.getTime() for each in self.timer.getDelayedCalls()), default=None)
