"""How a call ended: who ended it, and what it has come to for the citizen.

A citizen who gives up is told apart from one whom we lost, and by how far the call had come.
"""

from telephony.rules.call_story import (
    ABANDONED_LATER,
    BY_NOTICE,
    HEARD,
    HELD,
    QUEUED,
    Call,
    Record,
    endpoint_of,
)

_REFUSALS = {17: "busy", 21: "refused"}
"""What causes of a hangup say of a call that we placed."""


def ended_by(call: Call, record: Record) -> str:
    """Return whose hanging up ended the call: a role, or the system."""
    # The order in which two legs' ends are written is chance; the source is the same in both.
    if record.hangup_source == record.channel:
        return call.legs[record.leg_id].role
    agents = {leg.party for leg in call.legs.values() if leg.role == "agent"}
    return "agent" if endpoint_of(record.hangup_source) in agents else "system"


def outcome(call: Call, record: Record) -> str:
    """Return how the call ended for the citizen; `record` tells of the end."""
    if call.answered_at is not None and call.state in {QUEUED, HELD}:
        return ABANDONED_LATER if call.ended_by == "citizen" else "failed"
    if call.direction == "outbound":
        return _outcome_of_ours(call, record)
    if call.answered_at is not None:
        return "answered"
    if call.ended_by != "citizen":
        return "failed"
    if call.queued_at is not None:
        return "abandoned"
    return BY_NOTICE if call.notice_stage == HEARD else "abandoned_early"


def _outcome_of_ours(call: Call, record: Record) -> str:
    """Return how a call that we placed ended for the citizen, as far as a journal tells."""
    if any(leg.role == "citizen" and leg.answered_at for leg in call.legs.values()):
        return "answered"
    return _REFUSALS.get(record.cause or 0, "not_reached")
