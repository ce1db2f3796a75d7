"""`hotline demo waiting` on a real system: places, order, a transfer into the line, and nothing left."""

import json
import os
import subprocess
import sys

import pytest

from telephony.paths import PROJECT
from tests.system import System

STEPS = ["in_line", "turn", "transferred", "back_in_line", "turn_again"]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("demo"))
    yield system.start()
    system.stop()


@pytest.fixture(scope="module")
def shown(system):
    """What the demonstration tells a program."""
    environment = {**os.environ, **system.switch.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "telephony", "demo", "waiting", "--json"]
    done = subprocess.run(
        command, env=environment, cwd=system.folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["steps"]


def test_each_step_comes_out_as_it_should(shown):
    assert [(step["step"], step["as_expected"]) for step in shown] == [(step, True) for step in STEPS]


def test_two_who_wait_have_the_places_of_their_arrival(shown):
    first, second = shown[0]["line"]
    assert (first["position"], second["position"]) == (1, 2)
    assert shown[1]["call_id"] == first["call_id"]


def test_who_was_transferred_is_ahead_of_who_waits_and_is_taken_again(shown):
    first, second = shown[3]["line"]
    assert (first["call_id"], first["priority"], second["priority"]) == (shown[1]["call_id"], 20, 0)
    assert shown[4]["call_id"] == first["call_id"]


def test_it_is_in_no_figure_and_leaves_nothing_behind(system, shown):
    assert system.service.get("/waiting") == []
    assert system.service.get("/status")["waiting"] == 0
    assert system.service.get("/agents/8999")["state"] == "logged_out"
