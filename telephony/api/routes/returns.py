"""Citizens whose call we cut short, and who are to be called back (未接回拨)."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import OURS, Limit, MaybeEmpty, RowPath, Text40
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, read, write
from telephony.store import returns as rows
from telephony.store.returns import ReturnView
from telephony.texts import say

router = APIRouter(prefix="/returns", tags=["returns"])


@dataclass(frozen=True)
class Closing:
    """Who called the citizen back, and what came of it."""

    by: Text40
    note: MaybeEmpty | None = None


@router.get("")
async def returns(services: Door, *, closed: bool = False, limit: Limit = 100) -> list[ReturnView]:
    """Return whom to call back, the longest waiting first; with `closed` all of them, the newest first."""
    return await read(services, partial(rows.open_list, limit=limit, with_closed=closed))


@router.post("/{return_id}/close")
async def close(services: Door, return_id: RowPath, closing: Closing) -> ReturnView:
    """Note that somebody has called the citizen back."""
    if closing.by.strip().lower() in OURS:
        raise RefusedInputError(say("return.by", by=closing.by))
    now, note = services.clock.now(), closing.note or None
    return await write(services, partial(rows.close, return_id=return_id, by=closing.by, note=note, now=now))
