"""AMI over a plain blocking socket, for tests; it owes nothing to the project's own client."""

import socket
import time

PATIENCE = 30.0
Fields = dict[str, str]


class PlainAmi:
    """One logged-in connection; events that nobody has asked for yet wait in `events`."""

    def __init__(self, connection: socket.socket, user: str, secret: str) -> None:
        self._socket = connection
        self._buffer = b""
        self._sent = 0
        self.events: list[Fields] = []
        self.answers: list[Fields] = []
        answer = self.action("Login", Username=user, Secret=secret)
        assert answer["Response"] == "Success", answer

    def action(self, name: str, timeout: float = PATIENCE, **fields: str) -> Fields:
        """Send an action and return its answer."""
        self._sent += 1
        token = f"plain-{self._sent}"
        lines = [
            f"Action: {name}",
            f"ActionID: {token}",
            *(f"{key}: {value}" for key, value in fields.items()),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        return self._take(self.answers, {"ActionID": token}, timeout)

    def wait_event(self, name: str, timeout: float = PATIENCE, **fields: str) -> Fields:
        """Return the first event not returned yet that has this name and these fields."""
        return self._take(self.events, {"Event": name, **fields}, timeout)

    def close(self) -> None:
        self._socket.close()

    def _take(self, waiting: list[Fields], wanted: Fields, timeout: float) -> Fields:
        deadline = time.monotonic() + timeout
        while True:
            for message in waiting:
                if wanted.items() <= message.items():
                    waiting.remove(message)
                    return message
            self._receive(deadline, wanted)

    def _receive(self, deadline: float, wanted: Fields) -> None:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            raise AssertionError(f"no {wanted} in time; seen: {[e['Event'] for e in self.events]}") from None
        assert data, f"the switch closed AMI before {wanted}"
        self._buffer += data
        *whole, self._buffer = self._buffer.split(b"\r\n\r\n")
        for text in whole:
            pairs = (line.partition(": ") for line in text.decode("utf-8", "replace").split("\r\n"))
            message = {key: value for key, separator, value in pairs if separator}
            (self.events if "Event" in message else self.answers).append(message)
