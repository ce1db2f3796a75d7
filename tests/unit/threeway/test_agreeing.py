"""What is held is compared with the switch: which differences count, and what follows from them."""

import pytest
import sqlalchemy as sa

from telephony.pbx.conference import Place
from telephony.store.tables import events
from telephony.store.threeway_tables import asks
from telephony.threeway.agreeing import AGAIN
from tests.unit.threeway.lives import AGENT, CITIZEN, Lives

ROOM = "00000001"


@pytest.fixture
def lives():
    return Lives()


@pytest.fixture
def talking(lives):
    """Citizen, agent and unit in the room; no event is left to be told."""
    lives.start(mode="at_once")
    lives.exchange.make()
    [lives.unit] = [leg for leg in lives.exchange.channels if leg.startswith("tw-")]
    lives.exchange.answer(lives.unit)
    lives.exchange.deliver(9)
    lives.press(lives.unit, "1")
    lives.exchange.deliver(9)
    assert state(lives) == "talking"
    return lives


def state(lives):
    [conversation] = lives.all.all()
    return conversation.state


def reaped(lives):
    """The events of legs that were nobody's."""
    rows = lives.memory.connection.execute(sa.select(events).where(events.c.kind == "leg_reaped"))
    return [row.data for row in rows]


def lose(lives, leg_id):
    """Let somebody hang up without our hearing of it."""
    lives.leave(leg_id)
    lives.exchange.news.clear()


def test_who_is_missing_in_one_look_is_not_gone_yet(talking):
    lose(talking, talking.unit)
    talking.look()
    assert state(talking) == "talking"


def test_who_is_missing_in_two_looks_is_gone_and_the_second_comes_by_itself(talking):
    lose(talking, talking.unit)
    talking.look()
    talking.advance(AGAIN)
    assert state(talking) == "pair"


def test_who_came_after_the_switch_was_asked_is_not_missing(lives):
    lives.exchange.prompt = False
    lives.start()
    lives.look()
    lives.advance(AGAIN)  # the unit's channel is made
    lives.answer_look()
    lives.look()
    lives.answer_look()
    [row] = lives.memory.connection.execute(sa.select(asks))
    assert row.state == "ringing"


def test_who_was_moved_after_the_switch_was_asked_is_not_moved_again(talking):
    talking.exchange.prompt = False
    talking.look()
    talking.command("hold", "citizen")
    before = talking.exchange.channels[CITIZEN]
    talking.answer_look()
    assert talking.exchange.channels[CITIZEN] is before


def test_whom_an_order_did_not_move_is_moved_after_the_second_look(talking):
    talking.exchange.move(CITIZEN, Place.CITIZEN_WAITS, ROOM)
    talking.look()
    assert len(talking.misplaced()) == 1
    talking.advance(AGAIN)
    assert talking.misplaced() == []


def test_when_all_are_missing_the_conversation_was_interrupted(talking):
    for leg_id in (CITIZEN, AGENT, talking.unit):
        lose(talking, leg_id)
    [conversation] = talking.all.all()
    talking.settle()
    assert (conversation.state, conversation.ended_why, talking.all.all()) == ("ended", "interrupted", [])


def test_the_rings_of_an_interrupted_conversation_are_unknown(lives):
    lives.start()
    lives.exchange.make()
    for leg_id in list(lives.exchange.channels):
        lose(lives, leg_id)
    lives.settle()
    [row] = lives.memory.connection.execute(sa.select(asks))
    assert (row.state, row.ended_at is None) == ("unknown", False)


def test_a_citizen_whom_everybody_left_while_we_were_dead_is_left_in_the_queue(talking):
    talking.die()
    talking.leave(talking.unit)
    talking.leave(AGENT)
    queued = talking.exchange.channels[CITIZEN]
    talking.settle()
    assert talking.exchange.channels[CITIZEN] is queued
    assert (talking.all.all(), talking.unstored()) == ([], [])


def test_a_withdrawn_ring_that_the_switch_goes_on_with_is_ended(lives):
    lives.start()
    lives.exchange.make()
    lives.exchange.is_up = False
    lives.command("end")
    lives.exchange.is_up = True
    lives.settle()
    assert [leg for leg in lives.exchange.channels if leg.startswith("tw-")] == []


def test_a_leg_of_no_conversation_is_ended_by_the_second_look_and_told_of(lives):
    lives.exchange.talk("stray", "other")
    lives.exchange.move("stray", Place.UNIT_IN, "00009999")
    lives.look()
    assert "stray" in lives.exchange.channels
    lives.advance(AGAIN)
    assert "stray" not in lives.exchange.channels
    why = {"leg": "stray", "place": "threeway-unit", "room": "00009999", "why": "no_conversation"}
    assert (reaped(lives), lives.reaper.reaped) == ([why], 1)


@pytest.mark.parametrize("place", [Place.CITIZEN_IN, Place.CITIZEN_WAITS])
def test_a_citizen_of_no_conversation_is_taken_to_a_person(lives, place):
    lives.exchange.talk("stray", "other")
    lives.exchange.move("stray", place, "00009999")
    lives.look()
    lives.advance(AGAIN)
    assert lives.exchange.channels["stray"].context == "inbound"


def test_nobody_of_a_conversation_is_ever_reaped(talking):
    for _ in range(3):
        talking.look()
        talking.advance(AGAIN)
    assert (talking.reaper.reaped, sorted(talking.exchange.channels)) == (
        0,
        sorted([CITIZEN, AGENT, talking.unit]),
    )


def test_a_snapshot_from_before_the_end_of_a_conversation_ends_nobody(talking):
    talking.exchange.prompt = False
    talking.look()
    talking.leave(CITIZEN)
    talking.leave(talking.unit)
    talking.leave(AGENT)
    talking.exchange.deliver(9)
    talking.answer_look()
    assert talking.reaper.reaped == 0


def test_an_invitation_whose_time_was_over_while_we_were_dead_is_closed_at_the_start(lives):
    lives.start()
    lives.die()
    lives.advance(121)
    lives.settle()
    assert state(lives) == "pair"


def test_a_clock_set_back_while_we_were_dead_makes_an_invitation_no_longer_than_it_was(lives):
    lives.start()
    lives.exchange.make()
    lives.die()
    lives.clock.advance(-3600)
    lives.begin()
    lives.advance(119)
    assert state(lives) == "waiting"
    lives.advance(1)
    assert state(lives) == "pair"
