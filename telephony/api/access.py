"""Who may ask: a token for all but health and metrics, our own host name only, no large bodies."""

import hmac
from ipaddress import IPv4Address, ip_address

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telephony.api.problems import answer
from telephony.texts import say

log = structlog.get_logger()
LARGEST_BODY = 64 * 1024
OPEN_PATHS = frozenset({"/health", "/metrics"})
"""Loopback only and without personal data."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Looks at each request before anything else does (ASGI middleware)."""

    def __init__(self, app: ASGIApp, token: str, address: IPv4Address) -> None:
        self._app = app
        self._token = token.encode()
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or hand the request on with its body read."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is None:
            body = await _whole_body(scope, receive)
            if body is None:
                refusal = answer(413, "too_large", say("error.too_large", limit=LARGEST_BODY))
            else:
                await self._app(scope, _again(body, receive), _logged(scope, send))
                return
        await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not is_ours(hosts[0].decode("latin-1"), self._address):
            return answer(421, "wrong_host", say("error.wrong_host"))
        if scope["path"] in OPEN_PATHS:
            return None
        given = [value for name, value in headers if name == b"authorization"]
        scheme, _, token = (given[0] if len(given) == 1 else b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token):
            return None
        return answer(401, "token", say("error.token"))


def is_ours(host: str, address: IPv4Address) -> bool:
    """Tell whether a Host header names this machine itself.

    A page elsewhere may let its own name point to 127.0.0.1 (DNS rebinding): then the browser sends
    that name here, and we refuse it. An address in figures cannot be rebound.
    """
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        named = ip_address(name)
    except ValueError:
        return False
    return named.is_loopback or named == address or address.is_unspecified


async def _whole_body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body, or None as soon as it is known to be too large or never to be whole."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return None
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > LARGEST_BODY or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _logged(scope: Scope, send: Send) -> Send:
    """Log what changes something: method, path and status; never the query or the body."""
    if scope["method"] in READING:
        return send

    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            log.info("api_command", method=scope["method"], path=scope["path"], status=message["status"])
        await send(message)

    return note
