"""When a citizen may be called about a case, and what the calls so far amount to (Art. 16, 17).

Everything here is a function of `now` and data. `Planner` holds the rules and the calendar and nothing else.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from telephony.rules.bands import Bands, Window, parse_band, window_at, windows_of
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import CHINA, UnknownYearError, WorkCalendar

WORKING_DAYS = 2
"""Art. 16: a revisit is due at the end of the 2nd working day after the reply."""
NOT_AN_ATTEMPT = frozenset({Outcome.FAILED})
"""Outcomes that use up nothing: neither a try of the day nor one of the round."""
TWICE_FOR_A_PERSON = (Outcome.REFUSED, Outcome.UNKNOWN)
NEXT_BAND = frozenset({Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNANSWERED})
MOST_DOUBLINGS = 6
HORIZON_DAYS = 15
"""No holiday is longer: within so many days there is a working day."""


class Verdict(StrEnum):
    """What a round of a revisit ended in."""

    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    DEEMED_SATISFIED = "deemed_satisfied"
    CONTACTED_UNRATED = "contacted_unrated"
    UNREACHABLE = "unreachable"
    NUMBER_INVALID = "number_invalid"
    OVERDUE = "overdue"


RATED = frozenset({Verdict.SATISFIED, Verdict.BASICALLY_SATISFIED, Verdict.DISSATISFIED})
"""Verdicts that only a citizen can give."""
FOR_PEOPLE = frozenset(
    {Verdict.CONTACTED_UNRATED, Verdict.UNREACHABLE, Verdict.NUMBER_INVALID, Verdict.OVERDUE}
)
"""Verdicts that put the case on the work list."""


@dataclass(frozen=True)
class Rules:
    """The parameters of one version of the rules; the version is stored with every decision.

    `ring_floor` and `guard` are seconds: what a ring must last to count, and when our own timer ends it.
    `interval` lies between the end of a counting call and the start of the next call. `number_gap` keeps
    calls about different cases of one citizen apart.
    """

    version: str
    bands: Bands
    ring_floor: int = 60
    guard_extra: int = 15
    interval: timedelta = timedelta(hours=3)
    daily_cap: int = 3
    most_attempts: int = 12
    busy_retry: timedelta = timedelta(minutes=20)
    failed_retry: timedelta = timedelta(minutes=5)
    failed_retry_most: timedelta = timedelta(minutes=60)
    number_gap: timedelta = timedelta(minutes=10)

    @property
    def guard(self) -> timedelta:
        """Return the longest time that a call rings."""
        return timedelta(seconds=self.ring_floor + self.guard_extra)


_DURATIONS = frozenset(each.name for each in fields(Rules) if isinstance(each.default, timedelta))


@dataclass(frozen=True, slots=True)
class Past:
    """A call already made; `ended_at` of one whose end nobody saw is the latest it can have ended."""

    id: str
    number: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    counts: bool = False
    alerted: bool = False


@dataclass(frozen=True)
class Round:
    """All that the rules need to know of one round of a case.

    `attempts` are this round's, in the order of their starts; `others` those about other matters to the same
    numbers during the last days. `rating` is what the citizen said, to whomever; `called_back_at` is when
    the citizen called us. `no_disturb` are numbers that asked not to be called by a machine.
    """

    numbers: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    attempts: tuple[Past, ...] = ()
    others: tuple[Past, ...] = ()
    rating: Verdict | None = None
    called_back_at: datetime | None = None
    no_disturb: frozenset[str] = frozenset()

    @property
    def number(self) -> str | None:
        """Return the first number that is not vacant (Art. 17: both counting calls go to it)."""
        vacant = {past.number for past in self.attempts if past.outcome is Outcome.INVALID_NUMBER}
        return next((number for number in self.numbers if number not in vacant), None)

    def outcomes(self, outcome: Outcome) -> list[Past]:
        """Return the attempts of this round that ended so."""
        return [past for past in self.attempts if past.outcome is outcome]

    @property
    def counting(self) -> list[Past]:
        """Return the counting calls to the number in use."""
        return [past for past in self.attempts if past.counts and past.number == self.number]

    @property
    def closed_because(self) -> str | None:
        """Return what has ended the path to a deemed verdict (Art. 17), or None while it is open."""
        if self.called_back_at is not None:
            return "the citizen called back"
        if self.outcomes(Outcome.ANSWERED):
            return "somebody answered"
        return "somebody refused the call" if self.outcomes(Outcome.REFUSED) else None


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why no call may start before `until`, as a code of the catalogue (`plan.CODE`)."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Next:
    """The next lawful call: from `at` on, to `number`; started after `latest_at` it can lead to nothing."""

    at: datetime
    number: str
    window: Window
    latest_at: datetime
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Impossible:
    """No call may be placed any more: `code` says why (`plan.CODE` in the catalogue)."""

    code: str
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A verdict, the attempts that it rests on, and why."""

    verdict: Verdict
    why: str
    attempts: tuple[str, ...] = ()


