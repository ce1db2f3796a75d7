"""The clock of a leader day that is played by a demonstration: so many times as fast as the real one. Pure.

A played day begins, on its own clock, at 15:00 of the day in Shanghai on which it is played, whatever the
hour is; from there on each real second is `factor` seconds of it. What Art. 6 asks for is measured by it.
"""

from datetime import datetime, time, timedelta

from telephony.rules.leader_day import day_of
from telephony.rules.workdays import CHINA

BEGINS = time(15)
ANNOUNCED = time(10)
REAL = 0
"""The factor of a day that is not played."""
FACTORS = range(2, 1001)


def shown_at(at: datetime, starts_at: datetime, factor: int) -> datetime:
    """Return what a day's own clock shows at an aware instant; of a real day that is the instant itself.

    `starts_at` is the real instant at which it begins.
    """
    if factor == REAL:
        return at
    return datetime.combine(day_of(starts_at), BEGINS, CHINA) + (at - starts_at) * factor


def announced_at(starts_at: datetime, full_days: int) -> datetime:
    """Return when, by its own clock, a played day is announced with so many full days between (Art. 6)."""
    return datetime.combine(day_of(starts_at) - timedelta(days=full_days + 1), ANNOUNCED, CHINA)


def counted(seconds: float, factor: int) -> float:
    """Return how many seconds of a day's own clock pass in so many real ones."""
    return seconds if factor == REAL else seconds * factor
