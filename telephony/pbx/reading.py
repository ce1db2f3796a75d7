"""What several listeners read from an event in the same way."""

from datetime import UTC, datetime

from telephony.clock import Clock
from telephony.pbx.codec import Message


def time_of(message: Message, clock: Clock) -> datetime:
    """Return the switch's own time of an event; ours if it gives none."""
    try:
        return datetime.fromtimestamp(float(message.get("Timestamp")), UTC)
    except (ValueError, OverflowError, OSError):
        return clock.now()


def number_of(text: str) -> int | None:
    """Return a header's whole number, None if there is none."""
    return int(text) if text.isascii() and text.isdecimal() else None
