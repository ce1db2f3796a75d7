"""Cases: whose they are and what they are about; a unit's reply to one opens its revisit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from telephony.api.inputs import (
    CasePath,
    Category,
    Instant,
    MaybeEmpty,
    Numbers,
    Reason,
    Text20,
    Text40,
    Text60,
    Word,
)
from telephony.api.problems import why_of
from telephony.api.services import Door, Services, one_form, outbound_of, read, write
from telephony.callback.rounds import Opened, Reply
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.logs import visible
from telephony.store import cases, revisit_views
from telephony.store.cases import CaseView, NewCase
from telephony.store.revisit_views import RevisitDetail
from telephony.texts import say

router = APIRouter(prefix="/cases", tags=["cases"])
MOST_CASES = 500
Round = Annotated[int, Field(ge=1, le=1000)]


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """A citizen's numbers in the order of trying, whether the case is open, and what it is about.

    `subject` may be said to the citizen; of a `confidential` case units learn neither the citizen's number
    nor name. What is left out, or null, leaves what is known.
    """

    numbers: Numbers
    open: Annotated[bool, Field(strict=True)]
    subject: Reason | None = None
    category: Category | None = None
    district: Text40 | None = None
    unit: Text60 | None = None
    channel: Text20 | None = None
    round: Round | None = None
    confidential: Annotated[bool, Field(strict=True)] | None = None


@dataclass(frozen=True, kw_only=True)
class CaseRow(CaseFacts):
    """A row of an import. A key that is none of these makes it wrong: nothing is dropped in silence."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    case_number: Word
    open: Annotated[bool, Field(strict=True)] = True


@dataclass(frozen=True)
class RowResult:
    """What became of one row; `row` counts from 1. `why` says what is wrong with one that is not stored."""

    row: int
    case_number: str | None
    stored: bool
    why: str | None = None


@dataclass(frozen=True)
class Imported:
    """What became of an import: each row by itself."""

    stored: int
    refused: int
    rows: list[RowResult]


@dataclass(frozen=True)
class UnitReply:
    """A unit's completed reply: when, and the contact by which the citizen was told the result (Art. 13)."""

    at: Instant
    contact: MaybeEmpty | None = None


Rows = Annotated[list[Any], Body(max_length=MOST_CASES)]
_ROW = TypeAdapter(CaseRow)


@router.put("/{case_number}")
async def put_case(services: Door, case_number: CasePath, facts: CaseFacts) -> CaseView:
    """Store a case, new or known."""
    told = _told(services, case_number, facts)
    return await write(services, partial(cases.put, told=told, now=services.clock.now()))


@router.post("/import")
async def import_cases(services: Door, rows: Rows) -> Imported:
    """Store many cases, each as PUT does it: a wrong row keeps no right one out, and is named."""
    checked = [_checked(services, place, row) for place, row in enumerate(rows, 1)]
    work = partial(_store, rows=checked, services=services)
    results = await write(services, work)
    stored = sum(result.stored for result in results)
    return Imported(stored, len(results) - stored, results)


@router.get("/{case_number}")
async def case(services: Door, case_number: CasePath) -> CaseView:
    """Return a case."""
    return await read(services, partial(cases.one, case_number=case_number))


@router.get("/{case_number}/revisits")
async def revisits(services: Door, case_number: CasePath) -> list[RevisitDetail]:
    """Return the rounds of a case with calls, evidence, decisions, ratings and work, the first first."""

    def look(connection: sa.Connection) -> list[RevisitDetail]:
        cases.one(connection, case_number)
        return revisit_views.revisits_of_case(connection, case_number)

    return await read(services, look)


@router.post("/{case_number}/reply")
async def reply(services: Door, case_number: CasePath, told: UnitReply) -> RevisitDetail:
    """Open the revisit of a unit's reply, due at the end of the 2nd working day; told twice it is one."""
    outbound = outbound_of(services)
    wanted = Reply(case_number, told.at, told.contact or "")

    def work(connection: sa.Connection) -> tuple[Opened, RevisitDetail | None]:
        opened = outbound.rounds.reply(connection, wanted, outbound.times.tick())
        return opened, revisit_views.revisit(connection, opened.id)

    opened, view = await write(services, work)
    outbound.dialer.wake_by(opened.next_at)
    if view is None:
        raise UnknownThingError(say("revisit.unknown", id=opened.id))
    return view


def _told(services: Services, case_number: str, facts: CaseFacts) -> NewCase:
    known = asdict(facts) | {"case_number": case_number}
    return NewCase(**known | {"numbers": [one_form(services, number) for number in facts.numbers]})


def _checked(services: Services, place: int, row: Any) -> tuple[RowResult, NewCase | None]:
    """Return the row's case, or what is wrong with it."""
    try:
        facts = _ROW.validate_python(row)
    except ValidationError as error:
        number = row.get("case_number") if isinstance(row, dict) else None
        named = visible(number[:80]) if isinstance(number, str) else None
        return RowResult(place, named, stored=False, why=why_of(error)), None
    return RowResult(place, facts.case_number, stored=True), _told(services, facts.case_number, facts)


def _store(
    connection: sa.Connection, rows: Sequence[tuple[RowResult, NewCase | None]], services: Services
) -> list[RowResult]:
    results = []
    for result, told in rows:
        try:
            if told is not None:
                cases.put(connection, told, services.clock.now())
            results.append(result)
        except NotAllowedError as error:
            results.append(replace(result, stored=False, why=str(error)))
    return results
