"""A demonstration's steps: measured until they are as asserted, and where to look if they are not."""

import os
import signal

import pytest

from telephony.cli.client import RefusedError
from telephony.cli.demo_line import ended_in_order
from telephony.cli.demo_steps import STEP_SECONDS, Steps, WrongStepError, printed
from telephony.errors import NotAllowedError
from tests.fakes import FakeClock


class Service:
    """Time passes while it is polled."""

    def __init__(self):
        self.clock = FakeClock()

    def get(self, _path, **_query):
        return {"last": 7}

    def poll(self, _path, seconds, **_query):
        self.clock.advance(seconds)


@pytest.fixture
def steps():
    service = Service()
    made = Steps(service, service.clock, quiet=True)
    made.begin("turn", "line")
    return made


def test_a_step_is_noted_once_it_is_as_asserted_with_what_was_measured(steps):
    states = iter(["queued", "talking"])
    steps.expect({"state": "talking"}, lambda: {"state": next(states), "agent": "8998"})
    [step] = steps.noted
    assert (step["as_expected"], step["took_seconds"], "look_at" in step) == (True, 1.0, False)
    assert (step["asserted"], step["measured"]) == (
        {"state": "talking"},
        {"state": "talking", "agent": "8998"},
    )


def test_a_step_that_stays_wrong_is_given_up_and_says_where_to_look(steps, capsys):
    with pytest.raises(WrongStepError):
        steps.expect({"state": "talking"}, lambda: {"state": "queued"})
    [step] = steps.noted
    assert (step["as_expected"], steps.all_good) == (False, False)
    assert STEP_SECONDS < step["took_seconds"] <= STEP_SECONDS + 2
    printed(steps.noted, "title")
    told = capsys.readouterr().out
    assert "state 应为 talking，实为 queued" in told
    assert "hotline waiting" in told


def test_what_is_not_there_yet_is_looked_for_again(steps):
    answers = iter([RefusedError(404, "no such transfer"), {"transfer": "failed"}])

    def measure():
        answer = next(answers)
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    assert steps.expect({"transfer": "failed"}, measure) == {"transfer": "failed"}


def test_a_step_that_cannot_be_played_is_wrong_with_its_reason(steps):
    steps.failed(NotAllowedError("the call did not arrive"))
    [step] = steps.noted
    assert (step["step"], step["as_expected"]) == ("turn", False)
    assert step["measured"] == {"error": "the call did not arrive"}


def ended_by(number, done):
    """Be ended by a signal, and by another one while clearing up."""
    with ended_in_order():
        try:
            os.kill(os.getpid(), number)
            done.append("went on")
        finally:
            os.kill(os.getpid(), number)
            done.append("cleared up")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_it_in_order_and_another_does_not_disturb_that(number):
    done, before = [], signal.getsignal(number)
    with pytest.raises(SystemExit) as end:
        ended_by(number, done)
    assert (done, end.value.code) == (["cleared up"], 128 + number)
    assert signal.getsignal(number) is before
