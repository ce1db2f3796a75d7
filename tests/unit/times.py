"""Instants that tests share."""

from datetime import datetime

from telephony.clock import SHANGHAI

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)


class FixedClock:
    """A clock that a test moves."""

    def __init__(self, now=NOON):
        self.instant = now

    def now(self):
        return self.instant

    def monotonic(self):
        return self.instant.timestamp()
