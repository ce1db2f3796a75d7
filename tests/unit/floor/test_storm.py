"""Storm mode: declared until a time, one at a time, over by itself, kept over a restart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.config_hotline import StormRules
from telephony.errors import NotAllowedError
from telephony.floor.storm import Storm
from telephony.store import migrate
from telephony.store import storms as rows
from telephony.store.database import engine_of, transaction
from telephony.store.incident_tables import storms
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


@ensureDeferred
async def test_the_store_holds_at_most_one_that_is_on(storm, database):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    row = {"why": "x", "by": "王芳", "starts_at": NOON, "ends_at": NOON + HOUR}
    with pytest.raises(sa.exc.IntegrityError):
        await database.write(lambda c: c.execute(storms.insert().values(**row)))


@ensureDeferred
async def test_one_that_passed_by_itself_is_in_nobodys_way(storm, database, clock):
    await storm.switch_on(NOON + HOUR, "暴雨", "李敏")
    clock.instant = NOON + HOUR
    await storm.switch_on(NOON + 2 * HOUR, "还在下", "王芳")
    newer, older = await database.read(lambda c: rows.listed(c, clock.instant, 10))
    assert (newer.is_on, older.is_on, older.off_at, older.off_by) == (True, False, NOON + HOUR, None)


def test_of_two_services_that_declare_one_at_once_the_later_ones_is_on(database_url):
    migrate.upgrade(database_url)
    engine = engine_of(database_url)
    with ThreadPoolExecutor(1) as other:
        with transaction(engine) as connection:
            rows.switch_on(connection, NOON + HOUR, "暴雨", "李敏", NOON)
            second = other.submit(declare, engine, NOON + 2 * HOUR)
            assert not second.done()  # it waits for the first, or has not begun: both ways lead to the same
        assert second.result(30).by == "王芳"
    with engine.connect() as connection:
        assert [each.is_on for each in rows.listed(connection, NOON, 9)] == [True, False]
    engine.dispose()


def declare(engine, until):
    with transaction(engine) as connection:
        return rows.switch_on(connection, until, "还在下", "王芳", NOON)
