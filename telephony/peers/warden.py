"""Ends the simulated phones of a process that is gone: a program beside it, for who is killed ends nothing.

The kernel's parent-death signal would not do: phones that only die leave their calls at the switch, which
takes ten minutes without sound for the end. A citizen's SIPp says goodbye only when it is told to by a
datagram; and the signal goes by the thread that started a phone, not by the process.

On the warden's standard input is a line for each phone: a JSON list of its PID and, if it hangs up by a
datagram, ADDRESS, PORT and TEXT; others take SIGTERM. The end of the input is the end of the process.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

GOODBYE_SECONDS = 5.0

Told = tuple[str, int, str]


class Warden:
    """One for each process that plays phones; it starts with the first of them, and ends last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def mind(self, pid: int, hang_up: Told | None = None) -> None:
        """Have a phone ended when this process is gone, by SIGTERM or by a datagram: address, port, text."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
                atexit.register(self._part, self._process)
            into = self._process.stdin
            if into:
                into.write(json.dumps([pid, *(hang_up or ())]) + "\n")
                into.flush()

    def _start(self) -> "subprocess.Popen[str]":
        # A session of its own: what is sent to our terminal or group does not reach it. No output of ours:
        # who reads that to its end would wait for the warden.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    @staticmethod
    def _part(process: "subprocess.Popen[str]") -> None:
        if process.stdin:
            process.stdin.close()
        process.wait()


def tell(address: str, port: int, text: str) -> None:
    """Send one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as command:
        command.sendto(text.encode(), (address, port))


def main(lines: Iterable[str]) -> None:
    """Note who is to be ended, until there is no more line; then end those who are left."""
    phones: dict[int, list[Any]] = {}
    for line in lines:
        pid, *hang_up = json.loads(line)
        _forget(phones, 0)
        with suppress(ProcessLookupError):  # it has ended already
            phones[os.pidfd_open(pid)] = hang_up
    for pidfd, hang_up in phones.items():
        if hang_up:
            with suppress(OSError):  # its address may be gone; the others are ended all the same
                tell(*hang_up)
        else:
            _signal(pidfd, signal.SIGTERM)
    deadline = time.monotonic() + GOODBYE_SECONDS
    while phones and (left := deadline - time.monotonic()) > 0:
        _forget(phones, left)
    for pidfd in phones:
        _signal(pidfd, signal.SIGKILL)


def _forget(phones: dict[int, list[Any]], seconds: float) -> None:
    """Drop the phones that have ended; wait so long for the first of them."""
    ended = select.poll()
    for pidfd in phones:
        ended.register(pidfd, select.POLLIN)
    for pidfd, _ in ended.poll(1000 * seconds):
        os.close(pidfd)
        del phones[pidfd]


def _signal(pidfd: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)


warden = Warden()

if __name__ == "__main__":
    main(sys.stdin)
