"""Cases in the store: whose they are, what they are about, and which round of a revisit they are in."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import urgings
from telephony.store.tables import case_numbers, cases, insert_for
from telephony.texts import say

TOLD = ("subject", "category", "district", "unit", "channel", "confidential")
"""What a case is besides its numbers; what is not told leaves what is known."""


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case; `round` is the one it is in, `numbers` the citizen's in the order of trying.

    Of a confidential one units get neither the citizen's number nor name. `urged` counts the citizen's calls
    about it while it was open (催办).
    """

    case_number: str
    open: bool
    numbers: list[str]
    updated_at: datetime
    subject: str | None = None
    category: str | None = None
    district: str | None = None
    unit: str | None = None
    channel: str | None = None
    round: int = 1
    confidential: bool = False
    urged: int = 0
    last_urged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """What is told of a case, new or known: None says nothing and leaves what is known."""

    case_number: str
    open: bool
    numbers: Sequence[str]
    subject: str | None = None
    category: str | None = None
    district: str | None = None
    unit: str | None = None
    channel: str | None = None
    round: int | None = None
    confidential: bool | None = None


def put(connection: sa.Connection, told: NewCase, now: datetime) -> CaseView:
    """Store a case and its numbers; raise NotAllowedError for a round that lies behind it."""
    known = connection.execute(
        sa.select(cases.c.round).where(cases.c.case_number == told.case_number)
    ).first()
    if known is not None and told.round is not None and told.round < known.round:
        raise NotAllowedError(say("case.round", case=told.case_number, round=known.round))
    values: dict[str, Any] = {"open": told.open, "updated_at": now}
    values |= {name: value for name in (*TOLD, "round") if (value := getattr(told, name)) is not None}
    insert = insert_for(connection, cases).values(case_number=told.case_number, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=["case_number"], set_=values))
    put_numbers(connection, told.case_number, list(dict.fromkeys(told.numbers)))
    data = {"case": told.case_number, "open": str(told.open).lower()}
    happening = Happening(now, "case_changed", f"case_changed:{uuid.uuid4().hex}", data=data)
    call_rows.append(connection, [(None, happening)])
    return one(connection, told.case_number)


def one(connection: sa.Connection, case_number: str) -> CaseView:
    """Return a case; raise UnknownThingError."""
    row = connection.execute(sa.select(cases).where(cases.c.case_number == case_number)).first()
    if row is None:
        raise UnknownThingError(say("case.unknown", case=case_number))
    own = {name: getattr(row, name) for name in ("case_number", "open", "round", *TOLD)}
    numbers = numbers_of(connection, case_number)
    urged, updated = urgings.of_case(connection, case_number), row.updated_at.astimezone(SHANGHAI)
    return CaseView(
        **own, numbers=numbers, updated_at=updated, urged=urged.count, last_urged_at=urged.last_at
    )


def numbers_of(connection: sa.Connection, case_number: str) -> list[str]:
    """Return a case's numbers in the order of trying."""
    query = sa.select(case_numbers.c.number).where(case_numbers.c.case_number == case_number)
    return list(connection.scalars(query.order_by(case_numbers.c.position)))


def put_numbers(connection: sa.Connection, case_number: str, numbers: Sequence[str]) -> None:
    """Store a citizen's numbers in the order of trying, in place of those that were known."""
    connection.execute(case_numbers.delete().where(case_numbers.c.case_number == case_number))
    rows = [
        {"case_number": case_number, "position": position, "number": number}
        for position, number in enumerate(numbers)
    ]
    if rows:
        connection.execute(case_numbers.insert(), rows)
