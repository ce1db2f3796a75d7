"""What makes a leader day lawful (Art. 6), on both sides of each limit."""

from datetime import UTC, date, datetime, timedelta

import pytest

from telephony.clock import SHANGHAI
from telephony.rules import workdays
from telephony.rules.leader_day import (
    DayRules,
    Planned,
    announced_in_time,
    day_of,
    first_day,
    last_notice_before,
    month_bounds,
    month_of,
    months,
    plan_faults,
)

RULES = DayRules()
NOW = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def planned(start="2026-12-10T15:00", end="2026-12-10T17:00", **values):
    known = {"centre": "city", "level": "city", "kind": "city_government", "leader_centre": "city"}
    return Planned(starts_at=at(start), ends_at=at(end), **(known | values))


def faults(day, others=(), now=NOW, rules=RULES):
    return plan_faults(day, others, now, rules)


@pytest.mark.parametrize(
    ("announced", "good"),
    [
        ("2026-12-01T00:00:00", True),
        ("2026-12-02T23:59:59.999999", True),
        ("2026-12-03T00:00:00", False),
        ("2026-12-03T15:00:00", False),
        ("2026-12-09T12:00:00", False),
    ],
)
def test_seven_full_days_lie_between_announcement_and_session_to_the_second(announced, good):
    assert announced_in_time(at(announced), at("2026-12-10T15:00"), RULES) is good


@pytest.mark.parametrize("start", ["2026-12-10T00:00", "2026-12-10T21:59"])
def test_the_hour_of_the_session_does_not_matter_to_the_days_of_notice(start):
    assert announced_in_time(at("2026-12-02T23:59:59"), at(start), RULES)
    assert not announced_in_time(at("2026-12-03T00:00"), at(start), RULES)


@pytest.mark.parametrize(
    ("session", "before"),
    [
        (date(2026, 12, 10), "2026-12-03T00:00"),
        (date(2026, 12, 5), "2026-11-28T00:00"),
        (date(2027, 1, 4), "2026-12-28T00:00"),
        (date(2026, 3, 5), "2026-02-26T00:00"),
        (date(2028, 3, 5), "2028-02-27T00:00"),
    ],
)
def test_the_last_notice_is_found_over_ends_of_months_years_and_leap_days(session, before):
    assert last_notice_before(session, RULES) == at(before)


def test_the_first_possible_day_is_the_eighth_after_that_of_the_announcement():
    assert first_day(at("2026-12-24T23:59:59"), RULES) == date(2027, 1, 1)
    assert first_day(at("2026-12-25T00:00"), RULES) == date(2027, 1, 2)


def test_days_begin_in_shanghai_and_not_in_utc():
    late = datetime(2026, 12, 2, 15, 59, 59, tzinfo=UTC)
    assert announced_in_time(late, at("2026-12-10T15:00"), RULES)
    assert not announced_in_time(late + timedelta(seconds=1), at("2026-12-10T15:00"), RULES)
    assert (day_of(late), month_of(datetime(2026, 12, 31, 16, tzinfo=UTC))) == (date(2026, 12, 2), "2027-01")


def test_a_made_up_number_of_days_counts_as_configured():
    rules = DayRules(notice_days=0)
    assert announced_in_time(at("2026-12-09T23:59:59"), at("2026-12-10T15:00"), rules)
    assert not announced_in_time(at("2026-12-10T00:00"), at("2026-12-10T15:00"), rules)


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("2026-12-10T16:59:00", ["leader.too_short"]),
        ("2026-12-10T16:59:59.999999", ["leader.too_short"]),
        ("2026-12-10T17:00:00", []),
        ("2026-12-10T17:00:01", []),
        ("2026-12-10T14:00:00", ["leader.too_short"]),
    ],
)
def test_a_session_lasts_a_hundred_and_twenty_minutes_to_the_second(end, found):
    assert faults(planned(end=end)) == found


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-12-10T22:00", "2026-12-11T00:00", []),
        ("2026-12-10T22:00", "2026-12-11T00:00:00.000001", ["leader.two_days"]),
        ("2026-12-31T23:00", "2027-01-01T01:00", ["leader.two_days"]),
        ("2026-12-10T00:00", "2026-12-10T02:00", []),
    ],
)
def test_a_session_ends_at_midnight_at_the_latest(start, end, found):
    assert faults(planned(start, end)) == found


