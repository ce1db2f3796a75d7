"""Another kind of call plugs into the same dialer, with rules of its own and nothing of Art. 17."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from telephony.callback.campaign import Candidate
from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.recovery import Recovery
from telephony.callback.simulate.far_end import ScriptedLine
from telephony.callback.simulate.scenario import FarEnd
from telephony.callback.simulate.time import VirtualTime
from telephony.callback.simulate.world import Life, Memory, SimulatedStore
from telephony.rules.bands import Window
from telephony.rules.survey import Keys
from telephony.store import revisits as revisit_rows
from telephony.store.outbound_tables import attempts, decisions

START = datetime(2026, 2, 14, 23, 0, tzinfo=UTC)
RINGS_OUT = FarEnd(alerting=180, ring_seconds=40, final=480)


class Poll:
    """An opinion poll (Art. 21): each number twice at most, at any hour, five minutes apart."""

    name, entry, ring_floor, guard, deems = "poll", "poll", 20.0, 45.0, False

    def __init__(self, numbers):
        self.due = {task: (START, number) for task, number in enumerate(numbers, 1)}
        self.found = []

    def begin(self, connection, tick):
        # The dialer's own row is made by whoever begins first.
        revisit_rows.begin(connection, "poll-1", {}, tick.at)

    def candidates(self, _connection, tick, limit):
        ready = [(task, number) for task, (at, number) in self.due.items() if at <= tick.at][:limit]
        window = Window(tick.at.date(), "any", tick.at, tick.at + timedelta(hours=1))
        for task, _ in ready:
            del self.due[task]
        return [Candidate(task, number, window, window.closes) for task, number in ready]

    def look_after(self, *_):
        return None

    def let_go(self, *_):
        return None

    def settled(self, _connection, task_id, found, tick):
        self.found.append((task_id, found.outcome.value))
        if sum(task == task_id for task, _ in self.found) > 1:
            return None
        again = tick.at + timedelta(minutes=5)
        self.due[task_id] = (again, f"1380000000{task_id}")
        return again

    def wake_at(self, *_):
        return min((at for at, _ in self.due.values()), default=None)


@pytest.fixture
def polled():
    time, memory, poll = VirtualTime(START), Memory(), Poll(["13800000001", "13800000002"])
    line = ScriptedLine(time, {1: (RINGS_OUT,), 2: (RINGS_OUT,)}, Keys({"1": "satisfied"}, "0", 3))
    dialer = Dialer(
        [poll],
        database=SimulatedStore(Life(), memory),
        line=line,
        channels=Channels(Limits({"t": 4}, 4, 0, 100, 5, 60), lambda _: 0),
        times=Times(time, time, "boot"),
        settings=Settings("epoch0000001", "worker", longest_sleep=3600),
        desk=Desk(),
    )
    line.listen(dialer.witness.note, dialer.witness.tell)
    recovery = Recovery(dialer, lambda *_: None)
    recovery.begin().addCallback(lambda _: recovery.settle())
    time.run_until(START + timedelta(hours=1))
    return memory.connection, poll


def test_a_campaigns_own_rules_decide_when_it_calls(polled):
    connection, poll = polled
    rows = connection.execute(sa.select(attempts).order_by(attempts.c.task_id, attempts.c.started_at)).all()
    assert poll.found == [(1, "unanswered"), (2, "unanswered")] * 2
    gaps = {two.started_at - one.ended_at for one, two in (rows[:2], rows[2:])}
    assert gaps == {timedelta(minutes=5)}


def test_two_calls_of_a_poll_that_ring_out_deem_nothing(polled):
    connection, _ = polled
    assert connection.scalar(sa.select(sa.func.count()).select_from(decisions)) == 0
