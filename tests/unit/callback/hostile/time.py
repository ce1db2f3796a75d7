"""A machine whose wall clock anybody may set, and whose monotonic clock nobody can."""

import heapq
import itertools
from datetime import UTC, timedelta

from telephony.callback.simulate.time import Call

BOOTED = 5000.0


class SettableTime:
    """telephony.clock's Clock and Timer; what is to be done later waits by the monotonic clock."""

    def __init__(self, start):
        self._start, self._heap, self._count = start.astimezone(UTC), [], itertools.count()
        self.seconds, self.offset = 0.0, timedelta()

    def now(self):
        return self._start + timedelta(seconds=self.seconds) + self.offset

    def monotonic(self):
        return BOOTED + self.seconds

    def callLater(self, delay, do, *args):  # noqa: N802 - Twisted's name
        call = Call(self.seconds + max(delay, 0.0), do, args)
        heapq.heappush(self._heap, (call.at, next(self._count), call))
        return call

    def set_clock(self, seconds):
        """Put the wall clock forward by so many seconds, back if they are negative."""
        self.offset += timedelta(seconds=seconds)

    def pass_by(self, seconds):
        """Let so many seconds go by."""
        end = self.seconds + seconds
        while self._heap and self._heap[0][0] <= end:
            self.seconds, _, call = heapq.heappop(self._heap)
            if call.active():
                call.dead = True
                call.do(*call.arguments)
        self.seconds = end
