"""Citizens whose call was lost, and who are to be called back (未接回拨)."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from telephony.api.inputs import OURS, Limit, MaybeEmpty, RowPath, Text40, TimeQuery
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, outbound_of, read, settled, write
from telephony.store import return_calls, return_figures
from telephony.store import returns as rows
from telephony.store.return_calls import ReturnDetail
from telephony.store.return_figures import ReturnFigures
from telephony.store.returns import ReturnView
from telephony.texts import say

router = APIRouter(prefix="/returns", tags=["returns"])


@dataclass(frozen=True)
class Closing:
    """Who called the citizen back, and what came of it."""

    by: Text40
    note: MaybeEmpty | None = None


@dataclass(frozen=True)
class Caller:
    """Who calls the citizen back: an agent, whose phone rings first."""

    agent: Annotated[str, Field(pattern=r"^[0-9]{3,16}$")]


@dataclass(frozen=True)
class Placed:
    """A call that a person has asked for, as the ledger knows it."""

    call_id: str


@dataclass(frozen=True)
class Resetting:
    """Who wants it begun anew."""

    by: Text40


@router.get("")
async def returns(services: Door, *, closed: bool = False, limit: Limit = 100) -> list[ReturnView]:
    """Return whom to call back, the longest waiting first; with `closed` all of them, the newest first."""
    return await read(services, partial(rows.open_list, limit=limit, with_closed=closed))


@router.get("/report")
async def report(services: Door, since: TimeQuery = None, until: TimeQuery = None) -> ReturnFigures:
    """Return what became of those opened from `since` on (included) until `until` (not)."""
    demo = services.config.hotline.demo.caller_number
    found = partial(return_figures.figures, demo_caller=demo, since=since, until=until)
    return await read(services, found)


@router.get("/{return_id}")
async def one(services: Door, return_id: RowPath) -> ReturnDetail:
    """Return one with all its calls."""
    return await read(services, partial(return_calls.detail, return_id=return_id))


@router.post("/{return_id}/dial")
async def dial(services: Door, return_id: RowPath, caller: Caller) -> Placed:
    """Ring an agent, then the citizen: now, whatever the hour."""
    called = outbound_of(services).turns.call(return_id, caller.agent)
    return Placed(await settled(called))


@router.post("/{return_id}/reset")
async def reset(services: Door, return_id: RowPath, wish: Resetting) -> ReturnView:
    """Begin anew with all attempts; also one that was left to people."""
    if wish.by.strip().lower() in OURS:
        raise RefusedInputError(say("return.by", by=wish.by))
    now = services.clock.now()
    return await write(services, partial(return_calls.reset, return_id=return_id, by=wish.by, now=now))


@router.post("/{return_id}/close")
async def close(services: Door, return_id: RowPath, closing: Closing) -> ReturnView:
    """Note that somebody has called the citizen back."""
    if closing.by.strip().lower() in OURS:
        raise RefusedInputError(say("return.by", by=closing.by))
    now, note = services.clock.now(), closing.note or None
    return await write(services, partial(rows.close, return_id=return_id, by=closing.by, note=note, now=now))