def test_a_session_lies_in_the_future_to_the_second():
    day = planned()
    assert faults(day, now=day.starts_at - timedelta(seconds=1)) == []
    assert faults(day, now=day.starts_at) == ["leader.past"]


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        ("2026-11-30T22:00", "2026-12-01T00:00", "2026-11"),
        ("2026-12-01T00:00", "2026-12-01T02:00", "2026-12"),
        ("2026-12-31T15:00", "2026-12-31T17:00", "2026-12"),
        ("2027-01-01T15:00", "2027-01-01T17:00", "2027-01"),
    ],
)
def test_a_second_one_in_a_month_wants_a_reason_and_only_in_that_month(start, end, month):
    others = {"2026-11", "2026-12", "2027-01"}
    assert faults(planned(start, end), others - {month}) == []
    assert faults(planned(start, end), {month}) == ["leader.second_in_month"]
    assert faults(planned(start, end, reason=" \u3000"), {month}) == ["leader.second_in_month"]
    assert faults(planned(start, end, reason="信访积案较多"), {month}) == []


@pytest.mark.parametrize(
    ("values", "good"),
    [
        ({"kind": "unit_head"}, True),
        ({"kind": "district_leader"}, True),
        ({"kind": "county_leader"}, False),
        ({"leader_centre": "baofeng"}, False),
        ({"centre": "baofeng", "level": "county", "kind": "county_leader", "leader_centre": "baofeng"}, True),
        (
            {"centre": "baofeng", "level": "county", "kind": "county_leader", "leader_centre": "jiaxian"},
            False,
        ),
        ({"centre": "baofeng", "level": "county", "leader_centre": "baofeng"}, False),
    ],
    ids=str,
)
def test_a_leader_sits_in_the_hall_of_the_own_centre_and_is_of_a_kind_that_sits_there(values, good):
    assert faults(planned(**values)) == ([] if good else ["leader.wrong_hall"])


def test_all_that_is_wrong_is_told_at_once():
    day = planned("2026-11-01T23:00", "2026-11-02T00:30", kind="county_leader")
    assert faults(day, {"2026-11"}) == [
        "leader.past",
        "leader.too_short",
        "leader.second_in_month",
        "leader.wrong_hall",
    ]


@pytest.mark.parametrize("day", ["2026-02-14", "2026-10-10", "2026-10-01", "2026-12-12"])
def test_make_up_days_holidays_and_weekends_may_have_a_session_like_any_other_day(day, monkeypatch):
    def never(*_):
        raise AssertionError("a leader day depends on no working day")

    monkeypatch.setattr(workdays.WorkCalendar, "is_working_day", never)
    before = at(f"{day}T15:00") - timedelta(days=8)
    assert faults(planned(f"{day}T15:00", f"{day}T17:00"), now=before) == []
    assert announced_in_time(before, at(f"{day}T15:00"), RULES)


@pytest.mark.parametrize(
    ("month", "first", "following"),
    [
        ("2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("2027-01", "2027-01-01T00:00", "2027-02-01T00:00"),
        ("2026-02", "2026-02-01T00:00", "2026-03-01T00:00"),
    ],
)
def test_a_month_begins_and_ends_in_shanghai(month, first, following):
    assert month_bounds(month) == (at(first), at(following))


def test_months_go_on_over_the_end_of_a_year():
    assert months(date(2026, 11, 30), 4) == ["2026-11", "2026-12", "2027-01", "2027-02"]
