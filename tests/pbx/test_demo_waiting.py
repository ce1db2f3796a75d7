"""`hotline demo waiting` on a real system: all of the waiting room, repeatable, and nothing of it left."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from telephony.paths import PROJECT
from telephony.texts import forms
from tests.system import System

STEPS = [
    *("in_line", "turn", "transferred", "back_in_line", "turn_again", "not_reached", "consulting"),
    *("completed", "gave_up", "notice_on", "notice_heard", "notice_off", "kept", "called_back"),
    *("return_closed", "spilled", "let_go", "over"),
]
LINE, AGENTS = "10000012347", ("8997", "8998")
PATIENCE = 60
# What becomes of a play that ends early does not depend on the database.
ONE = pytest.mark.parametrize("system", ["sqlite"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def system(request, tmp_path_factory):
    database = {}
    if request.param == "postgresql":
        database = {"database": request.getfixturevalue("postgres").database("demo")}
    system = System(tmp_path_factory.mktemp("demo"), database)
    yield system.start()
    system.stop()


def begin(system, *arguments):
    environment = {**os.environ, **system.switch.environment, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "telephony", "demo", "waiting", *arguments]
    out, errors = subprocess.PIPE, subprocess.PIPE
    return subprocess.Popen(command, env=environment, cwd=system.folder, stdout=out, stderr=errors, text=True)


def played(system, *arguments):
    """Play it to its end; return its status and what it printed."""
    demo = begin(system, *arguments)
    out, errors = demo.communicate(timeout=600)
    return demo.returncode, out, errors


@pytest.fixture(scope="module")
def shown(system):
    """What the demonstration tells a program: each step by its name."""
    status, out, errors = played(system, "--json")
    assert status == 0, out + errors
    return {step["step"]: step for step in json.loads(out)["steps"]}


def left(system):
    """Return what is left of the demonstration: calls, those who wait, returns, notices, agents."""
    waiting = [*system.service.get("/waiting"), *system.service.get("/returns")]
    agents = [system.service.agent(number)["state"] for number in AGENTS]
    channels = system.switch.cli("core show channels count").splitlines()[0]
    return (waiting, system.service.get("/notices"), agents, channels)


NOTHING = ([], [], ["logged_out", "logged_out"], "0 active channels")


def test_each_step_comes_out_as_it_should_and_says_what_it_asserted(shown):
    assert [(step["step"], step["as_expected"]) for step in shown.values()] == [
        (each, True) for each in STEPS
    ]
    for step in shown.values():
        assert step["asserted"].items() <= step["measured"].items()
        assert step["asserted"]


def test_who_was_transferred_is_ahead_of_who_waits(shown):
    first, second = shown["in_line"]["measured"]["order"]
    line = shown["back_in_line"]["measured"]
    assert (line["order"], line["priorities"]) == ([first, second], [20, 0])


def test_the_kept_place_has_the_arrival_of_its_call_and_one_call_back_closes_it(shown):
    kept = shown["kept"]["measured"]
    assert abs(
        datetime.fromisoformat(kept["since"]) - datetime.fromisoformat(kept["arrived_at"])
    ) < timedelta(seconds=1)
    assert (shown["return_closed"]["measured"]["tries"], kept["why"]) == (0, "kept")


def test_it_is_in_no_figure(system, shown):
    now = datetime.now(UTC)
    span = {"since": (now - timedelta(hours=1)).isoformat(), "until": now.isoformat()}
    assert system.service.get("/returns/report", **span)["asked"] == 0
    assert system.service.get("/status")["waiting"] == 0
    figures = system.service.get("/report/service", **span)
    assert figures["total"]["calls"] == 0


def test_it_leaves_nothing_behind_and_touches_no_real_queue(system, shown):
    assert left(system) == NOTHING
    calls = system.service.get("/calls", limit=1000)
    assert {call["queue"] for call in calls if call["queue"]} == {"demo-line", "demo-busy"}


@ONE
def test_it_can_be_repeated_and_tells_what_happens(system, shown):
    status, out, errors = played(system)
    assert status == 0, out + errors
    for step in ("kept", "not_reached", "notice_heard"):
        assert told_as(step) in out
    assert "正确" in out


def told_as(step):
    """Return how the demonstration tells of a step."""
    return forms(f"waiting_step.{step}")["zh"]


def wait_step(demo, step):
    """Block until the demonstration has told of a step."""
    for line in demo.stdout:
        if told_as(step) in line:
            return
    raise AssertionError(f"no {step}: {demo.stderr.read()}")


@ONE
@pytest.mark.parametrize(
    ("step", "number"),
    [("consulting", signal.SIGINT), ("notice_on", signal.SIGTERM), ("called_back", signal.SIGINT)],
    ids=["consulting", "notice", "called-back"],
)
def test_whenever_it_is_stopped_nothing_is_left(system, number, step):
    demo = begin(system)
    wait_step(demo, step)
    demo.send_signal(number)
    demo.stdout.read()
    assert demo.wait(PATIENCE) == 128 + number
    assert left(system) == NOTHING


@ONE
def test_a_step_that_is_wrong_says_where_to_look_and_nothing_is_left(system):
    system.service.post("/revisits/pause", reason="维护", by="test")
    try:
        status, out, _ = played(system, "--json")
    finally:
        system.service.post("/revisits/resume")
    *_, wrong, over = json.loads(out)["steps"]
    assert (status, wrong["step"], wrong["as_expected"], over["as_expected"]) == (
        1,
        "called_back",
        False,
        True,
    )
    assert "hotline revisits status" in wrong["look_at"]
    assert left(system) == NOTHING


@ONE
def test_after_one_that_was_killed_the_next_clears_up_and_is_whole(system):
    demo = begin(system)
    wait_step(demo, "kept")
    demo.kill()
    demo.communicate()
    status, out, errors = played(system, "--json")
    assert status == 0, out + errors
    assert left(system) == NOTHING
