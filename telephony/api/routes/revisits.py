"""Revisits: lists, one with all that it rests on, its plan, and what people make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from telephony.api.inputs import (
    MOST_NUMBERS,
    OURS,
    CallId,
    CategoryQuery,
    Limit,
    Phone,
    Reason,
    RowPath,
    RowQuery,
    Text40,
    TextQuery,
    TimeQuery,
    WordQuery,
)
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, Services, one_form, outbound_of, read, settled, write
from telephony.callback.rounds import Said
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.revisit import RATED, Verdict
from telephony.store import revisit_views
from telephony.store.revisit_views import RevisitDetail, RevisitFilter, RevisitView, State
from telephony.texts import say

router = APIRouter(prefix="/revisits", tags=["revisits"])
Result = Literal["satisfied", "basically_satisfied", "dissatisfied", "contacted_unrated", "unreachable"]
"""What a person may find; that somebody is deemed satisfied only two proved calls can tell (Art. 17)."""


@dataclass(frozen=True)
class Found:
    """What a person found who called; a result without a rating needs a note of why."""

    result: Result
    by: Text40
    note: Reason | None = None
    call_id: CallId | None = None


@dataclass(frozen=True)
class Correction:
    """The citizen's numbers in the order of trying, and who found them."""

    numbers: Annotated[list[Phone], Field(min_length=1, max_length=MOST_NUMBERS)]
    by: Text40


@dataclass(frozen=True)
class Caller:
    """Who calls the citizen: an agent, whose phone rings first."""

    agent: Annotated[str, Field(pattern=r"^[0-9]{3,16}$")]


@dataclass(frozen=True)
class Placed:
    """A call that a person makes, as the ledger knows it."""

    call_id: str


@router.get("")
async def revisits(  # noqa: PLR0913, PLR0917 - the query's own words
    services: Door,
    state: State | None = None,
    verdict: Verdict | None = None,
    unit: TextQuery = None,
    district: TextQuery = None,
    category: CategoryQuery = None,
    case: WordQuery = None,
    due_before: TimeQuery = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
    limit: Limit = 100,
    after: RowQuery = None,
) -> list[RevisitView]:
    """Return revisits: open ones by deadline, decided ones newest first, else newest first.

    `since` (included) and `until` (not) are of the reply; `after` is the id of the last one seen.
    """
    wanted = RevisitFilter(
        state=state,
        verdict=verdict,
        unit=unit,
        district=district,
        category=category,
        case=case,
        due_before=due_before,
        since=since,
        until=until,
        limit=limit,
        after=after,
    )
    return await read(services, partial(revisit_views.revisit_list, wanted=wanted))


@router.get("/{revisit_id}")
async def revisit(services: Door, revisit_id: RowPath) -> RevisitDetail:
    """Return one revisit with calls, evidence, decisions, ratings and work."""
    return await read(services, partial(_detail, revisit_id=revisit_id))


@router.post("/{revisit_id}/call")
async def call(services: Door, revisit_id: RowPath, caller: Caller) -> Placed:
    """Ring the agent first, then the citizen; what comes of it the agent records as a result."""
    if caller.agent not in services.config.agents:
        raise UnknownThingError(say("agent.unknown", number=caller.agent))
    return Placed(await settled(outbound_of(services).person_calls.call(revisit_id, caller.agent)))


@router.post("/{revisit_id}/result")
async def result(services: Door, revisit_id: RowPath, found: Found) -> RevisitDetail:
    """Record what a person found who called the citizen; it closes the entry of the work list."""
    verdict, note = Verdict(found.result), found.note
    _check_name(found.by)
    if verdict not in RATED and note is None:
        raise RefusedInputError(say("revisit.note"))
    outbound = outbound_of(services)

    def work(connection: sa.Connection) -> None:
        tick = outbound.times.tick()
        if verdict in RATED:
            said = Said(verdict, found.by, found.call_id, note)
            outbound.rounds.said(connection, revisit_id, said, tick)
        else:
            _check_unrated(connection, revisit_id)
            outbound.rounds.closed_by_person(connection, revisit_id, verdict, found.by, note or "", tick)

    return await _changed(services, revisit_id, work)


@router.post("/{revisit_id}/numbers")
async def correct(services: Door, revisit_id: RowPath, correction: Correction) -> RevisitDetail:
    """Give a revisit other numbers; one that is open, or had no valid number, goes on with them."""
    _check_name(correction.by)
    numbers = list(dict.fromkeys(one_form(services, number) for number in correction.numbers))
    outbound = outbound_of(services)

    def work(connection: sa.Connection) -> None:
        outbound.rounds.correct(connection, revisit_id, numbers, correction.by, outbound.times.tick())

    return await _changed(services, revisit_id, work)


async def _changed(
    services: Services, revisit_id: int, work: Callable[[sa.Connection], None]
) -> RevisitDetail:
    """Change a revisit, wake the dialer, and return what has become of it."""

    def change(connection: sa.Connection) -> RevisitDetail:
        work(connection)
        return _detail(connection, revisit_id)

    view = await write(services, change)
    outbound_of(services).dialer.wake()
    return view


def _detail(connection: sa.Connection, revisit_id: int) -> RevisitDetail:
    found = revisit_views.revisit(connection, revisit_id)
    if found is None:
        raise UnknownThingError(say("revisit.unknown", id=revisit_id))
    return found


def _check_name(by: str) -> None:
    if by.strip().lower() in OURS:
        raise RefusedInputError(say("revisit.by", by=by))


def _check_unrated(connection: sa.Connection, revisit_id: int) -> None:
    """Raise NotAllowedError if the citizen has said what no finding of ours may outdo."""
    found = _detail(connection, revisit_id)
    if found.verdict in RATED:
        raise NotAllowedError(say("revisit.rated", case=found.case_number, verdict=found.verdict))
