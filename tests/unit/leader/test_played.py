"""A day that a demonstration plays: by its own clock, on the demo's seat alone, and in nobody's way."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.errors import NotAllowedError
from telephony.leader.notice import text_of
from telephony.leader.seat import Seats
from telephony.rules.leader_presence import Presence
from telephony.rules.service_figures import instant_us
from telephony.store import leader_days as rows
from telephony.store import leader_presence
from telephony.store.service_tables import agent_spells
from telephony.store.tables import alarms
from tests.unit.leader.hall import at, wanted

MINUTE = timedelta(minutes=1)
FACTOR = 120


def played(hall, begins_in=6, lasts=66, factor=FACTOR):
    lengths = (timedelta(seconds=begins_in), timedelta(seconds=lasts))
    return hall.days.play("hotline demo", factor, *lengths)


async def refused(doing, text):
    with pytest.raises(NotAllowedError, match=text):
        await doing


@ensureDeferred
async def test_its_times_are_real_and_its_clock_is_so_many_times_as_fast(hall):
    day = await played(hall)
    assert (day.seat, day.leader, day.state, day.played) == ("demo-hall", "demo-leader", "planned", FACTOR)
    assert (day.starts_at, day.ends_at) == (at("11-23 12:00:06"), at("11-23 12:01:12"))
    shown = rows.on_its_clock(day)
    assert (shown.starts_at, shown.ends_at) == (at("11-23 15:00"), at("11-23 17:12"))


@ensureDeferred
async def test_two_hours_are_two_hours_of_its_clock_to_the_second(hall):
    assert (await played(hall, lasts=60)).state == "planned"
    await refused(played(hall, lasts=59.99), "120 minutes at least")


@ensureDeferred
async def test_seven_full_days_announce_it_and_six_do_not(hall):
    day = await played(hall)
    await refused(hall.days.publish_played(day.id, "op", 6), "11-24|2026-11-24")
    assert await hall.notices(day.id) == []
    assert (await hall.days.publish_played(day.id, "op", 7)).state == "published"
    (notice,) = await hall.notices(day.id)
    assert notice.published_at == at("11-15 10:00")
    text = text_of(notice.content)
    assert "2026年11月23日（星期一）15:00—17:12" in text
    assert "10000012348" in text


@ensureDeferred
async def test_a_real_day_is_not_announced_so_nor_a_played_one_as_a_real_one_is(hall):
    day, real = await played(hall), await hall.days.add(wanted())
    await refused(hall.days.publish_played(real.id, "op", 7), "none of a demonstration's")
    await refused(hall.days.publish(day.id, "op"), "7 full days|full")


@pytest.mark.parametrize("values", [{"seat": "demo-hall"}, {"leader": "demo-leader"}])
@ensureDeferred
async def test_a_real_day_has_neither_the_demos_seat_nor_its_leader(hall, values):
    await refused(hall.days.add(wanted(**values)), "demonstration's alone")


@ensureDeferred
async def test_a_played_day_has_nobody_elses_seat_and_no_other_sits_there(hall):
    await refused(hall.days.add(wanted(played=FACTOR)), "demonstration's alone")
    day = await played(hall)
    await hall.days.publish_played(day.id, "op", 7)
    await refused(hall.days.substitute(day.id, "mayor-li", "op", "x"), "demonstration's alone")
    real = await hall.published()
    await refused(hall.days.substitute(real.id, "demo-leader", "op", "x"), "demonstration's alone")


@ensureDeferred
async def test_nobody_hears_that_one_was_called_off(hall):
    day = await played(hall)
    await hall.days.publish_played(day.id, "op", 7)
    cancelled = await hall.days.cancel(day.id, "op", "x")
    assert (cancelled.state, hall.days.spoken(cancelled), hall.days.heard()) == ("cancelled", None, [])


@ensureDeferred
async def test_lists_can_tell_the_two_apart(hall):
    day, real = await played(hall), await hall.days.add(wanted())
    read = hall.database.read
    assert [each.id for each in await read(lambda c: rows.listed(c, played=True))] == [day.id]
    assert [each.id for each in await read(lambda c: rows.listed(c, played=False))] == [real.id]
    assert await read(lambda c: [rows.played(c, each.id) for each in (day, real)]) == [True, False]


async def opened(hall):
    day = await played(hall)
    await hall.days.publish_played(day.id, "op", 7)
    hall.now("11-23 12:00:06")
    day = await hall.days.open_day(day.id, "op")

    def there(connection):
        begun = {"begins_us": instant_us(day.opened_at), "agent": "8996", "nth": 0, "state": "ready"}
        connection.execute(agent_spells.insert().values(**begun))
        leader_presence.begin(connection, day.id, day.opened_at)

    await hall.database.write(there)
    return day


@ensureDeferred
async def test_presence_is_counted_by_its_clock(hall):
    day = await opened(hall)
    hall.now("11-23 12:00:36")

    def count(connection):
        leader_presence.see(connection, day.id, hall.clock.now())
        return leader_presence.presence_of(connection, day, "8996", hall.clock.now())

    assert await hall.database.write(count) == Presence(3600.0, 0.0, 0.0)


@ensureDeferred
async def test_nobody_is_told_that_it_runs_short(hall):
    day = await opened(hall)
    hall.now("11-23 12:01:00")
    seats = Seats(hall.config, hall.database, hall.clock, None, lambda _: "ready", lambda _: None, hall.tell)
    await seats.shortfall.weigh({day.id: "8996"})
    assert await hall.database.read(lambda c: c.execute(sa.select(alarms)).all()) == []
