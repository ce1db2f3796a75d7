"""Numbers that are refused."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import Instant, PhonePath, Reason
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, one_form, read, write
from telephony.store import registers
from telephony.store.registers import BlacklistEntry
from telephony.texts import say

router = APIRouter(prefix="/blacklist", tags=["blacklist"])


@dataclass(frozen=True)
class Refusal:
    """Why a number is refused, and until when (with a zone); else for `routing.blacklist_days`."""

    reason: Reason
    expires_at: Instant | None = None


@router.get("")
async def blacklist(services: Door) -> list[BlacklistEntry]:
    """Return every entry, expired ones too."""
    return await read(services, partial(registers.blacklist_entries, now=services.clock.now()))


@router.put("/{number}")
async def refuse(services: Door, number: PhonePath, refusal: Refusal) -> BlacklistEntry:
    """Refuse a number from its next call on."""
    now, days = services.clock.now(), services.config.hotline.routing.blacklist_days
    until = refusal.expires_at or now + timedelta(days=days)
    if until <= now:
        raise RefusedInputError(say("blacklist.expired"))
    number = one_form(services, number)
    work = partial(registers.refuse_number, number=number, reason=refusal.reason, now=now)
    return await write(services, partial(work, expires_at=until))


@router.delete("/{number}", status_code=204)
async def accept(services: Door, number: PhonePath) -> None:
    """Accept a number again."""
    number = one_form(services, number)
    await write(services, partial(registers.accept_number, number=number, now=services.clock.now()))
