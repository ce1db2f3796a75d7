"""Whom of a unit to ring next, and what it comes to when nobody is left: states in, a step out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Asked(StrEnum):
    """What became of ringing one number of a unit."""

    DIALLING = "dialling"
    RINGING = "ringing"
    HEARING = "hearing"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    MACHINE = "machine"
    HUNG_UP = "hung_up"
    INVALID = "invalid"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


LIVE = frozenset({Asked.DIALLING, Asked.RINGING, Asked.HEARING, Asked.ACCEPTED})
MISSES = frozenset({Asked.NO_ANSWER, Asked.BUSY, Asked.REJECTED, Asked.MACHINE, Asked.HUNG_UP})
"""What stands on the unit's record: a fault of ours or of the network, or what we do not know, never does."""
_BY_CAUSE = {
    17: Asked.BUSY,
    21: Asked.REJECTED,
    **dict.fromkeys((18, 19), Asked.NO_ANSWER),
    **dict.fromkeys((1, 22, 28), Asked.INVALID),
}
"""Q.850."""
_NOT_THE_UNITS = frozenset({401, 403, 407, 483, 485})
"""SIP statuses whose cause looks like a person's: the carrier refuses us, a loop, an ambiguous number."""


class Came(StrEnum):
    """What asking a unit came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    MISSED = "missed"
    ENGAGED = "engaged"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """Ring these numbers now; `over`: nobody is left, and nobody is being rung."""

    ring: tuple[str, ...] = ()
    over: bool = False


def step(numbers: Sequence[str], asked: Mapping[str, Asked], engaged: Collection[str], at_once: int) -> Step:
    """Return what to do now.

    `numbers` are the unit's in the order of trying, `asked` those tried, `engaged` those that we ring or hold
    for another conversation (they are waited for), `at_once` how many ring at the same time.
    """
    live = sum(state in LIVE for state in asked.values())
    if Asked.ACCEPTED in asked.values():
        return Step()
    left = [number for number in numbers if number not in asked]
    ring = tuple(number for number in left if number not in engaged)[: max(0, at_once - live)]
    return Step(ring, over=not live and not left)


def came_to(asked: Collection[Asked]) -> Came:
    """Return what it came to when nobody is left: the unit's own doing weighs more than any fault."""
    if Asked.ACCEPTED in asked:
        return Came.ACCEPTED
    if Asked.REFUSED in asked:
        return Came.REFUSED
    if any(state in MISSES for state in asked):
        return Came.MISSED
    return Came.FAILED if asked else Came.ENGAGED


def ended_as(*, alerted: bool, cause: int | None, sip_code: int | None) -> Asked:
    """Return how a ring ended that nobody of ours ended: Q.850 cause and SIP status as the switch gives them.

    Unanswered is only what was seen to ring: silence may be the line's own (docs/asterisk-findings.md).
    """
    if sip_code in _NOT_THE_UNITS:
        return Asked.FAILED
    found = _BY_CAUSE.get(cause or 0, Asked.FAILED)
    return Asked.FAILED if found is Asked.NO_ANSWER and not alerted else found
