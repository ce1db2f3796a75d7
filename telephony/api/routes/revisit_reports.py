"""What is asked of revisits as a whole: whether the decisions hold, how it went, whom to ask again."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from telephony.api.inputs import WORD, TimeQuery
from telephony.api.services import Door, read
from telephony.callback.agreement import Disagreement
from telephony.callback.audit import audit
from telephony.store import deemed_sample, revisit_reports
from telephony.store.deemed_sample import DeemedCase
from telephony.store.revisit_reports import Group, Report

router = APIRouter(prefix="/revisits", tags=["revisits"])
Case = Annotated[str, Query(pattern=WORD, description="the case; `hotline revisits audit` takes them all")]
Size = Annotated[int, Query(ge=1, le=500)]
Seed = Annotated[int | None, Query(ge=0, lt=2**31, description="the same seed draws the same again")]
PERIOD = timedelta(days=30)
"""How far a sample goes back where nothing is said."""


@dataclass(frozen=True)
class Audit:
    """How much was compared, and where it differs; `late` ones came of evidence after the verdict."""

    agrees: bool
    decisions: int
    attempts: int
    revisits: int
    found: int
    late: int
    disagreements: list[Disagreement]


@router.get("/audit")
async def audited(services: Door, case: Case) -> Audit:
    """Make each decision of a case again from stored evidence.

    Of all cases that is work of minutes, which the service should not do beside calls: the command does it.
    """
    found = await read(services, partial(audit, calendar=services.config.calendar, case_number=case))
    counts = {name: getattr(found, name) for name in ("decisions", "attempts", "revisits", "found", "late")}
    return Audit(agrees=found.agrees, **counts, disagreements=list(found.disagreements))


@dataclass(frozen=True)
class Sample:
    """Deemed cases for a person to call again, and the seed that draws them once more."""

    seed: int
    cases: list[DeemedCase]


@router.get("/report")
async def report(
    services: Door, group: Group = Group.UNIT, since: TimeQuery = None, until: TimeQuery = None
) -> Report:
    """Return how the revisits went that were replied to from `since` on (included) until `until` (not)."""
    work = partial(revisit_reports.report, group=group, now=services.clock.now())
    return await read(services, partial(work, since=since, until=until))


@router.get("/sample")
async def sample(
    services: Door, size: Size = 20, seed: Seed = None, since: TimeQuery = None, until: TimeQuery = None
) -> Sample:
    """Return some deemed cases drawn at random, of the last 30 days where nothing else is said."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    until = until or services.clock.now()
    work = partial(deemed_sample.sample_of_deemed, since=since or until - PERIOD, until=until)
    return Sample(seed, await read(services, partial(work, size=size, seed=seed)))
