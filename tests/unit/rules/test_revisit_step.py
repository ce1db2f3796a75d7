"""What the calls of a round amount to (Art. 16, 17): only two proved calls are deemed satisfied."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.rules.bands import parse_band, window_at
from telephony.rules.revisit import FOR_PEOPLE, RATED, Conclusion, Next, Verdict, describe, rules_from
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import CHINA
from tests.unit.rules.revisits import NUMBER, OTHER, RULES, US, at, past, planner, round_of

PLANNER = planner()
FIRST, SECOND = past("09:00"), past("14:30")
WIDE = tuple(map(parse_band, ("09:00-12:00", "12:00-15:00", "15:00-20:00")))


def verdict(now, *attempts, rules=PLANNER, **values):
    """Return the verdict, or None while the round goes on."""
    step = rules.step(at(now) if isinstance(now, str) else now, round_of(*attempts, **values))
    return step.verdict if isinstance(step, Conclusion) else None


def test_two_proved_calls_are_deemed_satisfied_and_named():
    step = PLANNER.step(at("14:32"), round_of(FIRST, SECOND))
    assert (step.verdict, step.attempts) == (Verdict.DEEMED_SATISFIED, (FIRST.id, SECOND.id))


def test_one_proved_call_is_not_enough():
    assert verdict("14:32", FIRST) is None


@pytest.mark.parametrize(
    ("started", "deemed"), [(at("12:01:15") - US, False), (at("12:01:15"), True), (at("12:01:14"), False)]
)
def test_three_hours_lie_between_the_end_of_the_first_and_the_start_of_the_second(started, deemed):
    found = verdict("12:10", FIRST, past(started), rules=planner(bands=WIDE))
    assert found == (Verdict.DEEMED_SATISFIED if deemed else None)


def test_two_calls_of_one_band_and_day_are_not_enough_however_far_apart():
    one = planner(bands=(parse_band("09:00-20:00"),))
    assert verdict("16:10", FIRST, past("16:00"), rules=one) is None
    assert verdict("02-13 09:10", FIRST, past("02-13 09:00"), rules=one) is Verdict.DEEMED_SATISFIED


def test_calls_between_that_do_not_count_neither_add_nor_reset():
    between = (past("10:00", Outcome.BUSY), past("11:00", counts=False), past("11:30", Outcome.FAILED))
    assert verdict("12:00", FIRST, *between) is None
    assert verdict("14:32", FIRST, *between, SECOND) is Verdict.DEEMED_SATISFIED


def test_a_third_counting_call_makes_a_pair_with_whichever_is_far_enough():
    calls = (past("09:00"), past("12:00"), past("15:00:00"))
    step = planner(bands=WIDE).step(at("15:10"), round_of(*calls))
    assert step.attempts == (calls[0].id, calls[2].id)


def test_both_counting_calls_go_to_the_same_number():
    numbers = (NUMBER, OTHER)
    elsewhere = past("09:00", number=OTHER)
    assert verdict("14:32", elsewhere, SECOND, numbers=numbers) is None


def test_counting_calls_to_a_number_that_then_is_vacant_are_worth_nothing():
    calls = (past("02-12 09:00"), past("14:30", Outcome.INVALID_NUMBER), past("18:00", number=OTHER))
    assert verdict("18:10", *calls, numbers=(NUMBER, OTHER)) is None
    calls += (past("02-13 09:00", number=OTHER),)
    assert verdict("02-13 09:10", *calls, numbers=(NUMBER, OTHER)) is Verdict.DEEMED_SATISFIED


@pytest.mark.parametrize(
    ("closing", "expected"),
    [
        (past("10:00", Outcome.REFUSED), Verdict.UNREACHABLE),
        (past("10:00", Outcome.ANSWERED), Verdict.CONTACTED_UNRATED),
    ],
)
def test_an_answer_or_a_refusal_ends_the_deeming_path(closing, expected):
    assert verdict("14:32", FIRST, closing, SECOND) is expected


def test_a_refusal_alone_is_followed_by_another_call():
    assert verdict("10:01", past("10:00", Outcome.REFUSED)) is None


def test_a_call_back_ends_the_round_for_a_person():
    assert verdict("14:32", FIRST, SECOND, called_back_at=at("14:00")) is Verdict.CONTACTED_UNRATED


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN])
def test_refused_twice_and_unknown_twice_are_for_a_person(outcome):
    calls = (past("09:00", outcome), past("14:30", outcome))
    step = PLANNER.step(at("14:32"), round_of(*calls))
    assert (step.verdict, step.why) == (Verdict.UNREACHABLE, f"{outcome} twice")


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.UNREACHABLE, Outcome.FAILED])
def test_other_outcomes_may_come_twice(outcome):
    assert verdict("14:32", past("09:00", outcome), past("14:30", outcome)) is None


def test_two_proved_calls_outdo_two_unknown_ones():
    unknown = (past("02-12 18:00", Outcome.UNKNOWN), past("02-13 09:00", Outcome.UNKNOWN))
    assert verdict("02-13 14:40", FIRST, *unknown, past("02-13 14:30")) is Verdict.DEEMED_SATISFIED


@pytest.mark.parametrize("rating", sorted(RATED))
def test_what_the_citizen_said_outdoes_everything(rating):
    calls = (FIRST, past("10:00", Outcome.ANSWERED), SECOND)
    assert verdict("03-01 09:00", *calls, rating=rating, called_back_at=at("10:00")) is rating


def test_numbers_that_are_all_vacant_are_to_be_corrected():
    vacant = (past("09:00", Outcome.INVALID_NUMBER), past("09:01", Outcome.INVALID_NUMBER, number=OTHER))
    assert verdict("09:02", *vacant, numbers=(NUMBER, OTHER)) is Verdict.NUMBER_INVALID
    assert verdict("09:02", numbers=()) is Verdict.NUMBER_INVALID


def test_a_passed_deadline_is_overdue_and_never_satisfied():
    due = at("02-15 00:00")
    assert verdict(due, FIRST) is Verdict.OVERDUE
    assert verdict(due + timedelta(days=300), FIRST) is Verdict.OVERDUE


def test_two_calls_of_which_the_second_ended_after_the_deadline_are_overdue():
    values = {"due_at": at("14:31")}
    assert verdict("14:32", FIRST, SECOND, **values) is Verdict.OVERDUE  # ended at 14:31:15
    assert verdict("14:30:59", FIRST, past("14:29:45"), **values) is Verdict.DEEMED_SATISFIED


def test_two_calls_that_ended_in_time_are_overdue_if_that_is_found_only_after_the_deadline():
    assert verdict("02-14 23:59:59", FIRST, past("02-14 20:28:45")) is Verdict.DEEMED_SATISFIED
    assert verdict("02-15 00:00:00", FIRST, past("02-14 20:28:45")) is Verdict.OVERDUE


@pytest.mark.parametrize(
    ("now", "values", "why"),
    [
        ("02-14 20:28:46", {}, "no_lawful_time"),
        ("10:00", {"no_disturb": frozenset({NUMBER})}, "no_disturb"),
    ],
)
def test_where_no_call_may_be_placed_any_more_a_person_decides(now, values, why):
    step = PLANNER.step(at(now), round_of(FIRST, **values))
    assert (step.verdict, step.why, step.attempts) == (Verdict.UNREACHABLE, why, (FIRST.id,))


def test_attempts_used_up_are_for_a_person():
    calls = [past("02-02 09:00", Outcome.BUSY) for _ in range(RULES.most_attempts)]
    assert PLANNER.step(at("10:00"), round_of(*calls)).why == "attempts_used_up"


def test_verdicts_of_a_citizen_and_those_for_people_are_disjoint_and_the_deemed_is_neither():
    assert not RATED & FOR_PEOPLE
    assert set(Verdict) - RATED - FOR_PEOPLE == {Verdict.DEEMED_SATISFIED}


def test_rules_that_were_described_are_the_same_again():
    assert rules_from(describe(RULES)) == RULES


MINUTES = st.integers(0, 3 * 24 * 60).map(lambda minutes: at("08:00") + timedelta(minutes=minutes))
CALLS = st.builds(
    past,
    MINUTES,
    st.sampled_from(Outcome),
    lasts=st.integers(1, 80),
    number=st.sampled_from((NUMBER, OTHER)),
)


@given(st.lists(CALLS, max_size=8), MINUTES, st.booleans())
@settings(max_examples=600)
def test_only_two_proved_calls_far_enough_apart_with_no_answer_and_no_refusal_are_deemed(
    calls, now, called_back
):
    calls = sorted(calls, key=lambda call: call.started_at)
    revisit = round_of(*calls, numbers=(NUMBER, OTHER), called_back_at=at("08:00") if called_back else None)
    step = PLANNER.step(now, revisit)
    if isinstance(step, Conclusion) and step.verdict is Verdict.DEEMED_SATISFIED:
        first, second = (next(call for call in calls if call.id == name) for name in step.attempts)
        assert first.counts
        assert second.counts
        assert first.number == second.number
        assert second.started_at - first.ended_at >= timedelta(hours=3)
        assert window_at(first.started_at, RULES.bands) != window_at(second.started_at, RULES.bands)
        assert not called_back
        assert not {Outcome.ANSWERED, Outcome.REFUSED} & {call.outcome for call in calls}


@given(st.lists(CALLS, max_size=6), MINUTES)
@settings(max_examples=600)
def test_every_call_that_is_planned_is_lawful(calls, now):
    calls = sorted((call for call in calls if call.ended_at <= now), key=lambda call: call.started_at)
    step = PLANNER.step(now, round_of(*calls, numbers=(NUMBER, OTHER)))
    if isinstance(step, Next):
        window = window_at(step.at, RULES.bands)
        assert step.at >= now
        assert window == step.window
        assert PLANNER.calendar.is_working_day(window.day)
        assert step.at + RULES.guard <= window.closes
        of_day = [c for c in calls if c.number == step.number and _day(c.started_at) == window.day]
        assert sum(call.outcome is not Outcome.FAILED for call in of_day) < RULES.daily_cap
        for call in calls:
            if call.counts or call.outcome is Outcome.UNKNOWN:
                assert step.at - call.ended_at >= RULES.interval
            assert not (call.counts and window_at(call.started_at, RULES.bands) == window)


def _day(instant: datetime):
    return instant.astimezone(CHINA).date()
