"""In what a leader hotline day departed from Art. 6, and what proves its certificate unchanged. Pure.

A deviation is flagged and never hides another. Times are aware; days and months are Shanghai's.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from telephony.rules.leader_day import DayRules, announced_in_time

ANNOUNCED_LATE, POSTPONED, SUBSTITUTED = "announced_late", "postponed", "substituted"
SECOND, OPENED_LATE, CLOSED_EARLY = "second_in_month", "opened_late", "closed_early"
SHORTFALL, RECOUNT = "shortfall", "recount_differs"
LATE = timedelta(minutes=5)
"""How long after its hour a session may open and still be in time."""
_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Announced:
    """A notice: which of the day's it is, when it went out, and what it said of the session."""

    nth: int
    kind: str
    published_at: datetime
    starts_at: datetime
    leader: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayFacts:
    """What a day's deviations follow from; `there` is in seconds, as the presence clock has it.

    `second_why` is why it was a second one in its month, nothing where none was given; None if it was none.
    """

    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    closed_why: str
    there: float
    notices: Sequence[Announced]
    second_why: str | None = None
    differences: int = 0


Values = Mapping[str, str | int | datetime]


@dataclass(frozen=True)
class Deviation:
    """A code, and what its words are filled with: seconds as numbers, times as instants."""

    code: str
    values: Values = field(default_factory=dict)


def deviations(day: DayFacts, rules: DayRules) -> list[Deviation]:
    """Return in what a day departed from Art. 6, in the order in which it came to be."""
    found = list(_of_notices(day.notices, rules))
    if day.second_why is not None:
        found.append(Deviation(SECOND, {"reason": day.second_why}))
    if day.opened_at is not None and day.opened_at - day.starts_at > LATE:
        late = _up(day.opened_at - day.starts_at)
        found.append(Deviation(OPENED_LATE, {"seconds": late, "at": day.opened_at}))
    if day.closed_at is not None and day.closed_at < day.ends_at:
        early: Values = {"seconds": _up(day.ends_at - day.closed_at), "at": day.closed_at}
        found.append(Deviation(CLOSED_EARLY, {**early, "reason": day.closed_why}))
    lacks = rules.least - timedelta(seconds=day.there)
    if lacks > timedelta():
        found.append(Deviation(SHORTFALL, {"seconds": _up(lacks)}))
    if day.differences:
        found.append(Deviation(RECOUNT, {"count": day.differences}))
    return found


def _of_notices(notices: Sequence[Announced], rules: DayRules) -> Iterator[Deviation]:
    for before, notice in zip((*notices[:1], *notices), notices, strict=False):
        if notice.starts_at != before.starts_at:
            times = {"before": before.starts_at, "after": notice.starts_at}
            yield Deviation(POSTPONED, {**times, "reason": notice.reason})
        if notice.leader != before.leader:
            people = {"before": before.leader, "after": notice.leader}
            yield Deviation(SUBSTITUTED, {**people, "reason": notice.reason})
        in_time = announced_in_time(notice.published_at, notice.starts_at, rules)
        if notice.kind != _CANCELLED and not in_time:
            late: Values = {"nth": notice.nth, "at": notice.published_at}
            yield Deviation(ANNOUNCED_LATE, {**late, "days": rules.notice_days})


def is_second(day_id: int, others: Iterable[int], reason: str) -> bool:
    """Tell whether a day is its month's second: others of its centre count, and it says why or came later."""
    known = list(others)
    return bool(known) and (bool(reason) or min(known) < day_id)


def canonical(document: Any) -> str:
    """Return a document as the one text that it has, whatever the order of its keys."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(document: Any) -> str:
    """Return what identifies a document: SHA-256 of its canonical form, 64 hex digits."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _up(length: timedelta) -> int:
    """Return whole seconds, never fewer than there were: nothing is shown as 0."""
    return math.ceil(length / timedelta(seconds=1))
