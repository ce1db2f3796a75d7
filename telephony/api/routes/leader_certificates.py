"""Certificates of leader hotline days (Art. 6): as data, and as a page to print."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from telephony.api.inputs import RowPath, Text40
from telephony.api.problems import person
from telephony.api.services import Door, halls_of, settled
from telephony.leader.certificate import CertificateView
from telephony.leader.certificate_page import page

router = APIRouter(prefix="/leader-days", tags=["leader days"])
HTML = "text/html; charset=utf-8"
_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {HTML: {"schema": {"type": "string"}}}}}
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
"""The page runs nothing and asks nobody, whatever was written into it."""


@dataclass(frozen=True)
class Signature:
    """Who certifies."""

    by: Text40


@router.get("/{day_id}/certificate")
async def certificate(services: Door, day_id: RowPath) -> CertificateView:
    """Return a certified day's frozen document, or what it would say now, from the opening on.

    `satisfaction` beside it is what the citizens of its cases have said by now.
    """
    found: CertificateView = await settled(halls_of(services).certificates.draft(day_id))
    return found


@router.get("/{day_id}/certificate.html", response_class=Response, responses=_PAGE)
async def certificate_page(services: Door, day_id: RowPath) -> Response:
    """Return the same as a page to print (A4)."""
    found: CertificateView = await settled(halls_of(services).certificates.draft(day_id))
    return Response(page(found), media_type=HTML, headers=_SAFE)


@router.post("/{day_id}/certify")
async def certify(services: Door, day_id: RowPath, signature: Signature) -> CertificateView:
    """Certify a closed day for good; refused while somebody is still owed an answer."""
    by = person(signature.by)
    found: CertificateView = await settled(halls_of(services).certificates.certify(day_id, by))
    return found
