"""The presence clock on a real store: phones that come and go, restarts, clocks that are set."""

import pytest
from pytest_twisted import async_yield_fixture, ensureDeferred

from telephony.leader.seat import Seats
from tests.unit.leader.seating import AGENT, Hall, refuse_writes


@async_yield_fixture
async def hall(config, database):
    """A running service whose switch knows the seat's phone, a leader who is ready, and an open day."""
    hall = Hall(config, database)
    await hall.begins()
    await hall.phone(there=True)
    await hall.agent("ready")
    await hall.open_day()
    yield hall
    if hall.seats is not None:
        hall.killed()
    await hall.written()


@ensureDeferred
async def test_the_clock_runs_from_the_opening_on_if_the_phone_is_there(hall):
    await hall.passes(20)
    assert await hall.there() == 20
    assert await hall.stretches() == [(0, None)]


@ensureDeferred
async def test_a_break_is_left_out(hall):
    await hall.passes(10)
    await hall.agent("paused")
    await hall.passes(3)
    await hall.agent("ready")
    await hall.passes(7)
    found = await hall.presence()
    assert (found.there, found.paused, found.away) == (17, 3, 0)


@ensureDeferred
async def test_a_phone_that_goes_stops_the_clock_at_once_and_one_that_comes_starts_it(hall):
    await hall.passes(10.25, step=10.25)
    await hall.phone(there=False)
    await hall.passes(5)
    await hall.phone(there=True)
    await hall.passes(4)
    assert await hall.stretches() == [(0, 10.25), (15.25, None)]
    found = await hall.presence()
    assert (found.there, found.away) == (14.25, 5)


@ensureDeferred
async def test_what_the_switch_says_twice_is_no_news(hall):
    await hall.passes(5)
    await hall.phone(there=True)
    await hall.passes(5)
    await hall.phone(there=False)
    await hall.phone(there=False)
    assert await hall.stretches() == [(0, 10)]


@ensureDeferred
async def test_other_agents_phones_are_nothing_to_the_clock(hall):
    await hall.passes(5)
    hall.seats.phone_changed("8001", there=False)
    await hall.passes(5)
    assert await hall.there() == 10


@ensureDeferred
async def test_the_clock_stops_with_the_closing(hall):
    await hall.passes(10)
    await hall.close_day()
    await hall.passes(10)
    assert await hall.there() == 10
    assert await hall.stretches() == [(0, 10)]


@ensureDeferred
async def test_a_closing_that_nobody_told_of_is_noticed_and_counts_from_when_it_was(hall):
    await hall.passes(5)
    await hall.close_day(tell=False)
    await hall.passes(15)
    assert await hall.there() == 5
    assert [ended is None for _, ended in await hall.stretches()] == [False]


@ensureDeferred
async def test_an_opening_that_nobody_told_of_is_noticed_and_counts_from_when_it_was(hall):
    await hall.close_day()
    await hall.open_day(tell=False)
    await hall.passes(25)
    assert await hall.there() == 25


@ensureDeferred
async def test_a_phone_that_comes_after_the_opening_counts_from_then_on(hall):
    await hall.close_day()
    await hall.phone(there=False)
    await hall.open_day()
    await hall.passes(30)
    await hall.phone(there=True)
    await hall.passes(5)
    found = await hall.presence()
    assert (found.there, found.away) == (5, 30)


@ensureDeferred
async def test_two_halls_on_one_evening_do_not_touch_each_other(hall):
    first = hall.day
    await hall.passes(10)
    await hall.open_day(seat="baofeng-hall", centre="baofeng", leader="baofeng-head")
    hall.seats.phone_changed("8811", there=True)
    await hall.phone(there=False)
    await hall.passes(10)
    assert await hall.stretches() == [(0, 10), (10, None)]
    hall.day = first
    assert await hall.there() == 10


# Restarts.


@ensureDeferred
async def test_killed_and_back_with_the_phone_there_nothing_is_lost(hall):
    await hall.passes(10)
    hall.killed()
    await hall.passes(40)
    await hall.begins()
    await hall.passes(2)
    await hall.phone(there=True)
    await hall.passes(8)
    assert await hall.there() == 60
    assert await hall.stretches() == [(0, None)]


