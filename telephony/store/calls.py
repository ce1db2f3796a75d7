"""Calls, legs and the append-only list of events, in and out of the store."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.call_story import CONFERENCE, ENDED, Call, Happening, Leg
from telephony.store import agent_spells, transfers
from telephony.store.tables import calls, events, insert_once, legs, upsert

_CALL_FIELDS = tuple(name for name in Call.__dataclass_fields__ if name != "legs")
_LEG_FIELDS = tuple(Leg.__dataclass_fields__)
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_CALLS = sa.select(*(calls.c[name] for name in _CALL_FIELDS)).where(calls.c.id.in_(_IDS))
_LEGS = sa.select(legs).where(legs.c.call_id.in_(_IDS))

_UNDECIDED = sa.and_(calls.c.state == "arrived", calls.c.route_reason.is_(None))


def load(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Call]:
    """Return those of these calls that the ledger knows, with their legs."""
    wanted = {"ids": list(ids)}
    rows = connection.execute(_CALLS, wanted)
    found = {row.id: Call(**row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public accessor
    for row in connection.execute(_LEGS, wanted):
        leg = Leg(**{name: getattr(row, name) for name in _LEG_FIELDS})
        found[row.call_id].legs[leg.id] = leg
    return found


def live(connection: sa.Connection, worker: str = "") -> dict[str, Call]:
    """Return every call on a worker's switch that has not ended; without a worker every one."""
    ids = connection.scalars(sa.select(calls.c.id).where(calls.c.state != ENDED, is_on(worker)))
    return load(connection, ids.all())


def is_on(worker: str) -> sa.ColumnElement[bool]:
    """Say which calls are on a worker's switch: its own, and those of before of which nobody knows.

    Without a worker there is one switch.
    """
    return sa.or_(calls.c.worker.is_(None), calls.c.worker == worker) if worker else sa.true()


def save(connection: sa.Connection, changed: Iterable[Call], worker: str | None = None) -> None:
    """Write these calls, on this worker's switch, and their legs; that of a call that had ended stays."""
    rows = list(changed)
    if not rows:
        return
    call_rows = [{**_fields(call, _CALL_FIELDS), "marks": [], "worker": worker} for call in rows]
    _upsert(connection, calls, call_rows, (*(name for name in _CALL_FIELDS if name != "id"), "worker"))
    leg_rows = [
        {**_fields(leg, _LEG_FIELDS), "call_id": call.id} for call in rows for leg in call.legs.values()
    ]
    if leg_rows:
        _upsert(connection, legs, leg_rows, tuple(name for name in leg_rows[0] if name != "id"))


def append(connection: sa.Connection, told: Iterable[tuple[str | None, Happening]]) -> None:
    """Append events, each with its call's id; one whose key is there already is the same event told twice.

    A transfer that is under way on a call goes on by what happens to the call, an agent's time is cut where
    the agent changed.
    """
    happened = list(told)
    rows = [
        {
            "at": event.at,
            "kind": event.kind,
            "call_id": call_id,
            "agent": event.agent,
            "data": dict(event.data),
            "key": event.key,
        }
        for call_id, event in happened
    ]
    if rows:
        changes = agent_spells.new_changes(connection, happened)
        connection.execute(insert_once(connection.dialect.name, events), rows)
        agent_spells.follow(connection, changes)
        transfers.follow(connection, happened)


def route(
    connection: sa.Connection, call_id: str, now: datetime, decision: dict[str, Any], worker: str = ""
) -> None:
    """Store what was decided for a call on a worker's switch, of which the journal may not have told us yet.

    A decision that comes too late, because the dialplan has gone on without it, changes nothing.
    """
    new = {"id": call_id, "direction": "inbound", "state": "arrived", "arrived_at": now, "marks": []}
    new["worker"] = worker
    undecided = upsert(connection.dialect.name, calls, "id", tuple(decision), _UNDECIDED)
    connection.execute(undecided, {**new, **decision})


def open_outbound(
    connection: sa.Connection, numbers: Iterable[tuple[str, str]], now: datetime, mark: str, worker: str = ""
) -> None:
    """Enter calls that a worker is about to place, each as its id and the citizen's number."""
    rows = [
        {
            "id": call_id,
            "direction": "outbound",
            "state": "dialling",
            "arrived_at": now,
            "caller_number": number,
            "marks": [mark],
            "worker": worker,
        }
        for call_id, number in numbers
    ]
    if rows:
        connection.execute(insert_once(connection.dialect.name, calls), rows)


def open_conference(
    connection: sa.Connection, call_id: str, now: datetime, centre: str | None, worker: str = ""
) -> None:
    """Enter a coordination conference (Art. 12) that a worker is about to call together: it has no citizen.

    It ends when the last of its legs has hung up; one that nobody came to is closed by `close_outbound`.
    """
    row = {"id": call_id, "direction": CONFERENCE, "state": "dialling", "arrived_at": now, "marks": []}
    connection.execute(
        insert_once(connection.dialect.name, calls), [{**row, "centre": centre, "worker": worker}]
    )


def close_unattended(connection: sa.Connection, call_id: str, now: datetime) -> None:
    """Close a conference that nobody came to; one that somebody came to ends with its legs."""
    came = sa.exists().where(legs.c.call_id == call_id, legs.c.bridged_at.is_not(None))
    if not connection.scalar(sa.select(came)):
        close_outbound(connection, call_id, "not_reached", now)


def close_outbound(connection: sa.Connection, call_id: str, outcome: str, now: datetime) -> None:
    """Close a call of ours, unless the journal has told of its end already."""
    live = sa.and_(calls.c.id == call_id, calls.c.state != ENDED)
    ended = {"state": ENDED, "ended_at": now, "ended_by": "system", "outcome": outcome}
    connection.execute(calls.update().where(live).values(**ended))


def answered_at(connection: sa.Connection, call_id: str) -> datetime | None:
    """Return when the switch's journal says that a call of ours was answered."""
    return connection.scalar(sa.select(legs.c.answered_at).where(legs.c.id == call_id))


def _fields(thing: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def _upsert(
    connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], changed: tuple[str, ...]
) -> None:
    connection.execute(upsert(connection.dialect.name, table, "id", changed), rows)
