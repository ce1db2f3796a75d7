"""A revisit as the rules see it (Art. 16, 17): the parameters, one round of a case, and what may follow."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from telephony.rules.bands import Bands, Window, parse_band
from telephony.rules.verdict import Outcome


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


JITTER = timedelta(milliseconds=250)
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


def not_longer_ago(ended_at: datetime, now: datetime, elapsed: float) -> datetime:
    """Return when a call ended, not longer ago than `elapsed` seconds by a clock that nobody can set.

    The two clocks are read a moment apart: a difference below JITTER is none.
    """
    known = now - timedelta(seconds=max(0.0, elapsed))
    return known if known - ended_at > JITTER else ended_at


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
