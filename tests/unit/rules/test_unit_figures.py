"""Figures of units: counted by hand, and against a count that is as plain as can be."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.asking import Came
from telephony.rules.unit_figures import Invited, report

REASONS = {Came.REFUSED: [None, "busy", "not_ours", "other"], Came.MISSED: [None, "nobody_on_duty"]}


def accepted(*seconds):
    return [Invited(unit="water", three_way_id=1, outcome=Came.ACCEPTED, seconds=each) for each in seconds]


@st.composite
def invitations(draw):
    outcome = draw(st.sampled_from([None, *Came]))
    seconds = draw(st.floats(0, 600)) if outcome is Came.ACCEPTED else None
    return Invited(
        unit=draw(st.sampled_from(["gas", "roads", "water"])),
        three_way_id=draw(st.integers(1, 4)),
        outcome=outcome,
        reason=draw(st.sampled_from(REASONS.get(outcome, [None]))),
        seconds=seconds,
        reached=draw(st.booleans()),
        answered_on_spot=outcome is Came.ACCEPTED and draw(st.booleans()),
        dispatched=draw(st.booleans()),
    )


@given(st.lists(invitations()))
def test_each_units_counts_are_those_of_a_plain_count(invited):
    found = report(invited)
    assert [each.unit for each in found.units] == sorted({each.unit for each in invited})
    for figures in (*found.units, found.total):
        mine = [each for each in invited if figures.unit in {None, each.unit}]
        assert figures.asked == len(mine)
        for came in Came:
            assert getattr(figures, came.value) == len([each for each in mine if each.outcome is came])
        assert figures.open == len([each for each in mine if each.outcome is None])
        assert figures.reached == len([each for each in mine if each.reached])
        assert figures.answered_on_spot == len([each for each in mine if each.answered_on_spot])


@given(st.lists(invitations()))
def test_the_parts_of_a_count_are_the_whole(invited):
    found = report(invited)
    for figures in (*found.units, found.total):
        assert figures.asked == figures.open + sum(getattr(figures, came.value) for came in Came)
        assert figures.refused == sum(figures.refused_why.values())
        assert figures.missed >= figures.nobody_on_duty
    assert found.total.dispatched == sum(each.dispatched for each in found.units)


@given(st.lists(st.floats(0, 600), min_size=1))
def test_nine_of_ten_keep_within_the_time_and_no_shorter_one_would_do(seconds):
    (figures,) = report(accepted(*seconds)).units
    within = [each for each in seconds if round(each, 1) <= figures.p90_seconds]
    below = [each for each in seconds if round(each, 1) < figures.p90_seconds]
    assert len(within) >= 0.9 * len(seconds) > len(below)


def test_times_of_an_even_number_are_halfway_between_the_two_in_the_middle():
    (figures,) = report(accepted(4, 1, 10, 2)).units
    assert (figures.median_seconds, figures.p90_seconds) == (3.0, 10.0)


def test_a_refusal_without_a_reason_of_the_unit_is_its_persons():
    refusals = [
        Invited(unit="gas", three_way_id=1, outcome=Came.REFUSED, reason=r) for r in (None, "other", "busy")
    ]
    assert report(refusals).total.refused_why == {"busy": 2, "other": 1}
