"""Requests as strangers send them, by hand: what each is answered, and what no SIP stack would send."""

import hashlib
import re
import secrets
import socket

RANDOM = re.compile(r'(nonce|opaque|tag|branch|rport)="?[^",;\r]*"?|Call-ID: \w+|127\.0\.0\.\d:\d+')
REQUEST = """\
{method} sip:{to}127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP {here};branch=z9hG4bK{token}
From: <sip:{user}@127.0.0.1>;tag={token}
To: <sip:{user}@127.0.0.1>
Call-ID: {token}
CSeq: 1 {method}
Contact: <sip:{user}@{here}>
Max-Forwards: 70
{more}Content-Length: 0

"""


class Stranger:
    """Somebody at an address that is no line's and no phone's."""

    def __init__(self, server, address="127.0.0.3"):
        host, _, port = server.partition(":")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.connect((host, int(port)))
        self._socket.settimeout(30)
        self._here = "{}:{}".format(*self._socket.getsockname())

    def ask(self, method, user, to="", more=""):
        """Send a request; return the answer."""
        known = {"here": self._here, "token": secrets.token_hex(8), "to": to and f"{to}@"}
        text = REQUEST.format(method=method, user=user, more=more, **known)
        self._socket.send(text.replace("\n", "\r\n").encode())
        return self._socket.recv(4096).decode()

    def guess(self, user, password):
        """Register with a password; return the answer."""
        challenge = self.ask("REGISTER", user)
        given = {name: re.search(f'{name}="([^"]*)', challenge)[1] for name in ("realm", "nonce", "opaque")}
        secret = _md5(f"{user}:{given['realm']}:{password}")
        uri, count, ours = "sip:127.0.0.1", "00000001", "0a4f113b"
        response = _md5(f"{secret}:{given['nonce']}:{count}:{ours}:auth:{_md5(f'REGISTER:{uri}')}")
        words = {"username": user, **given, "uri": uri, "response": response, "cnonce": ours}
        quoted = ", ".join(f'{name}="{value}"' for name, value in words.items())
        return self.ask(
            "REGISTER", user, more=f"Authorization: Digest {quoted}, algorithm=MD5, nc={count}, qop=auth\n"
        )

    def throw(self, data):
        """Send anything."""
        self._socket.send(data)

    def close(self):
        self._socket.close()


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what SIP asks for


def without_chance(answer, user):
    """Return an answer without what differs from one request to the next, and without the user's own name."""
    return RANDOM.sub("", answer).replace(user, "USER")
