"""`hotline demo threeway` on a real system: what each party hears, and that nothing is left behind."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from telephony.paths import PROJECT
from tests.system import System

STEPS = ["talking", "asked", "consulting", "joined", "held", "resumed", "left", "back"]
MOST_SECONDS = 60


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("demo"))
    yield system.start()
    system.stop()


def begin(system, *arguments):
    environment = {**os.environ, **system.switch.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "telephony", "demo", "threeway", *arguments]
    out, errors = subprocess.PIPE, subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=system.folder, stdout=out, stderr=errors, text=True)


def demo(system, *arguments):
    """Play it to its end; return its status and what it printed."""
    running = begin(system, *arguments)
    out, errors = running.communicate(timeout=600)
    return subprocess.CompletedProcess(running.args, running.returncode, out, errors)


@pytest.fixture(scope="module")
def shown(system):
    """What the demonstration tells a program."""
    done = demo(system, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_at_each_step_each_party_hears_whom_they_should(shown):
    assert [step["step"] for step in shown["steps"]] == STEPS
    assert [step["step"] for step in shown["steps"] if not step["as_expected"]] == []
    heard = {step["step"]: step["hears"] for step in shown["steps"]}
    assert heard["consulting"] == {"citizen": [], "agent": ["unit"], "unit": ["agent"]}
    assert heard["left"] == {"citizen": ["unit"], "unit": ["citizen"]}


def test_it_takes_less_than_a_minute(shown):
    assert shown["steps"][-1]["at_seconds"] < MOST_SECONDS


def test_the_three_way_call_is_one_of_a_demonstration_with_its_result(shown):
    three_way = shown["three_way"]
    assert (three_way["demo"], three_way["result"]) == (True, "answered_on_spot")
    assert [each["outcome"] for each in three_way["invitations"]] == ["accepted"]


def test_it_is_in_no_figure_and_leaves_nothing_behind(system, shown):
    assert system.service.get("/units/stats")["total"]["asked"] == 0
    assert "demo-unit" not in [each["code"] for each in system.service.get("/units")]
    assert system.service.get("/threeway", live=True) == []
    assert system.service.get("/outbox")["items"] == []
    assert system.switch.cli("core show channels count").startswith("0 active channels")


def test_the_demo_can_be_repeated_and_tells_what_happens(system, shown):
    done = demo(system)
    assert done.returncode == 0, done.stdout + done.stderr
    for text in ("坐席接听", "三方通话 all three", "坐席 agent + 单位 unit", "音乐、提示音", "正确"):
        assert text in done.stdout


def test_a_revisit_that_rings_the_demos_citizen_meanwhile_disturbs_nothing(system, shown):
    number = system.switch.config.hotline.demo.caller_number
    body = {"numbers": [number], "open": True, "subject": "演示"}
    system.service.http.put("/cases/DEMO-1", json=body).raise_for_status()
    system.service.post("/cases/DEMO-1/reply", at=datetime.now(UTC).isoformat(), contact="承办人电话告知")
    done = demo(system)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["state"] for each in system.service.get("/cases/DEMO-1/revisits")[-1]["attempts"]] != []


def test_after_one_that_was_killed_in_the_call_of_three_the_next_is_whole(system, shown):
    killed = begin(system)
    assert any("三方通话" in line for line in killed.stdout), killed.stderr.read()
    killed.kill()
    killed.communicate()
    done = demo(system)
    assert done.returncode == 0, done.stdout + done.stderr
    assert system.service.get("/threeway", live=True) == []
