"""Pauses that last longer than their reason allows."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from telephony.store import agents as agent_rows
from telephony.store.tables import alarms, events


class Pausing:
    """An agent who pauses, on a clock that a test moves."""

    def __init__(self, roster, database, clock, timer):
        self.roster, self.database, self.clock, self.timer = roster, database, clock, timer

    async def pause(self, reason="rest"):
        await self.roster.command("8001", "login", None, "test")
        await self.roster.command("8001", "pause", reason, "test")

    async def pass_minutes(self, minutes):
        self.clock.instant += timedelta(minutes=minutes)
        self.timer.advance(minutes * 60)
        await self.database.write(lambda _: None)

    async def alarms(self):
        """Return each alarm's kind and subject, and whether it stands."""
        rows = await self.database.read(lambda c: c.execute(sa.select(alarms).order_by(alarms.c.id)).all())
        return [(row.kind, row.subject, row.acknowledged_at is None) for row in rows]


@pytest.fixture
def pausing(roster, database, clock, timer):
    return Pausing(roster, database, clock, timer)


@ensureDeferred
async def test_a_pause_within_its_limit_raises_no_alarm_and_a_longer_one_raises_one(pausing):
    await pausing.pause()
    await pausing.pass_minutes(19.9)
    assert await pausing.alarms() == []
    await pausing.pass_minutes(0.2)
    await pausing.pass_minutes(60)
    assert await pausing.alarms() == [("long-pause", "8001", True)]


@ensureDeferred
async def test_the_alarm_is_told_as_an_event_with_reason_and_limit(pausing):
    await pausing.pause("meal")
    await pausing.pass_minutes(61)
    query = sa.select(events).where(events.c.kind == "pause_too_long")
    [told] = await pausing.database.read(lambda c: c.execute(query).all())
    assert (told.agent, told.data) == ("8001", {"reason": "meal", "minutes": 60})


@ensureDeferred
async def test_a_reason_without_a_limit_may_last(pausing):
    await pausing.pause("training")
    await pausing.pass_minutes(600)
    assert await pausing.alarms() == []


@ensureDeferred
async def test_ready_takes_the_alarm_back_and_the_next_pause_alarms_anew(pausing):
    await pausing.pause()
    await pausing.pass_minutes(21)
    await pausing.roster.command("8001", "ready", None, "test")
    await pausing.database.write(lambda _: None)
    assert await pausing.alarms() == [("long-pause", "8001", False)]
    await pausing.pass_minutes(30)
    await pausing.roster.command("8001", "pause", "rest", "test")
    await pausing.pass_minutes(21)
    assert [stands for *_, stands in await pausing.alarms()] == [False, True]


@ensureDeferred
async def test_another_reason_does_not_begin_the_pause_anew(pausing):
    await pausing.pause("training")
    await pausing.pass_minutes(30)
    await pausing.roster.command("8001", "pause", "rest", "test")
    await pausing.pass_minutes(0)
    assert [kind for kind, *_ in await pausing.alarms()] == ["long-pause"]


async def restarted(pausing, config, mirror):
    pausing.roster.stop()
    later = Roster(config, pausing.database, pausing.clock, pausing.timer, mirror, Pulse())
    later.restore(await pausing.database.read(agent_rows.load))
    pausing.roster = later
    await pausing.pass_minutes(0)


@ensureDeferred
async def test_a_restart_measures_from_when_the_pause_began(pausing, config, mirror):
    await pausing.pause()
    await pausing.pass_minutes(15)
    await restarted(pausing, config, mirror)
    await pausing.pass_minutes(4.9)
    assert await pausing.alarms() == []
    await pausing.pass_minutes(0.2)
    assert len(await pausing.alarms()) == 1


@ensureDeferred
async def test_an_alarm_that_somebody_has_acknowledged_does_not_come_again_with_a_restart(
    pausing, config, mirror
):
    await pausing.pause()
    await pausing.pass_minutes(21)
    seen = alarms.update().values(acknowledged_at=pausing.clock.now())
    await pausing.database.write(lambda c: c.execute(seen))
    await restarted(pausing, config, mirror)
    assert await pausing.alarms() == [("long-pause", "8001", False)]


@ensureDeferred
async def test_a_pause_that_is_over_at_a_start_leaves_no_alarm_standing(pausing, config, mirror):
    await pausing.database.write(
        lambda c: agent_rows.raise_alarm(c, pausing.clock.now(), "long-pause", "8001")
    )
    await restarted(pausing, config, mirror)
    assert await pausing.alarms() == [("long-pause", "8001", False)]


@ensureDeferred
async def test_what_a_supervisor_orders_is_told_with_who_and_why(pausing):
    await pausing.roster.command("8001", "login", None, "api")
    await pausing.roster.command("8001", "pause", "meeting", "8005", "开会")
    query = sa.select(events.c.data).where(events.c.kind == "agent").order_by(events.c.id.desc()).limit(1)
    data = await pausing.database.read(lambda c: c.scalar(query))
    assert (data["to"], data["reason"], data["by"], data["why"]) == ("paused", "meeting", "8005", "开会")
