"""Agents' time by state, one row for each stretch, kept beside the events of agents' changes.

The events are the truth. A month of them is 1,200,000 rows of JSON, which figures cannot read in time, so
each new one cuts the agent's time here as well, in the same transaction. `--recompute` reads the events only.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from telephony.rules.call_story import Happening
from telephony.rules.service_figures import instant_us
from telephony.store.service_tables import agent_spells
from telephony.store.tables import events

AGENT = "agent"
"""The kind of an event that tells of an agent's change."""
_KEYS: sa.BindParameter[list[str]] = sa.bindparam("keys", expanding=True)
_TOLD = sa.select(events.c.key).where(events.c.key.in_(_KEYS))
_MINE = agent_spells.c.agent == sa.bindparam("of")
_AT = sa.bindparam("at", type_=sa.BigInteger)
_BEFORE = (
    sa.select(agent_spells.c.begins_us, agent_spells.c.nth, agent_spells.c.ends_us)
    .where(_MINE, agent_spells.c.begins_us <= _AT)
    .order_by(agent_spells.c.begins_us.desc(), agent_spells.c.nth.desc())
    .limit(1)
)
_AFTER = sa.select(sa.func.min(agent_spells.c.begins_us)).where(_MINE, agent_spells.c.begins_us > _AT)
_END = (
    agent_spells.update()
    .where(
        _MINE, agent_spells.c.begins_us == sa.bindparam("from_us"), agent_spells.c.nth == sa.bindparam("n")
    )
    .values(ends_us=_AT)
)
Told = tuple[str | None, Happening]


def new_changes(connection: sa.Connection, happened: Iterable[Told]) -> list[Told]:
    """Return the changes of agents that are not among the events yet, each once; asked before they are."""
    changes = {event.key: (call_id, event) for call_id, event in happened if event.kind == AGENT}
    if not changes:
        return []
    told = set(connection.scalars(_TOLD, {"keys": list(changes)}))
    return [change for key, change in changes.items() if key not in told]


def follow(connection: sa.Connection, changes: Iterable[Told]) -> None:
    """Cut agents' time where they changed; a change that is told late is cut in where it belongs."""
    for call_id, event in changes:
        at = instant_us(event.at)
        mine = {"of": event.agent, "at": at}
        before = connection.execute(_BEFORE, mine).first()
        if before is None:
            ends, nth = connection.scalar(_AFTER, mine), 0
        else:
            ends, nth = before.ends_us, before.nth + 1 if before.begins_us == at else 0
            connection.execute(_END, {**mine, "from_us": before.begins_us, "n": before.nth})
        row = {"agent": event.agent, "begins_us": at, "nth": nth, "ends_us": ends, "call_id": call_id}
        row |= {"state": event.data["to"], "ring": event.data.get("ring")}
        connection.execute(agent_spells.insert(), row)
