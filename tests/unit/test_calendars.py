"""The library's years and the operator's: the vectors of the rules, and each fault with line and key."""

from datetime import UTC, date, datetime, timedelta

import pytest
from chinese_calendar import is_workday

from telephony import calendars
from telephony.clock import SHANGHAI
from telephony.config_load import load
from telephony.errors import ConfigError
from telephony.paths import PROJECT
from telephony.rules.workdays import UnknownYearError
from telephony.texts import say

SUPPLIED = "years:\n  2027: {holidays: [2027-01-01], make_up_working_days: [2027-01-03]}\n"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


class Folder:
    """A folder with nothing but holidays.yaml."""

    def __init__(self, path):
        self.path = path

    def calendar(self, text):
        (self.path / "holidays.yaml").write_text(text, encoding="utf-8")
        return calendars.load(self.path)

    def problems(self, text):
        with pytest.raises(ConfigError) as raised:
            self.calendar(text)
        return [line.removeprefix(f"{self.path}/holidays.yaml:") for line in str(raised.value).splitlines()]


@pytest.mark.parametrize(
    ("replied", "last"),
    [
        (date(2026, 2, 13), date(2026, 2, 24)),  # over Spring Festival, by way of a Saturday
        (date(2026, 2, 12), date(2026, 2, 14)),  # to that Saturday, which is worked
        (date(2026, 9, 30), date(2026, 10, 9)),  # over National Day
        (date(2024, 2, 8), date(2024, 2, 18)),  # to a Sunday that is worked
        (date(2025, 1, 24), date(2025, 1, 27)),  # by way of a Sunday that is worked
    ],
)
def test_the_second_working_day_is_that_of_the_notices(folder, replied, last):
    assert calendars.load(folder.path).add_working_days(replied, 2) == last


@pytest.mark.parametrize(
    ("replied_at", "due_at"),
    [
        (datetime(2026, 2, 12, 15, 59, 59, tzinfo=UTC), datetime(2026, 2, 15, tzinfo=SHANGHAI)),
        (datetime(2026, 2, 12, 16, 0, 0, tzinfo=UTC), datetime(2026, 2, 25, tzinfo=SHANGHAI)),
    ],
    ids=["23:59:59 in Shanghai", "00:00:00 in Shanghai"],
)
def test_a_second_at_midnight_in_shanghai_moves_the_deadline(folder, replied_at, due_at):
    assert calendars.load(folder.path).deadline_after(replied_at, 2) == due_at


def test_2027_is_an_error_until_the_operator_supplies_it(folder):
    late = date(2026, 12, 30)
    with pytest.raises(UnknownYearError, match="2027"):
        folder.calendar("years: {}").add_working_days(late, 2)
    assert folder.calendar(SUPPLIED).add_working_days(late, 2) == date(2027, 1, 3)


@pytest.mark.parametrize("year", range(2004, 2027))
def test_the_library_knows_the_years_from_2004_to_2026(folder, year):
    assert not calendars.load(folder.path).is_working_day(date(year, 10, 1))


def test_each_day_is_as_the_library_itself_says(folder):
    calendar = calendars.load(folder.path)
    days = [date(2004, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2004, 1, 1)).days)]
    assert [day for day in days if calendar.is_working_day(day) != is_workday(day)] == []


def test_a_year_of_the_operator_replaces_the_librarys_whole(folder):
    calendar = folder.calendar("years: {2026: {holidays: [2026-01-05], make_up_working_days: []}}")
    assert calendar.is_working_day(date(2026, 10, 1))
    assert not calendar.is_working_day(date(2026, 1, 5))


def test_the_projects_own_file_supplies_no_year_and_is_part_of_the_configuration():
    assert load(PROJECT / "config").calendar.known_until(date(2026, 11, 24)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("holiday", "made_up", "at", "text"),
    [
        ("2026-12-31", "2027-01-03", "holidays.0", "holidays.other_year"),
        ("2027-01-01", "2028-01-02", "make_up_working_days.0", "holidays.other_year"),
        ("2027-01-01", "2027-01-04", "make_up_working_days.0", "holidays.no_weekend"),  # a Monday
        ("2027-01-01", "2027-01-08", "make_up_working_days.0", "holidays.no_weekend"),  # a Friday
    ],
)
def test_a_day_that_cannot_be_is_told_with_its_line_and_key(folder, holiday, made_up, at, text):
    year = f"{{holidays: [{holiday}], make_up_working_days: [{made_up}]}}"
    day = holiday if at == "holidays.0" else made_up
    (found,) = folder.problems(f"years:\n  2027:\n    {year}\n")
    assert found == f"3: years.2027.{at}: {say(text, day=day, year=2027)}"


@pytest.mark.parametrize(
    ("holidays", "made_up", "keys"),
    [
        ("[2027-01-02]", "[2027-01-02]", ["holidays.0", "make_up_working_days.0"]),
        ("[2027-01-02, 2027-01-02]", "[]", ["holidays.0", "holidays.1"]),
        ("[2027-01-01]", "[2027-01-03, 2027-01-03]", ["make_up_working_days.0", "make_up_working_days.1"]),
    ],
)
def test_a_day_stands_once_and_is_either_off_or_worked(folder, holidays, made_up, keys):
    found = folder.problems(f"years: {{2027: {{holidays: {holidays}, make_up_working_days: {made_up}}}}}")
    assert [problem.split(": ")[1] for problem in found] == [f"years.2027.{key}" for key in keys]
    assert all("stands 2 times; keep one" in problem for problem in found)


@pytest.mark.parametrize("days", ["[2027-01-02]", "[2027-01-03]"])
def test_both_days_of_a_weekend_may_be_made_up(folder, days):
    text = f"years: {{2027: {{holidays: [2027-01-01], make_up_working_days: {days}}}}}"
    assert folder.calendar(text).years[2027].make_up_working_days


@pytest.mark.parametrize("again", ["2027", "'2027'"])
def test_no_year_stands_twice(folder, again):
    year = f"{again}: {{holidays: [2027-01-01], make_up_working_days: []}}"
    assert len(folder.problems(f"{SUPPLIED}  {year}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "years:", "years: []", "years: {2027: }", "[]"),
        "years: {2027: {holidays: [], make_up_working_days: []}}",
        "years: {2027: {holidays: [2027-01-01]}}",
        "years: {2027: {make_up_working_days: []}}",
        "years: {2027: {holidays: [2027-01-01, '2027-01-02'], make_up_working_days: []}}",
        "years: {2027: {holidays: [2027-02-30], make_up_working_days: []}}",
        "years: {2027: {holidays: [2027-01-01, 2027-01-02T00:00:00], make_up_working_days: []}}",
        "years: {2003: {holidays: [2003-01-01], make_up_working_days: []}}",
        "years: {2100: {holidays: [2100-01-01], make_up_working_days: []}}",
    ],
)
def test_a_value_that_is_wrong_is_one_problem(folder, text):
    assert len(folder.problems(text)) == 1


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2026, 11, 30), 31), (date(2026, 12, 31), 0), (date(2027, 1, 1), -1), (date(2027, 6, 1), -152)],
)
def test_the_days_left_are_counted_after_today(folder, today, left):
    assert calendars.days_left(calendars.load(folder.path), today) == left


def test_the_last_month_says_which_year_to_supply_and_where(folder):
    calendar = calendars.load(folder.path)
    assert "known until 2026-12-31" in calendars.outlook(calendar, date(2026, 11, 30))
    assert "2027: put it into config/holidays.yaml" in calendars.outlook(calendar, date(2026, 12, 1))
