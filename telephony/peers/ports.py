"""Free ports on loopback, the programs of the peers, and the first connection to one just started."""

import contextlib
import secrets
import shutil
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from telephony.errors import HotlineError, SwitchUnavailableError

Kind = Literal["udp", "tcp", "both"]
# Below Linux' range for outgoing connections: nothing takes such a port by chance before its owner binds it.
LOWEST, HIGHEST = 20000, 32000
TRIES = 200
RETRY_SECONDS = 0.02
PATIENCE_SECONDS = 30.0
"""The limit of what takes no time: it only ends a hopeless wait, on however slow a machine."""
OPTIONS = """\
OPTIONS sip:probe@{here} SIP/2.0\r
Via: SIP/2.0/UDP {here};branch=z9hG4bK{token}\r
From: <sip:probe@{here}>;tag={token}\r
To: <sip:probe@{here}>\r
Call-ID: {token}\r
CSeq: 1 OPTIONS\r
Max-Forwards: 70\r
Content-Length: 0\r
\r
"""
REMEMBERED = 300
_given: deque[int] = deque(maxlen=REMEMBERED)
"""Ports given lately: their owners may not have bound them yet. Older ones speak for themselves."""


def free_port(kind: Kind = "both", address: str = "127.0.0.1") -> int:
    """Return a port that nothing listens on at `address`, none of the last REMEMBERED."""
    return free_block(1, kind, address)


def free_block(size: int, kind: Kind = "udp", address: str = "127.0.0.1") -> int:
    """Return the first, an even one, of `size` free ports in a row."""
    for _ in range(TRIES):
        first = LOWEST + 2 * secrets.randbelow((HIGHEST - LOWEST - size) // 2)
        block = range(first, first + size)
        if not any(port in block for port in _given) and all(_is_free(port, kind, address) for port in block):
            _given.extend(block)
            return first
    raise SwitchUnavailableError(f"no {size} free {kind} ports at {address}")


def _is_free(port: int, kind: Kind, address: str) -> bool:
    types = {"udp": [socket.SOCK_DGRAM], "tcp": [socket.SOCK_STREAM]}
    for type_ in types.get(kind, [socket.SOCK_DGRAM, socket.SOCK_STREAM]):
        with socket.socket(socket.AF_INET, type_) as probe:
            if type_ == socket.SOCK_STREAM:
                # As servers do: a closed connection's TIME_WAIT does not keep the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def find_program(name: str) -> str:
    """Return the full path of SIPp or baresip."""
    path = shutil.which(name)
    if path is None:
        raise HotlineError(f"{name} is not installed; run `tools/setup/packages`")
    return path


def wait_sip(address: tuple[str, int], timeout: float) -> None:
    """Block until a SIP program answers at this address, by asking OPTIONS."""
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(address)  # so that a closed port is an error at once
        asking.settimeout(RETRY_SECONDS * 5)
        here = "{}:{}".format(*asking.getsockname())
        request = OPTIONS.format(here=here, token=secrets.token_hex(8))
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                asking.send(request.encode())
                asking.recv(2048)
                return
            time.sleep(RETRY_SECONDS)
    raise SwitchUnavailableError(f"no SIP at {address[0]}:{address[1]}")


def connect(address: tuple[str, int], timeout: float, alive: Callable[[], bool]) -> socket.socket:
    """Connect to a program that is still starting; give up at once when it is no longer `alive`."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and alive():
        with contextlib.suppress(ConnectionRefusedError, TimeoutError):
            return socket.create_connection(address, timeout=timeout)
        time.sleep(RETRY_SECONDS)  # a refused connection gives nothing to block on
    raise SwitchUnavailableError(f"nothing listens at {address[0]}:{address[1]}")
