"""Whom of a unit to ring next, what a ring came to, and what it all comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.asking import LIVE, MISSES, Asked, Came, Step, came_to, ended_as, step
from telephony.rules.deadlines import due_of_a

NUMBERS = ["1", "2", "3"]
OVER = sorted(set(Asked) - LIVE)
asked_numbers = st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from(Asked))
engaged_numbers = st.sets(st.sampled_from(NUMBERS))


@pytest.mark.parametrize(("at_once", "ring"), [(1, ("1",)), (2, ("1", "2"))])
def test_the_first_contacts_are_rung_as_many_as_ring_at_once(at_once, ring):
    assert step(NUMBERS, {}, (), at_once) == Step(ring)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_while_one_rings_or_is_asked_nobody_else_is_rung(state):
    assert step(NUMBERS, {"1": state}, (), 1) == Step()


@pytest.mark.parametrize("state", OVER)
def test_whatever_it_came_to_the_next_contact_is_rung(state):
    assert step(NUMBERS, {"1": state}, (), 1) == Step(("2",))


def test_of_two_at_once_the_third_is_rung_when_one_has_failed():
    assert step(NUMBERS, {"1": Asked.RINGING, "2": Asked.BUSY}, (), 2) == Step(("3",))


def test_a_number_that_is_engaged_is_left_out():
    assert step(NUMBERS, {}, {"1"}, 1) == Step(("2",))


def test_a_number_that_is_engaged_is_waited_for_at_the_end():
    assert step(NUMBERS, {"2": Asked.BUSY, "3": Asked.BUSY}, {"1"}, 1) == Step()


@pytest.mark.parametrize("numbers", [[], NUMBERS])
def test_it_is_over_when_every_number_has_failed(numbers):
    assert step(numbers, dict.fromkeys(numbers, Asked.BUSY), (), 2) == Step(over=True)


@given(asked_numbers, engaged_numbers, st.sampled_from([1, 2]))
def test_no_number_is_rung_twice_or_while_engaged_and_never_more_than_at_once(asked, engaged, at_once):
    found = step(NUMBERS, asked, engaged, at_once)
    assert not set(found.ring) & (set(asked) | engaged)
    live = sum(state in LIVE for state in asked.values())
    assert not found.ring or live + len(found.ring) <= at_once


@given(asked_numbers, engaged_numbers, st.sampled_from([1, 2]))
def test_it_is_never_over_while_somebody_rings_or_is_left(asked, engaged, at_once):
    found = step(NUMBERS, asked, engaged, at_once)
    left = [number for number in NUMBERS if number not in asked]
    assert found.over == (not left and not LIVE & set(asked.values()))


@given(st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from(OVER), min_size=0))
def test_asking_comes_to_an_end_after_each_number_was_rung_once(asked):
    rung = dict(asked)
    for _ in NUMBERS:
        rung |= dict.fromkeys(step(NUMBERS, rung, (), 1).ring, Asked.NO_ANSWER)
    assert (set(rung), step(NUMBERS, rung, (), 1)) == (set(NUMBERS), Step(over=True))


def test_who_has_accepted_ends_the_asking():
    assert step(NUMBERS, {"1": Asked.ACCEPTED}, (), 2) == Step()


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        ([], Came.ENGAGED),
        ([Asked.ACCEPTED, Asked.REFUSED], Came.ACCEPTED),
        ([Asked.NO_ANSWER, Asked.REFUSED], Came.REFUSED),
        ([Asked.FAILED, Asked.BUSY], Came.MISSED),
        ([Asked.INVALID], Came.FAILED),
        ([Asked.FAILED, Asked.UNKNOWN], Came.FAILED),
    ],
)
def test_the_units_own_doing_weighs_more_than_any_fault(asked, came):
    assert came_to(asked) is came


@pytest.mark.parametrize("state", sorted(set(Asked) - MISSES))
def test_what_is_not_the_units_doing_is_never_its_miss(state):
    assert came_to([state]) is not Came.MISSED


@given(st.lists(st.sampled_from(Asked)))
def test_the_order_of_the_contacts_makes_no_difference_to_what_it_came_to(asked):
    assert came_to(asked) is came_to(asked[::-1])


@pytest.mark.parametrize(
    ("cause", "sip_code", "state"),
    [
        (17, 486, Asked.BUSY),
        (17, 600, Asked.BUSY),
        (21, 603, Asked.REJECTED),
        (19, 480, Asked.NO_ANSWER),
        (18, 408, Asked.NO_ANSWER),
        (1, 404, Asked.INVALID),
        (22, 410, Asked.INVALID),
        (28, 484, Asked.INVALID),
        (34, 503, Asked.FAILED),
        (38, 500, Asked.FAILED),
        (0, None, Asked.FAILED),
        (None, None, Asked.FAILED),
    ],
)
def test_a_ring_ends_as_the_switch_measured_it(cause, sip_code, state):
    assert ended_as(alerted=True, cause=cause, sip_code=sip_code) is state


@pytest.mark.parametrize(("cause", "sip_code"), [(21, 401), (21, 403), (21, 407), (19, 483), (1, 485)])
def test_a_carrier_that_refuses_us_is_not_the_units_refusal(cause, sip_code):
    assert ended_as(alerted=True, cause=cause, sip_code=sip_code) is Asked.FAILED


@pytest.mark.parametrize("cause", [18, 19])
def test_what_was_not_seen_to_ring_is_no_missed_ring(cause):
    assert ended_as(alerted=False, cause=cause, sip_code=480) is Asked.FAILED


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001 - a bound
def test_an_a_matter_is_due_exactly_four_hours_after_its_dispatch_round_the_clock(dispatched_at):
    assert due_of_a(dispatched_at) - dispatched_at == timedelta(hours=4)
