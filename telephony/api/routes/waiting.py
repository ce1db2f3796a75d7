"""Who waits for a person, over all queues."""

from dataclasses import replace

from fastapi import APIRouter

from telephony.api.services import Door, waiting_of
from telephony.clock import SHANGHAI
from telephony.floor.waiting_view import WaitingView

router = APIRouter(prefix="/waiting", tags=["queues"])


@router.get("")
async def waiting(services: Door) -> list[WaitingView]:
    """Return who waits, the next first; `since` is Shanghai's time."""
    return [replace(view, since=view.since.astimezone(SHANGHAI)) for view in waiting_of(services).views()]
