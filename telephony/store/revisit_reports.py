"""How revisits went, by unit, district, category or day of the reply (Art. 16, 17, 26): counts and shares.

A deemed verdict is always counted apart from what a citizen said. Demonstrations are in no figure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from telephony.rules.revisit import RATED, Verdict
from telephony.rules.verdict import Outcome
from telephony.store.outbound_tables import attempts, revisits
from telephony.store.revisits import CAMPAIGN
from telephony.store.tables import cases

CONTACT = RATED | {Verdict.CONTACTED_UNRATED}
"""Verdicts that only follow when the citizen was spoken with, by whomever."""
STANDARD_ERRORS = 3
FEWEST_DECIDED, FEWEST_DEEMED = 20, 5
"""Below these the normal distribution says nothing of a share."""
DIGITS = 4


class Group(StrEnum):
    """By what the figures are grouped; `day` is that of the reply in Shanghai."""

    UNIT = "unit"
    DISTRICT = "district"
    CATEGORY = "category"
    DAY = "day"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class RevisitFigures:
    """The revisits of one group, or of all: None for the group of cases that name none.

    `due` are those whose deadline has passed. `decided` are finished; overdue ones are not (Art. 16), and
    `opened` is decided, overdue and open together. `in_time` were decided by their deadline, `late` are due
    and were not. Of `reached` somebody answered, or spoke with a person. Shares are of 1, None where there is
    nothing to divide by: `revisit_rate` decided of opened, `in_time_rate` of those in time or late,
    `reached_rate` of opened, satisfaction of the rated without the deemed, and of the rated and the deemed
    with these as satisfied, `deemed_share` of decided.
    """

    group: str | None
    opened: int
    due: int
    decided: int
    in_time: int
    late: int
    reached: int
    rated: int
    satisfied: int
    basically_satisfied: int
    dissatisfied: int
    deemed_satisfied: int
    contacted_unrated: int
    unreachable: int
    number_invalid: int
    overdue: int
    open: int
    revisit_rate: float | None
    in_time_rate: float | None
    reached_rate: float | None
    satisfaction_without_deemed: float | None
    satisfaction_with_deemed: float | None
    deemed_share: float | None
    deemed_outlier: bool = False


@dataclass(frozen=True)
class Report:
    """The figures of each group, in the order of their names, and of all together."""

    groups: Sequence[RevisitFigures]
    total: RevisitFigures


def report(
    connection: sa.Connection,
    group: Group,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Report:
    """Return the figures of the revisits replied to from `since` on and before `until`, as they are at `now`.

    `deemed_outlier` marks a group with a share of deemed above that of all others by more than three standard
    errors (two proportions, pooled), where it has at least 20 decided and 5 deemed: chance alone marks one in
    700. It says whose deemed verdicts are to be looked at first, not that they are wrong.
    """
    rows = [row._asdict() for row in connection.execute(_query(connection, group, now, since, until))]
    rows.sort(key=lambda row: (row["group"] is None, row["group"]))
    total = {name: sum(row[name] for row in rows) for name in _COUNTS}
    found = [_figures(row, outlier=_is_outlier(row, total)) for row in rows]
    return Report(found, _figures({"group": Group.ALL.value, **total}, outlier=False))


def _query(
    connection: sa.Connection, group: Group, now: datetime, since: datetime | None, until: datetime | None
) -> sa.Select[Any]:
    answered = sa.exists().where(
        attempts.c.campaign == CAMPAIGN,
        attempts.c.task_id == revisits.c.id,
        attempts.c.state == Outcome.ANSWERED.value,
    )
    query = sa.select(
        _key(connection, group).label("group"),
        *(revisits.c.verdict, revisits.c.due_at, revisits.c.decided_at),
        answered.label("answered"),
    ).join(cases, cases.c.case_number == revisits.c.case_number)
    query = query.where(sa.not_(revisits.c.demo))
    if since is not None:
        query = query.where(revisits.c.replied_at >= since)
    if until is not None:
        query = query.where(revisits.c.replied_at < until)
    each = query.subquery("each")
    counts = [_count(condition).label(name) for name, condition in _conditions(each.c, now).items()]
    return sa.select(each.c.group, *counts).group_by(each.c.group)


def _key(connection: sa.Connection, group: Group) -> sa.ColumnElement[Any]:
    if group is Group.ALL:
        return sa.literal(Group.ALL.value)
    if group is not Group.DAY:
        return cases.c[group.value]
    # The zone of China has been UTC+8 since before this hotline: a shift is right on both databases.
    if connection.dialect.name == "sqlite":
        return sa.func.date(revisits.c.replied_at, "+8 hours", type_=sa.String)
    local = sa.func.timezone("UTC", revisits.c.replied_at) + sa.text("interval '8 hours'")
    return sa.func.to_char(local, "YYYY-MM-DD", type_=sa.String)


def _conditions(each: Any, now: datetime) -> Mapping[str, sa.ColumnElement[bool]]:
    of_verdict = {verdict.value: each.verdict == verdict.value for verdict in Verdict}
    due = each.due_at <= now
    decided = sa.and_(each.verdict.is_not(None), each.verdict != Verdict.OVERDUE.value)
    in_time = sa.and_(decided, each.decided_at <= each.due_at)
    return {
        "opened": sa.true(),
        "due": due,
        "decided": decided,
        "in_time": in_time,
        "late": sa.and_(due, sa.not_(in_time)),
        "reached": sa.or_(each.answered, each.verdict.in_([verdict.value for verdict in CONTACT])),
        "rated": each.verdict.in_([verdict.value for verdict in RATED]),
        **of_verdict,
        "open": each.verdict.is_(None),
    }


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


_COUNTS = (
    *("opened", "due", "decided", "in_time", "late", "reached", "rated", "open"),
    *(verdict.value for verdict in Verdict),
)


def _figures(row: Mapping[str, Any], *, outlier: bool) -> RevisitFigures:
    content, deemed, rated = (
        row["satisfied"] + row["basically_satisfied"],
        row["deemed_satisfied"],
        row["rated"],
    )
    return RevisitFigures(
        group=row["group"],
        **{name: int(row[name]) for name in _COUNTS},
        revisit_rate=_share(row["decided"], row["opened"]),
        in_time_rate=_share(row["in_time"], row["in_time"] + row["late"]),
        reached_rate=_share(row["reached"], row["opened"]),
        satisfaction_without_deemed=_share(content, rated),
        satisfaction_with_deemed=_share(content + deemed, rated + deemed),
        deemed_share=_share(deemed, row["decided"]),
        deemed_outlier=outlier,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, DIGITS) if whole else None


def _is_outlier(row: Mapping[str, Any], total: Mapping[str, int]) -> bool:
    deemed, decided = row["deemed_satisfied"], row["decided"]
    others = total["decided"] - decided
    if decided < FEWEST_DECIDED or deemed < FEWEST_DEEMED or others == 0:
        return False
    pooled = total["deemed_satisfied"] / total["decided"]
    error = math.sqrt(pooled * (1 - pooled) * (1 / decided + 1 / others))
    excess = deemed / decided - (total["deemed_satisfied"] - deemed) / others
    return bool(excess > STANDARD_ERRORS * error)
