"""The waiting room over a switch and a store that do as the test says."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.waiting_room import GRACE, LONG_REST, REST, STALL, UNKNOWN_QUEUE
from telephony.floor.waiting_seen import STALE
from telephony.pbx.snapshot import Channel
from telephony.rules.returns import OnLine
from telephony.rules.waiting import Answer
from telephony.store.tables import events
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
        asked.append((line, free))
        return frozenset({"8001"})

    house.room.returns = returns
    house.ask("one", came=1)
    house.ask("urgent", came=2, priority=5)
    house.free("8001", "8002")
    assert house.moved == [("urgent", "8002")]
    line = [OnLine(GENERAL, NOON + timedelta(seconds=came), priority) for came, priority in ((1, 0), (2, 5))]
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
    house.room.lost()
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
    house.room.when_stalled = lambda: asked_to_see.append("seen")
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
