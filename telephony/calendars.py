"""The calendar of working days: the years of `chinesecalendar`, and over them those of holidays.yaml."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

from telephony.config import HolidaysFile, Notice
from telephony.errors import ConfigError
from telephony.rules.workdays import SATURDAY, WorkCalendar, YearDays
from telephony.texts import say
from telephony.value_faults import validated
from telephony.yaml_source import Loc, YamlSource

FILE = "holidays.yaml"
WARN_DAYS = 31
"""With fewer days left, from 1 December on, the next year is asked for; its notice comes out in November."""
LEAST_DAYS = 7
"""With fewer days left the calendar is at fault: deadlines of today's work reach into the unknown."""


def load(directory: Path) -> WorkCalendar:
    """Return the calendar; raise ConfigError with a line for each problem of holidays.yaml.

    The file may be absent. A year in it replaces the library's, whole.
    """
    path = directory / FILE
    notices = _notices(YamlSource(path)) if path.exists() else {}
    supplied = {
        year: YearDays(frozenset(notice.holidays), frozenset(notice.make_up_working_days))
        for year, notice in notices.items()
    }
    return WorkCalendar(_of_library() | supplied)


def days_left(calendar: WorkCalendar, today: date) -> int:
    """Return how many days after `today` (in Shanghai) are known; negative if `today` is not."""
    return (calendar.known_until(today) - today).days


def outlook(calendar: WorkCalendar, today: date) -> str:
    """Return until when the calendar is known, or near its end which year is to be supplied."""
    until = calendar.known_until(today)
    if days_left(calendar, today) < WARN_DAYS:
        return say("calendar.ends", year=until.year + 1)
    return say("calendar.known", day=until)


def _of_library() -> dict[int, YearDays]:
    return {
        year: YearDays(_in_year(year, holidays), _in_year(year, workdays))
        for year in {day.year for day in holidays}
    }


def _in_year(year: int, days: Mapping[date, str]) -> frozenset[date]:
    return frozenset(day for day in days if day.year == year)


def _notices(source: YamlSource) -> Mapping[int, Notice]:
    notices = validated(HolidaysFile, source).years
    problems = [
        source.problem(("years", year, *loc), text)
        for year, notice in notices.items()
        for loc, text in _contradictions(year, notice)
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return notices


def _contradictions(year: int, notice: Notice) -> Iterator[tuple[Loc, str]]:
    # A day that stands twice is a slip of the pen: another day is missing then.
    counts = Counter((*notice.holidays, *notice.make_up_working_days))
    for loc, day in _dates(notice):
        if day.year != year:
            yield loc, say("holidays.other_year", day=day, year=year)
        if counts[day] > 1:
            yield loc, say("config.double", value=day, count=counts[day])
    for place, day in enumerate(notice.make_up_working_days):
        if day.weekday() < SATURDAY:
            yield ("make_up_working_days", place), say("holidays.no_weekend", day=day)


def _dates(notice: Notice) -> Iterator[tuple[Loc, date]]:
    for place, day in enumerate(notice.holidays):
        yield ("holidays", place), day
    for place, day in enumerate(notice.make_up_working_days):
        yield ("make_up_working_days", place), day
