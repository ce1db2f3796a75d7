"""Events for programs: a long poll, and a stream of server-sent events that resumes where it broke off."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from telephony.api.inputs import LARGEST_ID, CallQuery, EventQuery, Limit, WordQuery
from telephony.api.services import Door, Services, read
from telephony.api.waiting import Wait, Waiter, Waits
from telephony.store import views
from telephony.store.views import EventView

router = APIRouter(prefix="/events", tags=["events"])
KEEPALIVE = 15.0
"""Seconds after which a stream says that it still lives."""


@dataclass(frozen=True)
class EventPage:
    """Events in the order of their ids; ask again with `after` = `last`."""

    events: list[EventView]
    last: int


@router.get("")
async def events(  # noqa: PLR0913, PLR0917 - the query's own words
    services: Door,
    waits: Waits,
    after: EventQuery = None,
    kind: WordQuery = None,
    call_id: CallQuery = None,
    limit: Limit = 100,
    wait: Wait = 0,
) -> EventPage:
    """Return events after an id, waiting for the first of them; without `after` the newest there are."""
    if after is None:
        newest = partial(views.newest_events, call_id=call_id, kind=kind, limit=limit)
        return await read(
            services, lambda connection: _page(newest(connection), views.last_event_id(connection))
        )

    async def look() -> EventPage:
        following = partial(views.events_after, after=after, call_id=call_id, kind=kind, limit=limit)
        found = await read(services, following)
        return _page(found, after)

    return await waits.until(lambda page: bool(page.events), look, wait)


@router.get(
    "/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def stream(
    services: Door,
    waits: Waits,
    after: EventQuery = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_ID)] = None,
) -> StreamingResponse:
    """Send events as they are committed, from `Last-Event-ID` or `after` on; without either, from now on."""
    start = last_event_id if last_event_id is not None else after
    if start is None:
        start = await read(services, views.last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames(services, waits, start), media_type="text/event-stream", headers=headers)


async def frames(services: Services, waits: Waiter, after: int) -> AsyncIterator[str]:
    """Yield one frame for each event after `after`, and a comment when there was none for a while."""
    yield f": from {after}\n\n"
    while not waits.is_closing:
        with waits.listening() as news:
            found = await read(services, partial(views.events_after, after=after))
            if not found:
                await news(KEEPALIVE)
        for event in found:
            after = event.id
            yield frame(event)
        if not found:
            yield ": alive\n\n"


def frame(event: EventView) -> str:
    """Return an event as server-sent text: JSON has no raw line ends, so nothing can end the frame early."""
    body = json.dumps({**vars(event), "at": event.at.isoformat()}, ensure_ascii=False)
    return f"id: {event.id}\nevent: {event.kind}\ndata: {body}\n\n"


def _page(found: list[EventView], otherwise: int) -> EventPage:
    return EventPage(found, found[-1].id if found else otherwise)
