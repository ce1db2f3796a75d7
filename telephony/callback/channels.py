"""How many calls may be placed now: channels of each trunk and in all, the pace, and trunks that rest."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from telephony.rules.verdict import Finding, Outcome

LONGEST_REST = 900.0
"""Seconds that a trunk rests at most before it is tried again."""
MOST_DOUBLINGS = 10
_NOTHING = 1e-9
"""What a product of floating-point numbers may be too large or too small by."""


@dataclass(frozen=True)
class Limits:
    """What the operator allows; `trunks` maps a trunk to all its channels, inbound ones included."""

    trunks: Mapping[str, int]
    channels: int
    inbound_share: float
    calls_per_second: float
    breaker_faults: int
    breaker_seconds: float


class Breaker:
    """Pauses a trunk on which many calls in a row failed, or met with silence; then one call tries it."""

    def __init__(self, faults: int, seconds: float) -> None:
        self._most, self._seconds = faults, seconds
        self._in_a_row = 0
        self._rests = 0
        self.closed_until: float | None = None
        """Monotonic seconds until which nothing is sent; None while the trunk works."""

    def note(self, found: Finding, mono: float) -> bool:
        """Take a verdict into account; return True if the trunk has just been paused."""
        if found.outcome is Outcome.UNKNOWN or found.unsent:
            return False
        if found.outcome is not Outcome.FAILED and not found.silent:
            self._in_a_row, self._rests, self.closed_until = 0, 0, None
            return False
        self._in_a_row += 1
        # A fault of a call that was sent before the pause is no reason for a second one.
        paused = self.closed_until is not None and mono < self.closed_until
        if paused or (self._in_a_row < self._most and not self._rests):
            return False
        self.closed_until = mono + min(self._seconds * (1 << self._rests), LONGEST_REST)
        self._rests = min(self._rests + 1, MOST_DOUBLINGS)
        return True

    def free(self, mono: float, under_way: int) -> int | None:
        """Return how many calls it lets through now; None for no limit of its own."""
        if self.closed_until is None:
            return None
        return 0 if mono < self.closed_until or under_way else 1


class Channels:
    """Counts what is under way. `inbound` asks how many citizens' calls a trunk carries now."""

    def __init__(self, limits: Limits, inbound: Callable[[str], int]) -> None:
        self._limits, self._inbound = limits, inbound
        self._under_way: Counter[str] = Counter()
        self.breakers = {
            trunk: Breaker(limits.breaker_faults, limits.breaker_seconds) for trunk in limits.trunks
        }
        self._tokens = self._burst
        self._refilled: float | None = None

    @property
    def _burst(self) -> float:
        return max(1.0, self._limits.calls_per_second)

    def take(self, trunk: str) -> None:
        """Count a call that holds a channel from here on."""
        self._under_way[trunk] += 1

    def give_back(self, trunk: str) -> None:
        """Count it out."""
        self._under_way[trunk] -= 1

    def spend(self, calls: int) -> None:
        """So many calls were sent: the pace."""
        self._tokens -= calls

    def faulty(self, trunk: str, found: Finding, mono: float) -> bool:
        """Take a verdict into account; return True if it has just paused its trunk, should that be ours."""
        breaker = self.breakers.get(trunk)
        return breaker is not None and breaker.note(found, mono)

    @property
    def under_way(self) -> int:
        """Return how many calls hold a channel."""
        return self._under_way.total()

    def slots(self, mono: float) -> list[str]:
        """Return a trunk's name for each call that may be placed now, the trunks in turn."""
        free = {trunk: self._free(trunk, mono) for trunk in self._limits.trunks}
        most = min(self._limits.channels - self.under_way, int(self._refill(mono)))
        slots: list[str] = []
        while len(slots) < most and any(left > 0 for left in free.values()):
            for trunk in [name for name, left in free.items() if left > 0][: most - len(slots)]:
                slots.append(trunk)
                free[trunk] -= 1
        return slots

    def next_slot(self, mono: float) -> float | None:
        """Return the seconds until time alone makes room; None if only the end of a call does."""
        waits = []
        if self._tokens < 1 and self.under_way < self._limits.channels:
            waits.append((1 - self._tokens) / self._limits.calls_per_second)
        closed = [b.closed_until for b in self.breakers.values() if b.closed_until is not None]
        waits += [until - mono for until in closed if until > mono]
        return min(waits, default=None)

    def _free(self, trunk: str, mono: float) -> int:
        all_channels, ours = self._limits.trunks[trunk], self._under_way[trunk]
        kept = math.ceil(all_channels * self._limits.inbound_share - _NOTHING)
        free = min(all_channels - kept - ours, all_channels - ours - self._inbound(trunk))
        own = self.breakers[trunk].free(mono, ours)
        return max(0, free if own is None else min(free, own))

    def _refill(self, mono: float) -> float:
        if self._refilled is not None:
            earned = (mono - self._refilled) * self._limits.calls_per_second
            self._tokens = min(self._burst, self._tokens + max(0.0, earned))
        self._refilled = mono
        return self._tokens + _NOTHING
