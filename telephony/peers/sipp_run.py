"""One SIPp process: scenario and rows go in as files, what happens comes out of a pipe."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path

from telephony.errors import SwitchUnavailableError
from telephony.peers.ports import find_program, free_port
from telephony.peers.warden import Told, warden

TAIL_BYTES = 2000


class SippRun:
    """A scenario logs lines `event word word …`; each reaches `on_event` and everybody who waits for it."""

    def __init__(self, folder: Path, name: str, on_event: Callable[[list[str]], None] | None = None) -> None:
        self._folder, self._name, self._on_event = folder, name, on_event
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._news = threading.Condition()
        self._closed = False
        self.events: list[list[str]] = []

    def start(
        self,
        scenario: str,
        rows: Sequence[bytes],
        arguments: Sequence[str],
        blanks: Mapping[str, str],
        hang_up: Told | None = None,
    ) -> None:
        """Start SIPp with this scenario and these rows; `blanks` fills the scenario's @NAME@ places.

        `hang_up` is what ends it in order when we are gone: a datagram to an address and a port.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        text = (resources.files(__package__) / "scenarios" / f"{scenario}.xml").read_text(encoding="ascii")
        for name, value in blanks.items():
            text = text.replace(f"@{name}@", value)
        self._file("xml").write_text(text, encoding="ascii")
        read_end, write_end = os.pipe()
        files = ["-sf", str(self._file("xml"))]
        if rows:
            self._file("csv").write_bytes(b"\n".join([b"SEQUENTIAL", *rows, b""]))
            files += ["-inf", str(self._file("csv"))]
        control = ["-cp", str(free_port("udp", "0.0.0.0"))]  # noqa: S104 - where SIPp binds it; asked, not opened
        logs = ["-trace_logs", "-log_file", f"/dev/fd/{write_end}"]
        errors = ["-trace_err", "-error_file", str(self._file("errors.log"))]
        with self._file("screen.log").open("wb") as screen:
            self._process = subprocess.Popen(
                [find_program("sipp"), *arguments, *files, *control, *logs, *errors, "-nostdin"],
                pass_fds=[write_end],
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is ours alone: SIPp would go without a BYE
            )
        warden.mind(self._process.pid, hang_up)
        os.close(write_end)  # ours; so that SIPp's end is the end of the pipe
        self._reader = threading.Thread(target=self._read, args=(read_end,), daemon=True)
        self._reader.start()

    def _file(self, suffix: str) -> Path:
        return self._folder / f"{self._name}.{suffix}"

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                words = line.split()
                if not words:
                    continue
                if self._on_event:
                    self._on_event(words)
                with self._news:
                    self.events.append(words)
                    self._news.notify_all()
        with self._news:
            self._closed = True
            self._news.notify_all()

    def wait_event(self, name: str, timeout: float, nth: int = 1) -> list[str]:
        """Block until the nth line of this name, and return its words."""
        deadline = time.monotonic() + timeout
        with self._news:
            while len(found := [words for words in self.events if words[0] == name]) < nth:
                if self._closed or not self._news.wait(deadline - time.monotonic()):
                    raise SwitchUnavailableError(f"SIPp {self._name}: no {name}; {self.tail()}")
        return found[nth - 1]

    def has(self, name: str) -> bool:
        """Tell whether a line of this name has come."""
        return any(words[0] == name for words in self.events)

    def wait(self, timeout: float) -> int:
        """Block until SIPp has ended, and return its exit code; kill it if it takes longer."""
        if self._process is None or self._reader is None:
            raise RuntimeError("start it first")
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise SwitchUnavailableError(f"SIPp {self._name} did not end in time; {self.tail()}") from None
        self._reader.join()
        return code

    def kill(self) -> None:
        """End SIPp at once: the far end hears nothing of it."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """Return what happened, and SIPp's last complaints."""
        # What keeps SIPp from starting stands on the screen only.
        log = self._file("errors.log" if self.events else "screen.log")
        complaint = log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace") if log.exists() else ""
        return f"events: {[' '.join(words) for words in self.events[-20:]]} {complaint}".strip()
