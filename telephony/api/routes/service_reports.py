"""Service figures of a time, the same counted again from raw events, and declared outages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from telephony.api.inputs import Instant, Reason, Text40, TimeQuery
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, Services, read, report, write
from telephony.clock import SHANGHAI
from telephony.rules.service_figures import Rules
from telephony.store import outages, service_recompute, service_report
from telephony.store.outages import OutageView
from telephony.store.service_report import ServiceReport
from telephony.store.service_sums import Scope
from telephony.texts import say

router = APIRouter(tags=["figures"])
LONGEST = timedelta(days=400)
MOST_NAMED = 200


@dataclass(frozen=True)
class Outage:
    """A time in which the service did not work as it should, why, and who says so."""

    starts_at: Instant
    ends_at: Instant
    why: Reason
    by: Text40


@dataclass(frozen=True)
class Recount:
    """Whether the database's sums equal those counted again from raw events, and where they do not."""

    agrees: bool
    since: datetime
    until: datetime
    differences: list[str]


@router.get("/report/service")
async def service(services: Door, since: TimeQuery = None, until: TimeQuery = None) -> ServiceReport:
    """Return the figures of calls that arrived from `since` (else today's start) until `until` (else now)."""
    scope = _scope(services, since, until, LONGEST)
    work = partial(service_report.report, scope=scope, centres=_centres(services), now=services.clock.now())
    return await report(services, work)


@router.get("/report/service/recount")
async def recount(services: Door, since: TimeQuery = None, until: TimeQuery = None) -> Recount:
    """Count the same again from the events of each call and agent; at most two days."""
    scope = _scope(services, since, until, service_recompute.LONGEST)
    numbers = {number.number: number.centre for number in services.config.numbers.values()}
    centres, now = _centres(services), services.clock.now()

    def work(connection: sa.Connection) -> list[str]:
        declared = service_report.scope_of(connection, scope)
        summed, _ = service_report.summed(connection, declared, centres, now)
        again = service_recompute.recompute(connection, declared, numbers, centres, now)
        return list(service_recompute.differences(summed.tell_hours(), again))

    found = await report(services, work)
    times = scope.since.astimezone(SHANGHAI), scope.until.astimezone(SHANGHAI)
    return Recount(not found, *times, found[:MOST_NAMED])


@router.get("/outages")
async def declared(services: Door, since: TimeQuery = None, until: TimeQuery = None) -> list[OutageView]:
    """Return the declared outages that touch a time, the first first."""
    return await read(services, partial(outages.listed, since=since, until=until))


@router.post("/outages", status_code=201)
async def declare(services: Door, outage: Outage) -> OutageView:
    """Declare an outage; it stays, and the figures show it apart."""
    if outage.starts_at >= outage.ends_at:
        raise RefusedInputError(say("report.times"))
    return await write(services, partial(outages.declare, **vars(outage), now=services.clock.now()))


def _scope(services: Services, since: datetime | None, until: datetime | None, longest: timedelta) -> Scope:
    now = services.clock.now()
    until = until or now
    since = since or datetime.combine(until.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    if not since < until:
        raise RefusedInputError(say("report.times"))
    if until - since > longest:
        raise RefusedInputError(say("report.too_long", days=longest.days))
    hotline = services.config.hotline
    rules = Rules(
        hotline.figures.within_seconds, hotline.figures.short_abandon_seconds, hotline.figures.target_rate
    )
    return Scope(since, until, hotline.demo.caller_number, rules)


def _centres(services: Services) -> Mapping[str, Any]:
    return {number: agent.centre for number, agent in services.config.agents.items()}
