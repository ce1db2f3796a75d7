"""Agents' time by state, from the events of their changes: each state lasts until the agent's next event.

The index `ix_events_agent_states` finds the changes of a time without the other events.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import HOUR_US, Sums, by_hour
from telephony.store.service_sums import Row, Scope, apart, micros, moment, text_of, within
from telephony.store.tables import UtcTime, agents, calls, events

NOT_THERE = "logged_out"
_CHANGES = events.c.kind == sa.literal_column("'agent'")  # no parameter: a partial index has to be recognised


@dataclass
class Spells:
    """Agents' microseconds by state: of each agent, of each hour since 1970; wrap-up by its call's place."""

    agents: dict[str, Counter[str]] = field(default_factory=dict)
    hours: dict[int, Counter[str]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


def take_spells(connection: sa.Connection, scope: Scope, now: datetime) -> Spells:
    """Return how long agents were in which state between `since` and `until`, or `now`."""
    taken = Spells()
    for row in connection.execute(_query(connection, scope, min(scope.until, max(now, scope.since)))):
        _put(taken, row)
    return taken


def _query(connection: sa.Connection, scope: Scope, end: datetime) -> sa.CompoundSelect[Any]:
    spells = _spells(connection, scope, end)
    lasted = spells.c.ends - spells.c.begins
    hour, last = spells.c.begins // HOUR_US, (spells.c.ends - 1) // HOUR_US
    nothing, zero = sa.literal_column("''", sa.String), sa.literal_column("0", sa.BigInteger)
    there = sa.and_(spells.c.state != NOT_THERE, lasted > 0)
    each_hour = text_of(connection, calls.c.arrived_at, 13)
    place = (each_hour, calls.c.called_number, calls.c.queue, calls.c.centre, apart(scope))
    return sa.union_all(
        _section(
            "agent", spells.c.agent, spells.c.state, nothing, nothing, nothing, zero, sa.func.sum(lasted)
        )
        .where(lasted > 0)
        .group_by(spells.c.agent, spells.c.state),
        _section("hour", nothing, spells.c.state, nothing, nothing, nothing, hour, sa.func.sum(lasted))
        .where(there, hour == last)
        .group_by(hour, spells.c.state),
        _section("long", nothing, spells.c.state, nothing, nothing, nothing, spells.c.begins, lasted).where(
            there, hour != last
        ),
        _section("call", *place, zero, sa.func.sum(lasted))
        .join(calls, calls.c.id == spells.c.call_id)
        .where(spells.c.state == "wrap_up", within(scope))
        .group_by(*place),
    )


def _section(what: str, *columns: Any) -> sa.Select[Any]:
    return sa.select(sa.literal_column(f"'{what}'", sa.String), *columns)


def _spells(connection: sa.Connection, scope: Scope, end: datetime) -> sa.CTE:
    """Return each stretch of time that an agent was in one state."""
    since, until = (sa.bindparam(None, at, UtcTime) for at in (scope.since, end))
    before = (
        sa.select(events.c.data["to"].as_string())
        .where(_CHANGES, events.c.agent == agents.c.number, events.c.at < since)
        .order_by(events.c.at.desc(), events.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    first = sa.select(
        agents.c.number.label("agent"),
        micros(connection, scope.since).label("at"),
        sa.literal_column("0", sa.BigInteger).label("id"),
        before.label("state"),
        sa.literal_column("NULL", sa.String).label("call_id"),
    )
    changes = sa.select(
        events.c.agent,
        micros(connection, events.c.at),
        events.c.id,
        events.c.data["to"].as_string(),
        events.c.call_id,
    ).join(agents, agents.c.number == events.c.agent)
    changes = changes.where(_CHANGES, events.c.at >= since, events.c.at < until)
    marks = sa.union_all(first, changes).subquery("marks")
    following = sa.func.lead(marks.c.at).over(partition_by=marks.c.agent, order_by=(marks.c.at, marks.c.id))
    ends = sa.func.coalesce(following, micros(connection, end))
    inner = sa.select(
        marks.c.agent, marks.c.state, marks.c.call_id, marks.c.at.label("begins"), ends.label("ends")
    ).subquery("stretches")
    return sa.select(inner).where(inner.c.state.is_not(None)).cte("spells")


def _put(taken: Spells, row: Any) -> None:
    what, name, state, queue, centre, apart_as, at, lasted = row
    if what == "agent":
        taken.agents.setdefault(name, Counter())[state] += int(lasted)
    elif what == "call":
        sums = Sums(wrap_up_us=int(lasted))
        taken.rows.append(Row(moment(f"{name}:00"), state, queue, centre, apart_as, sums))
    elif what == "hour":
        taken.hours.setdefault(int(at), Counter())[state] += int(lasted)
    else:
        for hour, part in by_hour(int(at), int(at) + int(lasted)):
            taken.hours.setdefault(hour, Counter())[state] += part
