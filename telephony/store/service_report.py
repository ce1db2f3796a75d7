"""The service figures of a time: all calls, apart in outages and storms, and by number, queue, centre, agent.

What is declared is shown apart and stays in every other figure: nothing is left out in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.service_figures import Figures, Sums, Window, figures, worst_day
from telephony.store import outages
from telephony.store.incident_tables import storms
from telephony.store.outages import OutageView
from telephony.store.service_groups import Summed
from telephony.store.service_returns import take_returns
from telephony.store.service_spells import take_spells
from telephony.store.service_sums import Minutes, Scope, take_calls

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


def scope_of(connection: sa.Connection, scope: Scope) -> Scope:
    """Return the scope with what was declared in its time."""
    declared = outages.listed(connection, scope.since, scope.until)
    spans = [(OUTAGE, (each.starts_at, each.ends_at)) for each in declared]
    spans += [(STORM, span) for span in _storms(connection, scope)]
    return Scope(scope.since, scope.until, scope.demo_caller, scope.rules, spans)


def _storms(connection: sa.Connection, scope: Scope) -> list[tuple[datetime, datetime]]:
    """Return the storms that touch the time, each until it was switched off or over by itself."""
    ended = sa.func.coalesce(storms.c.off_at, storms.c.ends_at)
    query = sa.select(storms.c.starts_at, storms.c.off_at, storms.c.ends_at)
    touching = query.where(storms.c.starts_at < scope.until, ended > scope.since)
    rows = connection.execute(touching.order_by(storms.c.starts_at))
    return [(row.starts_at, min(row.off_at or row.ends_at, row.ends_at)) for row in rows]


def summed(
    connection: sa.Connection, scope: Scope, centres: Mapping[str, str], now: datetime
) -> tuple[Summed, Minutes]:
    """Return what the database sums of calls, agents' time and returns; `tell_hours` has to follow."""
    found = Summed(centres)
    minutes = take_calls(connection, scope, now, found)
    take_spells(connection, scope, now, found)
    take_returns(connection, scope, found)
    return found, minutes


def report(
    connection: sa.Connection, scope: Scope, centres: Mapping[str, str], now: datetime
) -> ServiceReport:
    """Return the figures as they are at `now`; `centres` says of each agent which centre's it is."""
    scope = scope_of(connection, scope)
    found, minutes = summed(connection, scope, centres, now)
    found.tell_hours()
    rules = scope.rules
    return ServiceReport(
        since=scope.since.astimezone(SHANGHAI),
        until=scope.until.astimezone(SHANGHAI),
        within_seconds=rules.within_seconds,
        short_seconds=rules.short_seconds,
        target=rules.target,
        total=figures(None, found.total),
        outside=figures("outside", found.apart.get("", Sums())),
        outages=figures(OUTAGE, found.apart.get(OUTAGE, Sums())),
        storms=figures(STORM, found.apart.get(STORM, Sums())),
        worst_24h=_worst(minutes, scope, {"", OUTAGE, STORM}),
        worst_24h_outside=_worst(minutes, scope, {""}),
        declared=outages.listed(connection, scope.since, scope.until),
        numbers=_groups(found.numbers),
        queues=_groups(found.queues),
        centres=_groups(found.centres),
        agents=_groups({name: sums for name, sums in found.agents.items() if name is not None}),
        hours=_groups(found.hours),
        days=_groups(found.days),
    )


def _groups(found: Mapping[str | None, Sums]) -> list[Figures]:
    names = sorted(found, key=lambda name: (name is None, name))
    return [figures(name, found[name]) for name in names]


def _worst(taken: Minutes, scope: Scope, parts: set[str]) -> Window | None:
    minutes: dict[datetime, tuple[int, int]] = {}
    for (at, apart), (counted, answered) in taken.items():
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
