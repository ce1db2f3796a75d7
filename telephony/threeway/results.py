"""What came of a three-way call: answered on the spot, which ends the case, or dispatched (Art. 8)."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.deadlines import due_of_a
from telephony.store import dispatches, presence
from telephony.store import threeway as rows
from telephony.store import threeway_views as views
from telephony.store.threeway_tables import invitations, three_ways
from telephony.store.threeway_views import ThreeWayDetail
from telephony.texts import say

LEAST_SECONDS = 1.0
"""In which a unit and the citizen may have said a word to each other."""
Result = Literal["answered_on_spot", "dispatched"]


class Replies(Protocol):
    """What a unit's completed reply leads to (telephony.callback): a revisit (Art. 16)."""

    def __call__(self, connection: sa.Connection, case_number: str, at: datetime, contact: str) -> None:
        """Record a reply; `contact` is the contact by which the citizen was told (Art. 13)."""
        ...


def record(  # noqa: PLR0913 - what, of which, by whom, and what follows
    connection: sa.Connection,
    reference: str,
    result: Result,
    *,
    by: str,
    note: str | None,
    now: datetime,
    replies: Replies,
) -> ThreeWayDetail:
    """Record what came of a three-way call, once; return it.

    Answered on the spot: the conversation itself is the unit's reply and the contact with the citizen
    (Art. 13), so that the case is done in one step, and is revisited (Art. 16). Dispatched: the units that
    spoke have 4 hours. Of a demonstration nothing follows. Raise UnknownThingError; NotAllowedError if it has
    a result already, or if no unit was with the citizen, so that it cannot have been answered.
    """
    view = _recordable(connection, reference)
    accepted = [each for each in view.invitations if each.outcome == "accepted" and not each.emergency]
    answered = result == "answered_on_spot"
    spoke = [each for each in accepted if each.leg_id in _with_citizen(connection, view, now)]
    if answered and not spoke:
        raise NotAllowedError(say("threeway.nobody_answered", id=view.id))
    _enter(connection, view, {"result": result, "result_at": now, "result_by": by, "note": note})
    for each in spoke if answered else accepted:
        of_this = invitations.update().where(invitations.c.id == each.id)
        connection.execute(of_this.values(answered_on_spot=answered))
    if view.demo:
        pass  # nothing follows for anybody
    elif answered:
        _answered(connection, view, [each.unit for each in spoke], now, replies)
    else:
        _dispatched(connection, view, [each.unit for each in accepted], now)
    found = views.three_way(connection, str(view.id))
    assert found is not None  # noqa: S101 - it was there a moment ago, in the same transaction
    return found


def _recordable(connection: sa.Connection, reference: str) -> ThreeWayDetail:
    view = views.three_way(connection, reference)
    if view is None:
        raise UnknownThingError(say("threeway.unknown", id=reference))
    if view.kind == "coordination" or all(each.emergency for each in view.invitations):
        raise NotAllowedError(say("threeway.no_result", id=view.id))
    return view


def _with_citizen(connection: sa.Connection, view: ThreeWayDetail, now: datetime) -> set[str]:
    """Return the legs that were with the citizen, as the switch's journal tells it.

    An instant is none: who is let in while the citizen is being put on hold passes by.
    """
    found = presence.of_calls(connection, [view.call_id], now).get(view.call_id)
    seconds: defaultdict[str, float] = defaultdict(float)
    for segment in found.segments if found else ():
        if any(each.role == "citizen" for each in segment.parties):
            for each in segment.parties:
                seconds[each.leg_id] += segment.seconds
    return {leg_id for leg_id, together in seconds.items() if together >= LEAST_SECONDS}


def _enter(connection: sa.Connection, view: ThreeWayDetail, values: dict[str, Any]) -> None:
    """Enter a result where there is none: of two who record it at once, one is told."""
    open_one = sa.and_(three_ways.c.id == view.id, three_ways.c.result.is_(None))
    if not connection.execute(three_ways.update().where(open_one).values(**values)).rowcount:
        raise NotAllowedError(say("threeway.has_result", id=view.id, result=view.result))


def _answered(
    connection: sa.Connection, view: ThreeWayDetail, units: list[str], now: datetime, replies: Replies
) -> None:
    dispatches.close(connection, view.call_id, view.case_number, units, now)
    told = {"call_id": view.call_id, "case_number": view.case_number, "units": units, "at": now}
    dispatches.tell_platform(connection, now, "answered_on_spot", told)
    # A case that only the platform knows is the platform's to close: it has been told.
    if view.case_number is not None and rows.close_case(connection, view.case_number, now):
        try:
            replies(connection, view.case_number, now, view.call_id)
        except NotAllowedError as refusal:  # replied to before: what was said now stands all the same
            told = {"case_number": view.case_number, "why": str(refusal)}
            dispatches.tell_platform(connection, now, "reply_not_recorded", told)


def _dispatched(connection: sa.Connection, view: ThreeWayDetail, units: list[str], now: datetime) -> None:
    for unit in units:
        row = {"three_way_id": view.id, "unit": unit, "case_number": view.case_number}
        row |= {"dispatched_at": now, "due_at": due_of_a(now), "why": dispatches.SPOKE}
        dispatches.dispatch(connection, row)
