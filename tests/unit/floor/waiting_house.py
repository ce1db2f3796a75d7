"""A waiting room over a switch and a store that do as a test says."""

from datetime import timedelta

from twisted.internet.defer import fail, succeed

from telephony.floor.pulse import Pulse
from telephony.floor.waiting_gate import BEAT
from telephony.floor.waiting_guests import Asking
from telephony.floor.waiting_room import WaitingRoom
from telephony.floor.waiting_seen import WaitingSeen
from telephony.store.waiting import Known
from tests.unit.times import NOON

GENERAL, ENTERPRISE, COUNTY = "city-12345", "city-enterprise", "baofeng-12345"


class FakeAgents:
    """Who is free is what the test says."""

    def __init__(self):
        self.ready = []

    def free(self):
        return list(self.ready)


class FakeLine:
    """Notes who is moved; `answer` is what the next order fails with."""

    def __init__(self):
        self.is_up, self.moved, self.answer, self.listener = True, [], None, None

    def start(self, listener):
        self.listener = listener

    def ring(self, leg_id, agent):
        self.moved.append((leg_id, agent))
        return succeed(None) if self.answer is None else fail(self.answer)

    def take_back(self, leg_id):
        self.moved.append((leg_id, "back"))
        return succeed(None)


class FakeStore:
    """Commits at once, and knows nobody; `fault` is what writes fail with, the rest a test fires itself."""

    def __init__(self):
        self.fault, self.held, self.reading = None, None, None

    def write(self, _work, *, urgent=False):
        assert urgent
        return fail(self.fault) if self.fault else self.held or succeed(Known(None, ()))

    def read(self, _work):
        return self.reading or succeed([])


class House:
    """The room, and all that it is handed."""

    def __init__(self, config, clock, timer, store):
        self.clock, self.timer, self.store = clock, timer, store
        self.agents, self.line = FakeAgents(), FakeLine()
        self.room = WaitingRoom(config, store, clock, timer, self.agents, self.line, Pulse())
        self._seen = WaitingSeen(self.room, config, store, clock).seen
        self.room.start()

    def seen(self, channels, asked=0):
        """Show the room a snapshot, asked for so many seconds ago."""
        return self._seen(channels, self.clock.monotonic() - asked)

    def opened(self):
        self.seen([])
        return self

    def ask(self, name, queue=GENERAL, *, came=0, priority=0, **more):
        since = NOON + timedelta(seconds=came)
        return self.room.ask(Asking(name, queue, priority, since, **more))

    def free(self, *agents):
        """Let these agents be free, and nobody else."""
        self.agents.ready = list(agents)
        self.room.look()

    def pass_time(self, seconds):
        """Let time pass as it does: in small steps."""
        while seconds > 0:
            step = min(seconds, BEAT)
            self.clock.instant += timedelta(seconds=step)
            self.timer.advance(step)
            seconds -= step

    def stand_still(self, seconds):
        """Let time pass in which the service does nothing."""
        self.clock.instant += timedelta(seconds=seconds)

    @property
    def moved(self):
        return self.line.moved

    @property
    def order(self):
        return [view.call_id for view in self.room.views()]
