"""When a citizen may be called next (Art. 16, 17): every limit has a test on each side of it."""

from datetime import date, timedelta

import pytest

from telephony.rules.bands import parse_band
from telephony.rules.revisit import Impossible, Next, Round
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import UnknownYearError
from tests.unit.rules.revisits import NUMBER, OTHER, US, at, past, planner, round_of

GUARD = timedelta(seconds=75)
PLANNER = planner()


def next_at(now, *attempts, rules=PLANNER, **values):
    """Return when the next call may be placed, or the code of why there is none."""
    step = rules.plan(at(now) if isinstance(now, str) else now, round_of(*attempts, **values))
    return step.at if isinstance(step, Next) else step.code


# Bands.


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at("08:30"), at("09:00")),
        (at("09:00") - US, at("09:00")),
        (at("09:00"), at("09:00")),
        (at("11:58:45"), at("11:58:45")),  # its ring would end with the band
        (at("11:58:45") + US, at("14:30")),
        (at("12:00"), at("14:30")),
        (at("17:58:45") + US, at("18:00")),
        (at("20:28:45"), at("20:28:45")),
        (at("20:28:45") + US, at("02-13 09:00")),
        (at("23:59:59"), at("02-13 09:00")),
    ],
)
def test_a_call_may_start_if_its_ring_would_end_in_its_band(now, then):
    assert next_at(now) == then


def test_the_next_call_names_its_number_and_window():
    step = PLANNER.plan(at("08:30"), round_of())
    assert (step.number, step.window.band, step.window.day) == (NUMBER, "09:00-12:00", date(2026, 2, 12))


def test_no_call_comes_before_the_reply_of_a_clock_that_runs_ahead():
    assert next_at("09:00", replied=at("09:00:10")) == at("09:00:10")


# Three hours, and another band or day.


def test_the_second_call_comes_three_hours_after_the_end_of_the_first_and_in_another_band():
    assert next_at("11:00", past("09:00")) == at("14:30")
    assert next_at("12:00", past("11:58:45")) == at("15:00")  # ended at 12:00:00


@pytest.mark.parametrize(
    ("now", "allowed"),
    [("14:59:59", False), ("15:00:00", True)],
)
def test_three_hours_pass_and_one_second_less_does_not(now, allowed):
    assert (next_at(now, past("11:58:45")) == at(now)) == allowed
    assert next_at(at("15:00") - US, past("11:58:45")) == at("15:00")


def test_a_second_call_in_the_same_band_does_not_count_and_is_not_placed():
    wide = planner(bands=(parse_band("09:00-20:00"),))
    assert next_at("12:05", past("09:00"), rules=wide) == at("02-13 09:00")


def test_neighbouring_bands_are_different_ones_but_three_hours_apart_all_the_same():
    assert next_at("17:59", past("17:00")) == at("20:01:15")
    assert next_at("18:00", past("17:58:00")) == at("02-13 09:00")


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        (Outcome.UNANSWERED, at("14:30")),  # a short ring
        (Outcome.UNREACHABLE, at("14:30")),
        (Outcome.REFUSED, at("14:30")),
        (Outcome.INVALID_NUMBER, "no_number"),
        (Outcome.BUSY, at("09:20:10")),
        (Outcome.FAILED, at("09:05:10")),
        (Outcome.UNKNOWN, at("14:30")),
    ],
)
def test_what_comes_after_a_call_that_does_not_count(outcome, then):
    assert next_at("09:01", past("09:00", outcome, counts=False, lasts=10)) == then


def test_an_unknown_calls_latest_end_and_three_hours_more_space_the_next_one():
    unknown = past("11:58:45", Outcome.UNKNOWN, lasts=80)
    assert next_at("14:00", unknown) == at("15:00:05")


def test_calls_that_do_not_count_do_not_reset_the_three_hours():
    calls = past("09:00"), past("14:30", Outcome.UNREACHABLE, counts=False, lasts=5)
    assert next_at("14:31", *calls) == at("18:00")


