"""The monthly obligation of leader days, and whose head should come (Art. 6)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from telephony.api.services import Door, halls_of, settled
from telephony.config_values import FORMS
from telephony.leader.duty_views import CentreDuties, Suggestion

router = APIRouter(prefix="/leader-duties", tags=["leader-days"])
Back = Annotated[int, Query(ge=0, le=24, description="months before the present one")]
Ahead = Annotated[int, Query(ge=0, le=12, description="months after the present one")]
CentrePath = Annotated[str, Path(pattern=FORMS["name"], description="the centre's code, such as city")]


@router.get("")
async def duties(services: Door, back: Back = 3, ahead: Ahead = 2) -> list[CentreDuties]:
    """Return what every centre owes month by month: one leader day a month.

    Of each month: how it stands, who is due, and the instant before which a notice must be out.
    """
    found: list[CentreDuties] = await settled(halls_of(services).duties.overview(back, ahead))
    return found


@router.get("/suggestion/{centre}")
async def suggestion(services: Door, centre: CentrePath) -> Suggestion:
    """Return what a centre's citizens call about, and so whose head should take their calls next."""
    found: Suggestion = await settled(halls_of(services).duties.suggest(centre))
    return found
