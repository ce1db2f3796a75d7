"""What `make run` runs: Asterisk and the service together, used by hand, stopped by Ctrl-C."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from telephony.paths import PROJECT
from tests.switch import Switch

START_SECONDS = 90


class Run:
    """`hotline run --with-asterisk` in a group of its own, as a terminal would start it."""

    def __init__(self, switch):
        self.switch = switch
        self.environment = {**os.environ, **switch.environment, "PYTHONPATH": str(PROJECT)}
        switch.paths.var.joinpath("asterisk-root").symlink_to(PROJECT / "var" / "asterisk-root")
        self.said = ""

    def start(self):
        command = [sys.executable, "-m", "telephony", "run", "--with-asterisk"]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            while "hotline demo" not in self.said:
                assert ready.select(START_SECONDS), f"silent for {START_SECONDS} s after:\n{self.said}"
                heard = self.process.stdout.read(4096)
                assert heard, f"ended after:\n{self.said}"
                self.said += heard.decode()
        return self

    def interrupt(self):
        """Press Ctrl-C: the terminal sends the signal to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(START_SECONDS)

    def hotline(self, *arguments):
        command = [sys.executable, "-m", "telephony", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def left(self):
        """Return the command lines of processes that still belong to this run."""
        mark = f"HOTLINE_VAR={self.switch.paths.var}".encode()
        return [name for name in _processes() if mark in _read(name, "environ").split(b"\0")]


def _processes():
    return [
        entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != str(os.getpid())
    ]


def _read(process, what):
    try:
        return (process / what).read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    switch = Switch(tmp_path_factory.mktemp("run"))
    # The short tones as an operator's recordings: they take the place of the spoken prompts.
    shutil.copytree(switch.paths.sounds, switch.paths.config / "prompts")
    running = Run(switch)
    try:
        yield running.start()
    finally:
        if running.process.poll() is None:
            running.interrupt()


def test_the_start_says_what_listens_where_and_how_to_place_a_first_call(run):
    hotline = run.switch.config.hotline
    for listen in (hotline.sip, hotline.agi, hotline.ami, hotline.api):
        assert f"{listen.address}:{listen.port}" in run.said
    assert "hotline agents credentials 8001" in run.said


def test_status_is_zero_when_all_is_ready_and_names_every_address(run):
    done = run.hotline("status", "--wait", "20", "--json")
    status = json.loads(done.stdout)
    assert (done.returncode, status["ready"]) == (0, True)
    assert {at["name"] for at in status["listening"]} == {"sip", "agi", "ami", "api"}


def test_check_finds_nothing_wrong(run):
    done = run.hotline("check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demonstration_places_a_call_and_prints_its_ledger(run):
    done = run.hotline("demo", "inbound", "--json")
    assert done.returncode == 0, done.stderr
    call = json.loads(done.stdout)
    assert (call["called_number"], call["queue"], call["agent"]) == ("12345", "demo", "8999")
    assert (call["outcome"], call["ended_by"]) == ("answered", "citizen")
    assert (run.switch.paths.recordings / call["recording"]).exists()
    wanted = (
        "id direction called_number caller_number centre queue agent arrived_at queued_at answered_at "
        "ended_at ended_by wait_seconds talk_seconds outcome route_reason recording"
    )
    assert set(wanted.split()) <= set(call)


def test_the_credentials_of_an_agent_are_all_that_a_softphone_needs(run):
    phone = json.loads(run.hotline("agents", "credentials", "8001", "--json").stdout)
    assert phone["password"] == run.switch.secrets.sip["8001"]
    assert (phone["user"], phone["port"]) == ("8001", run.switch.config.hotline.sip.port)
    assert {"server", "transport"} <= set(phone)


def test_a_second_start_on_the_same_folder_is_refused(run):
    done = run.hotline("run", "--with-asterisk")
    assert done.returncode == 2
    assert "already" in done.stderr or "已" in done.stderr


def test_ctrl_c_stops_both_and_leaves_no_process_and_no_mount(run):
    assert run.interrupt() == 0
    assert run.left() == []
    assert str(run.switch.folder) not in Path("/proc/self/mounts").read_text()


def test_it_starts_again_and_the_ledger_is_still_there(run):
    run.said = ""
    run.start()
    calls = json.loads(run.hotline("calls", "--json").stdout)
    assert [call["queue"] for call in calls] == ["demo"]
