"""Returns in the service figures: calls back that are owed for calls of a time, and what became of them."""

from collections import Counter

import sqlalchemy as sa

from telephony.rules.service_figures import Sums
from telephony.store.outbound_tables import attempts
from telephony.store.return_calls import CAMPAIGN
from telephony.store.return_figures import NOT_CALLED, fate_of
from telephony.store.service_groups import Place, Summed
from telephony.store.service_sums import Scope, apart_of, minute_of, within
from telephony.store.tables import calls
from telephony.store.threeway_tables import returns


def take_returns(connection: sa.Connection, scope: Scope, into: Summed) -> None:
    """Add them where the lost call was; `asked` is the sum of their fates, `attempts` are our calls.

    A call that we placed may be lost as well: cut off, it has no number, and often no queue.
    """
    lost = within(scope)
    tried = _attempts(connection, lost)
    ours = sa.exists().where(attempts.c.id == returns.c.closed_call, attempts.c.campaign == CAMPAIGN)
    columns = (calls.c.called_number, calls.c.queue.label("lost_queue"), calls.c.centre.label("lost_centre"))
    query = (
        sa.select(returns, *columns, calls.c.arrived_at, ours.label("ours"))
        .add_columns(minute_of(connection, calls.c.arrived_at).label("minute"))
        .join(calls, calls.c.id == returns.c.call_id)
        .where(lost)
    )
    for row in connection.execute(query):
        sums = Sums(returns=Counter({"asked": 1, fate_of(row, ours=row.ours): 1}))
        sums.returns["attempts"] += tried.get(row.id, 0)
        place = Place(
            row.called_number, row.lost_queue, row.lost_centre, apart_of(row.arrived_at, scope.apart)
        )
        into.at_place(place, sums)
        into.at_hour(row.minute[:13], sums)


def _attempts(connection: sa.Connection, lost: sa.ColumnElement[bool]) -> dict[int, int]:
    """Return how many calls we placed for each return."""
    tasks = sa.select(returns.c.id).join(calls, calls.c.id == returns.c.call_id).where(lost)
    query = (
        sa.select(attempts.c.task_id, sa.func.count())
        .where(attempts.c.campaign == CAMPAIGN, attempts.c.state.not_in(NOT_CALLED))
        .where(attempts.c.task_id.in_(tasks))
        .group_by(attempts.c.task_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