@ensureDeferred
async def test_killed_and_back_without_the_phone_it_counts_up_to_the_last_second(hall):
    await hall.passes(10.75)
    hall.killed()
    await hall.passes(40)
    await hall.begins()
    await hall.phone_is_missing()
    assert await hall.there() == 10.75
    assert await hall.stretches() == [(0, 10.75)]


@ensureDeferred
async def test_killed_and_back_on_a_switch_that_does_not_name_the_phone_it_is_not_there(hall):
    await hall.passes(10)
    hall.killed()
    await hall.begins()
    await hall.passes(5)
    hall.seats.settled()
    await hall.passes(5)
    assert await hall.stretches() == [(0, 10)]


@pytest.mark.parametrize("seconds", range(1, 9))
@ensureDeferred
async def test_wherever_it_is_killed_at_most_a_second_is_lost_and_none_won(hall, seconds):
    async def story():
        """Yield after each second: 2 there, 2 in a break, 2 there, 2 without the phone, 2 there."""
        for act in (None, ("agent", "paused"), ("agent", "ready"), ("phone", False), ("phone", True)):
            if act is not None and act[0] == "agent":
                await hall.agent(act[1])
            elif act is not None:
                await hall.phone(there=act[1])
            for _ in range(2):
                await hall.passes(1)
                yield act != ("phone", False)

    second = 0
    async for there in story():
        second += 1
        if second == seconds:
            hall.killed()
            await hall.passes(0.5)
            await hall.begins()
            await hall.phone(there=there)
            assert hall.asked == ([] if there else [AGENT])
    found = await hall.presence()
    assert found.there == pytest.approx(6.5 if seconds not in {3, 4, 7, 8} else 6, abs=1)
    assert found.there + found.paused + found.away == pytest.approx(10.5)


@ensureDeferred
async def test_killed_before_the_phones_going_was_stored_it_counts_up_to_the_last_second(hall):
    await hall.passes(10)
    refuse_writes(hall.database, 1)
    hall.clock.pass_on(0.5)
    await hall.phone(there=False)
    hall.killed()
    await hall.passes(5)
    await hall.begins()
    await hall.phone_is_missing()
    assert await hall.stretches() == [(0, 10)]


@ensureDeferred
async def test_a_day_that_was_closed_while_a_stretch_was_left_on_is_settled_by_the_next_service(hall):
    await hall.passes(10)
    hall.killed()
    await hall.close_day()
    await hall.passes(5)
    await hall.begins()
    await hall.phone(there=True)
    assert await hall.there() == 10
    assert [ended is None for _, ended in await hall.stretches()] == [False]


