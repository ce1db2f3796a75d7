"""Numbers that asked not to be called by a machine; a person may still call them."""

from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import PhonePath
from telephony.api.problems import RefusedInputError
from telephony.api.routes.blacklist import Refusal
from telephony.api.services import Door, one_form, read, write
from telephony.store import registers
from telephony.store.registers import QuietEntry
from telephony.texts import say

router = APIRouter(prefix="/no-disturb", tags=["revisits"])


@router.get("")
async def no_disturb(services: Door) -> list[QuietEntry]:
    """Return every entry, expired ones too."""
    return await read(services, registers.quiet_entries)


@router.get("/{number}")
async def entry(services: Door, number: PhonePath) -> QuietEntry:
    """Return one entry."""
    number = one_form(services, number)
    return await read(services, partial(registers.quiet_entry, number=number))


@router.put("/{number}")
async def leave_in_peace(services: Door, number: PhonePath, wish: Refusal) -> QuietEntry:
    """Let the dialer call a number no more, from now on."""
    now = services.clock.now()
    if wish.expires_at is not None and wish.expires_at <= now:
        raise RefusedInputError(say("no_disturb.expired"))
    number = one_form(services, number)
    work = partial(registers.leave_in_peace, number=number, reason=wish.reason, now=now)
    return await write(services, partial(work, expires_at=wish.expires_at))


@router.delete("/{number}", status_code=204)
async def may_be_called(services: Door, number: PhonePath) -> None:
    """Let a number be called again."""
    number = one_form(services, number)
    await write(services, partial(registers.may_be_called, number=number, now=services.clock.now()))
