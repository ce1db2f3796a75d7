"""Agents of two installations on one store, each with a switch of its own."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import async_yield_fixture, ensureDeferred
from twisted.internet.defer import fail
from twisted.internet.task import Clock as Timer

from telephony.floor.pulse import Pulse
from telephony.floor.roster import RETRY, Roster
from telephony.store import agents as agent_rows
from telephony.store.tables import agents, alarms, events
from tests.unit.floor.conftest import RecordingMirror


class Place:
    """An installation; `begin` starts its service anew on what is stored."""

    def __init__(self, worker, config, database, clock):
        self.worker, self.config, self.database, self.clock = worker, config, database, clock
        self.roster = None

    async def begin(self):
        self.timer, self.mirror = Timer(), RecordingMirror()
        self.roster = Roster(
            self.config, self.database, self.clock, self.timer, self.mirror, Pulse(), self.worker
        )
        self.roster.restore(await self.database.read(agent_rows.load))
        return self

    async def order(self, what, reason=None):
        return await self.roster.command("8001", what, reason, "test")

    def passes(self, seconds):
        self.clock.instant += timedelta(seconds=seconds)
        self.timer.advance(seconds)

    @property
    def state(self):
        return self.roster.one("8001").state

    async def row(self):
        """Return whose the stored row is, and its state, once all is written."""
        await self.database.write(lambda _: None)
        row = (await self.database.read(agent_rows.load))["8001"]
        return row["worker"], row["state"]

    async def told(self):
        """Return what became of the agent, by the events."""
        query = sa.select(events.c.data).where(events.c.kind == "agent").order_by(events.c.id)
        return await self.database.read(lambda c: [data["to"] for data in c.scalars(query)])


@async_yield_fixture
async def first(config, database, clock):
    place = await Place("first", config, database, clock).begin()
    yield place
    place.roster.stop()


@async_yield_fixture
async def second(config, database, clock, first):
    place = await Place("second", config, database, clock).begin()
    yield place
    place.roster.stop()


@ensureDeferred
async def test_a_service_that_starts_and_reconciles_ends_no_talk_at_another_installation(first, second):
    await first.order("login")
    first.roster.connected("8001", "1.0", "1.1")
    await first.row()
    await second.begin()
    second.roster.reconcile({}, [])
    assert second.state == "logged_out"
    assert await second.row() == ("first", "talking")
    assert await second.told() == ["ready", "talking"]


@ensureDeferred
async def test_a_wrap_up_at_another_installation_is_ended_there_alone(first, second):
    await first.order("login")
    first.roster.connected("8001", "1.0", "1.1")
    first.roster.leg_ended("8001", "1.1")
    await first.row()
    await second.begin()
    second.passes(60)
    assert await second.row() == ("first", "wrap_up")


@ensureDeferred
async def test_who_is_at_work_elsewhere_becomes_ours_by_a_log_in(first, second):
    await first.order("login")
    await first.order("pause", "meal")
    await second.begin()
    await second.order("login")
    assert await second.row() == ("second", "ready")
    assert second.mirror.told[-1] == ("8001", True, False)
    await first.begin()
    assert first.state == "logged_out"


@ensureDeferred
async def test_what_was_still_thought_of_an_agent_who_went_elsewhere_changes_nothing(first, second):
    await first.order("login")
    first.roster.connected("8001", "1.0", "1.1")
    await first.row()
    await second.order("login")
    first.roster.reconcile({}, [])  # its switch died, and is back
    assert await second.row() == ("second", "ready")
    assert await second.told() == ["ready", "talking", "ready"]
    assert first.state == "logged_out"
    assert first.mirror.told[-1] == ("8001", False, False)


@ensureDeferred
async def test_a_timer_of_who_went_elsewhere_does_not_bring_them_back(first, second):
    await first.order("login")
    first.roster.connected("8001", "1.0", "1.1")
    first.roster.leg_ended("8001", "1.1")
    await second.order("login")
    await second.order("logout")
    first.passes(60)
    assert await second.row() == ("second", "logged_out")
    assert first.state == "logged_out"


@ensureDeferred
async def test_a_log_out_here_is_none_of_who_is_at_work_elsewhere(first, second):
    await first.order("login")
    await second.order("logout")
    assert await second.row() == ("first", "ready")
    assert await second.told() == ["ready"]


@ensureDeferred
async def test_a_leg_here_of_who_is_at_work_elsewhere_does_not_make_them_ours(first, second):
    await first.order("login")
    second.roster.reconcile({"8001": ("Up", "2.0", "2.1")}, [])
    assert await second.row() == ("first", "ready")
    assert second.state == "logged_out"


@ensureDeferred
async def test_who_has_gone_home_elsewhere_may_be_called_here(first, second):
    await first.order("login")
    await first.order("logout")
    second.roster.connected("8001", "2.0", "2.1")
    assert await second.row() == ("second", "talking")


@ensureDeferred
async def test_who_logs_in_again_before_the_store_has_told_is_ours(first, second):
    await first.order("login")
    await second.order("login")
    first.roster.connected("8001", "1.0", "1.1")
    await first.order("login")
    assert await first.row() == ("first", "talking")
    assert first.state == "talking"


class Refuses:
    """A store that refuses to write while it is told to."""

    def __init__(self, database):
        self._database, self.read, self.fault = database, database.read, None

    def write(self, work, *, urgent=False):
        return fail(self.fault) if self.fault else self._database.write(work, urgent=urgent)


@ensureDeferred
async def test_a_log_in_that_the_store_owes_goes_before_what_follows_it(config, database, clock, first):
    await first.order("login")
    store = Refuses(database)
    second = await Place("second", config, store, clock).begin()
    store.fault = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await second.order("login")
    store.fault = None
    await second.order("pause", "meal")
    second.passes(RETRY)
    assert await second.row() == ("second", "paused")
    assert second.state == "paused"
    assert await second.told() == ["ready", "ready", "paused"]
    second.roster.stop()


async def standing(place):
    """Return how many alarms stand, once all is written."""
    await place.database.write(lambda _: None)
    query = sa.select(sa.func.count()).where(alarms.c.acknowledged_at.is_(None))
    return await place.database.read(lambda c: c.scalar(query))


LONG = 24 * 3600


@ensureDeferred
async def test_a_pause_that_lasts_too_long_alarms_until_the_agent_logs_in_elsewhere(first, second):
    await first.order("login")
    await first.order("pause", "meal")
    first.passes(LONG)
    assert await standing(first) == 1
    await second.order("login")
    assert await standing(first) == 0


@ensureDeferred
async def test_a_pause_of_who_went_elsewhere_never_lasts_too_long(first, second):
    await first.order("login")
    await first.order("pause", "meal")
    await second.order("login")
    first.passes(LONG)
    assert await standing(first) == 0


@pytest.mark.parametrize("worker", ["second", None])
@ensureDeferred
async def test_a_row_of_ours_or_of_nobody_knows_whom_is_taken_up(first, second, worker):
    await first.order("login")
    await first.database.write(lambda c: c.execute(agents.update().values(worker=worker)))
    await second.begin()
    assert second.state == "ready"
    await second.order("pause", "meal")
    assert await second.row() == ("second", "paused")


@ensureDeferred
async def test_a_service_that_starts_takes_back_no_alarm_of_a_pause_elsewhere(first, second):
    await first.order("login")
    await first.order("pause", "meal")
    raise_it = agent_rows.raise_alarm
    await first.database.write(lambda c: raise_it(c, first.clock.now(), "long-pause", "8001"))
    await second.begin()
    await second.row()
    standing = sa.select(alarms.c.acknowledged_at)
    assert await first.database.read(lambda c: c.scalars(standing).all()) == [None]
