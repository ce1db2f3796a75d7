"""Figures of missed-call returns: how many were asked for in a time, and what became of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telephony.store.outbound_tables import attempts
from telephony.store.return_calls import CAMPAIGN
from telephony.store.returns import RULES
from telephony.store.threeway_tables import returns

NOT_CALLED = ("reserved", "cancelled")


@dataclass(frozen=True)
class ReturnFigures:
    """What became of the returns opened in a time.

    `asked` is the sum of reached, called_again, closed_by_people, with_people (given up) and open.

    `reached` talked with an agent in a call of ours, `called_again` called us and were answered. `attempts`
    are the calls that we placed for them, `outcomes` what became of each.
    """

    asked: int
    reached: int
    called_again: int
    closed_by_people: int
    with_people: int
    open: int
    whys: dict[str, int]
    attempts: int
    outcomes: dict[str, int]


def figures(
    connection: sa.Connection,
    demo_caller: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ReturnFigures:
    """Return the figures of those opened from `since` (included) until `until` (not), the demo's left out."""
    within: list[sa.ColumnElement[bool]] = [returns.c.number != demo_caller]
    if since is not None:
        within.append(returns.c.opened_at >= since)
    if until is not None:
        within.append(returns.c.opened_at < until)
    tried = sa.select(attempts.c.task_id, attempts.c.state, attempts.c.id).where(
        attempts.c.campaign == CAMPAIGN,
        attempts.c.state.not_in(NOT_CALLED),
        attempts.c.task_id.in_(sa.select(returns.c.id).where(*within)),
    )
    placed = connection.execute(tried).all()
    ours = {row.id for row in placed}
    opened = connection.execute(sa.select(returns).where(*within)).all()
    fates = Counter(fate_of(row, ours=row.closed_call in ours) for row in opened)
    outcomes = Counter(row.state for row in placed)
    whys = Counter(row.why for row in opened)
    return ReturnFigures(
        asked=len(opened),
        **{name: fates[name] for name in FATES},
        whys=dict(sorted(whys.items())),
        attempts=len(placed),
        outcomes=dict(sorted(outcomes.items())),
    )


FATES = ("reached", "called_again", "closed_by_people", "with_people", "open")


def fate_of(row: sa.Row[tuple[object, ...]], *, ours: bool) -> str:
    """Return what became of a return; `ours` tells whether we placed the call that closed it."""
    if row.closed_at is None:
        return "open" if row.given_up_at is None else "with_people"
    if row.closed_by != RULES:
        return "closed_by_people"
    return "reached" if ours else "called_again"
