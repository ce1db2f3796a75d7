"""Refused matters (Art. 4): ordered by the agent, explained to the citizen on a recorded line, kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import ENDED, Datum, Happening
from telephony.rules.refusals import Refusal, outcome_of
from telephony.store import calls as call_rows
from telephony.store.calls import is_on
from telephony.store.service_tables import refusals
from telephony.store.tables import calls, inserted_id, legs
from telephony.store.threeway_tables import three_ways
from telephony.store.under_way import check
from telephony.texts import say

BEGUN, SAID = "refusal", "refusal_said"
"""What the dialplan says when it begins to explain, and when it has explained to the end."""
_TOLD = frozenset({BEGUN, SAID, ENDED})
_OPEN = refusals.c.outcome.is_(None)


@dataclass(frozen=True, kw_only=True)
class RefusalView:
    """A refused matter; times are Shanghai's.

    `outcome`: `said` to the end, `cut_short` by the citizen, `not_said` at all; None while it is under way.
    """

    id: int
    call_id: str
    kind: Refusal
    agent: str
    by: str
    note: str | None
    at: datetime
    recording: str | None
    outcome: str | None
    outcome_at: datetime | None


@dataclass(frozen=True)
class Order:
    """A refusal that the citizen is still to hear: which legs it concerns."""

    id: int
    call_id: str
    kind: Refusal
    at: datetime
    citizen_leg: str
    agent_leg: str


def order(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection, call_id: str, kind: Refusal, by: str, note: str | None, now: datetime
) -> Order:
    """Enter a refusal that is about to be explained.

    Raise UnknownThingError for no call, NotAllowedError where no agent talks with a citizen, in a three-way
    call, or while something else is under way.
    """
    call = connection.execute(sa.select(calls).where(calls.c.id == call_id)).first()
    if call is None:
        raise UnknownThingError(say("call.unknown", id=call_id))
    check(connection, call_id, but="refusal")
    there = sa.and_(legs.c.call_id == call_id, legs.c.bridged_at.is_not(None), legs.c.ended_at.is_(None))
    living = connection.execute(sa.select(legs).where(there).order_by(legs.c.bridged_at)).all()
    citizen = next((leg for leg in living if leg.role == "citizen"), None)
    agent = next((leg for leg in reversed(living) if leg.role == "agent"), None)
    if call.state != "talking" or citizen is None or agent is None:
        raise NotAllowedError(say("refusal.no_talk", call=call_id))
    conference = sa.exists().where(three_ways.c.call_id == call_id, three_ways.c.ended_at.is_(None))
    if connection.scalar(sa.select(conference)):
        raise NotAllowedError(say("refusal.three_way", call=call_id))
    if connection.scalar(sa.select(refusals.c.id).where(refusals.c.call_id == call_id, _OPEN)) is not None:
        raise NotAllowedError(say("refusal.twice", call=call_id))
    row = {"call_id": call_id, "kind": kind.value, "agent": agent.party, "by": by, "note": note, "at": now}
    row |= {
        "citizen_leg": citizen.id,
        "agent_leg": agent.id,
        "recording": citizen.recording or call.recording,
    }
    refusal_id = inserted_id(connection.execute(refusals.insert().values(**row)))
    _note(connection, call_id, refusal_id, now, "refusal_ordered", agent.party, matter=kind.value, by=by)
    return Order(refusal_id, call_id, kind, now, citizen.id, agent.id)


def told(connection: sa.Connection, happened: Iterable[tuple[str, Happening]]) -> None:
    """Let what the journal tells of calls count for the refusals under way in them."""
    found = [(call_id, event) for call_id, event in happened if event.kind in _TOLD]
    if not found:
        return
    ids = {call_id for call_id, _ in found}
    under_way = {
        row.call_id: row
        for row in connection.execute(sa.select(refusals).where(_OPEN)).all()
        if row.call_id in ids
    }
    begun = {call_id for call_id, row in under_way.items() if row.begun_at is not None}
    for call_id, event in found:
        row = under_way.get(call_id)
        if row is None or (event.at < row.at and event.kind != ENDED):
            continue
        if event.kind == BEGUN:
            begun.add(call_id)
            # A call that we placed was recorded with the agent's leg until now.
            own = sa.select(legs.c.recording).where(legs.c.id == row.citizen_leg).scalar_subquery()
            values = {"begun_at": event.at, "recording": sa.func.coalesce(own, refusals.c.recording)}
            connection.execute(refusals.update().where(refusals.c.id == row.id).values(**values))
        else:
            outcome = outcome_of(begun=call_id in begun, said=event.kind == SAID)
            close(connection, row.id, outcome, event.at)


def close(connection: sa.Connection, refusal_id: int, outcome: str, now: datetime) -> None:
    """Note what became of a refusal; one that has an outcome keeps it."""
    row = connection.execute(sa.select(refusals).where(refusals.c.id == refusal_id, _OPEN)).first()
    if row is None:
        return
    ended = {"outcome": outcome, "outcome_at": max(now, row.at)}
    connection.execute(refusals.update().where(refusals.c.id == refusal_id).values(**ended))
    _note(connection, row.call_id, refusal_id, now, "refusal_closed", row.agent, outcome=outcome)


def under_way(connection: sa.Connection, worker: str = "") -> list[Order]:
    """Return those, of calls on a worker's switch, that have no outcome yet; without a worker all."""
    names = ("id", "call_id", "kind", "at", "citizen_leg", "agent_leg")
    query = sa.select(*(refusals.c[name] for name in names)).outerjoin(
        calls, calls.c.id == refusals.c.call_id
    )
    rows = connection.execute(query.where(_OPEN, is_on(worker)))
    return [Order(row.id, row.call_id, Refusal(row.kind), row.at, *row[4:]) for row in rows]


