"""What is asked of revisits as a whole: whether the decisions hold, how it went, whom to ask again."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from telephony.api.inputs import WORD
from telephony.api.services import Door, read
from telephony.callback.agreement import Disagreement
from telephony.callback.audit import audit

router = APIRouter(prefix="/revisits", tags=["revisits"])
Case = Annotated[str, Query(pattern=WORD, description="the case; `hotline revisits audit` takes them all")]


@dataclass(frozen=True)
class Audit:
    """How much was compared, and every disagreement with what is stored."""

    agrees: bool
    decisions: int
    attempts: int
    revisits: int
    found: int
    disagreements: list[Disagreement]


@router.get("/audit")
async def audited(services: Door, case: Case) -> Audit:
    """Make each decision of a case again from stored evidence.

    Of all cases that is work of minutes, which the service should not do beside calls: the command does it.
    """
    found = await read(services, partial(audit, calendar=services.config.calendar, case_number=case))
    counts = {name: getattr(found, name) for name in ("decisions", "attempts", "revisits", "found")}
    return Audit(agrees=found.agrees, **counts, disagreements=list(found.disagreements))
