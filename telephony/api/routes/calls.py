"""The ledger of calls."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from telephony.api.inputs import CallPath, Limit, PhoneQuery, TimeQuery, WordQuery
from telephony.api.services import Door, one_form, read
from telephony.errors import UnknownThingError
from telephony.store import views
from telephony.store.views import CallDetail, CallFilter, CallView
from telephony.texts import say

router = APIRouter(prefix="/calls", tags=["calls"])
Number = Annotated[PhoneQuery, Query(description="the number called, or the caller's")]


@router.get("")
async def calls(  # noqa: PLR0913, PLR0917 - the query's own words
    services: Door,
    number: Number = None,
    queue: WordQuery = None,
    centre: WordQuery = None,
    agent: WordQuery = None,
    state: WordQuery = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
    limit: Limit = 100,
) -> list[CallView]:
    """Return calls, the newest first; `since` is included, `until` is not."""
    number = number and one_form(services, number)
    wanted = CallFilter(number, queue, centre, agent, state, since, until, limit)
    return await read(services, partial(views.call_list, wanted=wanted, now=services.clock.now()))


@router.get("/{call_id}")
async def call(services: Door, call_id: CallPath) -> CallDetail:
    """Return one call with its legs and events."""
    found = await read(services, partial(views.call_detail, call_id=call_id, now=services.clock.now()))
    if found is None:
        raise UnknownThingError(say("call.unknown", id=call_id))
    return found
