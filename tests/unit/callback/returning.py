"""Turns and the campaign of returns over a real store in memory, with a line and agents that take notes."""

from datetime import timedelta

import sqlalchemy as sa
from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock as Timer

from telephony import config_load
from telephony.callback.desk import Times
from telephony.callback.offers import House
from telephony.callback.returns import Returns
from telephony.callback.turns import Plan, Turns
from telephony.errors import UnknownThingError
from telephony.paths import PROJECT
from telephony.pbx.snapshot import Channel
from telephony.store import attempts as attempt_rows
from telephony.store import returns as rows
from telephony.store.attempts import Reservation
from telephony.store.database import engine_of, transaction
from telephony.store.revisits import Tick
from telephony.store.tables import calls, metadata
from tests.fakes import NOON, FakeClock, agent_view

CONFIG = config_load.load(PROJECT / "config")
NUMBER, OTHER = "13800000001", "13800000002"


class Store:
    """A store whose work is done at once."""

    def __init__(self, url):
        self.engine = engine_of(url)
        metadata.create_all(self.engine)

    def write(self, work, *, urgent=False):  # noqa: ARG002 - the store's own form
        with transaction(self.engine) as connection:
            return succeed(work(connection))

    read = write

    def now(self, work, *args, **more):
        with transaction(self.engine) as connection:
            return work(connection, *args, **more)


class Line:
    """Notes what is asked of it; `refusal` is what a ring fails with."""

    def __init__(self):
        self.is_up, self.told, self.refusal, self.channels = True, [], None, []

    def start(self, listener):
        self.listener = listener

    def ring(self, leg_id, agent, seconds):
        self.told.append(("ring", agent, seconds))
        self.leg_id = leg_id
        return succeed({}) if self.refusal is None else fail(self.refusal)

    def hang_up(self, leg_id):
        self.told.append(("hang up", leg_id))
        return succeed({}) if self.refusal is None else fail(self.refusal)

    def tell_not_reached(self, leg_id):
        self.told.append(("not reached", leg_id))
        return succeed({})

    def living(self):
        return succeed({each.leg_id: each for each in self.channels})


DEMO = CONFIG.hotline.demo.caller_number


class Agents:
    """A roster that takes notes."""

    def __init__(self):
        self.free, self.told, self.states = frozenset(), [], {}

    def one(self, number):
        if number not in CONFIG.agents:
            raise UnknownThingError(number)
        return agent_view(number, state=self.states.get(number, "ready"))

    def offered(self, number, call_id, leg_id):
        self.told.append(("offered", number, call_id, leg_id))

    def connected(self, number, call_id, leg_id):
        self.told.append(("connected", number, call_id, leg_id))

    def ring_ended(self, number, leg_id, *, withdrawn):
        self.told.append(("ring_ended", number, leg_id, withdrawn))


class Installation:
    """`order` and whether calls are placed by themselves now; a tick of the clock is `pass_by`."""

    def __init__(self, url, *, agent_first=True, by_itself=True):
        self.clock, self.timer, self.store = FakeClock(), Timer(), Store(url)
        self.line, self.agents, self.woken, self.dials = Line(), Agents(), [], True
        self.by_itself, self.closes_in, self.share, self.given = by_itself, 1e9, 1.0, set()
        skills = {agent.number: agent.skills for agent in CONFIG.agents.values()}
        house = House(
            self.store,
            self.line,
            self.agents,
            Times(self.clock, self.timer, "boot"),
            skills,
            lambda: None,
            lambda: self.woken.append("wake"),
            lambda: self.dials,
        )
        plan = Plan(agent_first, 20, 7, "city-12345", self.open_in, lambda: self.share, DEMO)
        self.turns = Turns(house, plan, "epoch0000000")
        self.returns = Returns(CONFIG.returns, CONFIG.calendar, CONFIG.reach)
        self.returns.ready = self.turns.ready
        self.turns.allot = self.allot
        self.turns.rings = self.given.__contains__

    def open_in(self, seconds):
        return self.by_itself and seconds < self.closes_in

    def allot(self):
        """Give turns as the room does where nobody waits in it."""
        self.turns.give([], self.agents.free - self.given)

    def lose(self, number=NUMBER, call_id="1.1", *, ago=60, queue="city-12345", why="abandoned"):
        since = NOON - timedelta(seconds=ago)
        lost = (number, call_id, "city", why, since, queue, since, CONFIG.reach)
        assert self.store.now(rows.open_return, *lost)

    def on_line(self, call_id="2.1", *, ago, queue="city-12345", number=OTHER):
        at = NOON - timedelta(seconds=ago)
        row = {"id": call_id, "direction": "inbound", "state": "queued", "queue": queue, "marks": []}
        row |= {"arrived_at": at, "queued_at": at, "caller_number": number}
        self.store.now(lambda c: c.execute(calls.insert().values(**row)))

    def ready(self, *agents):
        self.agents.free = frozenset(agents)
        self.pass_by(1)

    def pass_by(self, seconds):
        self.clock.advance(seconds)
        self.timer.advance(seconds)
        self.turns.look()

    def tick(self):
        return Tick(self.clock.now(), self.clock.monotonic(), "boot")

    def candidates(self):
        """Return whom the dialer may call, as it asks; each is reserved, as the dialer does."""
        found = self.store.now(self.returns.candidates, self.tick(), 5)
        made = [
            Reservation(each.attempt_id, "return", each.task_id, each.number, "t", "", "", each.start_by)
            for each in found
        ]
        if made:
            self.store.now(attempt_rows.reserve, made, "epoch", self.clock.now())
        return found

    def all(self, table, **wanted):
        return self.store.now(lambda c: c.execute(sa.select(table).filter_by(**wanted)).all())


def channel(leg_id, call_id, state="Up"):
    return Channel("8001", state, leg_id, call_id, "PJSIP/8001-00000001")
