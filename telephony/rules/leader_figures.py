"""The sums of a leader hotline day (Art. 6), from what happened to the calls that were let in. Pure.

Each call has exactly one `Fate`, and the fates add up to all that were let in. Times are whole microseconds,
so that two ways of counting come to the same sums. A talk is an agent's leg from its first bridge to its end:
in an attended hand-over the leader's begins with the words of the one who hands over.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from telephony.rules.service_figures import micros

SCREENED, IN_SCOPE, OUT_OF_SCOPE = "screened", "in_scope", "out_of_scope"
"""What is put down of a call; the first is also the entry of one that screening agents answer."""
_GONE = frozenset({"abandoned", "abandoned_early", "abandoned_later"})
_LET_GO = frozenset({"kept", "overflowed"})
_INTERRUPTED = "interrupted"
"""The switch died in the call."""


class Fate(StrEnum):
    """What became of a call that was let in; the first that holds counts."""

    ANSWERED = "answered"
    OPEN = "open"
    SENT_OFF = "sent_off"
    OUT_OF_SCOPE = "out_of_scope"
    TO_BE_CALLED = "to_be_called"
    GAVE_UP = "gave_up"
    OTHER_AGENT = "other_agent"
    SCREENING_ONLY = "screening_only"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Line:
    """Who belongs to a leader's line: the agent of the leader's seat, and the agents who screen."""

    leader: str
    screeners: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Return all of them."""
        return self.screeners | {self.leader}


@dataclass(frozen=True, slots=True)
class Talk:
    """An agent's part in a call; one that goes on has no end."""

    agent: str
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """A call that was let in, as far as the figures need it.

    `spoke`: the citizen has spoken with the leader; a leader who was asked first, whom the citizen did not
    wait for, has not. `settled` is what a person put down of who was not reached.
    """

    entry: str
    entered_at: datetime
    queued_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    talks: tuple[Talk, ...] = ()
    spoke: bool = False
    screened: bool = False
    in_scope: bool | None = None
    sent_off_at: datetime | None = None
    result: str | None = None
    settled: str | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the citizen, or an agent, is still in the call."""
        return self.ended_at is None or any(talk.ended_at is None for talk in self.talks)

    @property
    def agents(self) -> frozenset[str]:
        """Return who talked, before the citizen had gone."""
        until = self.ended_at
        return frozenset(talk.agent for talk in self.talks if until is None or talk.began_at < until)


@dataclass(frozen=True, slots=True)
class Times:
    """How long, in microseconds; None where it did not come to that.

    `wait_us`: from the queue to the leader, without what was talked with screening agents before.
    """

    wait_us: int | None
    talk_us: int | None
    screening_us: int | None


@dataclass
class Span:
    """Times that add up."""

    count: int = 0
    total_us: int = 0
    longest_us: int = 0

    def put(self, lasted: int | None) -> None:
        """Add one; None is none."""
        if lasted is not None:
            self.add(Span(1, lasted, lasted))

    def add(self, other: "Span") -> None:
        """Add others to these."""
        self.count, self.total_us = self.count + other.count, self.total_us + other.total_us
        self.longest_us = max(self.longest_us, other.longest_us)


@dataclass
class Sums:
    """What adds up over the calls of a day."""

    fates: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    """How many were screened, in or out of scope, had which result, and were settled in which way."""
    waits: Span = field(default_factory=Span)
    talks: Span = field(default_factory=Span)
    screenings: Span = field(default_factory=Span)


def fate_of(told: Told, line: Line) -> Fate:  # noqa: PLR0911 - one line for each, in the order that counts
    """Return what became of a call: of one in which the switch died as the register reads it.

    Whom it cut off from the leader was answered once somebody has put down what came of the talk, and what
    an agent made of the matter is not held against them.
    """
    cut_off = told.outcome == _INTERRUPTED
    if told.spoke and (told.result is not None or not cut_off):
        return Fate.ANSWERED
    if told.sent_off_at is not None:
        return Fate.SENT_OFF
    if told.ended_at is None:
        return Fate.OPEN
    if told.in_scope is False and not cut_off:
        return Fate.OUT_OF_SCOPE
    if told.outcome in _LET_GO:
        return Fate.TO_BE_CALLED
    if told.outcome in _GONE:
        return Fate.GAVE_UP
    if told.outcome != "answered":
        return Fate.LOST
    return Fate.OTHER_AGENT if told.agents - line.all else Fate.SCREENING_ONLY


def times_of(told: Told, line: Line, now: datetime) -> Times:
    """Return how long a call took; what goes on is measured up to `now`."""
    leader = _with_leader(told, line)
    screening = list(_screening(told, line))
    screened_us = sum(_lasted(talk, now) for talk in screening)
    wait = None
    if leader:
        reached = min(talk.began_at for talk in leader)
        before = sum(_lasted(talk, min(now, reached)) for talk in screening)
        wait = max(0, micros(reached - (told.queued_at or told.entered_at)) - before)
    return Times(
        wait_us=wait,
        talk_us=sum(_lasted(talk, now) for talk in leader) if leader else None,
        screening_us=screened_us if screening else None,
    )


def sums_of(told: Told, line: Line, now: datetime) -> Sums:
    """Return what one call adds."""
    times = times_of(told, line, now)
    found = Sums(fates=Counter({fate_of(told, line).value: 1}))
    scope = None if told.in_scope is None else IN_SCOPE if told.in_scope else OUT_OF_SCOPE
    steps = (SCREENED if told.screened else None, scope, told.result, told.settled)
    found.steps.update(step for step in steps if step is not None)
    found.waits.put(times.wait_us)
    found.talks.put(times.talk_us)
    found.screenings.put(times.screening_us)
    return found


def total(calls: Iterable[Told], line: Line, now: datetime) -> Sums:
    """Return the sums of a day's calls."""
    found = Sums()
    for told in calls:
        one = sums_of(told, line, now)
        found.fates.update(one.fates)
        found.steps.update(one.steps)
        for name in _SPANS:
            getattr(found, name).add(getattr(one, name))
    return found


def differences(first: Sums, second: Sums) -> Iterator[str]:
    """Name each sum in which the two differ, with both values."""
    for each in fields(Sums):
        mine, yours = _plain(getattr(first, each.name)), _plain(getattr(second, each.name))
        for name in sorted(mine.keys() | yours.keys()):
            if mine.get(name, 0) != yours.get(name, 0):
                yield f"{each.name} {name}: {mine.get(name, 0)} / {yours.get(name, 0)}"


_SPANS = ("waits", "talks", "screenings")


def _plain(value: "Counter[str] | Span") -> dict[str, int]:
    return dict(vars(value) if isinstance(value, Span) else value)


def _screening(told: Told, line: Line) -> Iterator[Talk]:
    """Yield the talks with screening agents: before the leader, and before the citizen was sent off."""
    if told.entry != SCREENED:
        return
    # Who answered as the citizen was going has talked with nobody.
    ends = [talk.began_at for talk in _with_leader(told, line)]
    ends += [at for at in (told.sent_off_at, told.ended_at) if at is not None]
    until = min(ends, default=None)
    for talk in told.talks:
        if talk.agent in line.screeners and (until is None or talk.began_at < until):
            yield talk


def _with_leader(told: Told, line: Line) -> list[Talk]:
    return [talk for talk in told.talks if talk.agent == line.leader] if told.spoke else []


def _lasted(talk: Talk, until: datetime) -> int:
    """Return the microseconds of a talk before an instant."""
    ended = until if talk.ended_at is None else min(talk.ended_at, until)
    return max(0, micros(ended - talk.began_at))
