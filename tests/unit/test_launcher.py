"""Real small programs under a real launcher, which runs in a process of its own as it does in life."""

import io
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from telephony import launcher as hotline
from telephony.errors import NotAllowedError
from telephony.programs import only_one

PATIENCE = 60
"""Seconds, of what takes no time: the limit only ends a hopeless wait."""
LAUNCHER = """
import sys
from pathlib import Path
from telephony.programs import Keeper, Limits, Program, only_one
run, stop, *rest = Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]
programs = [
    Program(name, (sys.executable, '-S', '-c', code) if code else ('/no/such/program',), run / f'{name}.log',
            'calls go on', tells_ready=name == 'service', drain=30 * (code or '').count('DRAINS'))
    for name, code in zip(('Asterisk', 'service'), rest)
]
with only_one(run):
    limits = Limits(first_pause=0.05, longest_pause=0.2, stop=stop)
    sys.exit(Keeper(programs, run, lambda text: print(text, flush=True), limits).run())
"""
TELL = "import os, signal, sys, time; say = lambda text: (print(text), sys.stdout.flush()); "
WAIT = (
    TELL
    + "signal.signal(signal.SIGTERM, lambda *_: (say(f'end {time.monotonic_ns()}'), sys.exit())); say('up'); "
)
LASTING = WAIT + "signal.pause()"
STUBBORN = TELL + "signal.signal(signal.SIGTERM, signal.SIG_IGN); say('up'); time.sleep(600)"
REPORT = "f = os.fdopen(int(os.environ['HOTLINE_READY_FD']), 'w'); f.write('拨 12345'); f.close(); "
DRAINING = (
    TELL + "DRAINS = signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), say('drained'), sys.exit()));"
    " say('up'); signal.pause()"
)
READY = WAIT + REPORT + "signal.pause()"


class Running:
    """A launcher with two programs, named as in life."""

    def __init__(self, folder: Path, asterisk: str, service: str, stop: float = PATIENCE) -> None:
        self.run = folder
        command = (sys.executable, "-c", LAUNCHER, str(folder), str(stop), asterisk, service)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.said = ""

    def hears(self, text: str) -> None:
        assert self.process.stdout
        while text not in self.said:
            assert select.select([self.process.stdout], [], [], PATIENCE)[0], f"no {text!r} in {self.said!r}"
            part = os.read(self.process.stdout.fileno(), 4096)
            assert part, f"no {text!r} in {self.said!r}"
            self.said += part.decode(errors="replace")

    def pid(self, name: str) -> int:
        file = self.run / f"{name}.pid"  # written once the program runs, which may have said so before
        return int(until(lambda: file.exists() and file.read_text()))

    def wrote(self, name: str, text: str, times: int = 1) -> str:
        return until(lambda: (log := (self.run / f"{name}.log").read_text()).count(text) >= times and log)

    def is_up(self) -> "Running":
        self.hears("starting Asterisk, service")
        until(lambda: (self.run / "Asterisk.log").exists() and (self.run / "service.log").exists())
        self.wrote("Asterisk", "up")
        self.wrote("service", "up")
        return self


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")


@pytest.fixture
def start(tmp_path):
    launchers = []

    def start(*programs, **limits) -> Running:
        launchers.append(Running(tmp_path, *programs, **limits))
        return launchers[-1]

    yield start
    for launcher in launchers:
        launcher.process.kill()
        launcher.process.wait()
        launcher.process.stdout.close()


def test_a_program_that_dies_is_started_again_and_the_operator_reads_that_calls_go_on(start):
    launcher = start(LASTING, LASTING).is_up()
    first = launcher.pid("service")
    os.kill(first, signal.SIGKILL)
    launcher.hears("service ended by SIGKILL")
    launcher.hears("calls go on")
    launcher.hears("service starts again in 0.05 s")
    launcher.wrote("service", "up", times=2)
    assert launcher.pid("service") != first


def test_the_other_program_keeps_running_when_one_dies(start):
    launcher = start(LASTING, LASTING).is_up()
    asterisk = launcher.pid("asterisk")
    os.kill(launcher.pid("service"), signal.SIGKILL)
    launcher.wrote("service", "up", times=2)
    assert launcher.pid("asterisk") == asterisk
    assert not gone(asterisk)