def one(connection: sa.Connection, refusal_id: int) -> RefusalView:
    """Return one refusal; raise UnknownThingError."""
    row = connection.execute(sa.select(refusals).where(refusals.c.id == refusal_id)).first()
    if row is None:
        raise UnknownThingError(say("refusal.unknown", id=refusal_id))
    return _shown(row)


def listed(
    connection: sa.Connection, since: datetime | None, until: datetime | None, limit: int
) -> list[RefusalView]:
    """Return refusals, the newest first."""
    query = _within(sa.select(refusals), since, until).order_by(refusals.c.id.desc())
    return [_shown(row) for row in connection.execute(query.limit(limit))]


def counted(connection: sa.Connection, since: datetime | None, until: datetime | None) -> dict[str, int]:
    """Return how many there were of each kind, none left out; those not said at all are no refusals."""
    heard = sa.or_(_OPEN, refusals.c.outcome != "not_said")
    query = _within(sa.select(refusals.c.kind, sa.func.count().label("n")).where(heard), since, until)
    found = {row.kind: row.n for row in connection.execute(query.group_by(refusals.c.kind))}
    return {kind.value: found.get(kind.value, 0) for kind in Refusal}


def _within(query: sa.Select[Any], since: datetime | None, until: datetime | None) -> sa.Select[Any]:
    if since is not None:
        query = query.where(refusals.c.at >= since)
    return query if until is None else query.where(refusals.c.at < until)


def _note(  # noqa: PLR0913, PLR0917 - an event's own columns
    connection: sa.Connection,
    call_id: str,
    refusal_id: int,
    now: datetime,
    kind: str,
    agent: str,
    **data: Datum,
) -> None:
    happening = Happening(now, kind, f"{kind}:{refusal_id}", agent, {"refusal": refusal_id, **data})
    call_rows.append(connection, [(call_id, happening)])


def _shown(row: Any) -> RefusalView:
    values = {name: getattr(row, name) for name in RefusalView.__dataclass_fields__}
    for name in ("at", "outcome_at"):
        values[name] = values[name] and values[name].astimezone(SHANGHAI)
    return RefusalView(**values | {"kind": Refusal(row.kind)})
