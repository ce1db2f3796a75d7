"""What a unit that was not reached owes: the matter in 4 hours, on record (Art. 8)."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from telephony.rules.asking import Came
from telephony.rules.call_story import Happening
from telephony.rules.deadlines import due_of_a
from telephony.store import calls as call_rows
from telephony.store.dispatches import dispatch
from telephony.threeway.conversation import About, Conversation
from telephony.threeway.people import Invitation
from telephony.threeway.storing import Work

NOT_OURS = "not_ours"
"""The unit says that the matter is another's: the agent asks that one, no clock starts."""
STARTS_CLOCK = frozenset({Came.MISSED, Came.REFUSED, Came.ENGAGED, Came.FAILED})


def missed(conversation: Conversation, invitation: Invitation) -> Work | None:
    """Return what starts the clock of a unit that did not come; None if there is none to start."""
    counts = conversation.about.kind != "coordination" and not invitation.emergency
    if not counts or invitation.outcome not in STARTS_CLOCK:
        return None
    if invitation.reason == NOT_OURS or conversation.about.demo:
        return None
    why = invitation.outcome.value if invitation.outcome else ""
    return partial(_dispatch, row=dispatch_row(conversation, invitation, why), of=conversation.about)


def _dispatch(connection: sa.Connection, row: dict[str, Any], of: About) -> None:
    """Start the clock, and tell what has really become of it."""
    due = dispatch(connection, row)
    at, unit = row["dispatched_at"], row["unit"]
    told = {"three_way": of.id, "unit": unit, "what": "dispatched" if due else "owes_days"}
    told |= {"due_at": due.isoformat()} if due else {}
    key = f"threeway:dispatched:{of.id}:{unit}:{at.timestamp()}"
    call_rows.append(connection, [(of.call_id, Happening(at, "threeway", key, data=told))])


def dispatch_row(conversation: Conversation, invitation: Invitation, why: str) -> dict[str, Any]:
    """Return the row of a dispatch; the clock of an A matter runs from when it was decided."""
    about, at = conversation.about, invitation.decided_at or invitation.invited_at
    return {
        "three_way_id": about.id,
        "unit": invitation.unit,
        "case_number": about.case_number,
        "dispatched_at": at,
        "due_at": due_of_a(at),
        "why": why,
    }
