"""The audit: every decision ever made is made again from stored evidence, and has to be the same (Art. 17).

What came in later, and would have made it another, is reported as `contradicted`. Nothing is changed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.callback.agreement import Books, Disagreement, of_attempt, of_decision, of_revisit
from telephony.callback.recompute import facts_from
from telephony.callback.rules_in_force import EveryDay
from telephony.rules.planner import Planner
from telephony.rules.revisit import Rules, rules_from
from telephony.rules.workdays import CHINA, WorkCalendar
from telephony.store import audited

MOST = 1000
"""Disagreements listed at most; all are counted."""
Row = Any
Planners = dict[tuple[str, bool], Planner]


@dataclass(frozen=True)
class AuditResult:
    """How much was compared, how many disagreements there are, and the first of them.

    `late` are listed too but not counted in `found`: calls that evidence which came late makes others. One
    whose end we missed stays unknown; a deemed verdict that rests on one is a disagreement of its own.
    """

    decisions: int
    attempts: int
    revisits: int
    found: int
    late: int
    disagreements: tuple[Disagreement, ...]

    @property
    def agrees(self) -> bool:
        """Whether everything stored is as its evidence has it."""
        return self.found == 0


def audit(
    connection: sa.Connection, calendar: WorkCalendar, *, case_number: str | None = None
) -> AuditResult:
    """Compare every decision, attempt and revisit, or those of one case, with the stored evidence.

    It reads in batches: memory does not grow with the store. A minute or so for 100,000 decisions.
    """
    sets = audited.rule_sets_of(connection)
    rules = _rules(sets)
    calendars = {False: calendar, True: EveryDay({})}
    planners = {
        (name, demo): Planner(each, calendars[demo]) for name, each in rules.items() for demo in calendars
    }
    floors = [(each.since, rules[each.version].ring_floor) for each in sets if each.version in rules]

    def of_decisions(rows: Sequence[Row]) -> Iterator[Disagreement]:
        books = _books(connection, rows, planners)
        return (each for row in rows for each in of_decision(row, books))

    def of_attempts(rows: Sequence[Row]) -> Iterator[Disagreement]:
        evidence = audited.evidence_of(connection, [row.id for row in rows])
        return (each for row in rows for each in of_attempt(row, evidence[row.id], _floor(floors, row)))

    def of_revisits(rows: Sequence[Row]) -> Iterator[Disagreement]:
        return (each for row in rows for each in of_revisit(row))

    tally = _Tally()
    return AuditResult(
        decisions=tally.take(_batches(connection, audited.decisions_after, 0, case_number), of_decisions),
        attempts=tally.take(_batches(connection, audited.attempts_after, "", case_number), of_attempts),
        revisits=tally.take(_batches(connection, audited.revisits_after, 0, case_number), of_revisits),
        found=tally.found,
        late=tally.late,
        disagreements=tuple(tally.listed),
    )


class _Tally:
    """Counts all disagreements and keeps the first."""

    def __init__(self) -> None:
        self.found = self.late = 0
        self.listed: list[Disagreement] = []

    def take(
        self,
        batches: Iterator[Sequence[Row]],
        compare: Callable[[Sequence[Row]], Iterator[Disagreement]],
    ) -> int:
        """Compare batch by batch and return how many rows there were."""
        rows = 0
        for batch in batches:
            rows += len(batch)
            new = list(compare(batch))
            self.late += sum(each.is_late for each in new)
            self.found += sum(not each.is_late for each in new)
            self.listed += new[: MOST - len(self.listed)]
        return rows


def _batches(
    connection: sa.Connection, read: Callable[..., Sequence[Row]], start: Any, case_number: str | None
) -> Iterator[Sequence[Row]]:
    after = start
    while batch := read(connection, after, case_number):
        yield batch
        after = batch[-1].id


def _rules(sets: Sequence[Row]) -> dict[str, Rules]:
    """Return the rules by version; those that cannot be read any more are none."""
    found = {}
    for each in sets:
        with suppress(KeyError, TypeError, ValueError):
            found[each.version] = rules_from(each.parameters)
    return found


def _books(connection: sa.Connection, rows: Sequence[Row], planners: Planners) -> Books:
    facts = {row.id: facts_from(row.facts) for row in rows}
    known = [each for each in facts.values() if each is not None]
    revisit_ids = {row.revisit_id for row in rows}
    numbers = {number for each in known for number in each.numbers}
    others = {past.id for each in known for past in each.others}
    since = datetime.combine(min(row.at for row in rows).astimezone(CHINA).date(), time(), CHINA)
    gap = max((planner.rules.number_gap for planner in planners.values()), default=timedelta())
    period = since - gap, max(row.at for row in rows)
    calls = audited.calls_about(connection, revisit_ids, numbers, others, period)
    own = [call.id for call in calls.values() if call.task_id in revisit_ids]
    evidence = audited.evidence_of(connection, own)
    return Books(facts, calls, evidence, audited.ratings_of(connection, revisit_ids), planners)


def _floor(floors: Sequence[tuple[datetime, int]], row: Row) -> float:
    """Return the ring floor of the newest rules at the time of a call; without any rules nothing counts.

    The first ones also hold for what seems to be older: the clock may have been set back.
    """
    before = [floor for since, floor in floors if since <= row.reserved_at]
    return before[-1] if before else floors[0][1] if floors else math.inf
