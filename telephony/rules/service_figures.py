"""Service figures of the inbound side, from what happened to calls and agents. Pure.

Everything is a sum that may be added to another, in whole microseconds, so that a database and this module
come to the same figures: `Sums` holds them, `figures` derives rates and means. Each call is in exactly one
`Fate`; the fates add up to all calls.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MICRO = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3600 * MICRO
DAY_MINUTES = 24 * 60
DIGITS, SHARE_DIGITS = 1, 4


class Fate(StrEnum):
    """What became of a call; the first that holds counts."""

    ANSWERED = "answered"
    OPEN = "open"
    REFUSED = "refused"
    BY_NOTICE = "by_notice"
    KEPT = "kept"
    OVERFLOWED = "overflowed"
    ABANDONED_LATER = "abandoned_later"
    ABANDONED_SHORT = "abandoned_short"
    ABANDONED = "abandoned"
    ABANDONED_EARLY = "abandoned_early"
    UNSERVED = "unserved"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


NOT_COUNTED = frozenset({Fate.OPEN, Fate.REFUSED, Fate.BY_NOTICE, Fate.ABANDONED_SHORT, Fate.ABANDONED_EARLY})
"""Fates that the rate of answered calls leaves out: nobody was asked for, or not for long enough."""
OURS = frozenset({Fate.UNSERVED, Fate.INTERRUPTED, Fate.FAILED})
"""Fates that are our fault; they count against us."""
NAMED = frozenset(
    {"refused", "by_notice", "kept", "overflowed", "abandoned_early", "unserved", "interrupted"}
)
"""Outcomes of the ledger that are fates under the same name; an unknown one is `failed`."""
BUSY = ("talking", "wrap_up")
AT_WORK = (*BUSY, "ringing", "ready")
"""States over which occupancy is measured: who is paused or logged out is not there to be occupied."""


@dataclass(frozen=True)
class Rules:
    """Within how many seconds an answer is in time, up to how many an abandoned call is a short one."""

    within_seconds: float
    short_seconds: float
    target: float


@dataclass(frozen=True, kw_only=True)
class CallFacts:
    """A call as the figures need it; `waited` is measured from the queue, or from the arrival without one."""

    arrived_at: datetime
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    number: str | None = None
    queue: str | None = None
    centre: str | None = None
    agent: str | None = None
    rating: str | None = None
    talk_us: int = 0


@dataclass
class Sums:
    """What adds up: calls by fate, microseconds, keys pressed, returns, and agents' time by state.

    `talk_us` and `wrap_up_us` are of calls that came in; the same with `placed_` of calls that we placed:
    returns, revisits, conferences. `talks` are told of an agent only: several may share a call.
    """

    fates: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    wait_us: int = 0
    longest_us: int = 0
    gave_up_us: int = 0
    talks: int = 0
    talk_us: int = 0
    wrap_up_us: int = 0
    placed_talks: int = 0
    placed_talk_us: int = 0
    placed_wrap_up_us: int = 0
    ratings: Counter[str] = field(default_factory=Counter)
    returns: Counter[str] = field(default_factory=Counter)
    rings_missed: int = 0
    states_us: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sums") -> None:
        """Add other calls to these."""
        for name in ("fates", "ratings", "returns", "states_us"):
            getattr(self, name).update(getattr(other, name))
        for name in _ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest_us = max(self.longest_us, other.longest_us)


_ADDED = (
    *("in_time", "wait_us", "gave_up_us", "talks", "talk_us", "wrap_up_us", "rings_missed"),
    *("placed_talks", "placed_talk_us", "placed_wrap_up_us"),
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of one group, None for calls that name none. Times are seconds, shares are of 1.

    `calls` is the sum of all fates. `counted` are those the rate is taken of: all but open ones, callers
    refused by the list, left after a notice, gone in the greeting, or given up within the short time.
    `abandoned_later` were answered, had to wait again, in a transfer say, and gave up: not answered here.
    `our_fault` of these are unserved, interrupted and failed. Waits are from the queue to the agent;
    `longest_wait_seconds` is anybody's who waited, `mean_give_up_seconds` of who gave up (the short ones
    too). `talk_seconds` is agents' time in calls that came in, `wrap_up_seconds` after these calls, whenever
    that was; means are of an answered call, an agent's of their `talks`: of a transferred call each agent has
    a part. With `placed_` the same of calls that we placed. `rings_missed` are rings of calls that came in
    which the agent let ring out or rejected, never one that was withdrawn (decision 0007). `occupancy` is
    talking and wrap-up of the time at work (these, ringing and ready), `states_seconds` all time, with
    whatever calls it was. None where there is nothing to divide by.
    """

    group: str | None
    calls: int
    counted: int
    answered: int
    in_time: int
    abandoned: int
    abandoned_later: int
    abandoned_short: int
    abandoned_early: int
    kept: int
    overflowed: int
    by_notice: int
    refused: int
    our_fault: int
    unserved: int
    interrupted: int
    failed: int
    open: int
    answered_rate: float | None
    in_time_rate: float | None
    mean_wait_seconds: float | None
    longest_wait_seconds: float | None
    mean_give_up_seconds: float | None
    talks: int
    talk_seconds: float
    mean_talk_seconds: float | None
    wrap_up_seconds: float
    mean_wrap_up_seconds: float | None
    placed_talks: int
    placed_talk_seconds: float
    placed_wrap_up_seconds: float
    occupancy: float | None
    rings_missed: int
    ratings: dict[str, int]
    returns: dict[str, int]
    states_seconds: dict[str, float]


