"""The one place that reads a clock; everything else is handed a Clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone in which people read times; the store keeps UTC."""


class Clock(Protocol):
    """What code that needs the time depends on."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for durations."""
        ...


class Delayed(Protocol):
    """A call that will be made later."""

    def cancel(self) -> None:
        """Make it not happen."""
        ...

    def active(self) -> bool:
        """Tell whether it is still to come."""
        ...


class Timer(Protocol):
    """What makes calls later: the reactor, or twisted.internet.task.Clock in a test."""

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Delayed:  # noqa: A002, N802 - Twisted's names
        """Call `callable` after `delay` seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()
