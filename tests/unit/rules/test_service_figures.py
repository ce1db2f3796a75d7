"""The rules of the service figures: fates, limits on both sides, and the worst 24 hours."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.service_figures import (
    HOUR_US,
    NOT_COUNTED,
    CallFacts,
    Fate,
    Rules,
    Sums,
    by_hour,
    fate_of,
    figures,
    sums_of,
    worst_day,
)
from tests.unit.times import NOON

RULES = Rules(within_seconds=15, short_seconds=5, target=0.95)
DAY = timedelta(days=1)


def call(waited=10.0, **facts):
    return CallFacts(arrived_at=NOON, queued_at=NOON, ended_at=NOON + timedelta(seconds=waited), **facts)


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        ("refused", Fate.REFUSED),
        ("by_notice", Fate.BY_NOTICE),
        ("kept", Fate.KEPT),
        ("abandoned", Fate.ABANDONED),
        ("abandoned_early", Fate.ABANDONED_EARLY),
        ("unserved", Fate.UNSERVED),
        ("interrupted", Fate.INTERRUPTED),
        ("failed", Fate.FAILED),
        ("a word of tomorrow", Fate.FAILED),
        (None, Fate.FAILED),
    ],
)
def test_what_became_of_a_call_is_told_by_its_outcome_and_an_unknown_one_is_our_fault(outcome, fate):
    assert fate_of(call(outcome=outcome), RULES) is fate


@pytest.mark.parametrize(("waited", "fate"), [(4.999999, Fate.ABANDONED_SHORT), (5.0, Fate.ABANDONED)])
def test_who_gives_up_at_once_is_apart_from_who_waited(waited, fate):
    assert fate_of(call(waited, outcome="abandoned"), RULES) is fate


def test_a_talk_that_the_switch_cut_was_answered():
    assert fate_of(call(answered_at=NOON, outcome="interrupted"), RULES) is Fate.ANSWERED


def test_who_gave_up_in_a_later_wait_was_not_served_though_answered_before():
    assert fate_of(call(answered_at=NOON, outcome="abandoned_later"), RULES) is Fate.ABANDONED_LATER


def test_a_call_that_goes_on_is_open():
    assert fate_of(CallFacts(arrived_at=NOON, queued_at=NOON), RULES) is Fate.OPEN


def test_nothing_has_no_rate_and_no_mean():
    found = figures(None, Sums())
    assert (found.calls, found.answered_rate, found.mean_wait_seconds, found.occupancy) == (
        0,
        None,
        None,
        None,
    )
    assert found.longest_wait_seconds is None


@given(st.lists(st.sampled_from([*Fate])))
def test_the_fates_add_up_to_all_calls_and_only_five_are_left_out_of_the_rate(fates):
    found = figures(None, Sums(fates=Counter(fates)))
    assert found.calls == len(fates)
    assert found.counted == sum(fate not in NOT_COUNTED for fate in fates)
    assert found.calls == sum(getattr(found, fate.value) for fate in Fate)


@given(
    st.lists(st.floats(0, 100).map(lambda s: call(s, answered_at=NOON + timedelta(seconds=s))), max_size=20)
)
def test_sums_of_calls_are_the_sum_of_the_calls_in_whatever_order(calls):
    forward, backward = Sums(), Sums()
    for each in calls:
        forward.add(sums_of(each, RULES))
    for each in reversed(calls):
        backward.add(sums_of(each, RULES))
    assert forward == backward


def test_a_stretch_is_cut_at_full_hours():
    assert list(by_hour(HOUR_US - 1, 2 * HOUR_US + 2)) == [(0, 1), (1, HOUR_US), (2, 2)]
    assert list(by_hour(5, 5)) == []


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def test_no_24_hours_lie_in_less():
    assert worst_day({at(1): (1, 0)}, NOON, NOON + DAY - timedelta(seconds=1), 0.95) is None


def test_the_target_is_kept_at_it_and_missed_below():
    for answered, reached in ((95, True), (94, False)):
        window = worst_day({at(5): (100, answered)}, NOON, NOON + DAY, 0.95)
        assert (window.counted, window.answered, window.reached) == (100, answered, reached)


def test_a_bad_night_is_not_hidden_between_two_good_days():
    minutes = {at(720): (10, 10), at(1430): (10, 0), at(1450): (10, 0), at(2500): (80, 80)}
    window = worst_day(minutes, NOON, NOON + 2 * DAY, 0.95)
    assert (window.counted, window.answered) == (20, 0)
    assert at(720) < window.starts_at <= at(1430)


@given(
    st.dictionaries(st.integers(0, 2880), st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12),
    st.integers(0, 2880),
)
def test_the_worst_24_hours_are_those_that_a_look_at_each_window_finds(counts, length):
    minutes = {at(n): (a + b, a) for n, (a, b) in counts.items() if n < length}
    window = worst_day(minutes, NOON, at(length), 0.95)
    rates = []
    for start in range(length - 1440 + 1):
        inside = [counts for begin, counts in minutes.items() if at(start) <= begin < at(start) + DAY]
        counted, answered = (sum(each[i] for each in inside) for i in (0, 1))
        if counted:
            rates.append(answered / counted)
    assert (window.rate if window else None) == (round(min(rates), 4) if rates else None)
