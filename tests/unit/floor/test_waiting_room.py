"""The waiting room over a switch and a store that do as the test says."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, fail

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.waiting_gate import GRACE, STALL
from telephony.floor.waiting_room import LONG_REST, REST, STALE, UNKNOWN_QUEUE
from telephony.pbx.snapshot import Channel
from telephony.rules import waiting as rules
from telephony.rules.returns import OnLine
from telephony.rules.waiting import Answer
from telephony.store import calls
from telephony.store.tables import events
from telephony.store.waiting import Waited
from tests.unit.floor.waiting_house import ENTERPRISE, GENERAL, FakeStore, House
from tests.unit.times import NOON


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def closed(config, clock, timer, store):
    return House(config, clock, timer, store)


@pytest.fixture
def house(closed):
    return closed.opened()


def channel(leg_id, context="waiting", exten="start", call_id="", state="Up"):
    return Channel("carrier", state, leg_id, call_id or leg_id, f"PJSIP/{leg_id}", context, exten)


def test_who_comes_while_an_agent_is_free_goes_there_at_once_and_hears_no_words(house):
    house.free("8001")
    assert house.ask("one").say == ()
    assert house.moved == [("one", "8001")]


def test_an_agent_who_gets_free_gets_the_next_over_all_queues(house):
    house.ask("late", GENERAL, came=2)
    house.ask("early", ENTERPRISE, came=1)
    house.free("8001")
    assert house.moved == [("early", "8001")]


def test_an_agent_for_whom_a_caller_is_on_the_way_is_offered_nobody_else(house):
    house.ask("one", came=1)
    house.ask("two", came=2)
    house.free("8001")
    house.free("8001")
    assert house.moved == [("one", "8001")]


def test_an_agent_who_is_kept_for_a_return_is_offered_nobody_and_the_room_tells_who_waits(house):
    asked = []

    def returns(line, free):
        asked.append((list(line), free))
        return frozenset({"8001"})

    house.room.returns = returns
    house.ask("one", came=1)
    house.ask("urgent", came=2, priority=5)
    house.free("8001", "8002")
    assert house.moved == [("urgent", "8002")]
    line = [
        OnLine(GENERAL, NOON + timedelta(seconds=came), priority, name)
        for came, priority, name in ((1, 0, "one"), (2, 5, "urgent"))
    ]
    assert asked == [(line, ["8001", "8002"])]


def test_the_order_to_move_waits_for_the_commit(house):
    house.ask("one")
    house.store.held = Deferred()
    house.free("8001")
    assert house.moved == []
    house.store.held.callback(None)
    assert house.moved == [("one", "8001")]


def test_who_has_gone_before_the_commit_is_not_moved_and_the_agent_is_free_for_the_next(house):
    house.ask("one", came=1)
    house.ask("two", came=2)
    house.store.held = held = Deferred()
    house.free("8001")
    house.store.held = None
    house.line.listener.gone("one")
    held.callback(None)
    assert house.moved == [("two", "8001")]


def test_who_was_not_answered_keeps_the_place_and_the_agent_has_a_moments_rest(house):
    house.ask("one", came=1)
    house.ask("two", came=2)
    house.free("8001")
    house.ask("one", came=1, offered="8001", status="TIMEOUT")
    assert house.order == ["one", "two"]
    house.pass_time(REST - 0.1)
    assert house.moved == [("one", "8001")]
    house.pass_time(0.1)
    assert house.moved == [("one", "8001"), ("one", "8001")]


def test_another_agent_takes_at_once_whom_the_first_did_not_answer(house):
    house.ask("one")
    house.free("8001")
    house.free("8002")
    house.ask("one", offered="8001", status="TIMEOUT")
    assert house.moved == [("one", "8001"), ("one", "8002")]


def test_who_hears_an_agent_waits_no_more(house):
    house.ask("one")
    house.free("8001")
    house.line.listener.connected("one", "8001")
    assert house.order == []


def test_the_agent_who_knows_the_caller_is_asked_once_only(house):
    house.free("8001", "8003")
    house.ask("one", preferred="8003")
    house.ask("one", offered="8003", status="TIMEOUT")
    assert house.moved == [("one", "8003"), ("one", "8001")]


def test_the_agent_who_knows_the_caller_and_has_got_free_meanwhile_is_asked_first(house):
    house.ask("one", preferred="8003")
    house.free("8001", "8003")
    assert house.moved == [("one", "8003")]


def test_an_agent_who_knows_the_caller_and_is_busy_still_keeps_them_waiting_for_nobody(house):
    house.ask("one", preferred="8003")
    house.free("8001")
    assert house.moved == [("one", "8001")]


def test_an_agents_own_queue_that_is_missing_leaves_the_caller_to_the_switch(house):
    house.ask("one", came=1)
    house.free("8001")
    assert house.ask("one", came=1, offered="8001", status=UNKNOWN_QUEUE) is None
    house.ask("two", came=2)
    house.pass_time(LONG_REST - 1)
    assert house.moved == [("one", "8001")]
    house.pass_time(1)
    assert house.moved == [("one", "8001"), ("two", "8001")]


def test_app_queues_word_of_a_queue_that_no_turn_led_to_sends_nobody_away(house):
    assert house.ask("one", status=UNKNOWN_QUEUE) is not None


def test_a_queue_that_is_not_configured_is_left_to_the_switch(house):
    assert house.ask("one", "unheard-of") is None
    assert house.order == []


def test_until_the_switch_has_been_seen_nobody_is_moved_and_callers_are_kept_for_a_moment(closed):
    closed.free("8001")
    assert closed.ask("one").seconds == 1
    closed.pass_time(GRACE)
    assert closed.ask("one") is not None
    closed.pass_time(0.1)
    assert closed.ask("one") is None
    assert closed.moved == []


def test_a_lost_switch_closes_the_room_until_it_is_seen_again(house):
    house.ask("one")
    house.room.gate.lost()
    house.free("8001")
    assert house.moved == []
    house.seen([channel("one")])
    assert house.moved == [("one", "8001")]


def test_a_store_that_refuses_sends_callers_to_the_switch_until_it_takes_something(house):
    house.ask("one")
    house.store.fault = OSError("disk full")
    house.free("8001")
    assert (house.ask("one"), house.moved, house.order) == (None, [], [])
    house.seen([])
    assert house.ask("one") is None
    house.store.fault = None
    house.seen([])
    house.ask("one")
    assert house.moved == [("one", "8001")]


def test_a_caller_whom_the_switch_does_not_know_any_more_is_let_go(house):
    house.ask("one", came=1)
    house.ask("two", came=2)
    house.line.answer = SwitchRefusedError("Channel does not exist")
    house.free("8001")
    assert house.order == []


def test_an_order_without_an_answer_is_settled_by_the_next_snapshot(house):
    house.ask("one")
    house.line.answer = SwitchUnavailableError("lost")
    house.free("8001")
    house.line.answer = None
    house.pass_time(STALE + 0.1)
    house.seen([channel("one")])
    assert house.moved == [("one", "8001"), ("one", "8001")]


@pytest.mark.parametrize(("seconds", "moved"), [(STALL, True), (STALL + 0.1, False)])
def test_a_service_that_stood_still_moves_nobody_until_it_has_seen_the_switch(house, seconds, moved):
    asked_to_see = []
    house.room.gate.when_stalled = lambda: asked_to_see.append("seen")
    house.ask("one")
    house.stand_still(seconds)
    house.free("8001")
    assert (bool(house.moved), asked_to_see) == (moved, [] if moved else ["seen"])
    house.seen([channel("one")])
    assert house.moved == [("one", "8001")]


def test_a_turn_that_was_committed_while_the_service_stood_still_moves_nobody(house):
    house.ask("one")
    house.store.held = held = Deferred()
    house.free("8001")
    house.store.held = None
    house.stand_still(STALE + 1)
    held.callback(None)
    assert house.moved == []
    house.seen([channel("one")])
    assert house.moved == [("one", "8001")]


def test_a_caller_who_asks_again_during_a_slow_commit_is_moved_by_the_later_turn_only(house):
    house.ask("one")
    house.store.held = slow = Deferred()
    house.free("8001")
    house.store.held = later = Deferred()
    house.pass_time(STALE + 0.1)
    house.ask("one")
    slow.callback(None)
    assert house.moved == []
    later.callback(None)
    assert house.moved == [("one", "8001")]


def test_who_is_not_in_a_snapshot_has_gone_unless_they_asked_just_now(house):
    house.ask("one")
    house.pass_time(STALE)
    house.seen([])
    assert house.order == ["one"]
    house.pass_time(0.1)
    house.seen([])
    assert house.order == []


def test_who_talks_by_a_snapshot_waits_no_more(house):
    house.ask("one")
    house.free("8001")
    house.seen([channel("one", "waiting-ring", "8001"), channel("leg", "agents", "", "one")])
    assert house.order == []


def test_who_waits_by_the_switch_is_taken_back_unless_somebody_rings_or_talks(house):
    waiting = [channel(name, "inbound", "by-switch") for name in ("alone", "rung")]
    house.seen([*waiting, channel("leg", "agents", "", "rung", "Ringing")])
    assert house.moved == [("alone", "back")]


AGENT_NEWS = {
    "rings": lambda line: line.rung("one", "8009"),
    "talks": lambda line: line.connected("one", "8009"),
}


@pytest.fixture(params=AGENT_NEWS.values(), ids=AGENT_NEWS.keys())
def agent_news(request):
    """What the switch tells of a caller: an agent rings for them, or is heard."""
    return request.param


def read_late(house, here, then, *, found=()):
    """Show the room a snapshot; `then` happens before the store has told of those who wait."""
    house.store.reading = reading = Deferred()
    house.seen([here])
    house.store.reading = None
    house.pass_time(0.1)
    then(house.line.listener)
    reading.callback(list(found))


def test_who_got_an_agent_after_the_snapshot_is_not_taken_back_out_of_app_queue(house, agent_news):
    read_late(house, channel("one", "inbound", "by-switch"), agent_news)
    assert house.moved == []


def test_who_got_an_agent_while_the_switch_was_asked_is_not_taken_back_either(house, agent_news):
    agent_news(house.line.listener)
    house.pass_time(0.1)
    house.seen([channel("one", "inbound", "by-switch")], asked=0.2)
    assert house.moved == []


def test_who_got_an_agent_before_the_snapshot_and_lost_it_is_taken_back(house, agent_news):
    agent_news(house.line.listener)
    house.pass_time(0.1)
    house.seen([channel("one", "inbound", "by-switch")])
    assert house.moved == [("one", "back")]


def test_who_got_an_agent_after_the_snapshot_is_not_taken_up_for_another(house, agent_news):
    house.agents.ready = ["8001"]
    waited = Waited("one", GENERAL, 0, NOON, "", None)
    read_late(house, channel("one", "waiting-turn", "8009"), agent_news, found=[waited])
    assert (house.order, house.moved) == ([], [])


def test_for_whom_app_queue_rings_without_being_told_so_is_moved_to_nobody(house):
    house.ask("one")
    house.line.listener.rung("one", "8009")
    house.free("8001")
    assert house.moved == []


def test_who_asked_after_the_snapshot_is_not_taken_for_what_it_says(house):
    house.ask("one")
    house.seen([channel("one", "waiting-ring", "8001")], asked=0.1)
    assert house.room.views()[0].agent is None


def test_a_snapshot_from_before_a_stall_opens_no_room_and_another_is_asked_for(closed):
    asked_to_see = []
    closed.room.gate.when_stalled = lambda: asked_to_see.append("seen")
    closed.ask("one")
    closed.agents.ready = ["8001"]
    read_late(closed, channel("one"), lambda _: closed.stand_still(STALL + 0.1))
    assert (closed.moved, asked_to_see) == ([], ["seen"])
    closed.seen([channel("one")])
    assert closed.moved == [("one", "8001")]


def test_a_snapshot_from_before_the_switch_was_lost_opens_no_room(house):
    house.ask("one")
    house.agents.ready = ["8001"]
    read_late(house, channel("one"), lambda _: house.room.gate.lost())
    assert house.moved == []


def test_a_room_that_cannot_learn_who_waits_already_stays_closed(closed):
    closed.ask("one")
    closed.agents.ready = ["8001"]
    closed.store.reading = fail(OSError("the database is away"))
    closed.seen([channel("one"), channel("earlier")])
    assert closed.moved == []


def test_who_asks_while_an_agent_is_on_the_way_asks_again_in_a_second(house):
    house.free("8001")
    assert house.ask("one").seconds == 1


def test_who_still_asks_was_not_moved_and_the_agent_is_offered_again(house):
    house.ask("one")
    house.free("8001")
    house.pass_time(STALE)
    house.ask("one")
    assert house.moved == [("one", "8001")]
    house.pass_time(0.1)
    house.ask("one")
    assert house.moved == [("one", "8001"), ("one", "8001")]


def test_the_order_is_looked_up_once_however_many_wait(house, monkeypatch):
    for nth in range(20):
        house.ask(f"c{nth:02}", came=nth)
    sorted_ = []
    in_order = rules.in_order
    monkeypatch.setattr(rules, "in_order", lambda callers: sorted_.append(1) or in_order(callers))
    assert [view.position for view in house.room.views()] == list(range(1, 21))
    assert sorted_ == [1]


def test_whom_the_room_left_to_the_switch_stays_there(house):
    house.ask("one", "unheard-of")
    house.seen([channel("one", "inbound", "by-switch")])
    assert house.moved == []


def test_the_first_words_are_the_place_and_later_ones_comfort_as_well(house):
    house.ask("early", ENTERPRISE, came=1)
    assert house.ask("one", came=2).say == ("waiting-place", "digit-2", "waiting-place-end")
    house.pass_time(29.9)
    assert house.ask("one", came=2).say == ()
    house.line.listener.gone("early")
    house.pass_time(0.1)
    assert house.ask("one", came=2).say == (
        "waiting-comfort",
        "waiting-place",
        "digit-1",
        "waiting-place-end",
    )


def test_the_expected_wait_is_said_in_minutes_once_enough_were_answered(house):
    answers = [
        Answer(NOON - timedelta(seconds=600), NOON - timedelta(seconds=at)) for at in (500, 400, 300, 200)
    ]
    house.room.expectations.restore((GENERAL, answer) for answer in answers)
    assert "waiting-expected" not in house.ask("one").say
    house.room.expectations.note(
        ENTERPRISE, Answer(NOON - timedelta(seconds=600), NOON - timedelta(seconds=100))
    )
    assert house.ask("two", came=1).say[3:] == ("waiting-expected", "digit-4", "waiting-expected-end")
    assert house.room.views()[0].expected_seconds == 100


def test_another_stay_of_the_same_call_is_another_arrival(house):
    house.ask("one", came=1, priority=0)
    house.ask("two", came=2)
    house.ask("one", came=3, priority=20)
    assert [(view.call_id, view.priority) for view in house.room.views()] == [("one", 20), ("two", 0)]


@pytest.fixture
def stored(config, clock, timer, database):
    """The room over a real store."""
    return House(config, clock, timer, database)


async def written(database):
    """All writes asked for so far are committed, and what follows from them is done."""
    await database.write(lambda _: None)


@ensureDeferred
async def test_turn_and_who_was_overtaken_for_what_reason_are_committed_together(stored, database):
    await stored.seen([])
    stored.ask("early", "city-12348", came=-60)
    stored.ask("late", came=-30)
    stored.free("8002")
    await written(database)
    query = sa.select(events.c.kind, events.c.call_id, events.c.agent, events.c.data)
    told = {row.kind: row for row in await database.read(lambda c: c.execute(query).all())}
    turn, overtook = told["turn"], told["overtook"]
    assert (turn.call_id, turn.agent, turn.data["because"], turn.data["waited"]) == (
        "late",
        "8002",
        "serves_queue",
        30,
    )
    assert (overtook.call_id, overtook.data) == ("late", {"over": "early:no_skill"})


@ensureDeferred
async def test_after_a_restart_the_live_channels_have_their_arrival_and_priority_again(
    stored, database, config, clock, timer
):
    await stored.seen([])
    stored.ask("early", came=-60)
    stored.ask("urgent", came=-30, priority=5)
    stored.ask("gone", came=-90)
    await written(database)
    again = House(config, clock, timer, database)
    await again.seen([channel("early"), channel("urgent", "waiting-ring", "8003")])
    assert [(v.call_id, v.priority, v.agent) for v in again.room.views()] == [
        ("urgent", 5, "8003"),
        ("early", 0, None),
    ]
    assert again.room.views()[1].since == NOON - timedelta(seconds=60)


@ensureDeferred
@pytest.mark.parametrize("exten", ["let-go", "1", "move"])
async def test_who_is_being_let_go_is_not_taken_up_again(stored, database, config, clock, timer, exten):
    await stored.seen([])
    stored.ask("one")
    await written(database)
    again = House(config, clock, timer, database)
    await again.seen([channel("one", "waiting", exten)])
    assert again.order == []


def test_who_asks_to_be_called_back_keeps_the_place_until_that_is_stored(house):
    house.ask("one")
    house.pass_time(STALE + 0.1)
    house.seen([channel("one", "waiting", "1")])
    assert house.order == ["one"]


@ensureDeferred
async def test_whom_we_called_is_known_by_the_number_that_is_stored(stored, database, config, clock, timer):
    await database.write(lambda c: calls.open_outbound(c, [("rv-1", "13800000009")], NOON, "return"))
    await stored.seen([])
    stored.room.words.offers_return = lambda _number, _queue: True
    assert "return-offer" not in stored.ask("rv-1", number="12345").say
    await written(database)
    assert [view.number for view in stored.room.views()] == ["13800000009"]
    stored.pass_time(30)
    assert "return-offer" not in stored.ask("rv-1", number="12345").say
    again = House(config, clock, timer, database)
    await again.seen([channel("rv-1")])
    [guest] = again.room.guests().values()
    assert (guest.number, guest.called) == ("13800000009", True)
