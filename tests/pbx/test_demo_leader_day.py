"""`hotline demo leader-day` on a real system: a whole day, repeatable, and nothing of it left."""

import json
import os
import signal
import subprocess
import sys

import pytest

from telephony.paths import PROJECT
from tests.system import System

STEPS = [
    *("hall_planned", "hall_refused", "hall_published", "hall_notice", "hall_opened", "hall_screened"),
    *("hall_handed", "hall_talk", "hall_ready", "hall_second_screened", "hall_second_waits", "hall_gave_up"),
    *("hall_result", "hall_ready", "hall_third_screened", "hall_third_waits", "hall_end", "hall_agents"),
    *("hall_closed", "hall_presence", "hall_register", "hall_settled", "hall_certified", "hall_over"),
]
AGENTS = ("8995", "8996", "8999")
PATIENCE = 60


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("demo-leader"))
    yield system.start()
    system.stop()


def begin(system, *arguments):
    environment = {**os.environ, **system.switch.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "telephony", "demo", "leader-day", *arguments]
    out, errors = subprocess.PIPE, subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=system.folder, stdout=out, stderr=errors, text=True)


@pytest.fixture(scope="module")
def steps(system):
    """What the demonstration tells a program."""
    demo = begin(system, "--json")
    out, errors = demo.communicate(timeout=600)
    assert demo.returncode == 0, out + errors
    return json.loads(out)["steps"]


@pytest.fixture(scope="module")
def shown(steps):
    return {step["step"]: step["measured"] for step in steps}


def left(system):
    """Return what is left: who waits, returns, alarms, real days, agents who are logged in, channels."""
    waiting = [*system.service.get("/waiting"), *system.service.get("/returns"), *alarms(system)]
    agents = {system.service.agent(number)["state"] for number in AGENTS}
    channels = system.switch.cli("core show channels count").splitlines()[0]
    return waiting, system.service.get("/leader-days"), agents, channels


def alarms(system):
    found = system.service.get("/alarms")
    return [each for each in found if each["kind"] in {"leader-day-short", "leader-day-not-held"}]


NOTHING = ([], [], {"logged_out"}, "0 active channels")


def test_each_step_comes_out_as_it_should_and_says_what_it_asserted(steps):
    assert [(step["step"], step["as_expected"]) for step in steps] == [(each, True) for each in STEPS]
    for step in steps:
        assert step["asserted"]
        assert step["asserted"].items() <= step["measured"].items()


def test_the_two_hours_pass_by_the_days_own_clock(shown, steps):
    there = shown["hall_presence"]["there"]
    assert steps[-1]["at_seconds"] < 7200 <= there
    assert shown["hall_refused"]["why"] != ""


def test_it_is_in_no_list_calendar_or_duty(system, shown):
    day = shown["hall_planned"]["id"]
    assert system.service.get("/leader-days/calendar") == []
    assert [each["id"] for each in system.service.get("/leader-days", played=True)] == [day]
    months = [month for each in system.service.get("/leader-duties") for month in each["months"]]
    assert months
    assert not any(month["days"] for month in months)
    calls = system.service.get("/calls", limit=1000)
    assert {call["queue"] for call in calls if call["queue"]} <= {
        *("demo", "demo-leader", "demo-leader-screening")
    }
    assert left(system) == NOTHING


def begun(system, text):
    """Begin it and block until it has told of a step."""
    demo = begin(system)
    for line in demo.stdout:
        if text in line:
            return demo
    raise AssertionError(f"no {text}: {demo.stderr.read()}")


def test_stopped_in_a_talk_it_leaves_nothing(system, shown):
    demo = begun(system, "市民与领导通话")
    demo.send_signal(signal.SIGTERM)
    demo.stdout.read()
    assert demo.wait(PATIENCE) == 128 + signal.SIGTERM
    assert left(system) == NOTHING


def test_after_one_that_was_killed_in_a_talk_while_another_waits_the_next_is_whole(system, shown):
    demo = begun(system, "领导通话中，第三位排队")
    demo.kill()
    demo.communicate()
    again = begin(system, "--json")
    out, errors = again.communicate(timeout=600)
    assert again.returncode == 0, out + errors
    assert left(system) == NOTHING
