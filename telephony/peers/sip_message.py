"""As much of SIP (RFC 3261) as a simulated carrier needs: read a message, write an answer or a BYE."""

import re
from dataclasses import dataclass
from typing import Self

from telephony.peers.media import ALAW, KEY

PHRASES = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK"}
"""What stands after a status, for who reads a trace; all others are as scripted."""
_USER = re.compile(r"sips?:([^@;>]+)@")
_ADDRESS = re.compile(r"<([^>]+)>")
_CONNECTION = re.compile(r"^c=IN IP4 (\S+)", re.MULTILINE)
_AUDIO = re.compile(r"^m=audio (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Message:
    """A request or a response; header names in lower case, repeated ones in their order."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Read what one packet holds; None if it is no SIP message."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        if "SIP/2.0" not in start:
            return None
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
        message = cls(start, headers, body)
        return message if message.get("call-id") and message.get("cseq") else None

    def get(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return next((value for header, value in self.headers if header == name), "")

    @property
    def method(self) -> str:
        """The method of a request; SIP/2.0 of a response."""
        return self.start.partition(" ")[0]

    @property
    def status(self) -> int:
        """The status of a response; 0 of a request."""
        return int(self.start.split()[1]) if self.method == "SIP/2.0" else 0

    @property
    def called(self) -> str:
        """The number that a request is for."""
        found = _USER.search(self.start)
        return found[1] if found else ""

    @property
    def caller(self) -> str:
        """The number in From."""
        found = _USER.search(self.get("from"))
        return found[1] if found else ""

    @property
    def sequence(self) -> int:
        """The number in CSeq."""
        return int(self.get("cseq").split()[0])

    @property
    def contact(self) -> str:
        """Where the sender takes requests within the call."""
        found = _ADDRESS.search(self.get("contact"))
        return found[1] if found else self.get("contact")

    @property
    def media(self) -> tuple[str, int]:
        """Where the sender's SDP wants to hear."""
        address, port = _CONNECTION.search(self.body), _AUDIO.search(self.body)
        return (address[1], int(port[1])) if address and port else ("", 0)

    def response(self, status: int, *, tag: str, extra: tuple[str, ...] = (), body: str = "") -> bytes:
        """Return the bytes of a response to this request; `extra` are whole header lines."""
        to = self.get("to")
        if ";tag=" not in to and status > 100:  # noqa: PLR2004 - Trying belongs to no dialog
            to += f";tag={tag}"
        vias = [f"Via: {value}" for name, value in self.headers if name == "via"]
        same = [f"{name}: {self.get(name.lower())}" for name in ("From", "Call-ID", "CSeq")]
        start = f"SIP/2.0 {status} {PHRASES.get(status, 'As Scripted')}"
        return _whole([start, *vias, *same, f"To: {to}", *extra], body)

    def bye(self, *, tag: str, here: str, extra: tuple[str, ...] = ()) -> bytes:
        """Return the bytes of the BYE with which the side called by this INVITE ends the call."""
        lines = [
            f"BYE {self.contact} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{tag}bye",
            "Max-Forwards: 70",
            f"From: {self.get('to')};tag={tag}",
            f"To: {self.get('from')}",
            f"Call-ID: {self.get('call-id')}",
            "CSeq: 1 BYE",
        ]
        return _whole([*lines, *extra], "")


def sdp(address: str, port: int) -> str:
    """Return a session of A-law and keys (RFC 4733) at this address."""
    lines = [
        "v=0",
        f"o=carrier 1 1 IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {ALAW} {KEY}",
        f"a=rtpmap:{ALAW} PCMA/8000",
        f"a=rtpmap:{KEY} telephone-event/8000",
        f"a=fmtp:{KEY} 0-15",
    ]
    return "\r\n".join([*lines, ""])


def _whole(lines: list[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, *kind, f"Content-Length: {len(body.encode())}", "", body]).encode()
