"""Random days in the waiting room: whatever comes, goes, answers or does not, the order is kept."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as Timer

from telephony.config_load import load
from telephony.paths import PROJECT
from telephony.rules import waiting
from tests.unit.floor.waiting_house import FakeStore, House
from tests.unit.times import FixedClock

CONFIG = load(PROJECT / "config")
CITY = [queue for queue in CONFIG.queues if queue.startswith("city-")]
AGENTS = ["8001", "8002", "8003"]

happenings = st.one_of(
    *[st.tuples(st.just("comes"), st.sampled_from(CITY), st.integers(0, 2))] * 3,
    st.tuples(st.just("free"), st.sampled_from(AGENTS)),
    st.tuples(st.just("answers"), st.sampled_from(AGENTS)),
    st.tuples(st.just("misses"), st.sampled_from(AGENTS)),
    st.tuples(st.just("hangs_up"), st.integers(0, 30)),
    st.tuples(st.just("passes"), st.sampled_from([0.2, 1.0, 3.0])),
    st.tuples(st.just("restarts")),
)


class Day:
    """A day on the room, and beside it who must still wait."""

    def __init__(self):
        self.clock, self.timer = FixedClock(), Timer()
        self.house = House(CONFIG, self.clock, self.timer, FakeStore()).opened()
        self.house.line.ring = self._moved
        self.here, self.rings, self.came, self.faults = {}, {}, 0, []

    def _moved(self, call_id, agent):
        """Check whose turn it is: nobody whom this agent serves may come before."""
        # Collected: an assertion that fails in a callback is seen by nobody.
        self.faults += [f"{other} comes before {call_id}" for other in self._before(call_id, agent)]
        if agent in self.rings or call_id in self.rings.values():
            self.faults.append(f"{call_id} or {agent} is rung twice")
        self.rings[agent] = call_id
        self.house.agents.ready.remove(agent)
        return self.house.store.read(None)

    def _before(self, call_id, agent):
        """Return whom this agent serves and who should have been the next."""
        skills, mine = CONFIG.agents[agent].skills, self.here[call_id]
        return [
            other.call_id
            for other in self.here.values()
            if other.queue in skills
            and other.call_id not in self.rings.values()
            and (-other.priority, other.since) < (-mine.priority, mine.since)
        ]

    def comes(self, queue, priority):
        self.came += 1
        name = f"c{self.came:03}"
        self.here[name] = waiting.Caller(name, queue, priority, self.clock.now())
        self._asks(name)

    def _asks(self, name, **more):
        caller, seconds = self.here[name], (self.here[name].since - FixedClock().now()).total_seconds()
        self.house.ask(name, caller.queue, came=seconds, priority=caller.priority, **more)

    def free(self, agent):
        if agent not in self.rings and agent not in self.house.agents.ready:
            self.house.agents.ready.append(agent)
            self.house.room.look()

    def answers(self, agent):
        if call_id := self.rings.pop(agent, None):
            del self.here[call_id]
            self.house.line.listener.connected(call_id, agent)

    def misses(self, agent):
        if call_id := self.rings.pop(agent, None):
            self._asks(call_id, offered=agent, status="TIMEOUT")
            self.free(agent)

    def hangs_up(self, nth):
        if self.here:
            call_id = sorted(self.here)[nth % len(self.here)]
            del self.here[call_id]
            self.rings = {agent: other for agent, other in self.rings.items() if other != call_id}
            self.house.line.listener.gone(call_id)

    def passes(self, seconds):
        self.house.pass_time(seconds)
        for name in sorted(self.here):
            if name not in self.rings.values():
                self._asks(name)

    def restarts(self):
        """The room forgets all; those who wait ask again, those for whom somebody rings do so later."""
        ready = self.house.agents.ready
        self.timer = Timer()  # what the life before had planned dies with it
        self.house = House(CONFIG, self.clock, self.timer, FakeStore())
        self.house.line.ring = self._moved
        self.house.agents.ready = []
        for name in sorted(self.here):
            self._asks(name)
        for agent, call_id in self.rings.items():
            self.house.room.rings(self.house.room.guests()[call_id], agent)
        self.house.opened()
        self.house.agents.ready = ready
        self.house.room.look()

    def check(self):
        assert not self.faults
        assert set(self.house.order) == set(self.here), "somebody is lost, or waits who has gone"
        rung = {view.agent: view.call_id for view in self.house.room.views() if view.agent}
        assert rung == self.rings


@settings(max_examples=150)
@given(st.lists(happenings, min_size=15, max_size=60))
def test_whatever_happens_nobody_is_lost_rung_twice_or_served_out_of_order(day):
    house = Day()
    for what, *words in day:
        house.house.pass_time(0.1)
        getattr(house, what)(*words)
        house.check()
