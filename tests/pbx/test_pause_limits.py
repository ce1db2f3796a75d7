"""Pauses with a limit on a running system: who is away too long is told of once, and only then."""

import time
from datetime import datetime

import pytest

from tests.pbx.hearing import PATIENCE
from tests.system import System

LIMIT = 2.0
"""Seconds that a rest may last here."""
REASONS = [{"name": "rest", "minutes": LIMIT / 60}, "training"]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("strict"), {"agents": {"pause_reasons": REASONS}})
    try:
        yield system.start().service
    finally:
        system.stop()


def alarms(service):
    # On some days of a month every centre is reminded of its leader day as well.
    return [(each["kind"], each["subject"]) for each in service.get("/alarms") if each["subject"].isdigit()]


def wait_no_alarm(service):
    deadline = time.monotonic() + PATIENCE
    while found := alarms(service):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)  # that an alarm is taken back is no event


def test_a_pause_past_its_limit_raises_an_alarm_until_it_is_over_and_one_without_a_limit_none(service):
    for number, reason in (("8002", "training"), ("8001", "rest")):
        service.post(f"/agents/{number}/login")
        service.post(f"/agents/{number}/pause", reason=reason)
    told = service.wait_event("pause_too_long", 0)
    began, at = (datetime.fromisoformat(each) for each in (service.agent("8001")["since"], told["at"]))
    assert told["agent"] == "8001"
    assert (at - began).total_seconds() >= LIMIT
    assert alarms(service) == [("long-pause", "8001")]
    service.post("/agents/8001/ready")
    wait_no_alarm(service)
