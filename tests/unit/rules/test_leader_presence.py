"""The presence clock of Art. 6: what counts, and whether the least time can still be reached."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.leader_presence import (
    Presence,
    Spell,
    Stretch,
    mended_end,
    outlook,
    presence,
)
from tests.unit.times import NOON

LEAST = timedelta(minutes=120)
ALL_DAY = (Stretch(NOON - timedelta(hours=1), None),)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def spells(*states):
    """Return spells from (second, state), each until the next one."""
    ends = [at(second) for second, _ in states[1:]]
    return [
        Spell(at(second), ended, state) for (second, state), ended in zip(states, [*ends, None], strict=True)
    ]


def stretches(*times):
    return [Stretch(at(came), None if went is None else at(went)) for came, went in times]


def counted(states, phone=ALL_DAY, since=0, until=100):
    return presence(spells(*states), phone, at(since), at(until))


@pytest.mark.parametrize("state", ["ready", "ringing", "talking"])
def test_who_is_available_rung_or_talking_is_there(state):
    assert counted([(-50, state)]) == Presence(100, 0, 0)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("paused", Presence(0, 100, 0)),
        ("wrap_up", Presence(0, 0, 0, 100)),
        ("logged_out", Presence(0, 0, 100)),
        ("something-new", Presence(0, 0, 100)),
    ],
)
def test_whoever_is_not_available_is_not_there_whatever_the_reason(state, expected):
    assert counted([(-50, state)]) == expected


@pytest.mark.parametrize("state", ["ready", "ringing", "talking", "paused", "wrap_up", "logged_out"])
def test_without_the_phone_everything_is_away(state):
    assert counted([(-50, state)], phone=[]) == Presence(0, 0, 100)


def test_a_session_with_a_break_and_a_phone_that_was_gone_for_a_while():
    states = [(-10, "logged_out"), (5, "ready"), (20, "talking"), (40, "paused"), (55, "ready")]
    assert counted(states, stretches((0, 60), (70, None))) == Presence(70, 15, 15)


def test_time_before_the_opening_and_after_the_closing_does_not_count():
    assert counted([(-50, "ready"), (150, "paused")], since=0, until=100) == Presence(100, 0, 0)


def test_a_microsecond_of_a_break_is_a_microsecond():
    found = counted([(0, "ready"), (99.999999, "paused")])
    assert (found.there, found.paused) == (99.999999, 0.000001)


def test_before_the_first_spell_nobody_is_there():
    assert counted([(30, "ready")]) == Presence(70, 0, 30)


def test_without_any_time_between_there_is_nothing_to_count():
    assert counted([(0, "ready")], since=100, until=0) == Presence(0, 0, 0)


def test_an_instant_that_two_stretches_cover_counts_once():
    assert counted([(0, "ready")], stretches((0, 60), (30, 90))) == Presence(90, 0, 10)


def test_of_two_changes_at_one_instant_the_one_that_lasted_holds():
    passing = Spell(at(50), at(50), "wrap_up")
    lasting = [Spell(at(0), at(50), "talking"), Spell(at(50), None, "ready")]
    for order in ([passing, *lasting], [*lasting, passing]):
        assert presence(order, ALL_DAY, at(0), at(100)) == Presence(100, 0, 0)


MICROS = st.integers(-200_000_000, 400_000_000).map(lambda micros: NOON + timedelta(microseconds=micros))
STATES = st.sampled_from(["ready", "ringing", "talking", "paused", "wrap_up", "logged_out"])


@st.composite
def changes(draw):
    times = sorted(draw(st.lists(MICROS, max_size=8)))
    return [
        Spell(begins, ends, draw(STATES))
        for begins, ends in zip(times, [*times[1:], None][: len(times)], strict=True)
    ]


PHONE = st.lists(st.builds(Stretch, MICROS, st.one_of(st.none(), MICROS)), max_size=5)


@given(changes(), PHONE, MICROS, MICROS)
def test_the_parts_are_never_negative_and_add_up_to_the_whole(states, phone, since, until):
    found = presence(states, phone, since, until)
    parts = (found.there, found.paused, found.away, found.wrap_up)
    assert min(parts) >= 0
    length = max(0.0, (until - since).total_seconds())
    assert sum(parts) == pytest.approx(length, abs=1e-6)


@given(changes(), PHONE, st.randoms())
def test_the_order_in_which_things_are_told_changes_nothing(states, phone, random):
    expected = presence(states, phone, at(0), at(100))
    random.shuffle(states)
    random.shuffle(phone)
    assert presence(states, phone, at(0), at(100)) == expected


@given(changes(), PHONE, MICROS)
def test_a_day_cut_in_two_has_the_seconds_of_the_whole(states, phone, middle):
    first, last = at(-300), at(500)
    whole, *halves = (
        presence(states, phone, *times) for times in ((first, last), (first, middle), (middle, last))
    )
    assert sum(half.there for half in halves) == pytest.approx(whole.there, abs=1e-6)


# What is still missing, and whether it can be reached.


def seen(there, now=0, ends=7200):
    return outlook(Presence(there, 0, 0), at(now), at(ends), LEAST)


def test_119_59_is_short_and_120_is_not():
    short, enough = seen(7199, now=7200), seen(7200, now=7200)
    assert (short.missing, short.reachable, short.warns) == (1, False, True)
    assert (enough.missing, enough.reachable, enough.warns) == (0, True, False)


def test_a_microsecond_less_than_the_least_time_is_short():
    assert seen(7199.999999, now=7200).missing == 0.000001


def test_what_is_missing_can_be_reached_until_the_last_second_and_no_longer():
    assert seen(7000, now=7000).reachable is True
    late = seen(7000, now=7000.000001)
    assert (late.reachable, late.slack) == (False, -0.000001)


def test_an_end_that_is_too_early_has_to_be_put_off_to_the_full_minute_after_it_is_reached():
    late = seen(6600, now=6630)
    assert (late.by, late.extend_to) == (at(7230), at(7260))
    assert seen(6600, now=6660).extend_to == at(7260)


def test_less_than_ten_minutes_to_spare_is_told_and_ten_are_not():
    assert seen(6000, now=6000, ends=7800).warns is False
    tight = seen(6000, now=6000, ends=7799.999999)
    assert (tight.warns, tight.reachable) == (True, True)


def test_after_the_announced_end_the_last_call_still_counts():
    late = seen(7190, now=7300)
    assert (late.missing, late.reachable, late.by) == (10, False, at(7310))
    assert seen(7200, now=7300).reachable is True


def test_what_mends_it_leaves_ten_minutes_to_spare():
    tight = seen(6000, now=6010)
    assert mended_end(tight) == at(7860)
    assert seen(6000, now=6010, ends=7860).warns is False
