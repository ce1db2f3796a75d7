"""Storm mode: declared until a time, one at a time, over by itself, kept over a restart."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.config import StormRules
from telephony.errors import NotAllowedError
from telephony.floor.storm import Storm
from telephony.store import storms as rows
from telephony.store.tables import events
from tests.unit.times import NOON

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
RULES = StormRules(overflow_factor=0.5, revisits_rest=True)


@pytest.fixture
def changes():
    return []


@pytest.fixture
def storm(database, clock, timer, changes):
    found = Storm(RULES, database, clock, timer)
    found.listeners.append(lambda: changes.append(found.is_on))
    return found


def effects(storm):
    return (storm.is_on, storm.factor, storm.revisits_rest)


ON, OFF = (True, 0.5, True), (False, 1.0, False)


@ensureDeferred
async def test_a_storm_has_its_effects_until_its_end_and_not_after(storm, clock):
    assert effects(storm) == OFF
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    assert effects(storm) == ON
    clock.instant = NOON + HOUR - SECOND
    assert effects(storm) == ON
    clock.instant = NOON + HOUR
    assert effects(storm) == OFF


@ensureDeferred
async def test_who_listens_is_told_of_the_beginning_and_of_the_end_by_itself(storm, clock, timer, changes):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    clock.instant = NOON + HOUR
    timer.advance(3600)
    assert changes == [True, False]


@ensureDeferred
async def test_a_person_ends_it_before_its_time(storm, changes):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    over = await storm.switch_off("王芳")
    assert (over.is_on, over.off_by, effects(storm), changes) == (False, "王芳", OFF, [True, False])


@ensureDeferred
async def test_none_that_is_on_cannot_be_ended(storm, clock):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    clock.instant = NOON + HOUR
    with pytest.raises(NotAllowedError):
        await storm.switch_off("王芳")


@ensureDeferred
async def test_a_second_one_takes_the_place_of_the_first(storm, database, clock, timer, changes):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    await storm.switch_on(NOON + 2 * HOUR, "还在下", "王芳")
    newer, older = await database.read(lambda c: rows.listed(c, NOON, 10))
    assert (newer.is_on, older.is_on, older.off_by) == (True, False, "王芳")
    clock.instant = NOON + HOUR
    timer.advance(3600)
    assert (effects(storm), changes) == (ON, [True, True])


@ensureDeferred
async def test_a_restart_finds_what_is_on(storm, database, clock, timer):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    again = Storm(RULES, database, clock, timer)
    await again.refresh()
    assert effects(again) == ON


@ensureDeferred
async def test_a_restart_after_its_end_finds_none(storm, database, clock, timer):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    clock.instant = NOON + HOUR
    again = Storm(RULES, database, clock, timer)
    await again.refresh()
    assert effects(again) == OFF


@ensureDeferred
async def test_what_was_read_before_a_switch_does_not_undo_it(storm):
    reading = storm.refresh()
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    await reading
    assert effects(storm) == ON


@ensureDeferred
async def test_revisits_go_on_where_the_configuration_says_so(database, clock, timer):
    storm = Storm(StormRules(overflow_factor=0.5, revisits_rest=False), database, clock, timer)
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    assert effects(storm) == (True, 0.5, False)


@ensureDeferred
async def test_both_switches_are_events_with_who_and_why(storm, database):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    await storm.switch_off("王芳")
    found = await database.read(lambda c: c.execute(sa.select(events).order_by(events.c.id)).all())
    assert [(event.kind, event.data["by"]) for event in found] == [
        ("storm_on", "李敏"),
        ("storm_off", "王芳"),
    ]
    assert found[0].data["why"] == "暴雨"
