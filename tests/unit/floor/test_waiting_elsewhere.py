"""Those whose queue is served no more: told, and moved with their arrival, whatever happens in between."""

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from telephony.floor.waiting_guests import SENT
from telephony.floor.waiting_words import Reply
from telephony.pbx.snapshot import Channel
from telephony.rules.call_story import Happening
from telephony.store import calls
from telephony.store.tables import events
from tests.unit.floor.waiting_house import FakeStore, House
from tests.unit.times import NOON

LEADER, SCREENING, NORMAL = "city-leader", "city-leader-screening", "city-12345"
COUNTY = "baofeng-leader"
OVER = Reply(0, ("leader-over",), queue=NORMAL)


def note(connection, call_id, queue, now):
    """Store what a test can find again; told twice it is one."""
    calls.append(connection, [(call_id, Happening(now, "sent", f"{call_id}:{queue}", data={"from": queue}))])


def send(house):
    house.room.elsewhere.send([LEADER, SCREENING], NORMAL, "leader-over", note)


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def house(config, clock, timer, store):
    return House(config, clock, timer, store).opened()


@pytest.mark.parametrize("queue", [LEADER, SCREENING])
def test_who_waits_is_told_with_the_next_question_and_moved(house, queue):
    house.ask("one", queue)
    send(house)
    assert house.ask("one", queue) == OVER


def test_who_was_moved_waits_on_with_arrival_and_priority(house):
    house.ask("late", NORMAL, came=5)
    house.ask("one", LEADER, came=1, priority=2)
    send(house)
    house.ask("one", LEADER, came=1, priority=2)
    house.ask("one", NORMAL, came=1, priority=2)
    house.ask("early", NORMAL, came=0, priority=2)
    assert [(view.call_id, view.queue) for view in house.room.views()] == [
        ("early", NORMAL),
        ("one", NORMAL),
        ("late", NORMAL),
    ]
    house.free("8001", "8002")
    assert [moved[0] for moved in house.moved] == ["early", "one"]


def test_from_the_order_on_the_leader_is_given_nobody(house):
    house.ask("one", LEADER)
    send(house)
    house.free("8801")
    house.ask("one", LEADER)
    assert house.moved == []


def test_nobody_is_told_before_it_is_stored(house):
    house.ask("one", LEADER)
    house.store.held = Deferred()
    send(house)
    assert house.ask("one", LEADER) == Reply(1)
    house.store.held.callback(None)
    assert house.ask("one", LEADER) == OVER


def test_a_store_that_refuses_leaves_the_caller_to_the_switch(house):
    house.ask("one", LEADER)
    house.store.fault = OSError("disk full")
    send(house)
    assert house.room.faulty
    assert house.ask("one", LEADER) is None


def test_for_whom_the_leaders_phone_rings_is_told_only_if_that_is_not_answered(house):
    house.ask("one", LEADER)
    house.free("8801")
    send(house)
    assert house.room.guests()["one"].parting == ""
    assert house.ask("one", LEADER, offered="8801", status="TIMEOUT") == OVER
    assert house.moved == [("one", "8801")]


def test_who_is_answered_at_that_moment_talks_on(house):
    house.ask("one", LEADER)
    house.free("8801")
    send(house)
    house.line.listener.connected("one", "8801")
    assert house.order == []


def test_who_comes_later_goes_on_as_well_also_from_a_switch_that_held_them(house):
    send(house)
    house.free("8801")
    assert house.ask("one", LEADER) == OVER
    assert house.moved == []


def test_an_answer_that_got_lost_is_given_again(house):
    house.ask("one", LEADER)
    send(house)
    assert [house.ask("one", LEADER) for _ in range(2)] == [OVER, OVER]


def test_the_end_of_one_line_touches_no_other(house):
    house.ask("one", COUNTY, came=1)
    house.ask("two", LEADER, came=2)
    send(house)
    house.free("8811")
    assert (house.moved, house.ask("two", LEADER, came=2)) == ([("one", "8811")], OVER)


def test_once_the_line_is_open_again_who_comes_waits_there(house):
    send(house)
    house.room.elsewhere.keep([LEADER, SCREENING])
    house.ask("one", LEADER)
    house.free("8801")
    assert house.moved == [("one", "8801")]


def test_who_presses_the_key_to_an_agent_waits_there_with_the_same_arrival(house):
    house.ask("other", NORMAL, came=2)
    house.ask("one", LEADER, came=1)
    house.ask("one", NORMAL, came=1)
    house.free("8801", "8001")
    assert house.moved == [("one", "8001")]


def test_only_who_waits_for_a_leader_is_offered_an_agent(house):
    said = {queue: house.ask(queue, queue).say for queue in (LEADER, SCREENING, COUNTY, NORMAL)}
    offered = {queue for queue, words in said.items() if "leader-offer-normal" in words}
    assert offered == {LEADER, SCREENING, COUNTY}


# Over a store.


async def sent(database):
    await database.write(lambda _: None)  # all writes asked for so far are committed
    query = sa.select(events.c.call_id).where(events.c.kind == "sent").order_by(events.c.id)
    return await database.read(lambda connection: list(connection.scalars(query)))


@ensureDeferred
async def test_a_service_that_begins_anew_sends_who_waits_and_gives_the_leader_nobody(
    config, clock, timer, database
):
    first = House(config, clock, timer, database)
    await first.seen([])
    first.ask("one", LEADER)
    first.ask("two", LEADER)
    await database.write(lambda _: None)
    send(first)
    assert await sent(database) == ["one", "two"]
    again = House(config, clock, timer, database)
    send(again)
    again.agents.ready = ["8801"]
    await again.seen([channel("one"), channel("two", "waiting-ring", "8801")])
    assert (await sent(database), again.moved) == (["one", "two"], [])
    ask = {call_id: guest.parting for call_id, guest in again.room.guests().items()}
    assert ask == {"one": SENT, "two": ""}
    assert again.ask("one", LEADER) == OVER


@ensureDeferred
async def test_it_is_stored_once_for_each_who_waits_at_the_time(config, clock, timer, database):
    house = House(config, clock, timer, database)
    await house.seen([])
    house.ask("one", LEADER)
    send(house)
    send(house)
    house.ask("one", LEADER)
    assert await sent(database) == ["one"]
    query = sa.select(events.c.at, events.c.data).where(events.c.kind == "sent")
    [row] = await database.read(lambda connection: connection.execute(query).all())
    assert (row.at, row.data) == (NOON, {"from": LEADER})


def channel(leg_id, context="waiting", exten="start"):
    return Channel("carrier", "Up", leg_id, leg_id, f"PJSIP/{leg_id}", context, exten)
