"""Working days: what a notice says, the days between, deadlines of Art. 16, and years nobody knows."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.workdays import UnknownYearError, WorkCalendar, YearDays

CHINA = timezone(timedelta(hours=8))
MAY_2026 = YearDays(
    frozenset(date(2026, 5, day) for day in range(1, 6)),
    frozenset({date(2026, 5, 9)}),
)
CALENDAR = WorkCalendar({2026: MAY_2026})


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 4, 30), True),  # a Thursday
        (date(2026, 5, 1), False),  # a holiday, Friday
        (date(2026, 5, 2), False),  # a holiday at a weekend
        (date(2026, 5, 5), False),  # a holiday, Tuesday
        (date(2026, 5, 6), True),
        (date(2026, 5, 9), True),  # a Saturday that is worked
        (date(2026, 5, 10), False),  # the Sunday after it
    ],
)
def test_a_day_is_worked_as_the_notice_says_and_else_by_its_weekday(day, works):
    assert CALENDAR.is_working_day(day) == works


def test_the_next_working_day_lies_after_the_day_even_if_that_is_worked():
    assert CALENDAR.next_working_day(date(2026, 4, 30)) == date(2026, 5, 6)


@pytest.mark.parametrize(("count", "day"), [(0, 30), (1, 6), (2, 7), (4, 9), (5, 11)])
def test_day_0_is_not_counted(count, day):
    assert CALENDAR.add_working_days(date(2026, 4, 30), count).day == day


def test_days_are_counted_forward_only():
    with pytest.raises(ValueError, match="forward only"):
        CALENDAR.add_working_days(date(2026, 4, 30), -1)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 30)))
def test_the_next_working_day_is_one_and_no_day_between_is(day):
    found = CALENDAR.next_working_day(day)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days)]
    assert found > day
    assert [CALENDAR.is_working_day(each) for each in [*between, found]] == [False] * len(between) + [True]


@given(st.dates(date(2026, 1, 1), date(2026, 9, 30)), st.integers(0, 30), st.integers(0, 30))
def test_two_additions_are_as_one(day, first, second):
    there = CALENDAR.add_working_days(day, first)
    assert CALENDAR.add_working_days(there, second) == CALENDAR.add_working_days(day, first + second)


@pytest.mark.parametrize(
    ("replied_at", "due_at"),
    [
        (datetime(2026, 4, 28, 0, 0, 0, tzinfo=CHINA), datetime(2026, 5, 1, tzinfo=CHINA)),
        (datetime(2026, 4, 28, 23, 59, 59, tzinfo=CHINA), datetime(2026, 5, 1, tzinfo=CHINA)),
        (datetime(2026, 4, 29, 0, 0, 0, tzinfo=CHINA), datetime(2026, 5, 7, tzinfo=CHINA)),
        (datetime(2026, 4, 28, 15, 59, 59, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=CHINA)),
        (datetime(2026, 4, 28, 16, 0, 0, tzinfo=UTC), datetime(2026, 5, 7, tzinfo=CHINA)),
        (datetime(2026, 5, 2, 12, 0, 0, tzinfo=CHINA), datetime(2026, 5, 8, tzinfo=CHINA)),
    ],
)
def test_a_deadline_is_24_00_of_the_last_day_counted_from_the_replys_day_in_shanghai(replied_at, due_at):
    found = CALENDAR.deadline_after(replied_at, 2)
    assert (found, found.utcoffset()) == (due_at, timedelta(hours=8))


def test_a_deadline_at_the_end_of_the_last_known_day_needs_no_further_year():
    due_at = CALENDAR.deadline_after(datetime(2026, 12, 29, 12, tzinfo=CHINA), 2)
    assert due_at == datetime(2027, 1, 1, tzinfo=CHINA)


def test_a_reply_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs its zone"):
        CALENDAR.deadline_after(datetime(2026, 4, 28, 12), 2)  # noqa: DTZ001 - the point


def test_an_instant_is_not_taken_for_a_day():
    with pytest.raises(TypeError, match="a day is wanted"):
        CALENDAR.is_working_day(datetime(2026, 4, 28, 12, tzinfo=CHINA))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: CALENDAR.is_working_day(date(2027, 1, 1)),
        lambda: CALENDAR.next_working_day(date(2026, 12, 31)),
        lambda: CALENDAR.add_working_days(date(2026, 12, 30), 2),
        lambda: CALENDAR.deadline_after(datetime(2026, 12, 30, 12, tzinfo=CHINA), 2),
        lambda: CALENDAR.deadline_after(datetime(2026, 12, 31, 16, tzinfo=UTC), 1),
    ],
    ids=["asked", "stepped into", "counted into", "a deadline there", "a reply there"],
)
def test_a_year_that_is_not_known_is_an_error_that_names_it(ask):
    with pytest.raises(UnknownYearError, match="2027") as raised:
        ask()
    assert raised.value.year == 2027


@pytest.mark.parametrize(
    ("years", "day", "until"),
    [
        ([2025, 2026], date(2025, 3, 1), date(2026, 12, 31)),
        ([2025, 2027], date(2025, 3, 1), date(2025, 12, 31)),  # what lies behind a gap is no help
        ([2025], date(2026, 1, 1), date(2025, 12, 31)),
    ],
)
def test_the_calendar_is_known_until_the_first_gap(years, day, until):
    nothing = YearDays(frozenset(), frozenset())
    assert WorkCalendar(dict.fromkeys(years, nothing)).known_until(day) == until