@dataclass
class Planner:
    """The rules applied to a calendar; the memory only spares work."""

    rules: Rules
    calendar: WorkCalendar
    _latest: dict[tuple[datetime, bool], datetime] = field(default_factory=dict)

    def due_at(self, replied_at: datetime) -> datetime:
        """Return 24:00 of the 2nd working day after a reply (Art. 16); raise UnknownYearError."""
        return self.calendar.deadline_after(replied_at, WORKING_DAYS)

    def plan(self, now: datetime, revisit: Round) -> Next | Impossible:
        """Return the next lawful time to call, or why there is none before the deadline."""
        number = revisit.number
        refusal = self._refusal(now, revisit, number)
        if number is None or refusal is not None:
            return Impossible(refusal or "no_number")
        holds = tuple(self._holds(now, revisit, number))
        start = max([now, revisit.opened_at, *(hold.until for hold in holds)])
        used, tries = self.spent(revisit, number)
        for window in self._windows(start, revisit.due_at):
            at = max(start, window.opens)
            fits = at + self.rules.guard <= min(window.closes, revisit.due_at)
            if fits and window not in used and tries[window.day] < self.rules.daily_cap:
                return Next(at, number, window, self._latest_at(revisit), holds)
        return Impossible("no_lawful_time", holds)

    def step(self, now: datetime, revisit: Round) -> Conclusion | Next:
        """Return the verdict that these facts make, or the next call while the round goes on.

        Only two proved calls make `deemed_satisfied` (Art. 17); a passed deadline never does (Art. 16).
        """
        if revisit.rating is not None:
            answered = tuple(past.id for past in revisit.outcomes(Outcome.ANSWERED)[-1:])
            return Conclusion(revisit.rating, "the citizen said so", answered)
        decided = self._contacted(revisit)
        if decided is None and now >= revisit.due_at:
            decided = Conclusion(Verdict.OVERDUE, "the deadline has passed", _last_two(revisit))
        decided = decided or self._deemed(revisit) or self._for_a_person(revisit)
        if decided is not None:
            return decided
        plan = self.plan(now, revisit)
        if isinstance(plan, Next):
            return plan
        return Conclusion(Verdict.UNREACHABLE, plan.code, _last_two(revisit))

    def spent(self, revisit: Round, number: str) -> tuple[Collection[Window | None], Counter[date]]:
        """Return the windows that may not be called in again, and how often a number was tried each day."""
        used = {window_at(past.started_at, self.rules.bands) for past in self._window_users(revisit)}
        calls = (past for past in (*revisit.attempts, *revisit.others) if _is_try(past, number))
        return used, Counter(past.started_at.astimezone(CHINA).date() for past in calls)

    def opening(self, now: datetime) -> datetime | None:
        """Return now if a call may start now, else when the next window opens; None if no day is known."""
        horizon = now + timedelta(days=HORIZON_DAYS)
        try:
            for window in self._windows(now, horizon):
                if now + self.rules.guard <= window.closes:
                    return max(now, window.opens)
        except UnknownYearError:
            return None
        return None

    @staticmethod
    def _contacted(revisit: Round) -> Conclusion | None:
        if revisit.called_back_at is not None:
            return Conclusion(Verdict.CONTACTED_UNRATED, "the citizen called back")
        answered = revisit.outcomes(Outcome.ANSWERED)
        if answered:
            return Conclusion(Verdict.CONTACTED_UNRATED, "answered, not rated", (answered[-1].id,))
        return None

    def _deemed(self, revisit: Round) -> Conclusion | None:
        # An attempt must have ended before the deadline (Art. 16): one that did not makes nobody satisfied.
        pair = self._pair([past for past in revisit.counting if past.ended_at <= revisit.due_at])
        if pair is None:
            return None
        if revisit.closed_because is not None:
            return Conclusion(Verdict.UNREACHABLE, revisit.closed_because, pair)
        return Conclusion(Verdict.DEEMED_SATISFIED, "two proved calls rang out", pair)

    def _pair(self, counting: list[Past]) -> tuple[str, str] | None:
        for index, first in enumerate(counting):
            for second in counting[index + 1 :]:
                apart = second.started_at - first.ended_at >= self.rules.interval
                if apart and self._window(first) != self._window(second):
                    return first.id, second.id
        return None

    @staticmethod
    def _for_a_person(revisit: Round) -> Conclusion | None:
        if revisit.number is None:
            return Conclusion(Verdict.NUMBER_INVALID, "no number that works", _last_two(revisit))
        for outcome in TWICE_FOR_A_PERSON:
            if len(revisit.outcomes(outcome)) > 1:
                return Conclusion(Verdict.UNREACHABLE, f"{outcome} twice", _last_two(revisit))
        return None

    def _refusal(self, now: datetime, revisit: Round, number: str | None) -> str | None:
        if number is None:
            return "no_number"
        if now >= revisit.due_at:
            return "deadline"
        if number in revisit.no_disturb:
            return "no_disturb"
        tries = [past for past in revisit.attempts if past.outcome not in NOT_AN_ATTEMPT]
        return "attempts_used_up" if len(tries) >= self.rules.most_attempts else None

    def _holds(self, now: datetime, revisit: Round, number: str) -> Iterator[Hold]:
        for past in revisit.attempts:
            if past.counts or past.outcome is Outcome.UNKNOWN:
                code = "interval" if past.counts else "unknown"
                yield from _hold(code, past.ended_at + self.rules.interval, now)
        last = revisit.attempts[-1] if revisit.attempts else None
        # Bands may touch: not twice in a row.
        if last is not None and last.outcome in NEXT_BAND and not last.counts:
            yield from _hold("next_band", last.ended_at + self.rules.number_gap, now)
        if last is not None and last.outcome is Outcome.BUSY:
            yield from _hold("busy", last.ended_at + self.rules.busy_retry, now)
        if last is not None and last.outcome is Outcome.FAILED:
            yield from _hold("failed", last.ended_at + self._patience(revisit), now)
        for past in revisit.others:
            if past.number == number and (past.alerted or past.outcome not in NOT_AN_ATTEMPT):
                yield from _hold("other_case", past.ended_at + self.rules.number_gap, now)

    def _patience(self, revisit: Round) -> timedelta:
        """Return how long to wait after faults in a row: twice as long each time, up to a limit."""
        faults = 0
        while faults < len(revisit.attempts) and revisit.attempts[-1 - faults].outcome is Outcome.FAILED:
            faults += 1
        doubled = self.rules.failed_retry * (1 << min(faults - 1, MOST_DOUBLINGS))
        return min(doubled, self.rules.failed_retry_most)

    def _window_users(self, revisit: Round) -> Iterator[Past]:
        """Yield the calls whose window must not be called in again: counting ones, and the last one."""
        yield from (past for past in revisit.attempts if past.counts)
        last = revisit.attempts[-1] if revisit.attempts else None
        rang_and_failed = last is not None and last.outcome is Outcome.FAILED and last.alerted
        if last is not None and (last.outcome in NEXT_BAND or rang_and_failed):
            yield last

    def _window(self, past: Past) -> Window | None:
        return window_at(past.started_at, self.rules.bands)

    def _windows(self, start: datetime, until: datetime) -> Iterator[Window]:
        """Yield the windows of working days that are open at or after `start` and open before `until`."""
        day = start.astimezone(CHINA).date()
        last = (until - timedelta(microseconds=1)).astimezone(CHINA).date()
        while day <= last:
            if self.calendar.is_working_day(day):
                yield from (w for w in windows_of(day, self.rules.bands) if w.closes > start)
            day += timedelta(days=1)

    def _latest_at(self, revisit: Round) -> datetime:
        """Return the last moment at which a call can still lead to a verdict: what is urgent goes first."""
        second = bool(revisit.counting) or revisit.closed_because is not None
        key = (revisit.due_at, second)
        if key not in self._latest:
            self._latest[key] = self._latest_start(revisit.due_at, second=second)
        return self._latest[key]

    def _latest_start(self, due_at: datetime, *, second: bool) -> datetime:
        windows = list(self._windows(due_at - timedelta(days=HORIZON_DAYS), due_at))[::-1]
        ends = [window.closes - self.rules.guard for window in windows]
        if second or not ends:
            return ends[0] if ends else due_at
        before = ends[0] - self.rules.interval - self.rules.guard
        fitting = [(w, min(end, before)) for w, end in zip(windows[1:], ends[1:], strict=True)]
        return next((at for window, at in fitting if at >= window.opens), ends[-1])


def describe(rules: Rules) -> Mapping[str, object]:
    """Return the parameters as plain values, to be stored under their version."""
    values: dict[str, object] = {**vars(rules), "bands": [band.name for band in rules.bands]}
    return {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in values.items()
    }


def rules_from(parameters: Mapping[str, Any]) -> Rules:
    """Return the rules that `describe` told, to apply again what was in force once.

    A parameter that is newer than they are has its default. Raise KeyError, TypeError or ValueError for what
    is no set of rules.
    """
    values: dict[str, Any] = {
        name: timedelta(seconds=value) if name in _DURATIONS else value for name, value in parameters.items()
    }
    return Rules(**{**values, "bands": tuple(parse_band(text) for text in parameters["bands"])})


def _last_two(revisit: Round) -> tuple[str, ...]:
    return tuple(past.id for past in revisit.attempts[-2:])


def _is_try(past: Past, number: str) -> bool:
    return past.number == number and past.outcome not in NOT_AN_ATTEMPT


def _hold(code: str, until: datetime, now: datetime) -> Iterator[Hold]:
    if until > now:
        yield Hold(code, until)
