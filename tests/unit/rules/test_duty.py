"""Which of a unit's numbers are on duty: 2026's holidays and make-up days, nights, and years not known."""

from datetime import UTC, datetime, time

import pytest

from telephony.rules.duty import Contact, Window, numbers_now, parse_window
from telephony.rules.workdays import CHINA, WorkCalendar
from tests.unit.rules.revisits import CALENDAR

NOBODY_KNOWS = WorkCalendar({})
DESK = ("desk", "10000000001", "workday 08:00-18:00")
NIGHT = ("night", "10000000002", "workday 18:00-08:00")
REST = ("rest", "10000000003", "restday,holiday 08:00-08:00")


def at(moment):
    return datetime.fromisoformat(moment).replace(tzinfo=CHINA)


def contact(name, number, *duty):
    return Contact(name, number, tuple(map(parse_window, duty)))


def on_duty(moment, *contacts, calendar=CALENDAR):
    return [each.name for each in numbers_now([contact(*row) for row in contacts], at(moment), calendar)]


def covered(text, moment, calendar=CALENDAR):
    return on_duty(moment, ("one", "10000000001", text), calendar=calendar) == ["one"]


def test_a_window_is_read_as_it_is_written():
    assert parse_window("workday 08:00-18:00") == Window(("workday",), time(8), time(18))
    assert parse_window(" mon,sat  8:05 - 24:00 ") == Window(("mon", "sat"), time(8, 5), time())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("工作日 08:00-18:00", "workday 08:00-18:00"),
        ("休息日，节假日 08：00-08：00", "restday,holiday 08:00-08:00"),
        ("周六、节假日 9:00-17:00", "sat,holiday 09:00-17:00"),
        ("每天 18:00-24:00", "all 18:00-00:00"),
        ("周一,周日,mon 09:00-10:00", "mon,sun 09:00-10:00"),
    ],
)
def test_chinese_days_and_signs_are_understood_and_written_back_in_one_form(text, plain):
    assert parse_window(text).text == plain
    assert parse_window(plain).text == plain


@pytest.mark.parametrize(
    "text",
    [
        *("", "workday", "08:00-18:00", "workday 08:00", "workday 0800-1800", "weekday 08:00-18:00"),
        *("workday, 08:00-18:00", "workday 24:00-08:00", "workday 08:00-24:01", "workday 08:60-18:00"),
        *("workday 08:00-25:00", "workday 08:00-18:00 x", "workday 08:00-18:00;all 1:00-2:00"),
        *("workday 08:00–18:00", "night 18:00-08:00", "workday 0８:00-18:00"),
    ],
)
def test_what_is_no_window_is_refused(text):
    with pytest.raises(ValueError, match=r"duty|hour must|minute must"):
        parse_window(text)


@pytest.mark.parametrize("number", ["12", "1" * 20, "+", "138 0000", "1;2", "", "１２３", "123\n"])
def test_a_number_that_could_be_no_dial_string_is_refused(number):
    with pytest.raises(ValueError, match="3 to 19 digits"):
        Contact("desk", number)


@pytest.mark.parametrize("number", ["123", "1" * 19, "+8610000000001"])
def test_a_number_of_three_to_nineteen_digits_is_taken(number):
    assert Contact("desk", number).number == number


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        ("2026-11-23 07:59:59", False),
        ("2026-11-23 08:00", True),
        ("2026-11-23 17:59:59", True),
        ("2026-11-23 18:00", False),
    ],
)
def test_a_window_begins_with_its_first_second_and_ends_before_its_last(moment, good):
    assert covered("workday 08:00-18:00", moment) == good


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        ("2026-11-27 17:59:59", False),
        ("2026-11-27 18:00", True),
        ("2026-11-27 23:59:59", True),
        ("2026-11-28 00:00", True),
        ("2026-11-28 07:59:59", True),
        ("2026-11-28 08:00", False),
        ("2026-11-28 18:00", False),
        ("2026-11-30 07:59:59", False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(moment, good):
    assert covered("workday 18:00-08:00", moment) == good


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        ("2026-01-31 23:59:59", True),
        ("2026-02-01 00:00", True),
        ("2026-02-01 07:59:59", True),
        ("2026-02-01 08:00", False),
        ("2026-02-28 23:00", True),
        ("2026-03-01 03:00", True),
    ],
)
def test_a_night_goes_on_over_the_end_of_a_month(moment, good):
    assert covered("sat 18:00-08:00", moment) == good


