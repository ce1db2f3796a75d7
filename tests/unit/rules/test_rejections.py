"""What was passed over before the next lawful call, and why."""

from datetime import timedelta

import pytest

from telephony.rules.rejections import Rejected, rejected
from telephony.rules.revisit import Next
from telephony.rules.verdict import Outcome
from tests.unit.rules.revisits import NUMBER, OTHER, at, past, planner, round_of

MORNING, AFTERNOON, EVENING = "09:00-12:00", "14:30-18:00", "18:00-20:30"


def passed_over(now, *attempts, rules=None, **values):
    """Return the days of February with their bands and codes."""
    found = rejected(rules or planner(), at(now), round_of(*attempts, **values))
    return [(each.day.day, each.band, each.code) for each in found]


def test_nothing_is_passed_over_where_a_call_may_start_now():
    assert passed_over("09:00") == []


def test_bands_that_are_over_are_not_told():
    assert passed_over("12:30") == []


def test_the_last_seconds_of_a_band_are_too_late_for_a_ring_and_a_second_before_they_are_not():
    assert passed_over("11:58:45") == []
    assert passed_over("11:58:46") == [(12, MORNING, "too_late")]


def test_after_a_call_that_counts_its_band_is_used_and_the_next_is_held():
    assert passed_over("11:45", past("11:30")) == [(12, MORNING, "used_band")]
    assert passed_over("17:40", past("17:30")) == [(12, AFTERNOON, "used_band"), (12, EVENING, "held")]


def test_bands_of_a_day_on_which_the_number_was_called_often_are_passed_over():
    calls = [past(time, Outcome.BUSY) for time in ("09:00", "09:30", "10:00")]
    assert passed_over("11:00", *calls) == [(12, band, "daily_cap") for band in (MORNING, AFTERNOON, EVENING)]


def test_calls_about_other_cases_count_for_the_day():
    others = tuple(past(time, Outcome.BUSY) for time in ("09:00", "09:30", "10:00"))
    assert (12, AFTERNOON, "daily_cap") in passed_over("11:00", others=others)


def test_days_off_are_passed_over_as_a_whole():
    found = passed_over("02-14 20:30", replied=at("02-13 08:00"))
    assert found == [(day, None, "not_working_day") for day in range(15, 24)]


def test_up_to_the_deadline_all_is_passed_over_where_there_is_no_lawful_time():
    late = past("02-14 17:30")
    assert passed_over("02-14 17:40", late) == [(14, AFTERNOON, "used_band"), (14, EVENING, "held")]


@pytest.mark.parametrize(
    ("now", "values"),
    [
        ("10:00", {"numbers": ()}),
        ("02-15 00:00", {}),
        ("10:00", {"no_disturb": frozenset({NUMBER})}),
    ],
    ids=["no number", "the deadline has passed", "not to be disturbed"],
)
def test_no_window_was_looked_at_where_no_call_may_be_placed_at_all(now, values):
    assert passed_over(now, **values) == []


def test_a_number_that_is_vacant_gives_its_windows_back_to_the_next():
    vacant = past("09:00", Outcome.INVALID_NUMBER)
    assert passed_over("10:00", vacant, numbers=(NUMBER, OTHER)) == []


@pytest.mark.parametrize("minutes", range(0, 4320, 97))
def test_what_is_passed_over_lies_before_the_call_that_the_planner_gives(minutes):
    now, plan = at("08:00") + timedelta(minutes=minutes), planner()
    revisit = round_of(past("09:10"), past("02-13 09:10", Outcome.BUSY))
    step = plan.plan(now, revisit)
    last = step.window.opens if isinstance(step, Next) else revisit.due_at
    found = rejected(plan, now, revisit)
    assert all(isinstance(each, Rejected) and each.day <= last.date() for each in found)
    assert not isinstance(step, Next) or (step.window.day, step.window.band) not in {
        (each.day, each.band) for each in found
    }
