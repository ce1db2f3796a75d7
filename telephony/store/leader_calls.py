"""Who called on a leader day, what became of each, and who is still owed an answer (Art. 6).

A row holds what people say of a call; how it went is read from the ledger each time, so that the two cannot
come apart. Rows of a certified day never change again.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Datum, Happening
from telephony.rules.leader_day import CLOSED, OPEN
from telephony.rules.leader_register import ANSWERED_LATER, CALLED_BACK, may_be_noted, standing
from telephony.rules.leader_register import OPEN as STILL_OPEN
from telephony.store import calls as call_rows
from telephony.store.leader_evidence import Evidence, evidence
from telephony.store.leader_tables import leader_calls, leader_days
from telephony.store.returns import RULES
from telephony.store.tables import calls, insert_new
from telephony.texts import forms, say

TOLD = "leader_call"
"""The kind of the event that tells of each step with a call; it stands with the call."""
_OF_PEOPLE = (
    *("call_id", "day_id", "entered_at", "entry", "screened_by", "screened_at", "in_scope", "summary"),
    *("handed_at", "sent_off_at", "result", "unit", "case_number", "result_by", "result_at"),
    *("settled", "settled_by", "settled_at", "settled_call", "settled_note"),
)
_ROW = [leader_calls.c[name] for name in _OF_PEOPLE]


_BRIEF = [leader_calls.c[name] for name in ("day_id", "entry", "screened_by", "in_scope", "summary")]


class Line(Protocol):
    """The seat whose line a day's calls came to (telephony.config_leaders.Seat)."""

    @property
    def agent(self) -> str:
        """Return the leader's number."""
        ...

    @property
    def queue(self) -> str:
        """Return where citizens wait for the leader."""
        ...

    @property
    def screening_queue(self) -> str:
        """Return where citizens wait for a screening agent."""
        ...


@dataclass(frozen=True, kw_only=True)
class LeaderCallView:
    """A call that was let in to a day; times are Shanghai's, durations seconds from the ledger.

    `standing` is a word of telephony.rules.leader_register. `wait_seconds` is until the leader came, or the
    end, without talk with other agents, whose seconds are `agent_seconds`. `leader_seconds` is talk with the
    leader. `left_at` is when they left the leader's line for another queue. What settled it by
    itself has `settled_by` rules. `may_be_noted`: a person's word is enough.
    """

    call_id: str
    day_id: int
    caller_number: str | None
    entered_at: datetime
    entry: str
    ended_at: datetime | None
    outcome: str | None
    standing: str
    wait_seconds: float
    agent_seconds: float
    leader_seconds: float
    leader_at: datetime | None
    left_at: datetime | None
    screened_by: str | None
    screened_at: datetime | None
    in_scope: bool | None
    summary: str | None
    handed_at: datetime | None
    sent_off_at: datetime | None
    result: str | None
    unit: str | None
    case_number: str | None
    result_by: str | None
    result_at: datetime | None
    settled: str | None
    settled_by: str | None
    settled_at: datetime | None
    settled_call: str | None
    settled_note: str | None
    may_be_noted: bool


@dataclass(frozen=True, kw_only=True)
class LeaderBrief:
    """What was put down of a call that came to a leader day: who takes it reads this first."""

    day_id: int
    entry: str
    screened_by: str | None
    in_scope: bool | None
    summary: str | None


def enter(connection: sa.Connection, call_id: str, day_id: int, entry: str, now: datetime) -> None:
    """Note that a call was let in to a day, `screened` or `direct`; told twice it is one."""
    row = {"call_id": call_id, "day_id": day_id, "entered_at": now, "entry": entry}
    insert_new(connection, leader_calls, row)


def listed(connection: sa.Connection, day_id: int, seat: Line, now: datetime) -> list[LeaderCallView]:
    """Return all calls of a day, the first one first; a call that goes on is measured up to `now`."""
    return _views(connection, leader_calls.c.day_id == day_id, seat, now)


def one(connection: sa.Connection, call_id: str, seat: Line, now: datetime) -> LeaderCallView:
    """Return a call that was let in to a day; raise UnknownThingError."""
    of_day = leader_calls.c.day_id == day_of(connection, call_id)
    number = sa.select(calls.c.caller_number).where(calls.c.id == call_id).scalar_subquery()
    same_citizen = sa.select(calls.c.id).where(calls.c.caller_number == number)
    mine = sa.or_(leader_calls.c.call_id == call_id, leader_calls.c.call_id.in_(same_citizen))
    return next(
        each for each in _views(connection, sa.and_(of_day, mine), seat, now) if each.call_id == call_id
    )


