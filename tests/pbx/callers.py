"""Any number of citizens in one process: each calls from the carrier, speaks a pitch, and stays until told.

A SIPp for each costs more than the switch that is measured, and one SIPp for all speaks no pitches.
"""

import secrets
import socket
import threading

from telephony.peers import tone
from telephony.peers.media import Media
from telephony.peers.sip_message import Message, sdp
from tests.pbx.hearing import PATIENCE

ADDRESS = "127.0.0.2"
OK, LAST_PROVISIONAL = 200, 199
REQUEST = """\
{method} {uri} SIP/2.0\r
Via: SIP/2.0/UDP {here};branch=z9hG4bK{call}{sequence}{method}\r
Max-Forwards: 70\r
From: <sip:{caller}@{address}>;tag={call}\r
To: {to}\r
Call-ID: {call}\r
CSeq: {sequence} {method}\r
Contact: <sip:citizen@{here}>\r
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r
{kind}Content-Length: {size}\r
\r
{body}"""


class Callers:
    """The line of all citizens: start it, call, stop it."""

    def __init__(self, server):
        host, _, port = server.partition(":")
        self.server = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((ADDRESS, 0))
        self.here = "{}:{}".format(*self._socket.getsockname())
        self._calls = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        """Fall silent."""
        self._socket.sendto(b"", self._socket.getsockname())  # an empty packet ends the reading
        self._thread.join()
        self._socket.close()
        for caller in self._calls.values():
            caller.media.stop()

    def call(self, number, called, hertz):
        """Let a citizen call; return the caller."""
        caller = Caller(self, number, called, hertz)
        self._calls[caller.call_id] = caller
        caller.invite()
        return caller

    def send(self, text):
        self._socket.sendto(text.encode() if isinstance(text, str) else text, self.server)

    def _run(self):
        while data := self._socket.recv(4096):
            message = Message.parse(data)
            caller = message and self._calls.get(message.get("call-id"))
            if caller:
                caller.received(message)
            elif message and message.method not in {"ACK", "SIP/2.0"}:
                self.send(message.response(OK, tag="line"))


class Caller:
    """One citizen's call; `failed` is the SIP status of one that was not taken."""

    def __init__(self, line, number, called, hertz):
        self.number, self.call_id, self.failed = number, secrets.token_hex(12), None
        self.media = Media(ADDRESS, 0, hertz)
        self._line, self._called = line, called
        self._to = self._uri = f"sip:{called}@{line.server[0]}:{line.server[1]}"
        self._to = f"<{self._to}>"
        self._news, self._answered, self._over = threading.Condition(), False, False

    def hears(self, milliseconds=300):
        """Return what the citizen has just heard, as 16-bit samples."""
        return tone.decode(self.media.hears(milliseconds))

    def pieces(self):
        """Return every packet that came, with its time."""
        return self.media.pieces()

    def invite(self):
        self._request("INVITE", 1, sdp(ADDRESS, self.media.port))

    def hang_up(self):
        """End the call; `wait_ended` tells when it is."""
        self._request("BYE", 2)

    def wait_answered(self, timeout=PATIENCE):
        """Block until the switch has answered."""
        with self._news:
            done = self._news.wait_for(lambda: self._answered or self._over, timeout)
        assert done, f"{self.number} was not answered in time"
        assert self._answered, f"{self.number} was refused with {self.failed}"

    def wait_ended(self, timeout=PATIENCE):
        """Block until the call is over."""
        with self._news:
            assert self._news.wait_for(lambda: self._over, timeout), f"{self.number} was not ended"

    def received(self, message):
        """Take a packet of this call, in the line's thread."""
        if message.method == "SIP/2.0":
            self._answer_to(message.get("cseq").partition(" ")[2], message)
        elif message.method == "BYE":
            self._line.send(message.response(OK, tag="line"))
            self._end()
        elif message.method != "ACK":
            body = sdp(ADDRESS, self.media.port) if message.method == "INVITE" else ""
            self._line.send(message.response(OK, tag="line", body=body))

    def _answer_to(self, method, message):
        if message.status <= LAST_PROVISIONAL:
            return
        if method == "BYE":
            self._end()
        elif method == "INVITE":
            self._to = message.get("to")
            if message.status == OK:
                self._uri = message.contact
                self._taken(message)
            else:
                self._request("ACK", 1)
                self.failed = message.status
                self._end()

    def _taken(self, message):
        self._request("ACK", 1)
        if not self._answered:
            self.media.start(message.media)
            self._told("_answered")

    def _end(self):
        self.media.stop()
        self._told("_over")

    def _told(self, what):
        with self._news:
            setattr(self, what, True)
            self._news.notify_all()

    def _request(self, method, sequence, body=""):
        kind = "Content-Type: application/sdp\r\n" if body else ""
        known = {"method": method, "uri": self._uri, "here": self._line.here, "call": self.call_id}
        told = {"caller": self.number, "address": ADDRESS, "to": self._to, "sequence": sequence}
        self._line.send(REQUEST.format(**known, **told, kind=kind, size=len(body), body=body))
