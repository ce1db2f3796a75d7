"""Whom we owe a call back (未接回拨): who waited for us or talked to us when our side cut the call."""

from telephony.rules.call_story import Call

INTERRUPTED = "interrupted"
OVERFLOW, OVERFLOWED = "overflow", "overflowed"
"""Why a return is owed to whom a full queue let go, and the outcome of that call."""
_OURS = frozenset({"unserved", "failed"})


def why_owed(call: Call, demo_caller: str) -> str | None:
    """Return why the citizen of an ended call is called back, in one word, or None.

    Nobody is owed a call who gave up, who never came to wait for a person, whom the dialer was only ringing,
    or who withheld the number; nor is the simulated citizen of the demo.
    """
    had_us = call.queued_at is not None or call.answered_at is not None
    if call.caller_number in {None, demo_caller} or not had_us:
        return None
    if call.outcome == INTERRUPTED:
        return INTERRUPTED
    if call.outcome == OVERFLOWED:
        return OVERFLOW
    return call.outcome if call.direction == "inbound" and call.outcome in _OURS else None