@dataclass(frozen=True)
class Window:
    """The 24 hours with the lowest share of answered calls, to the minute; `reached`: the target is kept."""

    starts_at: datetime
    counted: int
    answered: int
    rate: float
    reached: bool


def fate_of(call: CallFacts, rules: Rules) -> Fate:
    """Return what became of a call."""
    if call.outcome == Fate.ABANDONED_LATER:
        return Fate.ABANDONED_LATER
    if call.answered_at is not None:
        return Fate.ANSWERED
    if call.ended_at is None:
        return Fate.OPEN
    if call.outcome == "abandoned":
        short = waited_us(call) < rules.short_seconds * MICRO
        return Fate.ABANDONED_SHORT if short else Fate.ABANDONED
    return Fate(call.outcome) if call.outcome in NAMED else Fate.FAILED


def waited_us(call: CallFacts) -> int:
    """Return the microseconds from the queue, or without one the arrival, to the answer or the end."""
    until = call.answered_at or call.ended_at
    return 0 if until is None else max(0, micros(until - (call.queued_at or call.arrived_at)))


def sums_of(call: CallFacts, rules: Rules) -> Sums:
    """Return what one call adds."""
    fate, waited = fate_of(call, rules), waited_us(call)
    answered = fate is Fate.ANSWERED
    return Sums(
        fates=Counter({fate.value: 1}),
        in_time=int(answered and waited <= rules.within_seconds * MICRO),
        wait_us=waited if answered else 0,
        longest_us=waited if answered or call.queued_at is not None else 0,
        gave_up_us=waited if fate in {Fate.ABANDONED, Fate.ABANDONED_SHORT} else 0,
        talk_us=call.talk_us,
        ratings=Counter({call.rating: 1} if call.rating else {}),
    )


def micros(time: timedelta) -> int:
    """Return a length of time in whole microseconds."""
    return time // timedelta(microseconds=1)


