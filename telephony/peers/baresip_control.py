"""The control socket of baresip (ctrl_tcp): JSON in netstrings, answers by token, events as they come."""

import json
import socket
import time
from typing import Any

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.peers.ports import PATIENCE_SECONDS

Message = dict[str, Any]


class Control:
    """One connection; events that nobody has asked for yet wait in `events`."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self._answers: list[Message] = []
        self._sent = 0
        self.events: list[Message] = []

    def command(self, name: str, params: str = "", timeout: float = PATIENCE_SECONDS) -> str:
        """Send a command and return what it prints; raise SwitchRefusedError if baresip does not take it."""
        self._sent += 1
        token = str(self._sent)
        body = json.dumps({"command": name, "params": params, "token": token}).encode()
        self._socket.sendall(b"%d:%s," % (len(body), body))
        answer = self._take(self._answers, {"token": token}, timeout)
        if not answer["ok"]:
            raise SwitchRefusedError(f"baresip: {name} {params}: {answer['data']}")
        return str(answer["data"])

    def wait_event(self, kind: str, timeout: float) -> Message:
        """Return the first event of this type that was not returned yet; block until there is one."""
        return self._take(self.events, {"type": kind}, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _take(self, waiting: list[Message], wanted: Message, timeout: float) -> Message:
        deadline = time.monotonic() + timeout
        while True:
            for message in waiting:
                if wanted.items() <= message.items():
                    waiting.remove(message)
                    return message
            self._receive(deadline, wanted)

    def _receive(self, deadline: float, wanted: Message) -> None:
        seen = [event["type"] for event in self.events]
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            data = self._socket.recv(65536)
        except TimeoutError as error:
            raise SwitchUnavailableError(f"baresip: no {wanted} in time; unread events: {seen}") from error
        if not data:
            raise SwitchUnavailableError(f"baresip has gone before {wanted}; unread events: {seen}")
        self._buffer += data
        self._parse()

    def _parse(self) -> None:
        while b":" in self._buffer:
            size, rest = self._buffer.split(b":", 1)
            end = int(size)
            if len(rest) <= end:  # the comma that ends it is still to come
                return
            message = json.loads(rest[:end].decode("utf-8", "replace"))
            (self.events if "event" in message else self._answers).append(message)
            self._buffer = rest[end + 1 :]
