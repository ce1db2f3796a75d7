"""Three-way calls in and out of the store: who is on a call, begin one, write what changed, take one up."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.store.tables import calls, case_numbers, cases, inserted_id, legs, upsert
from telephony.store.threeway_tables import (
    asks,
    invitations,
    participants,
    roll_calls,
    three_ways,
)

# Made once: building a statement costs more than SQLite takes to do it.
_CALL = sa.select(calls).where(calls.c.id == sa.bindparam("call"))
_TALKING = (
    sa.select(legs)
    .where(legs.c.call_id == sa.bindparam("call"), legs.c.ended_at.is_(None), legs.c.bridged_at.is_not(None))
    .order_by(legs.c.bridged_at)
)
_LIVE_ON = sa.select(three_ways.c.id).where(
    three_ways.c.call_id == sa.bindparam("call"), three_ways.c.ended_at.is_(None)
)
_NUMBERS: sa.BindParameter[list[str]] = sa.bindparam("numbers", expanding=True)
_ENGAGED = sa.select(asks.c.number).where(
    asks.c.number.in_(_NUMBERS), asks.c.ended_at.is_(None), asks.c.exclusive
)
_NEW_ASK = asks.insert()
LONGEST = timedelta(hours=12)
"""No conversation lasts longer: what is held since then was left behind by a service that never came back."""
_LEFT_BEHIND = (
    asks.update()
    .where(asks.c.number.in_(_NUMBERS), asks.c.ended_at.is_(None), asks.c.asked_at < sa.bindparam("before"))
    .values(ended_at=sa.bindparam("at"), state="unknown")
)
_UPDATE = three_ways.update().where(three_ways.c.id == sa.bindparam("reference"))
_KEYS: dict[sa.Table, tuple[str, ...]] = {
    participants: ("three_way_id", "leg_id"),
    invitations: ("id",),
    asks: ("leg_id",),
}


@dataclass(frozen=True)
class OnCall:
    """The two who talk in a call of the ledger; each leg is a channel's id."""

    citizen_leg: str
    citizen: str | None
    agent_leg: str
    agent: str
    centre: str | None
    marks: Sequence[str]


def on_call(connection: sa.Connection, call_id: str) -> OnCall | None:
    """Return who talks in a call now; None unless a citizen and an agent do."""
    call = connection.execute(_CALL, {"call": call_id}).first()
    if call is None:
        return None
    found = {leg.role: leg for leg in connection.execute(_TALKING, {"call": call_id})}
    citizen, agent = found.get("citizen"), found.get("agent")
    if citizen is None or agent is None:
        return None
    return OnCall(citizen.id, call.caller_number, agent.id, agent.party, call.centre, call.marks)


def call_of_agent(connection: sa.Connection, agent: str) -> str | None:
    """Return the call in which an agent talks with a citizen now."""
    query = sa.select(legs.c.call_id).where(
        legs.c.party == agent,
        legs.c.role == "agent",
        legs.c.ended_at.is_(None),
        legs.c.bridged_at.is_not(None),
    )
    return connection.scalar(query.order_by(legs.c.bridged_at.desc()).limit(1))


def is_confidential(connection: sa.Connection, case_number: str | None, citizen: str | None) -> bool:
    """Tell whether units get neither the citizen's number nor name.

    So it is if the case says so, or an open case of that citizen does, named or not; and for a case that we
    do not know, of which nobody can say.
    """
    if case_number is not None:
        known = connection.scalar(sa.select(cases.c.confidential).where(cases.c.case_number == case_number))
        if known is not False:
            return True
    if citizen is None:
        return False
    of_theirs = sa.select(cases.c.case_number).join(
        case_numbers, case_numbers.c.case_number == cases.c.case_number
    )
    secret = of_theirs.where(case_numbers.c.number == citizen, cases.c.open, cases.c.confidential)
    return connection.scalar(secret.limit(1)) is not None


