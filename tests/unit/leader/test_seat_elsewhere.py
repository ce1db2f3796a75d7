"""The presence clock of two installations on one store: each keeps the stretches of its own phones."""

from pytest_twisted import async_yield_fixture, ensureDeferred

from telephony.store.leader_tables import leader_stretches
from tests.unit.leader.seating import Hall


@async_yield_fixture
async def hall(config, database):
    """The installation at whose switch the leader's phone is, a leader who is ready, and an open day."""
    hall = Hall(config, database)
    await hall.begins()
    await hall.phone(there=True)
    await hall.agent("ready")
    await hall.open_day()
    yield hall
    await over(hall)


@async_yield_fixture
async def other(config, database, hall):
    """Another installation, which is not running yet."""
    other = Hall(config, database, "second")
    other.clock = hall.clock
    yield other
    await over(other)


async def over(hall):
    if hall.seats is not None:
        hall.killed()
    await hall.written()


async def together(hall, other, seconds):
    """Let time pass for both."""
    for _ in range(seconds):
        hall.clock.pass_on(1)
        for each in (hall, other):
            each.timer.advance(1)
            await each.written()


async def closes(hall, other):
    """Close the day at the other one; the first is dead, and hears of it when it is back."""
    other.day = hall.day
    await other.close_day()
    hall.day = other.day


@ensureDeferred
async def test_a_service_at_whose_switch_the_phone_never_was_takes_nothing_from_the_other_ones_clock(
    hall, other
):
    await hall.passes(10)
    await other.begins()
    await other.phone(there=False)
    await together(hall, other, 6)
    other.killed()
    await hall.passes(10)
    assert await hall.stretches() == [(0, None)]
    assert await hall.there() == 26


@ensureDeferred
async def test_where_the_first_died_the_other_begins_a_stretch_of_its_own_when_the_phone_comes_to_it(
    hall, other
):
    await hall.passes(10)
    hall.killed()
    await hall.passes(5)
    await other.begins()
    await other.phone(there=True)
    hall.seats, hall.timer = other.seats, other.timer
    await hall.passes(20)
    hall.seats = None
    assert await hall.stretches() == [(0, None), (15, None)]
    found = await hall.presence()
    assert (found.there, found.away) == (30, 5)


@ensureDeferred
async def test_a_phone_that_is_at_both_switches_counts_once(hall, other):
    await hall.passes(10)
    await other.begins()
    await other.phone(there=True)
    await together(hall, other, 10)
    await hall.phone(there=False)
    await together(hall, other, 10)
    assert await hall.stretches() == [(0, 20), (10, None)]
    assert await hall.there() == 30


@ensureDeferred
async def test_who_died_and_finds_the_phone_again_counts_no_time_in_which_it_was_elsewhere_and_gone(
    hall, other
):
    await hall.passes(10)
    hall.killed()
    await other.begins()
    await other.phone(there=True)
    await other.passes(10)
    await other.phone(there=False)
    await other.passes(30)
    await hall.begins()
    await hall.phone(there=True)
    await together(hall, other, 10)
    assert await hall.stretches() == [(0, 10), (10, 20), (50, None)]
    assert await hall.there() == 30


@ensureDeferred
async def test_who_died_and_is_back_after_the_closing_ends_the_stretch_at_its_last_look(hall, other):
    await hall.passes(10)
    hall.killed()
    await other.begins()
    await other.phone(there=True)
    await other.passes(10)
    await other.phone(there=False)
    await other.passes(10)
    await closes(hall, other)
    await other.passes(60)
    assert await hall.there() == 20
    await hall.begins()
    await hall.phone(there=True)
    await together(hall, other, 10)
    assert await hall.stretches() == [(0, 10), (10, 20)]
    assert await hall.there() == 20


@ensureDeferred
async def test_a_stretch_that_nobody_ends_counts_up_to_its_last_look(hall, other):
    await hall.passes(10)
    hall.killed()
    await other.begins()
    await other.phone(there=False)
    await other.passes(20)
    await closes(hall, other)
    await other.passes(60)
    assert await hall.stretches() == [(0, None)]
    assert await hall.there() == 10


@ensureDeferred
async def test_a_stretch_of_which_nobody_knows_whose_it_is_is_taken_up_by_who_finds_it(hall, other):
    await hall.passes(10)
    hall.killed()
    await hall.database.write(lambda c: c.execute(leader_stretches.update().values(worker=None)))
    await other.begins()
    await other.phone(there=True)
    await other.passes(10)
    assert await hall.stretches() == [(0, None)]
    assert await hall.there() == 20