@pytest.mark.parametrize(
    ("moment", "good"),
    [("2026-11-23 07:59:59", False), ("2026-11-23 08:00", True), ("2026-11-24 07:59:59", True)],
)
def test_a_window_that_ends_when_it_begins_is_a_day_and_a_night(moment, good):
    assert covered("mon 08:00-08:00", moment) == good


@pytest.mark.parametrize(
    ("moment", "good"),
    [("2026-11-23 23:59:59", True), ("2026-11-24 00:00", False), ("2026-11-22 23:59", False)],
)
def test_twenty_four_o_clock_is_the_end_of_the_day(moment, good):
    assert covered("mon 00:00-24:00", moment) == good


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-11-23", "workday"),
        ("2026-11-28", "restday"),
        ("2026-02-14", "workday"),
        ("2026-02-28", "workday"),
        ("2026-02-16", "holiday"),
        ("2026-10-01", "holiday"),
        ("2026-10-03", "holiday"),
        ("2026-10-10", "workday"),
        ("2026-10-11", "restday"),
    ],
)
def test_a_day_is_a_workday_a_rest_day_or_a_holiday_and_never_two_of_them(day, kind):
    kinds = ("workday", "restday", "holiday")
    assert [each for each in kinds if covered(f"{each} 00:00-24:00", f"{day} 12:00")] == [kind]


def test_a_day_of_the_week_is_one_whatever_the_calendar_says_of_it():
    assert covered("sat 08:00-18:00", "2026-02-14 12:00")
    assert covered("thu 08:00-18:00", "2026-10-01 12:00")
    assert not covered("thu 08:00-18:00", "2026-10-02 12:00")


@pytest.mark.parametrize(
    ("moment", "names"),
    [
        ("2026-11-27 12:00", ["desk"]),
        ("2026-11-27 18:00", ["night"]),
        ("2026-11-28 07:59:59", ["night"]),
        ("2026-11-28 08:00", ["rest"]),
        ("2026-11-30 07:59:59", ["rest"]),
        ("2026-11-30 08:00", ["desk"]),
        ("2026-02-14 12:00", ["desk"]),
        ("2026-02-17 12:00", ["rest"]),
    ],
)
def test_a_roster_hands_over_from_desk_to_night_to_rest_day_without_a_gap(moment, names):
    assert on_duty(moment, DESK, NIGHT, REST) == names


def test_contacts_come_in_their_order_and_who_has_no_hours_is_there_always():
    chief = ("chief", "10000000009")
    assert on_duty("2026-11-23 12:00", chief, REST, DESK) == ["chief", "desk"]
    assert on_duty("2026-11-23 12:00", DESK, chief) == ["desk", "chief"]


def test_no_number_is_named_twice():
    again = ("again", DESK[1], "all 00:00-24:00")
    assert on_duty("2026-11-23 12:00", DESK, again) == ["desk"]
    assert on_duty("2026-11-23 20:00", DESK, again) == ["again"]


def test_nobody_may_be_on_duty():
    assert on_duty("2026-11-28 12:00", DESK) == []


def test_the_days_are_shanghais_whatever_the_zone_of_the_moment():
    row = [contact(*DESK)]
    assert numbers_now(row, datetime(2026, 11, 23, 0, 0, tzinfo=UTC), CALENDAR) == row
    assert numbers_now(row, datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), CALENDAR) == []


def test_a_moment_without_its_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        numbers_now([], datetime(2026, 11, 23), CALENDAR)  # noqa: DTZ001 - the point


def test_a_year_that_is_not_known_leaves_nobody_out_who_may_be_on_duty():
    assert on_duty("2026-11-23 12:00", DESK, NIGHT, REST, calendar=NOBODY_KNOWS) == ["desk", "rest"]
    assert on_duty("2026-11-28 12:00", DESK, NIGHT, REST, calendar=NOBODY_KNOWS) == ["desk", "rest"]


def test_a_year_that_is_not_known_brings_in_nobody_who_cannot_be_on_duty():
    assert not covered("workday 08:00-18:00", "2026-11-23 18:00", NOBODY_KNOWS)
    assert not covered("restday 08:00-18:00", "2026-11-23 12:00", NOBODY_KNOWS)
    assert covered("restday 08:00-18:00", "2026-11-28 12:00", NOBODY_KNOWS)
    assert not covered("sun 08:00-18:00", "2026-11-28 12:00", NOBODY_KNOWS)


def test_a_night_over_the_last_known_new_year_is_that_of_the_old_year():
    last_known = CALENDAR.known_until(at("2026-11-23 12:00").date())
    assert (last_known.year, covered("holiday 18:00-08:00", "2027-01-01 03:00")) == (2026, False)
    assert covered("workday 18:00-08:00", "2027-01-01 03:00")
