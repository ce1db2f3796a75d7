"""The demonstration's steps, with stand-ins for the service and the phones."""

import pytest

from telephony import config_load
from telephony.cli import demo
from telephony.cli.client import RefusedError
from telephony.errors import NotAllowedError
from telephony.paths import PROJECT

CALL = "1795420886.1"
CALLER = "10000012345"
VAIN_SECONDS = 0.05
"""A wait in vain; what comes is waited for as long as in life, for it comes at once."""


class FakeService:
    """Answers like the API; `events` are those that will be there when they are asked for."""

    def __init__(self, log):
        self.log = log
        self.events = [("arrived", "1.7"), ("arrived", CALL), ("answered", CALL), ("ended", CALL)]

    def get(self, path, **_query):
        if path == "events":
            return {"events": [], "last": 40}
        if path.startswith("calls/"):
            return {"caller_number": CALLER if path == f"calls/{CALL}" else "13800001234", "outcome": "x"}
        return {"password": "secret"}

    def poll(self, _path, _seconds, *, after, kind, call_id=None):
        self.log.append(("wait", kind))
        found = [(k, c) for k, c in self.events if k == kind and call_id in {None, c}]
        return {"events": [{"kind": k, "call_id": c, "agent": "8999"} for k, c in found], "last": after}

    def send(self, method, path):
        self.log.append((method, path.removeprefix("agents/8999/")))


@pytest.fixture
def log():
    return []


@pytest.fixture
def service(log, monkeypatch):
    """The phones note what they do in the same log as the service."""

    class Phone:
        def __init__(self, **values):
            self.user = values.get("called") or f"agent with {values['passwords']['8999']}"

        def __getattr__(self, what):
            return lambda *_: log.append((what, self.user)) or self

    monkeypatch.setattr(demo, "SippAgents", Phone)
    monkeypatch.setattr(demo, "SippCitizen", Phone)
    return FakeService(log)


@pytest.fixture
def run(service, tmp_path):
    return demo.Demo(service, config_load.load(PROJECT / "config"), tmp_path, quiet=True).call


def test_the_steps_come_in_order_and_leave_nothing_behind(run, log):
    run()
    assert log == [
        ("start", "agent with secret"),
        ("wait_checked", "agent with secret"),
        ("POST", "login"),
        ("POST", "ready"),
        ("start", "12345"),
        ("wait", "arrived"),
        ("wait", "answered"),
        ("wait", "ended"),
        ("wait_answered", "12345"),
        ("hangup", "12345"),
        ("wait", "ended"),
        ("kill", "12345"),
        ("POST", "logout"),
        ("stop", "agent with secret"),
    ]


def test_a_call_that_nobody_answers_is_hung_up_all_the_same(run, log, service, monkeypatch):
    service.events.remove(("answered", CALL))
    monkeypatch.setattr(demo, "ANSWER_SECONDS", VAIN_SECONDS)
    run()
    assert ("hangup", "12345") in log


def test_somebody_elses_call_is_not_taken_for_the_demos(run, log, service, monkeypatch):
    service.events.remove(("arrived", CALL))
    monkeypatch.setattr(demo, "ARRIVE_SECONDS", VAIN_SECONDS)
    with pytest.raises(NotAllowedError, match="did not arrive"):
        run()
    assert log[-3:] == [("kill", "12345"), ("POST", "logout"), ("stop", "agent with secret")]


def test_an_agent_that_cannot_log_in_is_said_even_if_logging_out_fails_too(run, service, monkeypatch):
    def refuse(_method, path):
        raise RefusedError(409, path)

    monkeypatch.setattr(service, "send", refuse)
    with pytest.raises(RefusedError, match="login"):
        run()