def instant_us(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970."""
    return micros(at - EPOCH)


def figures(group: str | None, sums: Sums) -> Figures:
    """Return the figures of a group."""
    fates = {fate.value: sums.fates[fate.value] for fate in Fate}
    counted = sum(fates[fate] for fate in Fate if fate not in NOT_COUNTED)
    answered = fates["answered"]
    talked = answered + fates["abandoned_later"]
    gave_up = fates["abandoned"] + fates["abandoned_short"]
    states = sums.states_us
    waited = sums.longest_us if answered or gave_up or sums.longest_us else None
    return Figures(
        group=group,
        calls=sum(fates.values()),
        counted=counted,
        in_time=sums.in_time,
        **fates,
        our_fault=sum(fates[fate] for fate in OURS),
        answered_rate=share(answered, counted),
        in_time_rate=share(sums.in_time, counted),
        mean_wait_seconds=_mean(sums.wait_us, answered),
        longest_wait_seconds=None if waited is None else seconds(waited),
        mean_give_up_seconds=_mean(sums.gave_up_us, gave_up),
        talks=sums.talks,
        talk_seconds=seconds(sums.talk_us),
        mean_talk_seconds=_mean(sums.talk_us, sums.talks or talked),
        wrap_up_seconds=seconds(sums.wrap_up_us),
        mean_wrap_up_seconds=_mean(sums.wrap_up_us, sums.talks or talked),
        placed_talks=sums.placed_talks,
        placed_talk_seconds=seconds(sums.placed_talk_us),
        placed_wrap_up_seconds=seconds(sums.placed_wrap_up_us),
        occupancy=share(sum(states[s] for s in BUSY), sum(states[s] for s in AT_WORK)),
        rings_missed=sums.rings_missed,
        ratings=dict(sorted(sums.ratings.items())),
        returns=dict(sorted(sums.returns.items())),
        states_seconds={name: seconds(us) for name, us in sorted(states.items())},
    )


def share(part: int, whole: int) -> float | None:
    """Return a share of 1, None of nothing."""
    return round(part / whole, SHARE_DIGITS) if whole else None


def seconds(micro: int) -> float:
    """Return microseconds as seconds, as they are shown."""
    return round(micro / MICRO, DIGITS)


def _mean(total_us: int, count: int) -> float | None:
    return seconds(round(total_us / count)) if count else None


def counts(fate: str) -> tuple[int, int]:
    """Return whether a call of this fate is counted, and whether it is answered, as 1 or 0 each."""
    return int(fate not in NOT_COUNTED), int(fate == Fate.ANSWERED)


def by_hour(begins_us: int, ends_us: int) -> Iterable[tuple[int, int]]:
    """Cut a stretch of time at full hours: each part as its hour since 1970 and its microseconds."""
    while begins_us < ends_us:
        hour = begins_us // HOUR_US
        until = min(ends_us, (hour + 1) * HOUR_US)
        yield hour, until - begins_us
        begins_us = until


def worst_day(
    minutes: Mapping[datetime, tuple[int, int]], since: datetime, until: datetime, target: float
) -> Window | None:
    """Return the 24 hours with the lowest share of answered calls; None if no 24 h lie in the time.

    `minutes` holds, by their start, the calls counted and those answered of each minute. A window holds 1440
    whole minutes between `since` and `until`; of equal ones the first is taken, one without a call is none.
    """
    first, last = _whole_minute(since), until
    spans = (last - first) // timedelta(minutes=1) - DAY_MINUTES
    if spans < 0:
        return None
    at = {(start - first) // timedelta(minutes=1): counts for start, counts in minutes.items()}
    counted, answered = (sum(at.get(n, (0, 0))[i] for n in range(DAY_MINUTES)) for i in (0, 1))
    worst = (0, counted, answered) if counted else None
    for start in range(1, spans + 1):
        gone, come = at.get(start - 1, (0, 0)), at.get(start - 1 + DAY_MINUTES, (0, 0))
        counted, answered = counted + come[0] - gone[0], answered + come[1] - gone[1]
        if counted and (worst is None or answered * worst[1] < worst[2] * counted):
            worst = (start, counted, answered)
    if worst is None:
        return None
    begins = first + timedelta(minutes=worst[0])
    rate = worst[2] / worst[1]
    return Window(begins, worst[1], worst[2], round(rate, SHARE_DIGITS), rate >= target)


def _whole_minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def grouped(calls: Iterable[CallFacts], rules: Rules, key: str) -> dict[str | None, Sums]:
    """Return the sums of calls by one of their facts."""
    found: dict[str | None, Sums] = {}
    for call in calls:
        found.setdefault(getattr(call, key), Sums()).add(sums_of(call, rules))
    return found
