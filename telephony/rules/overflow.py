"""When a queue spills over: which limits a caller who waits has passed, and what follows.

Nobody moves. The agents of other queues may serve the caller as well, who keeps arrival and priority; only
behind the last limit is the caller let go, to be called back. A limit is a wait, a length of the queue, or
both: then whichever is passed first. In a storm all limits are multiplied by a factor below 1.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

RETURNS = "returns"
"""Where the last step of a queue may lead: the caller is let go and called back."""
SHORTEST = 2
"""A queue of fewer than this is never too long for the last one in it to stay."""


@dataclass(frozen=True)
class Step:
    """One limit of a queue; `to` are queues whose agents help from there on, none means a return."""

    to: tuple[str, ...] = ()
    after: timedelta | None = None
    length: int | None = None


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits. `taken` are the steps behind them, `stays` says that they cannot be let go now."""

    call_id: str
    queue: str
    priority: int
    since: datetime
    taken: frozenset[int] = frozenset()
    stays: bool = False


@dataclass(frozen=True)
class Spill:
    """A caller has passed the limit of a step; `reason` says which, `limit` what it was then."""

    call_id: str
    queue: str
    step: int
    to: tuple[str, ...]
    reason: str
    limit: float


Policies = Mapping[str, Sequence[Step]]


def spills(waiters: Iterable[Waiter], policies: Policies, now: datetime, factor: float = 1.0) -> list[Spill]:
    """Return the limits that were passed and not acted on yet, for each caller in the order of the steps."""
    found: list[Spill] = []
    for queue, line in _lines(waiters).items():
        for place, waiter in enumerate(line, start=1):
            for number, step in enumerate(policies.get(queue, ())):
                if number in waiter.taken or (waiter.stays and not step.to):
                    continue
                # Who is let go for length is who stands behind it; help is for the whole queue.
                length = len(line) if step.to else place
                passed = _passed(step, now - waiter.since, length, factor)
                if passed is not None:
                    found.append(Spill(waiter.call_id, queue, number, step.to, *passed))
    return found


def next_at(
    waiters: Iterable[Waiter], policies: Policies, now: datetime, factor: float = 1.0
) -> datetime | None:
    """Return when the next caller will have waited up to a limit, None if nobody will."""
    due = (
        waiter.since + step.after * factor
        for waiter in waiters
        for number, step in enumerate(policies.get(waiter.queue, ()))
        if step.after is not None and number not in waiter.taken and not (waiter.stays and not step.to)
    )
    return min((at for at in due if at > now), default=None)


def _lines(waiters: Iterable[Waiter]) -> dict[str, list[Waiter]]:
    lines: dict[str, list[Waiter]] = {}
    for waiter in sorted(waiters, key=lambda each: (-each.priority, each.since, each.call_id)):
        lines.setdefault(waiter.queue, []).append(waiter)
    return lines


def _passed(step: Step, waited: timedelta, length: int, factor: float) -> tuple[str, float] | None:
    if step.after is not None and waited >= step.after * factor:
        return "waited", (step.after * factor).total_seconds()
    if step.length is None:
        return None
    limit = max(1 if step.to else SHORTEST, math.ceil(step.length * factor))
    return ("length", float(limit)) if length >= limit else None
