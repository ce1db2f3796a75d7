"""Cases, as far as the route of a call needs them: a caller whose case is open is known."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from telephony.api.inputs import CasePath, Phone
from telephony.api.services import Door, one_form, read, write
from telephony.store import registers
from telephony.store.registers import CaseView

router = APIRouter(prefix="/cases", tags=["cases"])
MOST_NUMBERS = 20


@dataclass(frozen=True)
class CaseFacts:
    """A citizen's numbers, in the order in which they are to be tried, and whether the case is open."""

    numbers: Annotated[list[Phone], Field(max_length=MOST_NUMBERS)]
    open: Annotated[bool, Field(strict=True)]


@router.put("/{case_number}")
async def put_case(services: Door, case_number: CasePath, facts: CaseFacts) -> CaseView:
    """Store a case, new or known."""
    numbers = [one_form(services, number) for number in facts.numbers]
    work = partial(registers.put_case, case_number=case_number, numbers=numbers, is_open=facts.open)
    return await write(services, partial(work, now=services.clock.now()))


@router.get("/{case_number}")
async def case(services: Door, case_number: CasePath) -> CaseView:
    """Return a case."""
    return await read(services, partial(registers.one_case, case_number=case_number))
