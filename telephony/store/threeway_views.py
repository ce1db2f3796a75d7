"""What people ask of three-way calls: lists, and one with who took part, who was asked, what came of it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.store.threeway_tables import (
    asks,
    dispatches,
    invitations,
    participants,
    roll_calls,
    three_ways,
)

MOST = 1000
"""Rows in one answer at most."""


@dataclass(frozen=True, kw_only=True)
class ThreeWayView:
    """A three-way call or a coordination conference; `room` is the conference's number on the switch."""

    id: int
    room: str
    call_id: str
    kind: str
    state: str
    agent: str | None
    centre: str | None
    case_number: str | None
    matter: str
    citizen_name: str | None
    confidential: bool
    demo: bool
    started_at: datetime
    ended_at: datetime | None
    ended_why: str | None
    result: str | None
    result_at: datetime | None
    result_by: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class ParticipantView:
    """One party; a citizen's number is not shown here but in the call."""

    leg_id: str
    role: str
    party: str | None
    state: str
    held: bool
    muted: bool
    since: datetime


@dataclass(frozen=True, kw_only=True)
class AskView:
    """One number of a unit that was rung."""

    leg_id: str
    contact: str
    number: str
    state: str
    asked_at: datetime
    alerted_at: datetime | None
    answered_at: datetime | None
    decided_at: datetime | None
    ended_at: datetime | None
    cause: int | None
    sip_code: int | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class InvitationView:
    """A unit that was asked; `outcome` is None while it is being asked."""

    id: str
    unit: str
    mode: str
    part: str | None
    emergency: bool
    invited_at: datetime
    invited_by: str
    outcome: str | None
    decided_at: datetime | None
    reason: str | None
    leg_id: str | None
    answered_on_spot: bool | None
    asks: list[AskView]


@dataclass(frozen=True, kw_only=True)
class DispatchView:
    """A matter that a unit has to deal with: 4 clock hours (Art. 8)."""

    id: int
    three_way_id: int
    unit: str
    case_number: str | None
    dispatched_at: datetime
    due_at: datetime
    why: str
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RollCallView:
    """Who was there, and who was not, when it was asked."""

    id: int
    at: datetime
    called_by: str
    present: list[str]
    absent: list[str]


@dataclass(frozen=True, kw_only=True)
class ThreeWayDetail(ThreeWayView):
    """A three-way call with all that belongs to it."""

    participants: list[ParticipantView]
    invitations: list[InvitationView]
    dispatches: list[DispatchView]
    roll_calls: list[RollCallView]


V = TypeVar("V", ThreeWayView, ParticipantView, AskView, DispatchView, RollCallView)


@dataclass(frozen=True)
class ThreeWayFilter:
    """Which: `live` only those under way; `open_result` those of which nobody has said what came of them."""

    live: bool | None = None
    open_result: bool = False
    agent: str | None = None
    limit: int = 100


_ANSWERABLE = (
    sa.exists()
    .where(invitations.c.three_way_id == three_ways.c.id, ~invitations.c.emergency)
    .where(three_ways.c.kind != "coordination")
)
"""A unit was asked that owes an answer: an emergency service owes none."""


def three_way_list(connection: sa.Connection, wanted: ThreeWayFilter) -> list[ThreeWayView]:
    """Return three-way calls, the newest first."""
    query = sa.select(three_ways).order_by(three_ways.c.id.desc()).limit(min(wanted.limit, MOST))
    if wanted.live is not None:
        ended = three_ways.c.ended_at
        query = query.where(ended.is_(None) if wanted.live else ended.is_not(None))
    if wanted.open_result:
        query = query.where(
            three_ways.c.result.is_(None),
            three_ways.c.ended_at.is_not(None),
            _ANSWERABLE,
        )
    if wanted.agent is not None:
        query = query.where(three_ways.c.agent == wanted.agent)
    return [ThreeWayView(**_of_row(row)) for row in connection.execute(query)]


def id_of(connection: sa.Connection, reference: str) -> int | None:
    """Return the id that a reference means: itself, or the newest three-way call of a call."""
    of_call = three_ways.c.call_id == reference
    if reference.isascii() and reference.isdigit() and len(reference) < 19:  # noqa: PLR2004 - digits of a BIGINT
        of_call = sa.or_(of_call, three_ways.c.id == int(reference))
    return connection.scalar(
        sa.select(three_ways.c.id).where(of_call).order_by(three_ways.c.id.desc()).limit(1)
    )


def three_way(connection: sa.Connection, reference: str) -> ThreeWayDetail | None:
    """Return one by its own id or its call's, None if there is none."""
    found = id_of(connection, reference)
    row = connection.execute(sa.select(three_ways).where(three_ways.c.id == found)).first()
    if row is None:
        return None

    def of(table: sa.Table, order: Any) -> Any:
        return connection.execute(sa.select(table).where(table.c.three_way_id == row.id).order_by(order))

    people = [_shown(ParticipantView, each) for each in of(participants, participants.c.since)]
    return ThreeWayDetail(
        **_of_row(row),
        participants=[_nameless(each) for each in people],
        invitations=[_invitation(connection, each) for each in of(invitations, invitations.c.invited_at)],
        dispatches=[_shown(DispatchView, each) for each in of(dispatches, dispatches.c.id)],
        roll_calls=[_shown(RollCallView, each) for each in of(roll_calls, roll_calls.c.id)],
    )


def _invitation(connection: sa.Connection, row: sa.Row[Any]) -> InvitationView:
    of_this = sa.select(asks).where(asks.c.invitation_id == row.id).order_by(asks.c.asked_at, asks.c.leg_id)
    known = {
        each.name: _moment(getattr(row, each.name)) for each in fields(InvitationView) if each.name != "asks"
    }
    return InvitationView(**known, asks=[_shown(AskView, each) for each in connection.execute(of_this)])


def _of_row(row: sa.Row[Any]) -> dict[str, Any]:
    names = (each.name for each in fields(ThreeWayView) if each.name != "room")
    return {"room": f"{row.id:08d}", **{name: _moment(getattr(row, name)) for name in names}}


def _nameless(view: ParticipantView) -> ParticipantView:
    if view.role != "citizen":
        return view
    return ParticipantView(**{**vars(view), "party": None})


def _shown(view: type[V], row: sa.Row[Any]) -> V:
    return view(**{each.name: _moment(getattr(row, each.name)) for each in fields(view)})


def _moment(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
