"""Deemed verdicts, drawn at random for a person to call these citizens again (Art. 17)."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.revisit import Verdict
from telephony.store.outbound_tables import decisions, revisits
from telephony.store.tables import cases

_made = decisions.alias()
_LAST = sa.select(sa.func.max(_made.c.id)).where(_made.c.revisit_id == revisits.c.id).scalar_subquery()
_DEEMED = sa.and_(revisits.c.verdict == Verdict.DEEMED_SATISFIED.value, sa.not_(revisits.c.demo))


@dataclass(frozen=True, kw_only=True)
class DeemedCase:
    """A case that was deemed satisfied, with the two calls that it rests on. Times are Shanghai's."""

    revisit_id: int
    case_number: str
    round: int
    subject: str | None
    category: str | None
    district: str | None
    unit: str | None
    numbers: list[str]
    replied_at: datetime
    decided_at: datetime
    first_attempt: str
    second_attempt: str


def sample_of_deemed(
    connection: sa.Connection, since: datetime, until: datetime, size: int, seed: int
) -> list[DeemedCase]:
    """Return at most `size` deemed cases in force, replied to from `since` on and before `until`.

    They are spread over the units: one of each before a second of any. The same seed draws the same again;
    cases that are deemed meanwhile change little of it.
    """
    query = sa.select(revisits.c.id, cases.c.unit).join(cases, cases.c.case_number == revisits.c.case_number)
    period = revisits.c.replied_at >= since, revisits.c.replied_at < until
    of_unit: defaultdict[str | None, list[int]] = defaultdict(list)
    for revisit_id, unit in connection.execute(query.where(_DEEMED, *period)):
        of_unit[unit].append(revisit_id)
    drawn = _drawn(list(of_unit.items()), size, seed)
    rows = {row.id: row for row in connection.execute(_details(drawn))}
    return [_case(rows[each]) for each in drawn]


def _drawn(of_unit: Sequence[tuple[str | None, list[int]]], size: int, seed: int) -> list[int]:
    """Take from each unit in turn what a hash with the seed puts first."""
    ranked = [
        (place, _lot(seed, unit), each)
        for unit, ids in of_unit
        for place, each in enumerate(sorted(ids, key=lambda one: _lot(seed, one)))
    ]
    return [each for _, _, each in sorted(ranked)[:size]]


def _lot(seed: int, what: object) -> str:
    return hashlib.sha256(f"{seed}:{what!r}".encode()).hexdigest()


def _details(ids: Sequence[int]) -> sa.Select[Any]:
    return (
        sa.select(
            *(revisits.c.id, revisits.c.case_number, revisits.c.round, revisits.c.numbers),
            *(revisits.c.replied_at, revisits.c.decided_at),
            *(cases.c.subject, cases.c.category, cases.c.district, cases.c.unit),
            *(decisions.c.first_attempt, decisions.c.second_attempt),
        )
        .join(cases, cases.c.case_number == revisits.c.case_number)
        .join(decisions, decisions.c.id == _LAST)
        .where(revisits.c.id.in_(ids))
    )


def _case(row: sa.Row[Any]) -> DeemedCase:
    values = row._asdict()
    times = {name: values.pop(name).astimezone(SHANGHAI) for name in ("replied_at", "decided_at")}
    return DeemedCase(revisit_id=values.pop("id"), **values, **times)
