"""What waits for a person after the dialer, and what the case platform is to be told."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from telephony.api.inputs import LARGEST_ID, Limit, RowQuery
from telephony.api.services import Door, read
from telephony.api.waiting import Wait, Waits
from telephony.store import revisit_views
from telephony.store.revisit_views import OutboxView, WorkView

router = APIRouter(tags=["revisits"])
Kind = Literal["contacted_unrated", "unreachable", "number_invalid", "overdue"]
After = Annotated[int, Query(ge=0, le=LARGEST_ID, description="the `last` of the page before")]


@dataclass(frozen=True)
class OutboxPage:
    """News in the order of their ids; ask again with `after` = `last`."""

    items: list[OutboxView]
    last: int


@router.get("/revisits/worklist")
async def worklist(
    services: Door, kind: Kind | None = None, limit: Limit = 100, after: RowQuery = None
) -> list[WorkView]:
    """Return what waits for a person, the longest waiting first; `after` is the last entry's id."""
    return await read(services, partial(revisit_views.worklist, kind=kind, limit=limit, after=after))


@router.get("/outbox")
async def outbox(
    services: Door, waits: Waits, after: After = 0, limit: Limit = 100, wait: Wait = 0
) -> OutboxPage:
    """Return what happened to revisits after an id, waiting for the first of it.

    The platform keeps `last` and asks again from there: nothing is lost, and nothing is told twice.
    """

    async def look() -> OutboxPage:
        found = await read(services, partial(revisit_views.outbox_after, after=after, limit=limit))
        return OutboxPage(found, found[-1].id if found else after)

    return await waits.until(lambda page: bool(page.items), look, wait)