def test_a_busy_line_is_tried_again_after_twenty_minutes_in_the_same_band():
    busy = past("09:00", Outcome.BUSY, lasts=5)
    assert next_at("09:20:04", busy) == at("09:20:05")
    assert next_at("09:20:05", busy) == at("09:20:05")


def test_a_busy_line_near_the_end_of_a_band_is_tried_in_the_next():
    assert next_at("11:50", past("11:45", Outcome.BUSY, lasts=5)) == at("14:30")


@pytest.mark.parametrize(
    ("faults", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (30, 60)]
)
def test_faults_in_a_row_double_the_wait_up_to_an_hour(faults, minutes):
    calls = [past("09:00", Outcome.FAILED, lasts=0)] * faults
    assert next_at("09:00", *calls) == at("09:00") + timedelta(minutes=minutes)


def test_another_outcome_begins_the_wait_for_faults_anew():
    calls = [past("09:00", Outcome.FAILED, lasts=0)] * 3
    calls += [past("09:30", Outcome.BUSY, lasts=0), past("09:50", Outcome.FAILED, lasts=0)]
    assert next_at("09:50", *calls) == at("09:55")


def test_a_fault_that_rang_the_citizen_is_tried_again_in_another_band():
    assert next_at("09:01", past("09:00", Outcome.FAILED, lasts=10, alerted=True)) == at("14:30")


# Days.


@pytest.mark.parametrize(
    ("replied", "now", "then"),
    [
        ("02-13 20:29", "02-13 20:29", at("02-14 09:00")),  # a Saturday that is worked
        ("02-14 20:29", "02-14 20:29", at("02-24 09:00")),  # over Spring Festival
        ("02-15 10:00", "02-15 10:00", at("02-24 09:00")),  # a reply in the holidays
        ("03-06 20:29", "03-06 20:29", at("03-09 09:00")),  # over a weekend
    ],
)
def test_calls_are_placed_on_working_days_only(replied, now, then):
    assert next_at(now, replied=at(replied)) == then


@pytest.mark.parametrize(
    ("replied", "last"), [("02-12 10:00", "02-14 20:28:45"), ("02-13 10:00", "02-24 20:28:45")]
)
def test_the_last_call_lies_in_the_last_band_of_the_second_working_day(replied, last):
    assert next_at(at(last), replied=at(replied)) == at(last)
    assert next_at(at(last) + US, replied=at(replied)) == "no_lawful_time"


def test_a_call_must_have_ended_before_the_deadline_even_if_the_band_goes_on():
    due = {"due_at": at("10:00")}
    assert next_at("09:58:45", **due) == at("09:58:45")
    assert next_at(at("09:58:45") + US, **due) == "no_lawful_time"
    assert next_at(at("10:00"), **due) == "deadline"


def test_a_year_that_the_calendar_does_not_know_is_an_error_that_names_it():
    with pytest.raises(UnknownYearError, match="2027"):
        PLANNER.due_at(at("10:00").replace(month=12, day=30))


# How often.


def test_three_calls_a_day_to_one_number_and_no_fourth():
    calls = [past(time, Outcome.BUSY, lasts=5) for time in ("09:00", "09:30", "10:00")]
    assert next_at("10:30", *calls[:2]) == at("10:30")
    assert next_at("10:30", *calls) == at("02-13 09:00")


def test_the_cap_counts_calls_about_all_cases_of_a_number():
    others = tuple(past(time, Outcome.ANSWERED, lasts=20) for time in ("09:00", "09:30"))
    assert next_at("10:30", past("10:00", Outcome.BUSY, lasts=5), others=others) == at("02-13 09:00")


def test_calls_to_another_number_and_faults_do_not_count_for_the_cap():
    others = tuple(past("09:00", Outcome.ANSWERED, number=OTHER) for _ in range(3))
    faults = tuple(past("09:00", Outcome.FAILED, lasts=0) for _ in range(3))
    assert next_at("10:30", *faults, others=others) == at("10:30")


