"""When a citizen may be called about a case, and what the calls so far amount to (Art. 16, 17).

Everything here is a function of `now` and data. `Planner` holds the rules and the calendar and nothing else.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from telephony.rules.bands import Window, window_at, windows_of
from telephony.rules.revisit import Conclusion, Hold, Impossible, Next, Past, Round, Rules, Verdict
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


def _last_two(revisit: Round) -> tuple[str, ...]:
    return tuple(past.id for past in revisit.attempts[-2:])


def _is_try(past: Past, number: str) -> bool:
    return past.number == number and past.outcome not in NOT_AN_ATTEMPT


def _hold(code: str, until: datetime, now: datetime) -> Iterator[Hold]:
    if until > now:
        yield Hold(code, until)
