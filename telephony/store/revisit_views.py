"""What people ask of revisits: lists, one with all that it rests on, the work list, the outbox.

Lists go by keys: `after` is the id of the last row seen, so that a page costs the same wherever it begins.
Times are given in Asia/Shanghai.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypeVar

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.store.outbound_tables import (
    attempts,
    decisions,
    evidence,
    outbox,
    ratings,
    revisits,
    work_items,
)
from telephony.store.revisits import CAMPAIGN
from telephony.store.tables import cases

MOST = 1000
"""Rows in one answer at most."""
T = TypeVar("T")
State = Literal["open", "decided"]


@dataclass(frozen=True, kw_only=True)
class RevisitView:
    """A round of a case. `verdict` is None while it is open; `next_at` while a call is under way, too."""

    id: int
    case_number: str
    round: int
    subject: str | None
    category: str | None
    district: str | None
    unit: str | None
    numbers: list[str]
    replied_at: datetime
    contact: str
    due_at: datetime
    next_at: datetime | None
    called_back_at: datetime | None
    verdict: str | None
    decided_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """One fact about an attempt, at the switch's own time."""

    id: int
    kind: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AttemptView:
    """A call to the citizen; `counts`: one of the two of Art. 17. Seconds are seconds."""

    id: str
    number: str
    trunk: str
    state: str
    reserved_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    band: str | None
    counts: bool
    alerted: bool
    ring_seconds: float | None
    sip_code: int | None
    cause: int | None
    why: str | None
    rating: str | None
    digest: str | None
    evidence: list[EvidenceView]


@dataclass(frozen=True, kw_only=True)
class DecisionView:
    """A verdict and what it rests on; `supersedes` is the decision that it makes void."""

    id: int
    verdict: str
    at: datetime
    decided_by: str
    why: str
    first_attempt: str | None
    second_attempt: str | None
    rules_version: str
    digest: str
    supersedes: int | None


@dataclass(frozen=True, kw_only=True)
class RatingView:
    """What the citizen said, and to whom: `survey`, or a person."""

    id: int
    at: datetime
    rating: str
    given_to: str
    call_id: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class WorkItemView:
    """What a person has, or had, to do for a revisit; `kind` is the verdict that needs one."""

    id: int
    kind: str
    why: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    result: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class RevisitDetail(RevisitView):
    """A round with all that is stored of it, each list in the order in which it came to be."""

    attempts: list[AttemptView]
    decisions: list[DecisionView]
    ratings: list[RatingView]
    work: list[WorkItemView]


@dataclass(frozen=True, kw_only=True)
class WorkView:
    """An open entry of the work list, with its revisit."""

    id: int
    kind: str
    why: str
    opened_at: datetime
    revisit: RevisitView


@dataclass(frozen=True, kw_only=True)
class OutboxView:
    """Something that the case platform is to be told."""

    id: int
    at: datetime
    topic: str
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RevisitFilter:
    """Which revisits: `since` (included) and `until` (not) are of the unit's reply; `after` an id.

    Demonstrations are found by their case only.
    """

    state: State | None = None
    verdict: str | None = None
    unit: str | None = None
    district: str | None = None
    category: str | None = None
    case: str | None = None
    due_before: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100
    after: int | None = None


_OF_CASE = (cases.c.subject, cases.c.category, cases.c.district, cases.c.unit)
_REVISIT = sa.select(revisits, *_OF_CASE).join(cases, cases.c.case_number == revisits.c.case_number)


def revisit_list(connection: sa.Connection, wanted: RevisitFilter) -> list[RevisitView]:
    """Return revisits, at most MOST: open ones by deadline, decided ones newest first, else newest first."""
    query = _REVISIT.where(*_conditions(wanted))
    key, newest_first = _order(wanted)
    if wanted.after is not None:
        query = query.where(_beyond(connection, key, wanted.after, newest_first=newest_first))
    order = [column.desc() if newest_first else column for column in (key, revisits.c.id)]
    rows = connection.execute(query.order_by(*order).limit(min(wanted.limit, MOST)))
    return [_view(RevisitView, row) for row in rows]


def revisit(connection: sa.Connection, revisit_id: int) -> RevisitDetail | None:
    """Return one revisit with all that is stored of it."""
    return next(iter(_details(connection, revisits.c.id == revisit_id)), None)


def revisits_of_case(connection: sa.Connection, case_number: str) -> list[RevisitDetail]:
    """Return the rounds of a case, the first first."""
    return _details(connection, revisits.c.case_number == case_number)