def brief(connection: sa.Connection, call_id: str) -> LeaderBrief | None:
    """Return what was put down of a call; None if it came to no leader day."""
    query = sa.select(*_BRIEF).where(leader_calls.c.call_id == call_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else LeaderBrief(**{str(name): value for name, value in row.items()})


def open_entries(connection: sa.Connection, day_id: int, seat: Line, now: datetime) -> list[LeaderCallView]:
    """Return a day's calls of which nobody can say yet what became of them: empty, it can be certified.

    These are who was not reached and is not settled, and calls that still go on in the leader's line.
    """
    return [each for each in listed(connection, day_id, seat, now) if each.standing in STILL_OPEN]


def day_of(connection: sa.Connection, call_id: str) -> int:
    """Return the day that a call was let in to; raise UnknownThingError."""
    query = sa.select(leader_calls.c.day_id).where(leader_calls.c.call_id == call_id)
    day_id: int | None = connection.scalar(query)
    if day_id is None:
        raise UnknownThingError(say("leader.unknown_call", id=call_id))
    return day_id


def hold_day(connection: sa.Connection, day_id: int, states: frozenset[str]) -> str:
    """Return the seat of a day that is in one of these states, and keep it there until the transaction ends.

    Raise NotAllowedError. So nothing is written beside a certificate that is being made.
    """
    query = sa.select(leader_days.c.seat, leader_days.c.state).where(leader_days.c.id == day_id)
    day = connection.execute(query.with_for_update(read=True)).one()
    if day.state not in states:
        raise NotAllowedError(say("leader.calls_not_now", id=day_id, **forms(f"leader_state.{day.state}")))
    return str(day.seat)


UNDER_WAY = frozenset({OPEN})
NOT_CERTIFIED = frozenset({OPEN, CLOSED})
"""States of a day in which a call is screened; in which it is said what came of one."""


def change(connection: sa.Connection, call_id: str, **values: Any) -> None:
    """Write what people say of a call."""
    connection.execute(leader_calls.update().where(leader_calls.c.call_id == call_id).values(**values))


def settle(connection: sa.Connection, call_id: str, **values: Any) -> None:
    """Put down what became of somebody who was not reached, once; raise NotAllowedError the second time."""
    still_open = sa.and_(leader_calls.c.call_id == call_id, leader_calls.c.settled.is_(None))
    if connection.execute(leader_calls.update().where(still_open).values(**values)).rowcount != 1:
        raise NotAllowedError(say("leader.settled_already", id=call_id))


def tell(  # noqa: PLR0913, PLR0917 - what an event says
    connection: sa.Connection,
    call_id: str,
    what: str,
    now: datetime,
    by: str,
    agent: str | None = None,
    **data: Datum,
) -> None:
    """Tell of a step with a call as an event of the call, once for each call of this."""
    told: dict[str, Datum] = {"what": what, "by": by, **data}
    event = Happening(now, TOLD, f"{TOLD}:{uuid.uuid4().hex}", agent, told)
    call_rows.append(connection, [(call_id, event)])


def _views(
    connection: sa.Connection, which: sa.ColumnElement[bool], seat: Line, now: datetime
) -> list[LeaderCallView]:
    query = sa.select(*_ROW).where(which).order_by(leader_calls.c.entered_at, leader_calls.c.call_id)
    rows = connection.execute(query).all()
    queues = {seat.queue, seat.screening_queue}
    found = evidence(connection, rows, seat.agent, queues, now)
    return [_view(row, found[row.call_id]) for row in rows]


def _view(row: sa.Row[Any], found: Evidence) -> LeaderCallView:
    known = found.known
    stands = standing(known)
    said = {name: _local(getattr(row, name)) for name in _OF_PEOPLE}
    if row.settled is None and stands in {ANSWERED_LATER, CALLED_BACK}:
        said |= {"settled": stands, "settled_by": RULES, "settled_call": found.settled_call}
    return LeaderCallView(
        **said,
        caller_number=found.number,
        ended_at=_local(found.ended_at),
        outcome=found.outcome,
        standing=stands,
        wait_seconds=found.wait_seconds,
        agent_seconds=found.agent_seconds,
        leader_seconds=found.leader_seconds,
        leader_at=_local(found.leader_at),
        left_at=_local(found.left_at),
        may_be_noted=may_be_noted(known),
    )


def _local(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
