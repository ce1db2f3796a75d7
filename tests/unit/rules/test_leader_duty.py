"""What a centre owes each month (Art. 6), on both sides of each limit."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.clock import SHANGHAI
from telephony.rules.leader_day import (
    DayRules,
    Held,
    announced_in_time,
    duty,
    month_bounds,
    months,
    months_around,
    remind_at,
    reminds,
)

RULES = DayRules()
MONTH = "2026-12"
TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOTIFY = at("2026-12-24T00:00")
END = at("2027-01-01T00:00")


def stands(*days, now, month=MONTH, since=None):
    return duty(month, [Held(state, at(starts)) for state, starts in days], now, RULES, since).state


@pytest.mark.parametrize(
    ("month", "last"),
    [
        ("2026-11", "2026-11-23"),
        ("2026-12", "2026-12-24"),
        ("2027-01", "2027-01-24"),
        ("2027-02", "2027-02-21"),
        ("2028-02", "2028-02-22"),
    ],
)
def test_the_last_notice_of_a_month_is_seven_full_days_before_its_last_day(month, last):
    found = duty(month, [], at("2026-01-01"), RULES)
    assert found.notify_before == at(last)
    last_day = month_bounds(month)[1] - TICK
    assert announced_in_time(found.notify_before - TICK, last_day, RULES)
    assert not announced_in_time(found.notify_before, last_day, RULES)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (NOTIFY - SECOND, "due"),
        (NOTIFY - TICK, "due"),
        (NOTIFY, "too_late"),
        (END - TICK, "too_late"),
        (END, "missed"),
    ],
)
def test_a_month_without_a_day_is_due_then_too_late_then_missed(now, state):
    assert stands(now=now) == state
    assert stands(now=now.astimezone(UTC)) == state


@pytest.mark.parametrize("state", ["open", "closed", "certified"])
@pytest.mark.parametrize("now", [at("2026-12-15"), NOTIFY, END, END + timedelta(days=400)])
def test_a_session_that_took_place_meets_the_duty_for_good(state, now):
    assert stands((state, "2026-12-15T15:00"), now=now) == "held"


@pytest.mark.parametrize("state", ["published", "postponed", "substituted"])
def test_one_that_was_announced_and_never_opened_leaves_the_month_open_after_its_day(state):
    day = (state, "2026-12-15T15:00")
    assert stands(day, now=at("2026-12-15T23:59:59")) == "announced"
    assert stands(day, now=at("2026-12-16T00:00")) == "due"


def test_a_day_announced_for_the_last_day_of_the_month_counts_until_the_month_ends():
    day = ("published", "2026-12-31T15:00")
    assert stands(day, now=END - TICK) == "announced"
    assert stands(day, now=END) == "missed"


def test_a_plan_counts_as_long_as_it_can_be_announced_in_time():
    day = ("planned", "2026-12-15T15:00")
    assert stands(day, now=at("2026-12-08T00:00") - TICK) == "planned"
    assert stands(day, now=at("2026-12-08T00:00")) == "due"
    assert stands(("planned", "2026-12-31T15:00"), now=NOTIFY) == "too_late"


def test_a_cancelled_day_is_none():
    assert stands(("cancelled", "2026-12-15T15:00"), now=at("2026-12-01")) == "due"


@pytest.mark.parametrize(
    ("starts", "december", "january"),
    [("2026-12-31T23:59", "held", "due"), ("2027-01-01T00:00", "too_late", "held")],
)
def test_a_day_belongs_to_the_month_in_which_it_begins_in_shanghai(starts, december, january):
    now = END - TICK
    assert (stands(("closed", starts), now=now), stands(("closed", starts), now=now, month="2027-01")) == (
        december,
        january,
    )


@pytest.mark.parametrize(
    ("since", "state"), [(NOTIFY - TICK, "missed"), (NOTIFY, "unrecorded"), (END + SECOND, "unrecorded")]
)
def test_a_month_is_missed_only_if_a_notice_was_possible_after_records_began(since, state):
    assert stands(now=END + timedelta(days=9), since=since) == state
    assert stands(now=END - TICK, since=since) == "too_late"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (at("2026-12-17T00:00") - SECOND, False),
        (at("2026-12-17T00:00") - TICK, False),
        (at("2026-12-17T00:00"), True),
        (NOTIFY - TICK, True),
        (NOTIFY, False),
    ],
)
@pytest.mark.parametrize("planned", [False, True])
def test_a_reminder_is_due_from_its_day_until_the_last_lawful_notice(now, told, planned):
    days = [Held("planned", at("2026-12-31T15:00"))] if planned else []
    found = duty(MONTH, days, now, RULES)
    assert remind_at(found, 7) == at("2026-12-17T00:00")
    assert reminds(found, now, 7) is told


@pytest.mark.parametrize(("state", "told"), [("published", False), ("closed", False), ("cancelled", True)])
def test_nobody_is_reminded_of_a_month_whose_notice_is_out(state, told):
    now = at("2026-12-20T08:00")
    assert reminds(duty(MONTH, [Held(state, at("2026-12-29T15:00"))], now, RULES), now, 7) is told


def test_holidays_and_make_up_days_are_calendar_days_like_others():
    # 2026-10-10 is a make-up working Saturday, and 1 to 7 October are holidays.
    session = at("2026-10-10T15:00")
    assert announced_in_time(at("2026-10-02T23:59:59"), session, RULES)
    assert not announced_in_time(at("2026-10-03T00:00"), session, RULES)


def test_months_around_a_day_go_over_the_turn_of_the_year():
    found = months_around(at("2027-01-31").date(), 2, 1)
    assert found == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert months(at("2026-12-31").date(), 2) == ["2026-12", "2027-01"]
    assert months(at("2026-12-31").date(), 0) == []
