"""Programs kept running: all are started, what dies is started again, a signal stops them one by one.

One thread, one selector. The deaths of the programs (pidfd), the signals (wake-up descriptor) and the
service's word that it is ready (a pipe) are all descriptors; time limits are only those of restart and stop.
"""

import ctypes
import fcntl
import os
import resource
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from telephony.errors import NotAllowedError
from telephony.texts import say

READY_FD = "HOTLINE_READY_FD"
"""In the service's environment: where it writes, once, what the operator shall read; then it closes it."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OPEN_FILES = 65536
"""Asterisk holds some ten open files for a call; the usual limit of 1024 would end at a hundred calls."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Program:
    """What is to be kept running, and what its death means for the calls.

    `drain`: seconds more than others that it may take to end, because it waits for calls under way.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    loss: str
    environment: dict[str, str] = field(default_factory=dict)
    tells_ready: bool = False
    drain: float = 0


@dataclass(frozen=True)
class Limits:
    """Seconds: between a death and the next start, and from the request to stop until the kill."""

    first_pause: float = 0.5
    longest_pause: float = 10
    settled: float = 30  # who has run this long begins anew with the first pause
    stop: float = 10


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Hold var/run/launcher.pid; raise NotAllowedError if another launcher holds it.

    The kernel drops the lock with its holder, so a pid file that a crash left behind stops nobody.
    """
    run.mkdir(parents=True, exist_ok=True)
    with (run / "launcher.pid").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "?"
            raise NotAllowedError(say("keeper.runs_already", holder=holder)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


class Child:
    """One program under care: its process, when it may start again, and how long to wait the next time."""

    def __init__(self, program: Program, run: Path, limits: Limits) -> None:
        self.program = program
        self.start_at: float | None = None
        self._limits = limits
        self._pause = limits.first_pause
        self._pid_file = run / f"{program.name.lower()}.pid"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def running(self) -> bool:
        """Whether there is a process that has not been taken leave of."""
        return self._process is not None

    def start(self, ready: int | None) -> int:
        """Start the program with `ready` as the descriptor to report on; return its pidfd."""
        self.start_at = None
        self._started = time.monotonic()
        self.program.log.parent.mkdir(parents=True, exist_ok=True)
        announced = {} if ready is None else {READY_FD: str(ready)}
        with self.program.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.program.environment, **announced},
                pass_fds=() if ready is None else (ready,),
                start_new_session=True,  # Ctrl-C in the terminal is for the launcher only
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
            )
        with suppress(OSError):  # a full disk: the program runs, and must not be started a second time
            self._pid_file.write_text(f"{self._process.pid}\n")
        return os.pidfd_open(self._process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, SIGKILL also to all that it has started."""
        if self._process is None:
            return
        send = os.killpg if number == signal.SIGKILL else os.kill
        with suppress(ProcessLookupError):
            send(self._process.pid, number)

    def bury(self) -> str:
        """Take leave of the ended process and of what it left behind; return how it ended."""
        self.signal(signal.SIGKILL)  # the dead leader still holds the group's number: nobody else can be hit
        status = self._process.wait() if self._process else 0
        self._process = None
        with suppress(OSError):
            self._pid_file.unlink()
        name = self.program.name
        if status < 0:
            return say("keeper.killed", name=name, signal=signal.Signals(-status).name)
        return say("keeper.ended", name=name, status=status)

    def plan_restart(self) -> float:
        """Set when to start again; return the pause, which doubles until a start has lasted."""
        if time.monotonic() - self._started >= self._limits.settled:
            self._pause = self._limits.first_pause
        pause = self._pause
        self._pause = min(2 * pause, self._limits.longest_pause)
        self.start_at = time.monotonic() + pause
        return pause


class Keeper:
    """Keeps the programs running until a signal; stops them in the reverse of the order given."""

    def __init__(
        self,
        programs: Sequence[Program],
        run: Path,
        show: Callable[[str], None],
        limits: Limits = Limits(),
    ) -> None:
        self._children = [Child(program, run, limits) for program in programs]
        self._show = show
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._stop_requests = 0

    def run(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP; return 0 when everything is down."""
        _allow_open_files()
        with self._signals():
            names = ", ".join(child.program.name for child in self._children)
            self._show(say("keeper.starting", names=names))
            for child in self._children:
                self._start(child)
            while not self._stop_requests:
                self._wait(self._until_next_start())
                self._start_what_is_due()
            for child in reversed(self._children):
                self._stop(child)
        self._show(say("keeper.stopped"))
        return 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn the stop signals into a readable descriptor; wind everything back in the end."""
        reader, writer = socket.socketpair()
        with ExitStack() as stack:
            stack.enter_context(self._selector)
            stack.enter_context(reader)
            stack.enter_context(writer)
            reader.setblocking(False)
            writer.setblocking(False)
            stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer.fileno()))
            for number in STOP_SIGNALS:
                # The handler does nothing: that there is one makes Python write to the wake-up descriptor.
                stack.callback(signal.signal, number, signal.signal(number, lambda *_: None))
            self._selector.register(reader, selectors.EVENT_READ, lambda: self._on_signal(reader))
            yield

    def _on_signal(self, reader: socket.socket) -> None:
        received = reader.recv(64)
        self._stop_requests += sum(number in STOP_SIGNALS for number in received)

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def _until_next_start(self) -> float | None:
        due = [child.start_at for child in self._children if child.start_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_what_is_due(self) -> None:
        for child in self._children:
            due = child.start_at is not None and child.start_at <= time.monotonic()
            if due and not self._stop_requests:
                self._start(child)

    def _start(self, child: Child) -> None:
        ready = self._ready_pipe() if child.program.tells_ready else None
        try:
            pidfd = child.start(ready)
        except OSError as error:
            self._show(say("keeper.cannot_start", name=child.program.name, why=error))
            self._plan_restart(child)
        else:
            self._selector.register(pidfd, selectors.EVENT_READ, lambda: self._on_death(child, pidfd))
        finally:
            if ready is not None:
                os.close(ready)

    def _ready_pipe(self) -> int:
        reader, writer = os.pipe()
        parts: list[bytes] = []
        self._selector.register(reader, selectors.EVENT_READ, lambda: self._on_ready(reader, parts))
        return writer

    def _on_ready(self, reader: int, parts: list[bytes]) -> None:
        if part := os.read(reader, 65536):
            parts.append(part)
            return
        self._selector.unregister(reader)
        os.close(reader)
        if parts:
            self._show(b"".join(parts).decode(errors="replace").rstrip())

    def _on_death(self, child: Child, pidfd: int) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        end = child.bury()
        if not self._stop_requests:
            self._show(end)
            self._show(child.program.loss)
            self._show(say("keeper.last_words", name=child.program.name, log=child.program.log))
            self._plan_restart(child)

    def _plan_restart(self, child: Child) -> None:
        self._show(say("keeper.again", name=child.program.name, seconds=child.plan_restart()))

    def _stop(self, child: Child) -> None:
        """Ask the program to end and wait; kill it when its time is over or a second signal says so."""
        if child.running:
            self._show(say("keeper.stopping", name=child.program.name))
        patience = self._limits.stop + child.program.drain
        requests, deadline = self._stop_requests, time.monotonic() + patience
        child.signal(signal.SIGTERM)
        while child.running and self._stop_requests == requests and time.monotonic() < deadline:
            self._wait(max(0.0, deadline - time.monotonic()))
        if child.running:
            self._show(say("keeper.killing", name=child.program.name))
        child.signal(signal.SIGKILL)
        while child.running:
            self._wait(None)


def _die_with(launcher: int) -> Callable[[], None]:
    """Return what a child does before it becomes the program: ask for SIGTERM when the launcher dies."""

    def before_exec() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # it died before the request was in place
            os._exit(1)

    return before_exec


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
