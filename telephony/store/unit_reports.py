"""What units did when they were asked into citizens' calls; demonstrations are left out."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.asking import Asked, Came
from telephony.rules.unit_figures import Invited, UnitReport, report
from telephony.store.threeway_tables import asks, dispatches, invitations, three_ways

OF_CITIZENS = ("three_way", "emergency")
"""A coordination conference has no citizen who waits: whom it misses is no miss of an A matter (Art. 8)."""


def unit_report(
    connection: sa.Connection, since: datetime | None = None, until: datetime | None = None
) -> UnitReport:
    """Return how the units did that were asked from `since` on (included) and before `until`."""
    return report(_invited(row) for row in connection.execute(_query(since, until)))


def _query(since: datetime | None, until: datetime | None) -> sa.Select[Any]:
    pressed = (Asked.ACCEPTED.value, Asked.REFUSED.value)
    reached = sa.exists().where(asks.c.invitation_id == invitations.c.id, asks.c.state.in_(pressed))
    dispatched = sa.exists().where(
        dispatches.c.three_way_id == invitations.c.three_way_id, dispatches.c.unit == invitations.c.unit
    )
    query = sa.select(invitations, reached.label("reached"), dispatched.label("dispatched"))
    query = query.join(three_ways, three_ways.c.id == invitations.c.three_way_id)
    query = query.where(sa.not_(three_ways.c.demo), three_ways.c.kind.in_(OF_CITIZENS))
    if since is not None:
        query = query.where(invitations.c.invited_at >= since)
    if until is not None:
        query = query.where(invitations.c.invited_at < until)
    return query


def _invited(row: sa.Row[Any]) -> Invited:
    outcome = None if row.outcome is None else Came(row.outcome)
    accepted = outcome is Came.ACCEPTED
    return Invited(
        unit=row.unit,
        three_way_id=row.three_way_id,
        outcome=outcome,
        reason=row.reason,
        seconds=(row.decided_at - row.invited_at).total_seconds() if accepted else None,
        reached=bool(row.reached),
        answered_on_spot=bool(row.answered_on_spot),
        dispatched=bool(row.dispatched),
    )
