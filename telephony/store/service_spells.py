"""Agents' time by state, in whole microseconds, from the stretches that their changes cut it into."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import EPOCH, HOUR_US, Sums, by_hour, instant_us
from telephony.store.service_groups import Summed
from telephony.store.service_sums import Scope
from telephony.store.service_tables import agent_spells
from telephony.store.tables import agents

NOT_THERE = "logged_out"


def take_spells(connection: sa.Connection, scope: Scope, now: datetime, into: Summed) -> None:
    """Add how long agents were in which state between `since` and `until`, or `now`.

    One statement an agent: the rows lie in its order, and nothing has to be sorted.
    """
    since, until = instant_us(scope.since), instant_us(min(scope.until, max(now, scope.since)))
    hours: dict[int, Counter[str]] = {}
    for agent in connection.scalars(sa.select(agents.c.number)).all():
        states: Counter[str] = Counter()
        found = connection.execute(_STATES, {"of": agent, "since": since, "until": until})
        for state, hour, begins, lasted in found:
            states[state] += int(lasted)
            if state == NOT_THERE:
                continue
            parts = [(hour, lasted)] if begins is None else by_hour(begins, begins + lasted)
            for at, part in parts:
                hours.setdefault(at, Counter())[state] += int(part)
        put_states(into, agent, states)
    put_hours(into, hours)


def put_states(into: Summed, agent: str, states: Counter[str]) -> None:
    """Add an agent's time by state."""
    if states:
        sums = Sums(states_us=states)
        into.of_agent(agent, sums)
        into.placed(agent, sums)


def put_hours(into: Summed, hours: dict[int, Counter[str]]) -> None:
    """Add all agents' time by state of each hour since 1970."""
    for hour, states in hours.items():
        at = (EPOCH + timedelta(hours=hour)).astimezone(UTC)
        into.at_hour(f"{at:%Y-%m-%d %H}", Sums(states_us=states))


def _states() -> sa.Select[Any]:
    """Return an agent's time by state and hour; a stretch over a full hour alone, with its beginning."""
    mine = agent_spells.c.agent == sa.bindparam("of")
    since, until = (sa.bindparam(name, type_=sa.BigInteger) for name in ("since", "until"))
    at, ended = agent_spells.c.begins_us, agent_spells.c.ends_us
    before = sa.select(sa.func.max(at)).where(mine, at <= since).scalar_subquery()
    inside = (
        sa.select(
            agent_spells.c.state,
            sa.case((at > since, at), else_=since).label("begins"),
            sa.case((ended < until, ended), else_=until).label("ends"),
        )
        .where(mine, at >= sa.func.coalesce(before, since), at < until)
        .subquery("inside")
    )
    begins, ends = inside.c.begins, inside.c.ends
    hour = begins // HOUR_US
    alone = sa.case((hour != (ends - 1) // HOUR_US, begins))
    grouped = sa.select(inside.c.state, hour.label("hour"), alone.label("alone"), sa.func.sum(ends - begins))
    return grouped.where(ends > begins).group_by(
        inside.c.state, sa.literal_column("hour"), sa.literal_column("alone")
    )


_STATES = _states()
