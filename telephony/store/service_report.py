"""The service figures of a time: all calls, apart in outages and storms, and by number, queue, centre, agent.

What is declared is shown apart and stays in every other figure: nothing is left out in silence.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.service_figures import Figures, Sums, Window, figures, worst_day
from telephony.store import outages
from telephony.store.outages import OutageView
from telephony.store.returns import RULES
from telephony.store.service_spells import Spells, take_spells
from telephony.store.service_sums import EPOCH, Row, Scope, Taken, take_calls, text_of, within
from telephony.store.tables import calls, metadata
from telephony.store.threeway_tables import returns

OUTAGE, STORM = "outage", "storm"


@dataclass(frozen=True, kw_only=True)
class ServiceReport:
    """The figures of the calls that arrived from `since` on and before `until` (Asia/Shanghai).

    `total` has them all; `outages` and `storms` those that arrived in one, `outside` the rest. `worst_24h` is
    of all, `worst_24h_outside` without those in outages and storms; None in less than 24 h. In `hours` and
    `days` a call stands where it arrived, an agent's time where it was spent.
    """

    since: datetime
    until: datetime
    within_seconds: float
    short_seconds: float
    target: float
    total: Figures
    outside: Figures
    outages: Figures
    storms: Figures
    worst_24h: Window | None
    worst_24h_outside: Window | None
    declared: Sequence[OutageView]
    numbers: Sequence[Figures]
    queues: Sequence[Figures]
    centres: Sequence[Figures]
    agents: Sequence[Figures]
    hours: Sequence[Figures]
    days: Sequence[Figures]


@dataclass(frozen=True)
class Summed:
    """The same as sums, by name of the group: what two ways of counting are compared by."""

    total: Sums
    apart: Mapping[str, Sums]
    numbers: Mapping[str | None, Sums]
    queues: Mapping[str | None, Sums]
    centres: Mapping[str | None, Sums]
    agents: Mapping[str | None, Sums]
    hours: Mapping[str | None, Sums]
    days: Mapping[str | None, Sums]


def scope_of(connection: sa.Connection, scope: Scope) -> Scope:
    """Return the scope with what was declared in its time."""
    declared = outages.listed(connection, scope.since, scope.until)
    spans = [(OUTAGE, (each.starts_at, each.ends_at)) for each in declared]
    spans += [(STORM, span) for span in _storms(connection, scope)]
    return Scope(scope.since, scope.until, scope.demo_caller, scope.rules, spans)


def _storms(connection: sa.Connection, scope: Scope) -> list[tuple[datetime, datetime]]:
    """Return the storms that touch the time, each until it was switched off or over by itself."""
    storms = metadata.tables.get("storms")
    if storms is None:
        return []
    ended = sa.func.coalesce(storms.c.off_at, storms.c.ends_at)
    query = sa.select(storms.c.starts_at, storms.c.off_at, storms.c.ends_at)
    touching = query.where(storms.c.starts_at < scope.until, ended > scope.since)
    rows = connection.execute(touching.order_by(storms.c.starts_at))
    return [(row.starts_at, min(row.off_at or row.ends_at, row.ends_at)) for row in rows]


def report(
    connection: sa.Connection, scope: Scope, centres: Mapping[str, str], now: datetime
) -> ServiceReport:
    """Return the figures as they are at `now`; `centres` says of each agent which centre's it is."""
    scope = scope_of(connection, scope)
    taken, spells = take_calls(connection, scope, now), take_spells(connection, scope, now)
    taken.rows += _returns(connection, scope)
    summed = summed_up(taken, spells, centres)
    rules = scope.rules
    return ServiceReport(
        since=scope.since.astimezone(SHANGHAI),
        until=scope.until.astimezone(SHANGHAI),
        within_seconds=rules.within_seconds,
        short_seconds=rules.short_seconds,
        target=rules.target,
        total=figures(None, summed.total),
        outside=figures("outside", summed.apart.get("", Sums())),
        outages=figures(OUTAGE, summed.apart.get(OUTAGE, Sums())),
        storms=figures(STORM, summed.apart.get(STORM, Sums())),
        worst_24h=_worst(taken, scope, {"", OUTAGE, STORM}),
        worst_24h_outside=_worst(taken, scope, {""}),
        declared=outages.listed(connection, scope.since, scope.until),
        numbers=_groups(summed.numbers),
        queues=_groups(summed.queues),
        centres=_groups(summed.centres),
        agents=_groups({name: sums for name, sums in summed.agents.items() if name is not None}),
        hours=_groups(summed.hours),
        days=_groups(summed.days),
    )