@ensureDeferred
async def test_while_the_switch_cannot_be_asked_nothing_begins_or_ends_and_nothing_counts_yet(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(20)
    assert await hall.there() == 10
    assert await hall.stretches() == [(0, None)]


@ensureDeferred
async def test_a_switch_that_is_back_with_the_phone_there_takes_nothing_from_the_clock(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(20)
    await hall.phone(there=True)
    assert await hall.there() == 30


@ensureDeferred
async def test_a_switch_that_is_back_without_the_phone_ended_the_stretch_when_it_was_lost(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(20)
    hall.seats.settled()
    await hall.passes(10)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.stretches() == [(0, 10), (40, None)]


@ensureDeferred
async def test_a_switch_that_was_restarted_is_told_to_ask_a_phone_it_takes_for_gone(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(20)
    await hall.phone(there=False)
    await hall.phone(there=False)
    assert hall.asked == [AGENT]
    await hall.passes(4.5)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.there() == 39.5
    assert await hall.stretches() == [(0, None)]


@ensureDeferred
async def test_a_phone_that_does_not_answer_in_time_was_gone_when_the_switch_was_lost(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(20)
    await hall.phone(there=False)
    await hall.passes(4.5, step=0.5)
    assert await hall.stretches() == [(0, None)]
    await hall.passes(0.5)
    assert await hall.stretches() == [(0, 10)]


@ensureDeferred
async def test_a_switch_that_is_lost_again_before_the_phone_answered_is_told_to_ask_again(hall):
    await hall.passes(10)
    for _ in range(2):
        hall.seats.lost()
        await hall.phone(there=False)
        await hall.passes(3)
    assert hall.asked == [AGENT, AGENT]
    await hall.phone(there=True)
    assert await hall.there() == 16


@ensureDeferred
async def test_a_phone_that_came_while_the_switch_was_away_counts_from_when_it_was_seen(hall):
    await hall.passes(10)
    await hall.phone(there=False)
    hall.seats.lost()
    await hall.passes(20)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.there() == 15


@ensureDeferred
async def test_a_day_opened_while_the_switch_is_away_counts_from_when_the_phone_is_seen(hall):
    await hall.close_day()
    hall.seats.lost()
    await hall.open_day()
    await hall.passes(20)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.there() == 5


@ensureDeferred
async def test_a_day_closed_while_the_switch_is_away_is_settled_when_it_is_back(hall):
    await hall.passes(10)
    hall.seats.lost()
    await hall.passes(10)
    await hall.close_day()
    assert await hall.there() == 10
    await hall.passes(10)
    assert await hall.there() == 10
    await hall.phone(there=True)
    assert await hall.there() == 20
    assert [ended is None for _, ended in await hall.stretches()] == [False]


# A store that refuses.


@ensureDeferred
async def test_what_could_not_be_stored_is_stored_later_as_it_was(hall):
    await hall.passes(10)
    refuse_writes(hall.database, 2)
    hall.seats.phone_changed("8801", there=False)
    await hall.passes(5)
    hall.seats.phone_changed("8801", there=True)
    await hall.passes(5)
    assert await hall.stretches() == [(0, 10), (15, None)]


# Clocks that are set.


@ensureDeferred
async def test_a_clock_set_forth_wins_no_second(hall):
    await hall.passes(10)
    hall.clock.set_by(3600)
    await hall.passes(10)
    assert await hall.there() == pytest.approx(20, abs=1)


@ensureDeferred
async def test_a_clock_set_forth_while_the_switch_is_away_wins_no_second(hall):
    await hall.passes(10)
    hall.seats.lost()
    hall.clock.set_by(3600)
    await hall.passes(10)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.there() == 15


@ensureDeferred
async def test_a_clock_set_back_counts_no_second_twice(hall):
    await hall.passes(30)
    hall.clock.set_by(-20)
    await hall.passes(10)
    assert await hall.there() == 20
    await hall.passes(40)
    assert await hall.there() == 60


@ensureDeferred
async def test_a_break_that_began_in_the_repeated_time_is_none_of_the_leaders_seconds(hall):
    await hall.passes(30)
    await hall.agent("talking")
    await hall.passes(5)
    hall.clock.set_by(-20)
    await hall.passes(5)
    await hall.agent("paused")
    await hall.passes(100)
    assert await hall.there() <= 41


@ensureDeferred
async def test_a_clock_set_back_while_the_service_was_dead_is_noticed_by_the_last_look(hall):
    await hall.passes(30)
    await hall.agent("talking")
    await hall.passes(5)
    hall.killed()
    hall.clock.set_by(-20)
    await hall.begins()
    await hall.phone(there=True)
    await hall.agent("paused")
    await hall.passes(100)
    assert await hall.there() <= 36


@ensureDeferred
async def test_a_clock_that_is_a_second_off_was_not_set(hall):
    await hall.passes(10)
    hall.clock.set_by(1)
    await hall.passes(10)
    assert await hall.stretches() == [(0, None)]


@ensureDeferred
async def test_a_stretch_is_taken_up_though_another_days_change_had_the_days_read_before(hall):
    await hall.passes(10)
    hall.killed()
    await hall.passes(5)
    real = Seats.start

    def start(seats):
        seats.days_changed()  # at its start the service opened another hall's day, whose hour it was
        return real(seats)

    Seats.start = start
    try:
        await hall.begins()
    finally:
        Seats.start = real
    await hall.phone_is_missing()
    await hall.passes(5)
    await hall.phone(there=True)
    await hall.passes(5)
    assert await hall.there() == 15
    assert await hall.stretches() == [(0, 10), (25, None)]
