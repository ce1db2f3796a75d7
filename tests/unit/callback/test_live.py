"""The declared states of an attempt, cell by cell, and what a call that is under way has seen."""

import pytest
from automat import NoTransition

from telephony.callback.live import AttemptMachine, LiveCall
from telephony.rules.verdict import Kind
from telephony.store.attempts import Reservation
from tests.unit.rules.revisits import NUMBER, at

INPUTS = ("dial", "alerted", "settle")
TABLE = {
    "reserved": "dialling ! settled",
    "dialling": "! ringing settled",
    "ringing": "! ringing settled",
    "settled": "! settled settled",
}


@pytest.mark.parametrize("state", TABLE)
def test_every_input_in_every_state_does_what_the_table_says(state):
    for name, expected in zip(INPUTS, TABLE[state].split(), strict=True):
        machine = AttemptMachine()
        machine.restore(state)
        if expected == "!":
            with pytest.raises(NoTransition):
                getattr(machine, name)()
        else:
            getattr(machine, name)()
        assert machine.state() == (state if expected == "!" else expected)


def call_that_saw(*kinds):
    reserved = Reservation(
        "rv-1", "revisit", 1, NUMBER, "carrier", "2026-02-12", "09:00-12:00", at("11:58:45")
    )
    call = LiveCall(reserved, 75.0)
    call.machine.dial()
    for kind in kinds:
        call.saw(kind)
    return call


@pytest.mark.parametrize(
    ("kinds", "whole", "over"),
    [
        ((), False, False),
        ((Kind.ALERTING,), False, False),
        ((Kind.RESPONSE,), False, True),
        ((Kind.HANGUP,), False, True),
        ((Kind.RESPONSE, Kind.HANGUP), True, True),
        ((Kind.UP, Kind.RESPONSE), False, False),
        ((Kind.UP, Kind.RESPONSE, Kind.HANGUP), True, True),
        ((Kind.SWITCH_REFUSED,), False, True),
        ((Kind.RELEASED, Kind.DIAL_END), False, False),
    ],
)
def test_a_call_is_over_when_its_end_was_told_and_whole_when_nothing_more_will_be(kinds, whole, over):
    for order in (kinds, kinds[::-1]):
        call = call_that_saw(*order)
        assert (call.is_whole, call.is_over) == (whole, over)


@pytest.mark.parametrize(
    ("kinds", "released"),
    [
        ((Kind.HANGUP,), False),
        ((Kind.HANGUP, Kind.RELEASED), True),
        ((Kind.HANGUP, Kind.RESPONSE), True),
        ((Kind.HANGUP, Kind.UP), True),
    ],
)
def test_who_ended_a_call_is_known_by_the_networks_release_our_timer_or_an_answer(kinds, released):
    assert call_that_saw(*kinds).is_released == released


def test_ringing_twice_or_after_the_end_is_one_ringing():
    call = call_that_saw(Kind.ALERTING, Kind.ALERTING)
    assert call.machine.state() == "ringing"
    call.machine.settle()
    call.saw(Kind.ALERTING)
    assert call.machine.state() == "settled"


class Timer:
    def __init__(self):
        self.cancelled = False

    def active(self):
        return not self.cancelled

    def cancel(self):
        self.cancelled = True


def test_a_call_keeps_one_timer_the_last_one_set():
    call, first, second = call_that_saw(), Timer(), Timer()
    call.set_timer(first)
    call.set_timer(second)
    assert (first.cancelled, second.cancelled, call.timer) == (True, False, second)
    call.set_timer(None)
    assert (second.cancelled, call.timer) == (True, None)
