"""The leader hotline day (领导接线日, Art. 6): what makes one lawful, and what a centre owes. Pure.

Days begin and end in Shanghai. The text asks for one leader a month, two hours at least, announced a week
ahead; a week is read as seven full calendar days between the day of the announcement and that of the session.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from telephony.rules.workdays import CHINA

Level = Literal["city", "county"]
Kind = Literal["city_government", "unit_head", "district_leader", "county_leader"]
KINDS: dict[Level, tuple[Kind, ...]] = {
    "city": ("city_government", "unit_head", "district_leader"),
    "county": ("county_leader",),
}
"""Who sits where: the city's leaders, its units' heads and its districts' leaders in the city's hall, a
county's leaders in the county's."""
PLANNED, PUBLISHED, POSTPONED, SUBSTITUTED = "planned", "published", "postponed", "substituted"
OPEN, CLOSED, CERTIFIED, CANCELLED = "open", "closed", "certified", "cancelled"
ANNOUNCED = frozenset({PUBLISHED, POSTPONED, SUBSTITUTED})
"""States in which the newest notice tells citizens of a session that is to come."""
COUNTS = frozenset({PLANNED, OPEN, CLOSED, CERTIFIED}) | ANNOUNCED
"""States of a day that is its month's: all but one that was cancelled."""
HELD = frozenset({OPEN, CLOSED, CERTIFIED})
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class DayRules:
    """What Art. 6 asks, as configured: full days of notice between, and how long the leader takes calls."""

    notice_days: int = 7
    least: timedelta = timedelta(minutes=120)


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as it is planned: aware times; `reason` says why it is a second one in a month."""

    centre: str
    level: Level
    kind: Kind
    leader_centre: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


def month_of(at: datetime) -> str:
    """Return the month in Shanghai of an aware instant, such as 2026-12."""
    return f"{at.astimezone(CHINA):%Y-%m}"


def day_of(at: datetime) -> date:
    """Return the day in Shanghai of an aware instant."""
    return at.astimezone(CHINA).date()


def last_notice_before(session: date, rules: DayRules) -> datetime:
    """Return the instant before which a session on this day must be announced (Art. 6), in Shanghai's time.

    With seven full days between, that is 00:00 of the seventh day before the session: the announcement's own
    day is the eighth at the latest.
    """
    return datetime.combine(session - timedelta(days=rules.notice_days), time(), CHINA)


def first_day(announced_at: datetime, rules: DayRules) -> date:
    """Return the first day on which a session may be that is announced at this instant (Art. 6)."""
    return day_of(announced_at) + timedelta(days=rules.notice_days + 1)


def announced_in_time(announced_at: datetime, starts_at: datetime, rules: DayRules) -> bool:
    """Tell whether enough full calendar days lie between the announcement's day and the session's."""
    return announced_at < last_notice_before(day_of(starts_at), rules)


def plan_faults(planned: Planned, others: Iterable[str], now: datetime, rules: DayRules) -> list[str]:
    """Return what is wrong with a plan, as keys of the catalogue (`leader.…`); nothing if it may be kept.

    `others` are the months of the same centre's other days that count (`COUNTS`).
    """
    length = planned.ends_at - planned.starts_at
    across = day_of(planned.starts_at) != day_of(planned.ends_at - timedelta(microseconds=1))
    second = month_of(planned.starts_at) in set(others) and not planned.reason.strip()
    wrong = planned.kind not in KINDS[planned.level] or planned.leader_centre != planned.centre
    found = {
        "leader.past": planned.starts_at <= now,
        "leader.too_short": length < rules.least,
        "leader.two_days": length >= rules.least and across,
        "leader.second_in_month": second,
        "leader.wrong_hall": wrong,
    }
    return [key for key, is_so in found.items() if is_so]


# What a centre owes.

Standing = Literal["held", "announced", "planned", "due", "too_late", "missed", "unrecorded"]


@dataclass(frozen=True, slots=True)
class Held:
    """A day of a centre, as far as its month is concerned."""

    state: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """A centre's month and how it stands.

    `too_late`: the month still lasts, but no lawful notice is possible in it any more. `missed`: it ended
    without a session. `unrecorded`: it ended so before anything was kept here, so nobody can say what was.
    `notify_before` is the instant before which a notice for the month's last day must be out.
    """

    month: str
    state: Standing
    notify_before: datetime


def duty(
    month: str, days: Iterable[Held], now: datetime, rules: DayRules, since: datetime | None = None
) -> Duty:
    """Return how a centre's month stands at `now`: one session a month (Art. 6).

    `since` is when this installation's records begin; without it they have always been kept.
    """
    first, following = month_bounds(month)
    notify_before = last_notice_before((following - timedelta(microseconds=1)).date(), rules)
    states = {day.state for day in days if first <= day.starts_at < following and _stands(day, now, rules)}
    standing = _standing(
        states, notify_before, following, now, recorded=since is None or since < notify_before
    )
    return Duty(month, standing, notify_before)


def remind_at(found: Duty, days_before: int) -> datetime:
    """Return the instant from which a centre is to be reminded, in Shanghai's time."""
    return found.notify_before - timedelta(days=days_before)


def reminds(found: Duty, now: datetime, days_before: int) -> bool:
    """Tell whether a centre is to be reminded now: the last lawful notice is near, and none is out."""
    waits = found.state in {"due", "planned"}
    return waits and remind_at(found, days_before) <= now < found.notify_before


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Return a month's first instant and that of the next one, in Shanghai's time; raise ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=CHINA)
    year, number = (first.year + 1, 1) if first.month == DECEMBER else (first.year, first.month + 1)
    return first, first.replace(year=year, month=number)


def months(since: date, count: int) -> list[str]:
    """Return so many months from that of a day on, such as 2026-12."""
    return months_around(since, 0, count - 1)


def months_around(day: date, back: int, ahead: int) -> list[str]:
    """Return the months from `back` before that of a day to `ahead` after it, its own among them."""
    own = day.year * DECEMBER + day.month - 1
    numbers = range(own - back, own + ahead + 1)
    return [f"{number // DECEMBER:04}-{number % DECEMBER + 1:02}" for number in numbers]


def _standing(
    states: AbstractSet[str],
    notify_before: datetime,
    following: datetime,
    now: datetime,
    *,
    recorded: bool,
) -> Standing:
    if states & HELD:
        return "held"
    if now >= following:
        # Who could not have announced one in time, for nothing was kept here yet, has not missed it here.
        return "missed" if recorded else "unrecorded"
    if states & ANNOUNCED:
        return "announced"
    if now >= notify_before:
        return "too_late"
    return "planned" if PLANNED in states else "due"


def _stands(day: Held, now: datetime, rules: DayRules) -> bool:
    # One that was announced and never opened is no session: after its day the month stands open again. So it
    # does when the last lawful notice of what was planned has passed: that plan cannot be kept any more.
    if day.state == PLANNED:
        return now < last_notice_before(day_of(day.starts_at), rules)
    return day.state not in ANNOUNCED or day_of(day.starts_at) >= day_of(now)
