"""Working days of China, as each year's notice of the State Council sets them: holidays and make-up days.

A day of a year that no notice is known for is an error that names the year, never a guess.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Where days begin and end; plain, as no notice known here is from a year with summer time."""
SATURDAY = 5
ONE_DAY = timedelta(days=1)


class UnknownYearError(ValueError):
    """A day was asked about whose year the calendar does not know; `year` is that year."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the calendar of working days does not know the year {year}")
        self.year = year


@dataclass(frozen=True)
class YearDays:
    """What a year's notice says: days off, at weekends or not, and Saturdays and Sundays that are worked."""

    holidays: frozenset[date]
    make_up_working_days: frozenset[date]


@dataclass(frozen=True)
class WorkCalendar:
    """The years that are known, each whole."""

    years: Mapping[int, YearDays]

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on that day; raise UnknownYearError. Cheap: one look into a table."""
        works = self._works.get(day)
        if works is None:
            if isinstance(day, datetime):  # to the type checker a date, but its day depends on the zone
                raise TypeError(f"a day is wanted, not the instant {day}")
            raise UnknownYearError(day.year)
        return works

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`, itself left out; raise UnknownYearError."""
        day += ONE_DAY
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`, which is day 0 and not counted; 0 is `day` itself.

        Raise UnknownYearError if the way there leads into a year that is not known.
        """
        if count < 0:
            raise ValueError(f"working days are counted forward only, not {count}")
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def deadline_after(self, replied_at: datetime, count: int) -> datetime:
        """Return 24:00 of the `count`-th working day after a reply, as 00:00 of the day after (Art. 16).

        `replied_at` is aware, in any zone; its day in Shanghai is day 0. The result is in Shanghai's time.
        """
        if replied_at.tzinfo is None:
            raise ValueError("a reply's time needs its zone")
        last = self.add_working_days(replied_at.astimezone(CHINA).date(), count)
        return datetime.combine(last + ONE_DAY, time(), CHINA)

    def known_until(self, day: date) -> date:
        """Return the last day that is known without a gap from `day` on; a day before it if its year is not.

        It is always a 31 December: the year after it is the first one to be supplied.
        """
        year = day.year
        while year in self.years:
            year += 1
        return date(year - 1, 12, 31)

    @cached_property
    def _works(self) -> dict[date, bool]:
        return {day: _works(day, days) for year, days in self.years.items() for day in _days_of(year)}


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))


def _works(day: date, days: YearDays) -> bool:
    if day in days.make_up_working_days:
        return True
    return day.weekday() < SATURDAY and day not in days.holidays
