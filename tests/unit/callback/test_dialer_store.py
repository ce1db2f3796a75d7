"""The commit order on real databases: what another connection sees when the switch is asked."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import async_yield_fixture, ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed

from telephony.callback.channels import Channels
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.recovery import Recovery
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.store.database import transaction
from telephony.store.outbound_tables import attempts, evidence, revisits
from telephony.store.tables import case_numbers, cases
from tests.fakes import FakeClock
from tests.unit.callback.hostile.installation import LIMITS
from tests.unit.rules.revisits import NUMBER, at, planner

PATIENCE = 60.0


class Line:
    """A switch that takes every order, and looks into the store while it does."""

    is_up = True

    def __init__(self, database):
        self._database, self.placed, self._wanted = database, [], None

    def originate(self, order):
        with self._database.engine.connect() as connection:
            row = connection.execute(sa.select(attempts).where(attempts.c.id == order.attempt_id)).one()
            kinds = connection.scalars(
                sa.select(evidence.c.kind).filter_by(attempt_id=order.attempt_id)
            ).all()
        self.placed.append((order.number, row.state, kinds))
        if self._wanted is not None and len(self.placed) >= self._wanted[0]:
            self._wanted[1].callback(None)
            self._wanted = None
        return succeed(None)

    def living(self):
        return succeed({})

    def until(self, calls):
        """Fire once so many calls have been placed."""
        done = Deferred()
        self._wanted = (calls, done)
        return done.addTimeout(PATIENCE, reactor)


class Store:
    """The database; `refused` fires when it next refuses to write."""

    def __init__(self, database):
        self._database, self._refused = database, None
        self.read = database.read

    def write(self, work, *, urgent=False):
        return self._database.write(work, urgent=urgent).addErrback(self._tell)

    def refused(self):
        self._refused = Deferred()
        return self._refused.addTimeout(PATIENCE, reactor)

    def _tell(self, failure):
        if self._refused is not None:
            told, self._refused = self._refused, None
            told.callback(None)
        return failure


class Running:
    """A dialer on a store, at nine o'clock of a working day."""

    def __init__(self, store, line, worker):
        self.campaign = Revisits(planner(), "test")
        self.times = Times(FakeClock(at("09:00")), reactor, "boot")
        self.dialer = Dialer(
            [self.campaign],
            database=store,
            line=line,
            channels=Channels(LIMITS, lambda _: 0),
            times=self.times,
            settings=Settings(f"{worker:x<12}", worker),
            desk=Desk(),
        )
        self.recovery = Recovery(self.dialer, lambda _connection, _attempt: None)

    def reply(self, connection, number, *numbers):
        """Enter a case and its unit's reply."""
        now = self.times.now()
        connection.execute(cases.insert().values(case_number=number, open=True, updated_at=now, round=1))
        rows = [{"case_number": number, "position": p, "number": n} for p, n in enumerate(numbers)]
        connection.execute(case_numbers.insert(), rows)
        rounds = Rounds(self.campaign, timedelta(days=30))
        return rounds.reply(connection, Reply(number, now, "told by phone"), self.times.tick())


@pytest.fixture
def line(database):
    return Line(database)


@pytest.fixture
def store(database):
    return Store(database)


@async_yield_fixture
async def running(store, line):
    one = Running(store, line, "one")
    await one.recovery.begin()
    await one.recovery.settle()
    yield one
    await one.dialer.stop(0)


@ensureDeferred
async def test_another_connection_sees_dialling_when_the_switch_is_asked(database, running, line):
    await database.write(lambda connection: running.reply(connection, "C1", NUMBER))
    placed = line.until(1)
    running.dialer.wake()
    await placed
    assert line.placed == [(NUMBER, "dialling", ["sent"])]


@ensureDeferred
async def test_a_store_that_refuses_means_no_call_until_it_takes_one_again(database, running, line, store):
    await database.write(lambda connection: running.reply(connection, "C1", NUMBER))
    await database.write(
        lambda connection: connection.execute(sa.text("ALTER TABLE attempts RENAME TO away"))
    )
    refused = store.refused()
    running.dialer.wake()
    await refused
    assert line.placed == []
    placed = line.until(1)
    await database.write(
        lambda connection: connection.execute(sa.text("ALTER TABLE away RENAME TO attempts"))
    )
    await placed
    assert line.placed == [(NUMBER, "dialling", ["sent"])]


@ensureDeferred
async def test_a_locked_store_means_no_call_until_the_lock_is_gone(database, running, line):
    await database.write(lambda connection: running.reply(connection, "C1", NUMBER))
    placed = line.until(1)
    with transaction(database.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE attempts"))
        running.dialer.wake()
        await database.read(lambda reading: reading.execute(sa.select(revisits.c.id)).all())
        assert line.placed == []
    await placed
    assert line.placed == [(NUMBER, "dialling", ["sent"])]


@ensureDeferred
async def test_two_services_on_one_store_dial_each_case_once(database, running, line, store):
    other = Running(store, line, "two")
    await other.recovery.begin()
    await other.recovery.settle()
    for n in range(4):
        await database.write(lambda connection, n=n: running.reply(connection, f"C{n}", f"1380000001{n}"))
    placed = line.until(4)
    for each in (running, other):
        each.dialer.wake()
    await placed
    assert sorted(number for number, _, _ in line.placed) == [f"1380000001{n}" for n in range(4)]
    await other.dialer.stop(0)