def subject_of(connection: sa.Connection, case_number: str) -> str | None:
    """Return what a case is about."""
    return connection.scalar(sa.select(cases.c.subject).where(cases.c.case_number == case_number))


def live_on(connection: sa.Connection, call_id: str) -> int | None:
    """Return the three-way call that is under way on a call."""
    return connection.scalar(_LIVE_ON, {"call": call_id})


def begin(connection: sa.Connection, row: Mapping[str, Any]) -> int:
    """Enter a three-way call; return its id, which is the conference's number."""
    return inserted_id(connection.execute(three_ways.insert().values(**row)))


def save(connection: sa.Connection, changed: Mapping[sa.Table, Sequence[Mapping[str, Any]]]) -> None:
    """Write rows, new or known, a table after the other."""
    for table in (participants, invitations, asks):
        rows = [dict(row) for row in changed.get(table, ())]
        if rows:
            key = _KEYS[table]
            names = tuple(name for name in rows[0] if name not in key)
            connection.execute(upsert(connection.dialect.name, table, key, names), rows)
    for row in changed.get(three_ways, ()):
        connection.execute(_UPDATE, {"reference": row["id"], **row})


def order_asks(connection: sa.Connection, new: Iterable[Mapping[str, Any]]) -> None:
    """Enter numbers that we are about to ring."""
    if rows := [dict(row) for row in new]:
        connection.execute(_NEW_ASK, rows)


def engaged(connection: sa.Connection, numbers: Collection[str], now: datetime) -> set[str]:
    """Return those of these numbers, each a line of a unit, that we ring or hold at this moment.

    What an installation left behind that died for good is closed: it would hold a number for ever.
    """
    connection.execute(_LEFT_BEHIND, {"numbers": list(numbers), "before": now - LONGEST, "at": now})
    return set(connection.scalars(_ENGAGED, {"numbers": list(numbers)}))


def close_case(connection: sa.Connection, case_number: str, now: datetime) -> bool:
    """Note that a case is done; return whether we know it."""
    done = cases.update().where(cases.c.case_number == case_number)
    return bool(connection.execute(done.values(open=False, updated_at=now)).rowcount)


def enter_roll_call(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Keep who was there, and who was not, when it was asked."""
    connection.execute(roll_calls.insert().values(**row))


@dataclass(frozen=True)
class Stored:
    """A three-way call as the store has it, with its rows."""

    row: sa.Row[Any]
    citizen_number: str | None
    participants: Sequence[sa.Row[Any]]
    invitations: Sequence[sa.Row[Any]]
    asks: Sequence[sa.Row[Any]]


def open_ones(connection: sa.Connection, worker: str) -> list[Stored]:
    """Return this installation's three-way calls that are not over, or of which somebody has not gone yet."""
    there = sa.select(participants.c.three_way_id).where(participants.c.state != "gone")
    invited = invitations.join(asks, asks.c.invitation_id == invitations.c.id)
    rung = sa.select(invitations.c.three_way_id).select_from(invited).where(asks.c.ended_at.is_(None))
    loose = three_ways.c.ended_at.is_(None) | three_ways.c.id.in_(there) | three_ways.c.id.in_(rung)
    query = sa.select(three_ways).where(three_ways.c.worker == worker, loose)
    return [_stored(connection, row) for row in connection.execute(query.order_by(three_ways.c.id)).all()]


def _stored(connection: sa.Connection, row: sa.Row[Any]) -> Stored:
    def of(table: sa.Table, condition: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
        return connection.execute(sa.select(table).where(condition)).all()

    number = connection.scalar(sa.select(calls.c.caller_number).where(calls.c.id == row.call_id))
    invited = of(invitations, invitations.c.three_way_id == row.id)
    of_these = asks.c.invitation_id.in_([each.id for each in invited])
    people = of(participants, participants.c.three_way_id == row.id)
    return Stored(row, number, people, invited, of(asks, of_these))
