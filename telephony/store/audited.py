"""What an audit reads: decisions, attempts and revisits in batches by id, and all that they rest on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.verdict import Evidence
from telephony.store.attempts import CANCELLED
from telephony.store.outbound_tables import (
    LIVE_STATES,
    attempts,
    decisions,
    evidence,
    ratings,
    revisits,
    rule_sets,
)
from telephony.store.revisits import CAMPAIGN

BATCH = 200
"""Rows in one go: what they rest on is in memory until the next go."""
EvidenceRows = Sequence[tuple[int, Evidence]]
"""Evidence with the numbers of its rows, in the order in which it was stored."""

_before, _other = decisions.alias("before"), decisions.alias("other")
_PREVIOUS = (
    sa.select(sa.func.max(_other.c.id))
    .where(_other.c.revisit_id == decisions.c.revisit_id, _other.c.id < decisions.c.id)
    .correlate(decisions)
    .scalar_subquery()
)
_LAST = sa.select(sa.func.max(_other.c.id)).where(_other.c.revisit_id == revisits.c.id).scalar_subquery()
_DECISIONS = (
    sa.select(
        decisions,
        *(revisits.c.case_number, revisits.c.replied_at, revisits.c.due_at, revisits.c.called_back_at),
        revisits.c.demo,
        _before.c.id.label("previous"),
        _before.c.verdict.label("previous_verdict"),
        (decisions.c.id == _LAST).label("in_force"),
    )
    .join(revisits, revisits.c.id == decisions.c.revisit_id)
    .join(_before, _before.c.id == _PREVIOUS, isouter=True)
)
_ATTEMPTS = (
    sa.select(attempts, revisits.c.case_number)
    .join(revisits, revisits.c.id == attempts.c.task_id)
    .where(attempts.c.campaign == CAMPAIGN, attempts.c.state.not_in((*LIVE_STATES, CANCELLED)))
)
_REVISITS = sa.select(
    *(revisits.c.id, revisits.c.case_number, revisits.c.verdict, revisits.c.decided_at),
    *(decisions.c.verdict.label("last_verdict"), decisions.c.at.label("last_at")),
).select_from(revisits.outerjoin(decisions, decisions.c.id == _LAST))


def decisions_after(
    connection: sa.Connection, after: int, case_number: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return the next decisions, each with its revisit and the decision that was in force before it."""
    return _batch(connection, _DECISIONS, decisions.c.id, after, case_number)


def attempts_after(
    connection: sa.Connection, after: str, case_number: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return the next attempts of revisits that have a verdict, each with its case; '' begins."""
    return _batch(connection, _ATTEMPTS, attempts.c.id, after, case_number)


def revisits_after(
    connection: sa.Connection, after: int, case_number: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return the next revisits, each with its last decision."""
    return _batch(connection, _REVISITS, revisits.c.id, after, case_number)


def _batch(
    connection: sa.Connection, query: sa.Select[Any], key: sa.Column[Any], after: Any, case_number: str | None
) -> Sequence[sa.Row[Any]]:
    if case_number is not None:
        query = query.where(revisits.c.case_number == case_number)
    return connection.execute(query.where(key > after).order_by(key).limit(BATCH)).all()


def calls_about(
    connection: sa.Connection,
    revisit_ids: Collection[int],
    numbers: Collection[str],
    ids: Collection[str],
    period: tuple[datetime, datetime],
) -> dict[str, sa.Row[Any]]:
    """Return the attempts of revisits, those to numbers within a period, and those of these ids; by id."""
    of_round = sa.and_(attempts.c.campaign == CAMPAIGN, attempts.c.task_id.in_(revisit_ids))
    to_number = sa.and_(attempts.c.number.in_(numbers), attempts.c.reserved_at.between(*period))
    query = sa.select(attempts).where(sa.or_(of_round, to_number, attempts.c.id.in_(ids)))
    rows = connection.execute(query.order_by(attempts.c.reserved_at, attempts.c.id))
    return {row.id: row for row in rows}


def evidence_of(connection: sa.Connection, attempt_ids: Collection[str]) -> dict[str, EvidenceRows]:
    """Return the evidence of attempts."""
    found: dict[str, list[tuple[int, Evidence]]] = {each: [] for each in attempt_ids}
    query = sa.select(evidence).where(evidence.c.attempt_id.in_(attempt_ids)).order_by(evidence.c.id)
    for row in connection.execute(query):
        told = Evidence(row.kind, row.at, row.key, row.mono, row.boot, row.data)
        found[row.attempt_id].append((row.id, told))
    return dict(found)


def ratings_of(connection: sa.Connection, revisit_ids: Collection[int]) -> dict[int, list[sa.Row[Any]]]:
    """Return what citizens said to people about revisits, by revisit."""
    found: dict[int, list[sa.Row[Any]]] = {each: [] for each in revisit_ids}
    for row in connection.execute(sa.select(ratings).where(ratings.c.revisit_id.in_(revisit_ids))):
        found[row.revisit_id].append(row)
    return found


def rule_sets_of(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return every set of rules that was ever in force, the oldest first."""
    return connection.execute(sa.select(rule_sets).order_by(rule_sets.c.since)).all()
