"""Overflow in the waiting room: help of other queues' agents, then a return; nobody is overtaken or lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from telephony.config import OverflowStep
from telephony.floor.overflow import Overflow
from telephony.pbx.snapshot import Channel
from telephony.store import calls, return_calls, returns, waiting
from telephony.store.tables import blacklist, events
from tests.unit.floor.waiting_house import COUNTY, GENERAL, FakeStore, House
from tests.unit.times import NOON

NUMBER = "13800000001"
STEPS = (
    OverflowStep(to=(GENERAL,), after_seconds=60),
    OverflowStep(to=("city-12315",), length=3),
    OverflowStep(to=("returns",), after_seconds=300),
)


class Spilling(House):
    """A house in which callers of the county spill over; agent 8101 is the county's, 8001 the city's."""

    def __init__(self, config, clock, timer, store, steps=STEPS):
        county = config.queues[COUNTY].model_copy(update={"overflow": steps})
        config = replace(config, queues={**config.queues, COUNTY: county})
        super().__init__(config, clock, timer, store)
        self.factor, self.told = 1.0, []
        self.overflow = Overflow(
            config, store, clock, timer, self.room, lambda: self.factor, lambda: self.told.append(1)
        )
        self.room.overflow = self.overflow
        self.opened()

    def comes(self, name, queue=COUNTY, **more):
        """Let somebody come now."""
        more.setdefault("number", NUMBER)
        reply = self.ask(name, queue, came=(self.clock.instant - NOON).total_seconds(), **more)
        self.timer.advance(0)
        return reply


@pytest.fixture
def house(config, clock, timer):
    return Spilling(config, clock, timer, FakeStore())


async def lasting(*parts):
    """Return a house whose store is real, once it is open."""
    house = Spilling(*parts)
    while not house.room.serves:
        await parts[-1].read(lambda _: None)
    return house


async def written(database, kind):
    """Return the data of the events of a kind once all that was asked for is written."""
    await database.write(lambda _: None)
    query = sa.select(events.c.data).where(events.c.kind == kind).order_by(events.c.id)
    return await database.read(lambda connection: connection.scalars(query).all())


@pytest.mark.parametrize(("seconds", "moved"), [(59, []), (60, [("one", "8001")])])
def test_behind_the_limit_another_queues_agent_helps_and_not_before(house, seconds, moved):
    house.comes("one")
    house.free("8001")
    house.pass_time(seconds)
    assert house.moved == moved


def test_an_agent_of_the_queue_itself_goes_before_one_who_helps(house):
    house.comes("one")
    house.pass_time(60)
    house.free("8001", "8101")
    assert house.moved == [("one", "8101")]


def test_who_spilled_over_is_served_in_the_order_of_arrival_among_all(house):
    house.comes("county")
    house.pass_time(1)
    house.comes("city", GENERAL)
    house.pass_time(60)
    house.free("8001")
    assert house.moved == [("county", "8001")]


def test_who_spilled_over_overtakes_nobody_who_came_earlier(house):
    house.comes("city", GENERAL)
    house.pass_time(1)
    house.comes("county")
    house.pass_time(60)
    house.free("8001")
    assert house.moved == [("city", "8001")]


def test_a_queue_that_is_too_long_is_helped_at_once(house):
    for name in ("one", "two"):
        house.comes(name)
    house.free("8002")
    assert house.moved == []
    house.comes("three")
    assert house.moved == [("one", "8002")]


def test_many_who_spill_over_at_once_are_one_commit_one_look_and_one_beat(house):
    looks = []
    for name in ("one", "two"):
        house.comes(name)
    look, house.room.look = house.room.look, lambda: looks.append(1) or look()
    house.pass_time(60)
    assert (house.told, looks) == ([1], [1])
    assert [guest.helpers for guest in house.room.guests().values()] == [{GENERAL}, {GENERAL}]


def test_a_storm_makes_the_wait_shorter_for_who_waits_already(house):
    house.comes("one")
    house.free("8001")
    house.pass_time(30)
    assert house.moved == []
    house.factor = 0.5
    house.overflow.soon()
    house.timer.advance(0)
    assert house.moved == [("one", "8001")]


def test_after_the_storm_the_limits_are_what_they_were(house):
    house.factor = 0.5
    house.overflow.soon()
    house.factor = 1.0
    house.overflow.soon()
    house.comes("one")
    house.free("8001")
    house.pass_time(59)
    assert house.moved == []
    house.pass_time(1)
    assert house.moved == [("one", "8001")]


def test_nothing_follows_from_a_spill_before_it_is_committed(house):
    house.comes("one")
    house.free("8001")
    house.store.held = Deferred()
    house.pass_time(60)
    assert house.moved == []
    held, house.store.held = house.store.held, None
    held.callback(None)
    assert house.moved == [("one", "8001")]


def test_a_store_that_refuses_leaves_the_caller_to_app_queue(house):
    house.comes("one")
    house.store.fault = RuntimeError("full")
    house.pass_time(60)
    assert house.room.faulty
    assert house.room.guests()["one"].passed == frozenset()


@ensureDeferred
async def test_each_spill_is_an_event_with_its_reason(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    house.pass_time(60)
    (spilled,) = await written(database, "spilled")
    assert (spilled["queue"], spilled["to"], spilled["because"]) == (COUNTY, GENERAL, "waited")
    assert (spilled["limit"], spilled["waited"], spilled["factor"]) == (60.0, 60.0, 1.0)


@ensureDeferred
async def test_a_service_that_starts_anew_tells_no_spill_twice_but_helps_again(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    house.pass_time(60)
    again = await lasting(config, clock, timer, database)
    again.ask("one", COUNTY, came=0, number=NUMBER)
    again.timer.advance(0)
    assert len(await written(database, "spilled")) == 1
    assert again.room.guests()["one"].helpers == {GENERAL}


async def begun_anew(*parts):
    """Return the house of a service that starts anew, once it knows of `one` again, who waits on."""
    again = await lasting(*parts)
    again.ask("one", COUNTY, came=0, number=NUMBER)
    again.timer.advance(0)
    await parts[-1].write(lambda _: None)
    return again


@ensureDeferred
async def test_who_was_helped_for_the_length_is_helped_by_a_new_service_although_the_others_have_gone(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    for name in ("one", "two", "three"):
        house.comes(name)
    assert len(await written(database, "spilled")) == 3
    again = await begun_anew(config, clock, timer, database)
    again.free("8002")
    assert len(await written(database, "turn")) == 1
    assert again.moved == [("one", "8002")]


@ensureDeferred
async def test_who_was_helped_in_a_storm_is_helped_by_a_new_service_although_it_has_ended(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    house.factor = 0.5
    house.comes("one")
    house.pass_time(30)
    assert len(await written(database, "spilled")) == 1
    again = await begun_anew(config, clock, timer, database)
    assert again.room.guests()["one"].helpers == {GENERAL}


@ensureDeferred
async def test_a_new_service_that_sees_who_waits_before_they_ask_knows_of_their_help(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    for name in ("one", "two", "three"):
        house.comes(name)
    assert len(await written(database, "spilled")) == 3
    again = await lasting(config, clock, timer, database)
    await again.seen([Channel("carrier", "Up", "one", "one", "PJSIP/one", "waiting", "start")])
    assert again.room.guests()["one"].helpers == {"city-12315"}


@ensureDeferred
async def test_the_help_of_an_earlier_wait_is_no_help_in_the_next_one(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    house.pass_time(60)
    assert len(await written(database, "spilled")) == 1
    house.comes("one")
    assert len(await written(database, "waits")) == 2
    assert house.room.guests()["one"].helpers == frozenset()


@ensureDeferred
async def test_help_that_the_queue_no_longer_has_is_not_given_again(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    house.pass_time(60)
    assert len(await written(database, "spilled")) == 1
    other = (OverflowStep(to=("city-12315",), after_seconds=600),)
    again = Spilling(config, clock, timer, database, other)
    while not again.room.serves:
        await database.read(lambda _: None)
    again.ask("one", COUNTY, came=0, number=NUMBER)
    assert len(await written(database, "waits")) == 1
    assert again.room.guests()["one"].helpers == frozenset()


@ensureDeferred
async def test_behind_the_last_limit_a_return_is_owed_before_the_caller_is_let_go(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    house.pass_time(300)
    first = house.ask("one", COUNTY, number=NUMBER)
    assert not first.parting
    assert len(await written(database, "let_go")) == 1
    last = house.ask("one", COUNTY, number=NUMBER)
    assert (last.parting, last.say) == (True, ("overflow-return",))
    (owed,) = await database.read(lambda connection: returns.open_list(connection, 10))
    assert (owed.number, owed.call_id, owed.why, owed.centre) == (NUMBER, "one", "overflow", "baofeng")
    assert house.order == []


def test_a_second_before_the_last_limit_nobody_is_let_go(house):
    house.comes("one")
    house.pass_time(299)
    assert not house.ask("one", COUNTY, number=NUMBER).parting
    assert house.room.guests()["one"].parting == ""


def test_nobody_rings_for_a_caller_who_is_being_let_go(house):
    house.comes("one")
    house.pass_time(300)
    house.store.held = Deferred()
    house.ask("one", COUNTY, number=NUMBER)
    house.free("8101")
    assert house.moved == []


def test_a_return_that_cannot_be_stored_lets_nobody_go(house):
    house.comes("one")
    house.pass_time(300)
    house.store.fault = RuntimeError("full")
    house.ask("one", COUNTY, number=NUMBER)
    assert house.room.faulty
    assert house.ask("one", COUNTY, number=NUMBER) is None


@pytest.mark.parametrize(
    "number", ["", "10000012345", "12345", "037512345", "03756512345", "110", "+88213000111"]
)
def test_who_cannot_be_called_back_stays(house, number):
    house.comes("one", number=number)
    house.pass_time(3000)
    for _ in range(2):
        assert not house.ask("one", COUNTY, number=number).parting
    assert house.order == ["one"]


@ensureDeferred
async def test_whom_we_called_stays_although_the_number_is_known(config, clock, timer, database):
    await database.write(lambda c: calls.open_outbound(c, [("rv-1", NUMBER)], NOON, "return"))
    house = await lasting(config, clock, timer, database)
    house.comes("rv-1", number="12345")
    await database.write(lambda _: None)
    assert house.room.guests()["rv-1"].number == NUMBER
    house.pass_time(300)
    assert not house.ask("rv-1", COUNTY, number="12345").parting
    assert house.room.guests()["rv-1"].parting == ""


def test_who_has_an_agent_ringing_is_not_let_go(house):
    house.comes("one")
    house.free("8101")
    house.pass_time(300)
    assert not house.ask("one", COUNTY, number=NUMBER).parting
    assert house.room.guests()["one"].parting == ""


def test_who_waits_in_a_queue_without_overflow_waits_on(house):
    house.comes("one", "demo")
    house.pass_time(timedelta(hours=2).total_seconds())
    house.free("8001", "8101")
    assert house.moved == []


def test_a_queue_that_is_too_long_lets_go_who_stands_behind_its_limit(config, clock, timer):
    steps = (OverflowStep(to=("returns",), length=2),)
    house = Spilling(config, clock, timer, FakeStore(), steps)
    for name in ("one", "two"):
        house.comes(name)
        house.pass_time(1)
    assert not house.ask("one", COUNTY, number=NUMBER).parting
    assert house.ask("two", COUNTY, came=1, number=NUMBER).parting
    assert house.order == ["one"]


async def after_the_last_limit(house, database):
    """Let a caller pass the last limit; return whether they are let go when they ask next."""
    house.comes("one")
    house.pass_time(300)
    house.ask("one", COUNTY, number=NUMBER)
    await database.write(lambda _: None)
    return house.ask("one", COUNTY, number=NUMBER).parting


@ensureDeferred
async def test_who_would_not_be_called_back_is_not_told_so_and_waits_on(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    row = {"number": NUMBER, "reason": "辱骂", "added_at": NOON, "expires_at": None}
    await database.write(lambda connection: connection.execute(blacklist.insert().values(**row)))
    assert not await after_the_last_limit(house, database)
    assert (await written(database, "let_go"), house.order) == ([], ["one"])
    house.free("8101")
    assert len(await written(database, "turn")) == 1
    assert house.moved == [("one", "8101")]


@ensureDeferred
async def test_whose_return_was_given_up_is_called_anew_when_told_so(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    lost = (NUMBER, "0.1", "baofeng", "abandoned", NOON, COUNTY, NOON)
    await database.write(lambda connection: returns.open_return(connection, *lost))
    await database.write(lambda connection: return_calls.give_up(connection, 1, "attempts", NOON))
    assert await after_the_last_limit(house, database)
    (owed,) = await database.read(lambda connection: returns.open_list(connection, 10))
    assert (owed.state, owed.tries) == ("planned", 0)


def test_the_demos_citizen_is_let_go_on_the_demos_line(house):
    house.comes("one", "demo-busy", number="10000012345")
    house.pass_time(30)
    house.ask("one", "demo-busy", number="10000012345")
    assert house.ask("one", "demo-busy", number="10000012345").parting


LEADER = "city-leader"


def test_who_waited_long_for_a_leader_and_was_asked_to_stay_is_helped_here_and_not_let_go(house):
    house.comes("one", LEADER)
    house.pass_time(300)
    house.ask("one", COUNTY, came=0, number=NUMBER)
    house.timer.advance(0)
    reply = house.ask("one", COUNTY, came=0, number=NUMBER)
    assert (reply.parting, house.room.guests()["one"].parting) == (False, "")
    house.free("8001")
    assert house.moved == [("one", "8001")]


def test_who_waits_anew_here_after_a_talk_is_let_go_as_everybody(house):
    house.comes("one", LEADER)
    house.pass_time(10)
    house.comes("one")
    house.pass_time(300)
    assert house.ask("one", COUNTY, came=10, number=NUMBER).parting


@ensureDeferred
async def test_a_new_service_knows_who_was_asked_to_stay(config, clock, timer, database):
    house = await lasting(config, clock, timer, database)
    house.comes("one", LEADER)
    house.pass_time(300)
    house.ask("one", COUNTY, came=0, number=NUMBER)
    await database.write(lambda _: None)
    (waited,) = await database.read(lambda connection: waiting.waits_of(connection, ["one"]))
    again = await begun_anew(config, clock, timer, database)
    await database.write(lambda _: None)
    assert (waited.queue, waited.moved, again.room.guests()["one"].moved) == (COUNTY, True, True)


@ensureDeferred
async def test_a_new_service_takes_nobody_who_waits_where_they_came_for_one_who_was_moved(
    config, clock, timer, database
):
    house = await lasting(config, clock, timer, database)
    house.comes("one")
    await database.write(lambda _: None)
    (waited,) = await database.read(lambda connection: waiting.waits_of(connection, ["one"]))
    again = await begun_anew(config, clock, timer, database)
    await database.write(lambda _: None)
    assert (waited.moved, again.room.guests()["one"].moved) == (False, False)
