"""Matters that are not accepted (Art. 4): refused by the agent, listed and counted."""

from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from fastapi import APIRouter

from telephony.api.inputs import CallPath, Limit, Reason, Text40, TimeQuery
from telephony.api.services import Door, read, refusing_of, settled
from telephony.rules.refusals import Refusal
from telephony.store import refusals as rows
from telephony.store.refusals import RefusalView

router = APIRouter(tags=["refusals"])


@dataclass(frozen=True)
class Refusing:
    """Which of the five kinds, who refuses, and perhaps a note."""

    kind: Refusal
    by: Text40
    note: Reason | None = None


@dataclass(frozen=True)
class RefusalList:
    """Refusals, the newest first, and how many there were of each kind (those not said are none)."""

    counts: dict[str, int]
    refusals: list[RefusalView]


@router.post("/calls/{call_id}/refuse")
async def refuse(services: Door, call_id: CallPath, wanted: Refusing) -> RefusalView:
    """Refuse the matter of a live call: the citizen hears why on the recorded line, the agent goes on."""
    view: RefusalView = await settled(
        refusing_of(services).refuse(call_id, wanted.kind, wanted.by, wanted.note)
    )
    return view


@router.get("/refusals")
async def refusals(
    services: Door, since: TimeQuery = None, until: TimeQuery = None, limit: Limit = 100
) -> RefusalList:
    """Return the refusals from `since` (included) until `until` (not)."""

    def look(connection: sa.Connection) -> RefusalList:
        counts = rows.counted(connection, since, until)
        return RefusalList(counts, rows.listed(connection, since, until, limit))

    return await read(services, partial(look))