def test_the_cap_is_for_a_day_in_shanghai():
    others = tuple(past(f"02-11 {time}", Outcome.BUSY) for time in ("23:58", "23:59", "23:59:59"))
    assert next_at("09:00", others=others) == at("09:00")


def test_ten_minutes_lie_between_calls_about_two_cases_of_a_citizen():
    other = (past("09:00", Outcome.ANSWERED, lasts=60),)
    assert next_at("09:05", others=other) == at("09:11")
    assert next_at("09:11", others=other) == at("09:11")


def test_a_fault_about_another_case_that_rang_nobody_keeps_nobody_waiting():
    assert next_at("09:05", others=(past("09:00", Outcome.FAILED, lasts=1),)) == at("09:05")


def test_attempts_of_a_round_are_used_up():
    calls = [past(f"02-0{n} 09:00", Outcome.BUSY) for n in (2, 3, 4)]
    few = planner(most_attempts=3)
    assert next_at("10:00", *calls[:2], rules=few) == at("10:00")
    assert next_at("10:00", *calls, rules=few) == "attempts_used_up"


def test_faults_use_up_no_attempts():
    calls = [past("02-02 09:00", Outcome.FAILED)] * 3
    assert next_at("10:00", *calls, rules=planner(most_attempts=3)) == at("10:00")


# Whom.


def test_a_vacant_number_moves_on_to_the_next():
    vacant = past("09:00", Outcome.INVALID_NUMBER, lasts=1)
    step = PLANNER.plan(at("09:01"), round_of(vacant, numbers=(NUMBER, OTHER)))
    assert (step.number, step.at) == (OTHER, at("09:01"))


def test_a_number_that_only_does_not_answer_is_called_again():
    silent = past("09:00", Outcome.UNREACHABLE, counts=False)
    assert PLANNER.plan(at("09:05"), round_of(silent, numbers=(NUMBER, OTHER))).number == NUMBER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"numbers": ()}, "no_number"),
        ({"no_disturb": frozenset({NUMBER})}, "no_disturb"),
        ({"due_at": at("09:59")}, "deadline"),
    ],
)
def test_where_no_call_may_be_placed_the_reason_is_named(changes, code):
    assert next_at("10:00", **changes) == code


def test_who_must_not_be_disturbed_on_a_number_not_in_use_is_called():
    assert next_at("10:00", numbers=(NUMBER, OTHER), no_disturb=frozenset({OTHER})) == at("10:00")


# What is urgent.


def test_the_first_call_is_urgent_while_a_second_one_can_still_follow():
    revisit = round_of()
    first, second = PLANNER.plan(at("09:00"), revisit), PLANNER.plan(at("14:00"), round_of(past("09:00")))
    latest = first.latest_at
    assert latest + GUARD + PLANNER.rules.interval <= second.latest_at == at("02-14 20:28:45")
    assert isinstance(PLANNER.plan(latest, revisit), Next)
    ended = past(latest)
    assert isinstance(PLANNER.plan(latest + GUARD, round_of(ended)), Next)
    assert isinstance(PLANNER.plan(latest + GUARD, round_of(past(latest + timedelta(seconds=1)))), Impossible)


def test_the_reasons_for_waiting_are_told():
    step = PLANNER.plan(at("09:01"), round_of(past("09:00"), others=(past("09:00:30", Outcome.ANSWERED),)))
    assert [(hold.code, hold.until) for hold in step.holds] == [
        ("interval", at("12:01:15")),
        ("other_case", at("09:11:45")),
    ]


def test_a_plan_does_not_depend_on_the_zone_of_now():
    known = Round((NUMBER,), at("08:00"), PLANNER.due_at(at("08:00")))
    now = at("08:30")
    assert PLANNER.plan(now.astimezone(at("08:00").tzinfo), known) == PLANNER.plan(now, known)