def test_the_pause_before_a_restart_doubles_up_to_its_limit(start):
    launcher = start(LASTING, "raise SystemExit(3)")
    launcher.hears("service ended with status 3")
    for pause in ("0.05", "0.1", "0.2", "0.2"):
        launcher.hears(f"service starts again in {pause} s")
        launcher.said = launcher.said.split(f"in {pause} s", 1)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_first_the_service_and_then_asterisk(start, number):
    launcher = start(LASTING, LASTING).is_up()
    launcher.process.send_signal(number)
    assert launcher.process.wait(PATIENCE) == 0
    ends = [int(launcher.wrote(name, "end ").split()[-1]) for name in ("service", "Asterisk")]
    assert ends == sorted(ends)


def test_no_pid_is_left_in_the_files_after_a_stop(start):
    launcher = start(LASTING, LASTING).is_up()
    launcher.process.terminate()
    launcher.process.wait(PATIENCE)
    left = {path.name: path.read_text() for path in launcher.run.glob("*.pid")}
    assert left == {"launcher.pid": ""}


def test_a_program_that_ignores_the_request_to_stop_is_killed(start):
    launcher = start(LASTING, STUBBORN, stop=0.2).is_up()
    stubborn = launcher.pid("service")
    launcher.process.terminate()
    launcher.hears("service does not end; killing it")
    assert launcher.process.wait(PATIENCE) == 0
    assert gone(stubborn)


def test_a_program_that_drains_its_calls_is_given_the_time(start):
    launcher = start(LASTING, DRAINING, stop=0.2).is_up()
    launcher.process.terminate()
    assert launcher.process.wait(PATIENCE) == 0
    assert launcher.wrote("service", "drained")


def test_a_second_signal_does_not_wait_for_the_time_limit(start):
    launcher = start(LASTING, STUBBORN, stop=10 * PATIENCE).is_up()
    launcher.process.send_signal(signal.SIGINT)
    launcher.hears("stopping service")
    launcher.process.send_signal(signal.SIGINT)
    assert launcher.process.wait(PATIENCE) == 0


def test_what_a_program_started_ends_with_it(start):
    parent = (
        WAIT + "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True); signal.pause()"
    )
    launcher = start(LASTING, parent).is_up()
    child = int(until(lambda: (launcher.run / "service.log").read_text().split()[1:])[0])
    os.kill(launcher.pid("service"), signal.SIGKILL)
    until(lambda: gone(child))


def test_programs_end_when_the_launcher_is_killed(start):
    launcher = start(LASTING, LASTING).is_up()
    pids = launcher.pid("asterisk"), launcher.pid("service")
    launcher.process.kill()
    until(lambda: all(gone(pid) for pid in pids))


def test_the_text_of_the_service_that_is_ready_is_shown(start):
    start(LASTING, READY).is_up().hears("拨 12345")


def test_a_program_that_cannot_be_started_is_named_and_tried_again(start):
    launcher = start("", LASTING)
    launcher.hears("Asterisk cannot be started: ")
    launcher.hears("Asterisk starts again in 0.1 s")


def test_a_second_launcher_is_refused_by_the_number_of_the_first(start):
    launcher = start(LASTING, LASTING).is_up()
    with pytest.raises(NotAllowedError, match=f"as process {launcher.process.pid};"), only_one(launcher.run):
        pass


def test_a_pid_file_left_by_a_crash_stops_nobody(tmp_path):
    (tmp_path / "launcher.pid").write_text("1\n")
    with only_one(tmp_path):
        assert (tmp_path / "launcher.pid").read_text() == f"{os.getpid()}\n"


def test_a_terminal_that_knows_no_chinese_is_shown_escapes(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    hotline._show("已停止 · stopped")
    assert terminal.buffer.getvalue() == b"\\u5df2\\u505c\\u6b62 \xb7 stopped\n"


def test_a_program_whose_pid_cannot_be_written_is_kept_and_stopped_like_any_other(start, tmp_path):
    (tmp_path / "asterisk.pid").mkdir()  # stands for a full disk
    launcher = start(LASTING, LASTING).is_up()
    launcher.process.terminate()
    assert launcher.process.wait(PATIENCE) == 0
    assert launcher.wrote("Asterisk", "end ").count("up") == 1
