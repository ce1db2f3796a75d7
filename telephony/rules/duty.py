"""值班: which of a unit's numbers are to be rung at a moment. Pure; days and times of day are Shanghai's."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from telephony.rules.workdays import CHINA, ONE_DAY, SATURDAY, WorkCalendar

ALL = "all"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAY, RESTDAY, HOLIDAY = "workday", "restday", "holiday"
"""What a day is, exactly one of them: make-up days are worked; holidays are those of the year's notice."""
DAYS = (ALL, WORKDAY, RESTDAY, HOLIDAY, *WEEK)
"""What a window's days may be called."""
_CHINESE = {"每天": ALL, "工作日": WORKDAY, "休息日": RESTDAY, "节假日": HOLIDAY}
_CHINESE |= {f"周{sign}": day for sign, day in zip("一二三四五六日", WEEK, strict=True)}
_SIGNS = str.maketrans("，、：", ",,:")
_WRITTEN = re.compile(r"\s*(\S+)\s+([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9]{3,19}")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of some days; it begins with `start` and ends before `end`.

    One that ends when it begins, or earlier, goes on into the next day and belongs to the day on which it
    begins: 18:00-08:00 of Friday covers Saturday 03:00, 08:00-08:00 is a whole day and night.
    """

    days: tuple[str, ...]
    start: time
    end: time

    @property
    def text(self) -> str:
        """Return it as `parse_window` reads it, such as `workday,sat 08:00-18:00`."""
        return f"{','.join(self.days)} {self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, instant: datetime, calendar: WorkCalendar) -> bool:
        """Tell whether an aware instant lies in it; of a year that is not known, whether it may."""
        local = instant.astimezone(CHINA)
        today = local.date()
        return any(
            self._opens(day) <= local < self._closes(day) and self._is_of(day, calendar)
            for day in (today - ONE_DAY, today)
        )

    def _opens(self, day: date) -> datetime:
        return datetime.combine(day, self.start, CHINA)

    def _closes(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=self.end <= self.start), self.end, CHINA)

    def _is_of(self, day: date, calendar: WorkCalendar) -> bool:
        names = {ALL, WEEK[day.weekday()]} | _may_be(day, calendar)
        return not names.isdisjoint(self.days)


@dataclass(frozen=True, slots=True)
class Contact:
    """A unit's number and when it is staffed: always, if no window says otherwise.

    Raise ValueError for a number that is none: it becomes a dial string.
    """

    name: str
    number: str
    duty: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.number):
            raise ValueError(f"a number has 3 to 19 digits, with an optional + in front, not {self.number!r}")


def parse_window(text: str) -> Window:
    """Return the window written `workday 08:00-18:00`; raise ValueError if it is none.

    Several days are joined by commas: `restday,holiday 00:00-24:00`. Days may be Chinese: `工作日`, `周六`.
    """
    written = _WRITTEN.fullmatch(text.translate(_SIGNS))
    if not written:
        raise ValueError(f"duty hours are written workday 08:00-18:00, not {text!r}")
    names, *times = written.groups()
    days = tuple(dict.fromkeys(_CHINESE.get(name, name) for name in names.split(",")))
    if unknown := [day for day in days if day not in DAYS]:
        raise ValueError(f"days of duty are {', '.join(DAYS)}, not {', '.join(unknown)}")
    hours, minutes, end_hours, end_minutes = map(int, times)
    return Window(days, time(hours, minutes), _end(end_hours, end_minutes))


def numbers_now(contacts: Iterable[Contact], now: datetime, calendar: WorkCalendar) -> list[Contact]:
    """Return the contacts on duty at `now`, which is aware, in their order and no number twice.

    A day whose year the calendar does not know fails towards a person: who is on duty on workdays, and who
    is on rest days or holidays, both count as on duty if the day may be one. Nothing is raised for it: a
    citizen must not be left without anybody because a year's notice was forgotten.
    """
    if now.tzinfo is None:
        raise ValueError("the time at which somebody is wanted needs its zone")
    on_duty: dict[str, Contact] = {}
    for contact in contacts:
        if not contact.duty or any(window.covers(now, calendar) for window in contact.duty):
            on_duty.setdefault(contact.number, contact)
    return list(on_duty.values())


def _may_be(day: date, calendar: WorkCalendar) -> set[str]:
    """Return what the day is; of a year that is not known, all that it may be."""
    year = calendar.years.get(day.year)
    if year is None:
        return {WORKDAY, HOLIDAY} if day.weekday() < SATURDAY else {WORKDAY, RESTDAY, HOLIDAY}
    if calendar.is_working_day(day):
        return {WORKDAY}
    return {HOLIDAY} if day in year.holidays else {RESTDAY}


def _end(hours: int, minutes: int) -> time:
    return time() if (hours, minutes) == (24, 0) else time(hours, minutes)
