"""Who was with whom, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.presence import Recording, Stay, closed, segments, talk_seconds

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PARTIES = {
    "c": ("citizen", "carrier"),
    "a": ("agent", "8001"),
    "a2": ("agent", "8001"),
    "b": ("agent", "8002"),
    "u": ("unit", "water"),
    "v": ("unit", "roads"),
    "s": ("supervisor", "8100"),
}


def at(second):
    return START + timedelta(seconds=second)


def stay(leg, entered, left=None, bridge="queue"):
    return Stay(leg, *PARTIES[leg], bridge, at(entered), None if left is None else at(left))


def told(stays, now=100, recordings=None):
    """Each segment as (from, to, bridge, who)."""
    found = segments(stays, at(now), recordings)
    return [
        (
            (segment.started_at - START).total_seconds(),
            (segment.ended_at - START).total_seconds(),
            segment.bridge,
            " ".join(each.leg_id for each in segment.parties),
        )
        for segment in found
    ]


def talk(stays, legs, now=100):
    return talk_seconds(segments(stays, at(now)), legs)


def test_a_call_of_two_is_one_segment():
    assert told([stay("c", 0, 30), stay("a", 0.001, 29.9)]) == [(0.001, 29.9, "queue", "c a")]


def test_the_call_is_cut_wherever_somebody_comes_or_goes():
    stays = [stay("c", 0, 60, "room"), stay("a", 0, 40, "room"), stay("u", 10, 60, "room")]
    assert told(stays) == [(0, 10, "room", "c a"), (10, 40, "room", "c a u"), (40, 60, "room", "c u")]


def test_who_waits_alone_makes_no_segment():
    assert told([stay("c", 0, 60), stay("a", 70, 80)]) == []


def test_two_bridges_at_once_make_segments_that_overlap_in_time():
    stays = [stay("c", 0, 30, "x"), stay("a", 0, 30, "x"), stay("u", 10, 20, "y"), stay("v", 10, 20, "y")]
    assert told(stays) == [(0, 30, "x", "c a"), (10, 20, "y", "v u")]


def test_a_citizen_who_comes_back_from_music_makes_a_second_segment():
    stays = [stay("c", 0, 10), stay("a", 0, 30), stay("c", 20, 30)]
    assert told(stays) == [(0, 10, "queue", "c a"), (20, 30, "queue", "c a")]


@pytest.mark.parametrize(("gap", "count"), [(0.049, 1), (0.05, 2)])
def test_an_absence_below_50_ms_is_none(gap, count):
    stays = [stay("c", 0, 10), stay("a", 0, 30), stay("c", 10 + gap, 30)]
    assert len(told(stays)) == count


def test_a_stay_without_an_end_lasts_until_now():
    assert told([stay("c", 0), stay("a", 5)], now=42) == [(5, 42, "queue", "c a")]


def test_a_stay_whose_exit_was_not_told_ends_where_the_legs_next_one_begins():
    stays = [stay("c", 0, None, "x"), stay("a", 0, 30, "x"), stay("c", 10, 30, "y")]
    assert told(stays) == [(0, 10, "x", "c a")]


def test_two_legs_of_one_agent_are_one_party():
    assert told([stay("a", 0, 10), stay("a2", 0, 10)]) == []


def test_the_parties_stand_in_one_order_whoever_came_first():
    stays = [stay(leg, second, 60, "room") for second, leg in enumerate(["s", "u", "b", "a", "c"])]
    assert told(stays)[-1] == (4, 60, "room", "c a b u s")


FILES = {leg: Recording(f"{leg}.wav", START) for leg in PARTIES}


@pytest.mark.parametrize(
    ("legs", "file"), [("cau", "c.wav"), ("aus", "u.wav"), ("as", "s.wav"), ("ab", "a.wav")]
)
def test_a_segment_is_heard_in_the_citizens_file_else_a_units_a_supervisors_an_agents(legs, file):
    (segment,) = segments([stay(leg, 7, 9) for leg in legs], at(9), FILES)
    assert (segment.file, segment.offset) == (file, 7.0)


@pytest.mark.parametrize(("begun", "file"), [(7, "u.wav"), (7.001, "a.wav")])
def test_a_file_that_began_later_does_not_hold_the_segment(begun, file):
    files = {**FILES, "u": Recording("u.wav", at(begun))}
    (segment,) = segments([stay("u", 7, 9), stay("a", 7, 9)], at(9), files)
    assert segment.file == file


def test_a_segment_that_nobody_recorded_has_no_file():
    (segment,) = segments([stay("c", 0, 9), stay("a", 0, 9)], at(9))
    assert (segment.file, segment.offset) == (None, None)


@pytest.mark.parametrize("length", [0.001, 9.999, 10.0])
def test_talk_is_right_to_the_millisecond(length):
    assert talk([stay("c", 0, 60), stay("a", 1, 1 + length)], {"a"}) == length


def test_an_agent_who_is_alone_does_not_talk():
    stays = [stay("a", 0, 60, "room"), stay("c", 0, 10, "room"), stay("u", 40, 50, "room")]
    assert talk(stays, {"a"}) == 20


def test_the_legs_of_an_agent_who_came_back_are_summed():
    stays = [stay("c", 0, 60), stay("a", 0, 10), stay("u", 0, 60), stay("a2", 30, 35)]
    assert talk(stays, {"a", "a2"}) == 15


def test_an_instant_in_which_both_legs_of_an_agent_talk_counts_once():
    stays = [stay("c", 0, 20, "x"), stay("a", 0, 20, "x"), stay("u", 10, 25, "y"), stay("a2", 10, 25, "y")]
    assert talk(stays, {"a", "a2"}) == 25


def test_talk_goes_on_until_now():
    assert [talk([stay("c", 0), stay("a", 5)], {"a"}, now) for now in (5, 5.001, 65)] == [0, 0.001, 60]


stays_of_a_call = st.lists(
    st.builds(
        lambda leg, entered, length, bridge: stay(leg, entered / 1000, (entered + length) / 1000, bridge),
        st.sampled_from(["c", "a", "b", "u", "s"]),
        st.integers(0, 2000),
        st.integers(0, 1000),
        st.sampled_from(["x", "y"]),
    ),
    max_size=12,
)


@given(stays_of_a_call)
def test_segments_of_one_bridge_never_overlap(stays):
    for bridge in ("x", "y"):
        mine = [segment for segment in segments(stays, at(9)) if segment.bridge == bridge]
        edges = [edge for segment in mine for edge in (segment.started_at, segment.ended_at)]
        assert edges == sorted(edges)


@given(stays_of_a_call)
def test_an_agents_talk_is_the_sum_of_the_segments_with_the_agent(stays):
    found = segments(stays, at(9))
    mine = [segment for segment in found if "a" in {each.leg_id for each in segment.parties}]
    # Each segment's own seconds are rounded to the millisecond, which adds up: the sum is rounded once.
    exact = sum((segment.ended_at - segment.started_at for segment in mine), timedelta())
    assert talk_seconds(found, {"a"}) == pytest.approx(round(exact.total_seconds(), 3), abs=1e-9)


@given(stays_of_a_call)
def test_no_leg_is_in_two_bridges_at_once(stays):
    until = {}
    for one in closed(stays, at(9)):
        assert one.entered_at >= until.get(one.leg_id, START)
        until[one.leg_id] = one.left_at


@given(stays_of_a_call)
def test_at_each_moment_of_a_segment_its_legs_were_there_and_no_other(stays):
    inside = closed(stays, at(9))
    for segment in segments(stays, at(9)):
        middle = segment.started_at + (segment.ended_at - segment.started_at) / 2
        there = {
            s.leg_id for s in inside if s.bridge == segment.bridge and s.entered_at <= middle < s.left_at
        }
        short_gap = any(abs((s.left_at - middle).total_seconds()) < 0.05 for s in inside)
        assert short_gap or there == {each.leg_id for each in segment.parties}
