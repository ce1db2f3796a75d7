"""时段: the parts of a day in which calls to citizens may be placed. Pure; times of day are Shanghai's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import pairwise

from telephony.rules.workdays import CHINA


@dataclass(frozen=True, slots=True)
class Band:
    """A part of every day; it begins with `start` and ends before `end`."""

    start: time
    end: time

    @property
    def name(self) -> str:
        """Return `09:00-12:00`."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Window:
    """A band of one day, as instants: 'different time periods' (Art. 17) are different windows."""

    day: date
    band: str
    opens: datetime
    closes: datetime


Bands = tuple[Band, ...]


def parse_band(text: str) -> Band:
    """Return the band written `09:00-12:00`; raise ValueError if it is none or ends before it begins."""
    start, dash, end = text.partition("-")
    band = Band(_time(start), _time(end)) if dash else None
    if band is None or band.start >= band.end:
        raise ValueError(f"a band is written 09:00-12:00 and ends after it begins, not {text!r}")
    return band


def overlap(bands: Sequence[Band]) -> bool:
    """Tell whether two of these bands share a moment."""
    ordered = sorted(bands, key=lambda band: band.start)
    return any(one.end > other.start for one, other in pairwise(ordered))


@lru_cache(maxsize=4096)
def windows_of(day: date, bands: Bands) -> tuple[Window, ...]:
    """Return the windows of a day, in the order of time."""
    return tuple(
        Window(day, b.name, datetime.combine(day, b.start, CHINA), datetime.combine(day, b.end, CHINA))
        for b in sorted(bands, key=lambda band: band.start)
    )


def window_at(instant: datetime, bands: Bands) -> Window | None:
    """Return the window in which an instant lies, or None between them."""
    local = instant.astimezone(CHINA)
    return next((w for w in windows_of(local.date(), bands) if w.opens <= local < w.closes), None)


def _time(text: str) -> time:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and len(minute) == 2 and hour.isdecimal() and minute.isdecimal()):  # noqa: PLR2004 - two digits
        raise ValueError(f"a time of day is written 09:00, not {text!r}")
    return time(int(hour), int(minute))
