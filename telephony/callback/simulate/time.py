"""Virtual time: a clock and a timer in one, which jumps from one thing to do to the next."""

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class Call:
    """Something that will be done."""

    __slots__ = ("arguments", "at", "dead", "do")

    def __init__(self, at: datetime, do: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.at, self.do, self.arguments, self.dead = at, do, arguments, False

    def cancel(self) -> None:
        """Make it not happen."""
        self.dead = True

    def active(self) -> bool:
        """Tell whether it is still to come."""
        return not self.dead


class VirtualTime:
    """telephony.clock's Clock and Timer; two things of one moment happen in the order of their asking."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start.astimezone(UTC)
        self._heap: list[tuple[datetime, int, Call]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        """Return the present instant."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return (self._now - self._start).total_seconds()

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Call:  # noqa: A002, N802 - Twisted's names
        """Do something after so many seconds."""
        return self.at(self._now + timedelta(seconds=delay), callable, *args)

    def at(self, instant: datetime, do: Callable[..., Any], *args: Any) -> Call:
        """Do something at an instant, at once if that has passed."""
        call = Call(max(instant.astimezone(UTC), self._now), do, args)
        heapq.heappush(self._heap, (call.at, next(self._count), call))
        return call

    def run_until(self, end: datetime) -> None:
        """Do all that is to be done up to and at `end`, in order."""
        while self._heap and self._heap[0][0] <= end:
            _, _, call = heapq.heappop(self._heap)
            if call.dead:
                continue
            self._now = call.at
            call.dead = True
            call.do(*call.arguments)
        self._now = max(self._now, end.astimezone(UTC))
