"""What citizens of each centre called about in the last weeks, summed up by the database (Art. 6).

A month has 55,000 calls: the database groups them, and only sums come here. A case belongs to the centre that
one of its citizen's numbers called last, and to the city's where none called, as with letters; an urging to
the centre whose call it was. A case counts where it was changed last. The demonstrations' are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.leader_topics import Spans
from telephony.rules.units import Unit
from telephony.store.outbound_tables import revisits
from telephony.store.tables import UtcTime, calls, case_numbers, cases, urgings

DISSATISFIED = "dissatisfied"


@dataclass(frozen=True)
class Weeks:
    """Two spans that touch: from `since` until `middle`, and from there until `until` (excluded).

    `home` is the centre of what came in by no call; calls of `demo_caller` are none.
    """

    since: datetime
    middle: datetime
    until: datetime
    home: str
    demo_caller: str


def _spans() -> defaultdict[Any, Spans]:
    return defaultdict(Spans)


@dataclass
class Counts:
    """What one centre's citizens called about. Names of units are codes where the directory knows them.

    Keys are (number called, key pressed). None is the name of what names no unit, or no district.
    """

    queues: defaultdict[str, Spans] = field(default_factory=_spans)
    keys: defaultdict[tuple[str, str], Spans] = field(default_factory=_spans)
    units: defaultdict[str | None, Spans] = field(default_factory=_spans)
    districts: defaultdict[str | None, Spans] = field(default_factory=_spans)


def counts(connection: sa.Connection, weeks: Weeks, units: Iterable[Unit]) -> dict[str, Counts]:
    """Return what was called about, by centre."""
    by_centre: defaultdict[str, Counts] = defaultdict(Counts)
    for row in connection.execute(_calls(weeks)):
        _put_calls(by_centre[row.centre], row)
    known = _named(units)
    for row in connection.execute(_matters(weeks)):
        _put_matter(by_centre[row.centre or weeks.home], row, known)
    return dict(by_centre)


def _calls(weeks: Weeks) -> sa.Select[Any]:
    # A call that reached no queue has no topic.
    groups = (calls.c.centre, calls.c.queue, calls.c.called_number, calls.c.key)
    query = sa.select(*groups, *_sums(calls.c.arrived_at, weeks)).group_by(*groups)
    return query.where(_came_in(weeks), calls.c.queue.is_not(None), calls.c.centre.is_not(None))


def _matters(weeks: Weeks) -> sa.CompoundSelect[Any]:
    """Return the sums of each kind: cases, urgings of them, and revisits that ended dissatisfied."""
    last = _last_called(weeks)
    here = last.c.case_number == cases.c.case_number
    changed = cases.outerjoin(last, here)
    asked_again = urgings.join(cases, cases.c.case_number == urgings.c.case_number)
    asked_again = asked_again.outerjoin(calls, calls.c.id == urgings.c.call_id)
    not_helped = revisits.join(cases, cases.c.case_number == revisits.c.case_number).outerjoin(last, here)
    unhappy = (revisits.c.verdict == DISSATISFIED, sa.not_(revisits.c.demo))
    return sa.union_all(
        _of_kind("cases", last, cases.c.updated_at, weeks).select_from(changed),
        _of_kind("urgings", calls, urgings.c.at, weeks).select_from(asked_again),
        _of_kind("dissatisfied", last, revisits.c.decided_at, weeks).select_from(not_helped).where(*unhappy),
    )


def _of_kind(what: str, called: Any, at: Any, weeks: Weeks) -> sa.Select[Any]:
    demo = sa.select(case_numbers.c.case_number).where(case_numbers.c.number == weeks.demo_caller)
    named = (called.c.centre, cases.c.unit, cases.c.district)
    kind = sa.literal_column(f"'{what}'", sa.String).label("what")
    query = sa.select(kind, *named, *_sums(at, weeks)).group_by(*named)
    return query.where(_within(at, weeks), cases.c.case_number.not_in(demo))


def _sums(at: Any, weeks: Weeks) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    middle = sa.bindparam(None, weeks.middle, UtcTime)
    return (
        sa.func.sum(sa.case((at >= middle, 1), else_=0)).label("last"),
        sa.func.sum(sa.case((at < middle, 1), else_=0)).label("before"),
    )


def _within(at: Any, weeks: Weeks) -> sa.ColumnElement[bool]:
    return sa.and_(at >= weeks.since, at < weeks.until)


def _came_in(weeks: Weeks) -> sa.ColumnElement[bool]:
    caller = calls.c.caller_number
    somebody = sa.or_(caller.is_(None), caller != weeks.demo_caller)
    return sa.and_(calls.c.direction == "inbound", somebody, _within(calls.c.arrived_at, weeks))


def _last_called(weeks: Weeks) -> sa.CTE:
    """Return of each case the centre that its citizen called last: found once, in one pass over the calls."""
    newest_first = (calls.c.arrived_at.desc(), calls.c.id.desc())
    nth = sa.func.row_number().over(partition_by=case_numbers.c.case_number, order_by=newest_first)
    each = sa.select(case_numbers.c.case_number, calls.c.centre, nth.label("nth"))
    each = each.join(case_numbers, case_numbers.c.number == calls.c.caller_number)
    found = each.where(_came_in(weeks), calls.c.centre.is_not(None)).subquery("called")
    return sa.select(found.c.case_number, found.c.centre).where(found.c.nth == 1).cte("last_called")


def _named(units: Iterable[Unit]) -> dict[str, Unit]:
    """Return units by code and by name: the case platform may send either."""
    found = list(units)
    return {unit.name: unit for unit in found} | {unit.code: unit for unit in found}


def _put_calls(counted: Counts, row: Any) -> None:
    spans = [counted.queues[row.queue]]
    if row.key is not None and row.called_number is not None:
        spans.append(counted.keys[row.called_number, row.key])
    for each in spans:
        each.last.calls += int(row.last)
        each.before.calls += int(row.before)


def _put_matter(counted: Counts, row: Any, known: Mapping[str, Unit]) -> None:
    unit = known.get(row.unit or "")
    # A case that names no district is its unit's, which may have one.
    district = row.district or (unit.district if unit else None)
    for spans in (counted.units[unit.code if unit else row.unit or None], counted.districts[district]):
        for tally, count in ((spans.last, row.last), (spans.before, row.before)):
            setattr(tally, row.what, getattr(tally, row.what) + int(count))
