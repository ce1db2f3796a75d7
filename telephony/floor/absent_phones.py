"""Lets a switch that was restarted ask the phones that it takes to be gone.

It knows where they are and takes each for unreachable until it asks it, by itself within `qualify_frequency`
(60 s): so long no agent would be free, and everybody would wait. So after each settle the phones of those at
work are asked at once, one after another.
"""

from collections.abc import Callable, Iterable

from telephony.clock import Clock, Delayed, Timer

SPREAD = 0.02
"""Seconds between two questions: a hall of three hundred agents is asked in six."""
AGAIN = 5.0
"""Seconds in which nobody is asked twice: a phone has three to answer."""


class AbsentPhones:
    """`absent` says who is at work with no phone that is known to be there; `ask` lets the switch ask it."""

    def __init__(
        self, absent: Callable[[], Iterable[str]], ask: Callable[[str], object], clock: Clock, timer: Timer
    ) -> None:
        self._absent, self._ask, self._clock, self._timer = absent, ask, clock, timer
        self._asked: dict[str, float] = {}
        self._left: list[str] = []
        self._later: Delayed | None = None

    def settled(self) -> None:
        """Ask for all who are absent: the switch has said all it knows."""
        self._left = list(self._absent())
        if self._later is None:
            self._next()

    def ask(self, number: str) -> None:
        """Let the switch ask one phone, unless it has just been told to."""
        now = self._clock.monotonic()
        if now - self._asked.get(number, now - AGAIN) >= AGAIN:
            self._asked[number] = now
            self._ask(number)

    def lost(self) -> None:
        """Note that the switch cannot be asked; one that is back may have forgotten what it was told."""
        self._left.clear()
        self._asked.clear()

    def stop(self) -> None:
        """Ask no more."""
        self._left.clear()
        if self._later is not None and self._later.active():
            self._later.cancel()

    def _next(self) -> None:
        self._later = None
        absent = frozenset(self._absent())
        while self._left and self._left[0] not in absent:
            self._left.pop(0)  # it came meanwhile
        if self._left:
            self.ask(self._left.pop(0))
            self._later = self._timer.callLater(SPREAD, self._next)