def summed_up(taken: Taken, spells: Spells, centres: Mapping[str, str]) -> Summed:
    """Add up what the database told."""
    taken.rows += spells.rows
    by = {
        "apart": _by(taken.rows, lambda row: row.apart),
        "numbers": _by(taken.rows, lambda row: row.number),
        "queues": _by(taken.rows, lambda row: row.queue),
        "centres": _by(taken.rows, lambda row: row.centre),
        "hours": _by(taken.rows, lambda row: f"{row.hour.astimezone(SHANGHAI):%H}"),
        "days": _by(taken.rows, lambda row: f"{row.hour.astimezone(SHANGHAI):%Y-%m-%d}"),
    }
    total, agents = Sums(), dict(taken.agents)
    for row in taken.rows:
        total.add(row.sums)
    for agent, states in spells.agents.items():
        mine = agents.setdefault(agent, Sums())
        mine.wrap_up_us = states["wrap_up"]
        for sums in (mine, total, by["centres"].setdefault(centres.get(agent), Sums())):
            sums.states_us.update(states)
    for hour, states in spells.hours.items():
        at = (EPOCH + timedelta(hours=hour)).astimezone(SHANGHAI)
        for name, form in (("hours", "%H"), ("days", "%Y-%m-%d")):
            by[name].setdefault(f"{at:{form}}", Sums()).states_us.update(states)
    total.rings_missed = sum(sums.rings_missed for sums in agents.values())
    return Summed(total=total, agents=agents, **by)  # type: ignore[arg-type]  # no hour, day or part is None


def _by(rows: Iterable[Row], key: Callable[[Row], str | None]) -> dict[str | None, Sums]:
    found: dict[str | None, Sums] = {}
    for row in rows:
        found.setdefault(key(row), Sums()).add(row.sums)
    return found


def _groups(found: Mapping[str | None, Sums]) -> list[Figures]:
    names = sorted(found, key=lambda name: (name is None, name))
    return [figures(name, found[name]) for name in names]


def _worst(taken: Taken, scope: Scope, parts: set[str]) -> Window | None:
    minutes: dict[datetime, tuple[int, int]] = {}
    for (at, apart), (counted, answered) in taken.minutes.items():
        if apart in parts:
            before = minutes.get(at, (0, 0))
            minutes[at] = before[0] + counted, before[1] + answered
    since, until = scope.since.astimezone(UTC), scope.until.astimezone(UTC)
    found = worst_day(minutes, since, until, scope.rules.target)
    if found is None:
        return None
    return Window(
        found.starts_at.astimezone(SHANGHAI), found.counted, found.answered, found.rate, found.reached
    )


def _returns(connection: sa.Connection, scope: Scope) -> Iterable[Row]:
    """Yield the calls back that are owed for calls of this time: opened, and closed by whom, or open yet."""
    hour = text_of(connection, calls.c.arrived_at, 13)
    fate = sa.case(
        (returns.c.closed_at.is_(None), "open"), (returns.c.closed_by == RULES, "called_again"), else_="done"
    )
    query = (
        sa.select(hour, calls.c.called_number, calls.c.queue, calls.c.centre, calls.c.arrived_at, fate)
        .join(calls, calls.c.id == returns.c.call_id)
        .where(within(scope))
    )
    for hour_text, number, queue, centre, arrived, kind in connection.execute(query):
        at = datetime.fromisoformat(f"{hour_text}:00").replace(tzinfo=UTC)
        sums = Sums(returns=Counter({"opened": 1, kind: 1}))
        yield Row(at, number, queue, centre, apart_of(arrived, scope), sums)


def apart_of(arrived: datetime, scope: Scope) -> str:
    """Return what sets apart a call that arrived then: the first span that it lies in."""
    found = (kind for kind, (since, until) in scope.apart if since <= arrived < until)
    return next(found, "")
