"""Numbers that are refused."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from telephony.api import registers
from telephony.api.inputs import Instant, PhonePath, Reason
from telephony.api.problems import RefusedInputError
from telephony.api.registers import BlacklistEntry
from telephony.api.services import Door, read, write
from telephony.texts import say

router = APIRouter(prefix="/blacklist", tags=["blacklist"])


@dataclass(frozen=True)
class Refusal:
    """Why a number is refused, and until when (with a zone; without, until it is removed)."""

    reason: Reason
    expires_at: Instant | None = None


@router.get("")
async def blacklist(services: Door) -> list[BlacklistEntry]:
    """Return every entry, expired ones too."""
    return await read(services, registers.blacklist_entries)


@router.put("/{number}")
async def refuse(services: Door, number: PhonePath, refusal: Refusal) -> BlacklistEntry:
    """Refuse a number from its next call on."""
    now = services.clock.now()
    if refusal.expires_at is not None and refusal.expires_at <= now:
        raise RefusedInputError(say("blacklist.expired"))
    work = partial(registers.refuse_number, number=number, reason=refusal.reason, now=now)
    return await write(services, partial(work, expires_at=refusal.expires_at))


@router.delete("/{number}", status_code=204)
async def accept(services: Door, number: PhonePath) -> None:
    """Accept a number again."""
    await write(services, partial(registers.accept_number, number=number, now=services.clock.now()))
