"""Missed-call returns (未接回拨): whom we owe a call back, when, and whose turn it is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telephony.rules.bands import Bands, Window, window_at
from telephony.rules.call_story import ABANDONED_LATER, Call
from telephony.rules.verdict import Finding, Outcome
from telephony.rules.workdays import CHINA, UnknownYearError, WorkCalendar

INTERRUPTED = "interrupted"
OVERFLOW, OVERFLOWED = "overflow", "overflowed"
"""Why a return is owed to whom a full queue let go, and the outcome of that call."""
KEPT = "kept"
"""The citizen pressed the key that keeps a place in the line, and hung up."""
_FAILED = frozenset({"unserved", "failed"})
_GAVE_UP = "abandoned"
SATURDAY = 5
LONGEST = datetime.min.replace(tzinfo=UTC)
"""Since when those wait who come before everybody else."""


def why_owed(call: Call, demo_caller: str) -> str | None:
    """Return why the citizen of an ended call is called back, in one word, or None.

    Who gave up while waiting for a person, also after a talk, is owed a call as well as who was failed by us.
    Nobody is who never
    came to wait, whom the dialer was only ringing, or who withheld the number; nor is the simulated citizen
    of the demo.
    """
    had_us = call.queued_at is not None or call.answered_at is not None
    if call.caller_number in {None, demo_caller} or not had_us:
        return None
    if call.outcome == INTERRUPTED:
        return INTERRUPTED
    if call.outcome == OVERFLOWED:
        return OVERFLOW
    if call.outcome == ABANDONED_LATER:
        return ABANDONED_LATER
    if call.direction != "inbound":
        return None
    return call.outcome if call.outcome in _FAILED or call.outcome == _GAVE_UP else None


@dataclass(frozen=True, slots=True)
class ReturnRules:
    """When and how often a citizen is called back; bands are parts of a day in Shanghai."""

    working_days: Bands
    other_days: Bands
    attempts: int
    spacing: timedelta
    give_up_after: timedelta


def hours(now: datetime, rules: ReturnRules, calendar: WorkCalendar) -> Window | None:
    """Return the calling hours in which `now` lies, or None."""
    day = now.astimezone(CHINA).date()
    try:
        working = calendar.is_working_day(day)
    except UnknownYearError:  # no reason to call nobody
        working = day.weekday() < SATURDAY
    return window_at(now, rules.working_days if working else rules.other_days)


@dataclass(frozen=True, slots=True)
class After:
    """What follows from an attempt: when the next one is, or why it is a person's turn; `used`: it counts."""

    next_at: datetime | None
    used: bool
    why: str = ""


def after(found: Finding, tries: int, now: datetime, rules: ReturnRules) -> After:
    """Return what follows from an attempt that led to no talk; `tries` were used before it.

    One that was never sent costs the citizen none. What became of one is perhaps unknown, but it may have
    rung: it is used, and never called unanswered.
    """
    if found.unsent and found.outcome is not Outcome.INVALID_NUMBER:
        return After(now + rules.spacing, used=False)
    if found.outcome is Outcome.INVALID_NUMBER:
        return After(None, used=True, why=Outcome.INVALID_NUMBER.value)
    if tries + 1 >= rules.attempts:
        return After(None, used=True, why="attempts")
    return After(now + rules.spacing, used=True)


@dataclass(frozen=True, slots=True)
class OnLine:
    """A citizen who waits on the line, or whom we have rung already: needs an agent of `queue`."""

    queue: str
    since: datetime
    priority: int = 0

    def before(self, owed: "Owed") -> bool:
        """Tell whether this one goes first: has waited as long, or is more urgent."""
        return self.since <= owed.since or self.priority > owed.priority


@dataclass(frozen=True, slots=True)
class Owed:
    """A return that may be called now; `since` is when the lost call arrived, `priority` what it had."""

    id: int
    queue: str
    since: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """It is a return's turn, with this agent."""

    return_id: int
    agent: str


def turns(
    owed: Iterable[Owed], on_line: Iterable[OnLine], free: Mapping[str, Mapping[str, int]]
) -> list[Turn]:
    """Return for which returns an agent is left over, by the order of arrival.

    `free` are agents who are ready, each with the penalty of each queue that they serve. Who has waited
    longer takes an agent first: a citizen on the line before one of the same moment who is called back, and
    who is more urgent before either.
    """
    left, waiting, found = dict(free), list(on_line), []
    for each in sorted(owed, key=lambda each: each.since):
        for caller in (caller for caller in waiting if caller.before(each)):
            left.pop(_best(caller.queue, left), None)
        waiting = [caller for caller in waiting if not caller.before(each)]
        agent = _best(each.queue, left)
        if agent:
            del left[agent]
            found.append(Turn(each.id, agent))
        if not left:
            break
    return found


def _best(queue: str, free: Mapping[str, Mapping[str, int]]) -> str:
    able = [agent for agent, skills in free.items() if queue in skills]
    return min(able, key=lambda agent: (free[agent][queue], agent), default="")