def worklist(
    connection: sa.Connection, kind: str | None, limit: int, after: int | None = None
) -> list[WorkView]:
    """Return what waits for a person, the longest waiting first, at most MOST."""
    item = [work_items.c[name].label(f"item_{name}") for name in ("id", "kind", "why", "opened_at")]
    query = _REVISIT.add_columns(*item).join(work_items, work_items.c.revisit_id == revisits.c.id)
    query = query.where(work_items.c.closed_at.is_(None))
    if kind is not None:
        query = query.where(work_items.c.kind == kind)
    if after is not None:
        seen = sa.select(work_items.c.opened_at).where(work_items.c.id == after).scalar_subquery()
        query = query.where(sa.tuple_(work_items.c.opened_at, work_items.c.id) > sa.tuple_(seen, after))
    query = query.order_by(work_items.c.opened_at, work_items.c.id).limit(min(limit, MOST))
    return [
        WorkView(
            id=row.item_id,
            kind=row.item_kind,
            why=row.item_why,
            opened_at=_shown(row.item_opened_at),
            revisit=_view(RevisitView, row),
        )
        for row in connection.execute(query)
    ]


def outbox_after(connection: sa.Connection, after: int, limit: int = MOST) -> list[OutboxView]:
    """Return what the platform is to be told, with an id above `after` in the order of ids."""
    query = sa.select(outbox).where(outbox.c.id > after).order_by(outbox.c.id)
    return [_view(OutboxView, row) for row in connection.execute(query.limit(min(limit, MOST)))]


def _conditions(wanted: RevisitFilter) -> list[sa.ColumnElement[bool]]:
    equal = {
        revisits.c.case_number: wanted.case,
        revisits.c.verdict: wanted.verdict,
        cases.c.unit: wanted.unit,
        cases.c.district: wanted.district,
        cases.c.category: wanted.category,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if wanted.case is None:
        conditions.append(sa.not_(revisits.c.demo))
    if wanted.state is not None:
        conditions.append(
            revisits.c.verdict.is_(None) if wanted.state == "open" else revisits.c.verdict.is_not(None)
        )
    if wanted.due_before is not None:
        conditions.append(revisits.c.due_at < wanted.due_before)
    if wanted.since is not None:
        conditions.append(revisits.c.replied_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(revisits.c.replied_at < wanted.until)
    return conditions


def _order(wanted: RevisitFilter) -> tuple[sa.ColumnElement[Any], bool]:
    """Return the column that a list goes by, which has an index, and whether the newest come first."""
    if wanted.state is not None:
        return (revisits.c.due_at, False) if wanted.state == "open" else (revisits.c.decided_at, True)
    of_a_time = wanted.since is not None or wanted.until is not None
    return (revisits.c.replied_at if of_a_time else revisits.c.id), True


def _beyond(
    connection: sa.Connection, key: sa.ColumnElement[Any], after: int, *, newest_first: bool
) -> sa.ColumnElement[bool]:
    """Return the condition that a row comes after the row with that id, in the order of `key` and id."""
    seen = connection.scalar(sa.select(key).where(revisits.c.id == after))
    if seen is None:
        return sa.false()
    here, there = sa.tuple_(key, revisits.c.id), sa.tuple_(sa.literal(seen, key.type), after)
    return here < there if newest_first else here > there


def _details(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[RevisitDetail]:
    rows = connection.execute(_REVISIT.where(which).order_by(revisits.c.round)).all()
    ids = [row.id for row in rows]
    of_task = sa.and_(attempts.c.campaign == CAMPAIGN, attempts.c.task_id.in_(ids))
    calls = connection.execute(sa.select(attempts).where(of_task).order_by(attempts.c.reserved_at)).all()
    told = _all(connection, evidence, evidence.c.attempt_id, [call.id for call in calls])
    parts = {
        table.name: _all(connection, table, table.c.revisit_id, ids)
        for table in (decisions, ratings, work_items)
    }
    return [
        RevisitDetail(
            **vars(_view(RevisitView, row)),
            attempts=[
                _view(AttemptView, call, evidence=[_view(EvidenceView, each) for each in told[call.id]])
                for call in calls
                if call.task_id == row.id
            ],
            decisions=[_view(DecisionView, each) for each in parts["decisions"][row.id]],
            ratings=[_view(RatingView, each) for each in parts["ratings"][row.id]],
            work=[_view(WorkItemView, each) for each in parts["work_items"][row.id]],
        )
        for row in rows
    ]


def _all(
    connection: sa.Connection, table: sa.Table, of: sa.Column[Any], keys: Sequence[Any]
) -> dict[Any, list[sa.Row[Any]]]:
    """Return the rows of a table by the key that they belong to, in the order of their ids."""
    found: dict[Any, list[sa.Row[Any]]] = {key: [] for key in keys}
    if keys:
        for row in connection.execute(sa.select(table).where(of.in_(keys)).order_by(table.c.id)):
            found[getattr(row, of.key)].append(row)
    return found


def _view(view: type[T], row: sa.Row[Any], **more: Any) -> T:
    names = (each.name for each in fields(view))  # type: ignore[arg-type]  # every view is a dataclass
    return view(**{name: _shown(getattr(row, name)) for name in names if name not in more}, **more)


def _shown(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
