"""Softphones that play a citizen in trials."""

from dataclasses import dataclass

from fastapi import APIRouter

from telephony.api.routes.agents import TRANSPORT
from telephony.api.services import Door

router = APIRouter(prefix="/phones", tags=["phones"])


@dataclass(frozen=True)
class TestPhoneView:
    """What such a softphone needs, and the citizen's number that its calls carry."""

    user: str
    name: str
    caller_number: str
    password: str
    server: str
    port: int
    transport: str


@router.get("")
async def phones(services: Door) -> list[TestPhoneView]:
    """Return the test phones of the configuration that have a password, those of the first start."""
    hotline, known = services.config.hotline, services.secrets.sip
    at = (str(hotline.sip.address), hotline.sip.port, TRANSPORT)
    return [
        TestPhoneView(phone.user, phone.name, phone.caller_number, known[phone.user], *at)
        for phone in hotline.test_phones
        if phone.user in known
    ]
