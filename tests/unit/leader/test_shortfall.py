"""A day that may end short is told of once, while it can be mended, with how to mend it (Art. 6)."""

from datetime import timedelta

import sqlalchemy as sa
from pytest_twisted import async_yield_fixture, ensureDeferred

from telephony.store.tables import alarms, events
from tests.unit.leader.seating import Hall, refuse_writes
from tests.unit.times import NOON


@async_yield_fixture
async def hall(config, database):
    """A leader who is ready, with a day of two hours and half an hour to spare."""
    hall = Hall(config, database)
    await hall.begins()
    await hall.phone(there=True)
    await hall.agent("ready")
    await hall.open_day(ends_at=NOON + timedelta(minutes=150))
    yield hall
    if hall.seats is not None:
        hall.killed()
    await hall.written()


async def minutes(hall, count):
    """Let minutes pass, with a look at their end."""
    await hall.passes(60 * count, step=60 * count)
    await hall.days_changed()


def short(hall, *, stands=True):
    return ("leader-day-short", str(hall.day.id), stands)


@ensureDeferred
async def test_with_ten_minutes_to_spare_nobody_is_alarmed_and_with_less_once(hall):
    await hall.agent("paused")
    await minutes(hall, 20)
    assert await hall.alarms() == []
    await minutes(hall, 1)
    assert await hall.alarms() == [short(hall)]
    await minutes(hall, 15)
    assert await hall.alarms() == [short(hall)]


@ensureDeferred
async def test_the_event_says_what_is_missing_and_the_command_that_mends_it(hall):
    await hall.agent("paused")
    await minutes(hall, 21)
    query = sa.select(events.c.data).where(events.c.kind == "leader_day")
    [told] = await hall.database.read(lambda c: c.scalars(query).all())
    assert (told["what"], told["missing"], told["slack"]) == ("short", 7200, 540)
    assert told["mend"] == f"hotline leader-days extend {hall.day.id} --until 2026-11-23T14:31"
    assert hall.told == 1


@ensureDeferred
async def test_an_end_that_is_put_off_takes_the_alarm_back_and_the_next_shortage_alarms_anew(hall):
    await hall.agent("paused")
    await minutes(hall, 21)
    await hall.change_day(ends_at=NOON + timedelta(minutes=160))
    assert await hall.alarms() == [short(hall, stands=False)]
    await minutes(hall, 10)
    assert await hall.alarms() == [short(hall, stands=False), short(hall)]


@ensureDeferred
async def test_a_day_of_just_the_least_time_has_nothing_to_spare_and_is_told_of_at_once(hall):
    await hall.close_day()
    await hall.open_day(ends_at=hall.clock.now() + timedelta(minutes=120))
    assert await hall.alarms() == [short(hall)]


@ensureDeferred
async def test_an_alarm_that_was_acknowledged_is_not_raised_again_by_a_restart(hall):
    await hall.agent("paused")
    await minutes(hall, 21)
    seen = alarms.update().values(acknowledged_at=hall.clock.now())
    await hall.database.write(lambda connection: connection.execute(seen))
    hall.killed()
    await hall.begins()
    await minutes(hall, 1)
    assert await hall.alarms() == [short(hall, stands=False)]


@ensureDeferred
async def test_a_restart_takes_back_what_was_mended_while_it_was_dead(hall):
    await hall.agent("paused")
    await minutes(hall, 21)
    hall.killed()
    await hall.change_day(ends_at=NOON + timedelta(minutes=300))
    await hall.begins()
    assert await hall.alarms() == [short(hall, stands=False)]


@ensureDeferred
async def test_a_day_that_ends_short_keeps_its_alarm(hall):
    await hall.agent("paused")
    await minutes(hall, 60)
    await hall.close_day()
    await minutes(hall, 1)
    assert await hall.alarms() == [short(hall)]


@ensureDeferred
async def test_a_day_whose_last_call_made_it_long_enough_does_not(hall):
    await hall.agent("paused")
    await minutes(hall, 35)
    await hall.agent("talking")
    await minutes(hall, 119)
    assert await hall.alarms() == [short(hall)]
    await hall.passes(60, step=60)
    await hall.close_day()
    assert await hall.there() == 7200
    assert await hall.alarms() == [short(hall, stands=False)]


@ensureDeferred
async def test_an_alarm_that_could_not_be_stored_is_tried_again(hall):
    await hall.agent("paused")
    hall.seats.lost()  # so that nothing else is written
    await minutes(hall, 20)
    hall.clock.pass_on(60)
    refuse_writes(hall.database, 1)
    await hall.seats.days_changed()
    await hall.written()
    assert await hall.alarms() == []
    await hall.days_changed()
    assert await hall.alarms() == [short(hall)]


@ensureDeferred
async def test_two_services_on_one_store_tell_of_one_shortage_once(hall, config, database):
    other = Hall(config, database)
    other.clock = hall.clock
    await other.begins()
    await other.phone(there=True)
    await other.days_changed()
    await hall.agent("paused")
    hall.clock.pass_on(21 * 60)
    for each in (hall, other):
        await each.days_changed()
    other.killed()
    query = sa.select(events.c.data).where(events.c.kind == "leader_day")
    told = await database.read(lambda connection: list(connection.scalars(query)))
    assert [each["what"] for each in told] == ["short"]
