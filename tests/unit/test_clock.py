"""The machine's clock says what it promises; Shanghai has no summer time any more."""

from datetime import UTC, datetime, timedelta

import time_machine

from telephony.clock import SHANGHAI, SystemClock


def test_the_present_is_aware_and_in_utc():
    with time_machine.travel(datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI), tick=False):
        now = SystemClock().now()
    assert (now, now.tzinfo) == (datetime(2026, 11, 23, 4, 0, tzinfo=UTC), UTC)


def test_monotonic_seconds_do_not_go_back():
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_shanghai_is_eight_hours_ahead_in_summer_and_winter():
    offsets = {datetime(2026, month, 1, tzinfo=SHANGHAI).utcoffset() for month in range(1, 13)}
    assert offsets == {timedelta(hours=8)}
