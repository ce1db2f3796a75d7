"""Whether callers may be moved: once the switch has been seen, while the service has not stood still since.

The dialplan leaves a service that is silent: who is in the room by our books may talk by now, and to be moved
would end that talk.
"""

from collections.abc import Callable

import structlog

from telephony.clock import Clock, Timer
from telephony.floor.waiting_sides import Line

log = structlog.get_logger()
GRACE = 5.0
"""Seconds for which callers are asked to wait for the switch before app_queue takes over."""
BEAT, STALL = 0.5, 1.5
"""Seconds between two beats, and after which it must be taken that the service stood still."""


class Gate:
    """Open or closed. Times are of the monotonic clock."""

    def __init__(self, clock: Clock, timer: Timer, line: Line) -> None:
        self._clock, self._timer, self._line = clock, timer, line
        self.open = False
        """Whether the switch has been seen, so that turns may be given."""
        self.when_stalled: Callable[[], object] = lambda: None
        """Called when a snapshot is needed: callers may have gone on without the service."""
        self._hold_until = self._closed_at = 0.0
        self._beat_at, self._beats = 0.0, True

    def start(self) -> None:
        """Be closed, and beat from now on."""
        self.lost()
        self._beat_at = self._clock.monotonic()
        self._beat()

    def stop(self) -> None:
        """Beat no more."""
        self._beats = False

    def lost(self) -> None:
        """Note that the switch cannot be asked: nobody is moved until it has been seen again."""
        self.open, self._closed_at = False, self._clock.monotonic()
        self._hold_until = self._closed_at + GRACE

    def opens(self, asked: float) -> bool:
        """Open by a snapshot that was asked for then; tell whether it was new enough for that."""
        self.check_stall()
        if asked < self._closed_at:
            if not self.open:
                self.when_stalled()
            return False
        self.open = self._line.is_up
        return True

    @property
    def holds(self) -> bool:
        """Whether the switch may still be seen soon, so that callers are asked to wait for it."""
        return self._clock.monotonic() <= self._hold_until

    def check_stall(self) -> None:
        """Close if the service has stood still since the last beat."""
        now = self._clock.monotonic()
        if now - self._beat_at <= STALL:
            return
        self._beat_at = self._closed_at = now
        if self.open:
            log.warning("waiting_room_stood_still")
            self.lost()
            self.when_stalled()

    def _beat(self) -> None:
        self.check_stall()
        self._beat_at = self._clock.monotonic()
        if self._beats:
            self._timer.callLater(BEAT, self._beat)
