"""The clock of a leader day that is played."""

from datetime import datetime, timedelta

import pytest

from telephony.rules.leader_day import DayRules, announced_in_time
from telephony.rules.leader_play import announced_at, counted, shown_at
from telephony.rules.workdays import CHINA

BEGINS = datetime(2026, 11, 27, 23, 59, 50, tzinfo=CHINA)
SECOND = timedelta(seconds=1)


def test_a_real_day_has_the_one_clock():
    assert shown_at(BEGINS + SECOND, BEGINS, 0) == BEGINS + SECOND
    assert counted(61.5, 0) == 61.5


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, (15, 0, 0)), (60, (17, 0, 0)), (59.5, (16, 59, 0)), (-1, (14, 58, 0))]
)
def test_a_played_day_begins_at_three_and_runs_so_many_times_as_fast_whatever_the_hour(seconds, shown):
    at = BEGINS + timedelta(seconds=seconds)
    assert shown_at(at, BEGINS, 120) == datetime(2026, 11, 27, *shown, tzinfo=CHINA)


def test_presence_is_counted_by_the_days_own_clock():
    assert (counted(60, 120), counted(59.5, 120)) == (7200, 7140)


@pytest.mark.parametrize(("full_days", "in_time"), [(6, False), (7, True), (8, True)])
def test_a_played_announcement_lies_so_many_full_days_before(full_days, in_time):
    shown = shown_at(BEGINS, BEGINS, 120)
    assert announced_in_time(announced_at(BEGINS, full_days), shown, DayRules()) is in_time
    assert (shown.date() - announced_at(BEGINS, full_days).date()).days == full_days + 1
