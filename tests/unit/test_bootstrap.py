"""The parts as they are put together; what needs a switch is under tests/pbx."""

from datetime import datetime

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.python.threadable import isInIOThread

from telephony import bootstrap
from telephony.clock import SHANGHAI
from telephony.config_load import load
from telephony.paths import PROJECT, Paths
from telephony.secret_store import Secrets
from tests.unit.times import FixedClock


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def service(tmp_path, clock):
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    paths = Paths(PROJECT / "config", tmp_path)
    return bootstrap.Service(paths, load(paths.config), Secrets(), reactor, clock)


@ensureDeferred
async def test_the_tick_runs_where_the_sockets_and_timers_are_and_in_no_other_thread(service, monkeypatch):
    ticked = Deferred()

    def tick():
        service._ticker.remove_all_jobs()
        service.ground.reactor.callFromThread(ticked.callback, isInIOThread())

    monkeypatch.setattr(bootstrap, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(service, "tick", tick)
    service.begin_to_tick()
    assert await ticked
    service._ticker.shutdown(wait=False)


def test_until_the_switch_has_been_asked_an_agent_may_be_in_a_call_and_no_leader_day_is_closed(service):
    assert service.building.is_busy("8801")
    service.building.watches.switch.settled = True
    assert not service.building.is_busy("8801")


@pytest.mark.parametrize(
    ("day", "ok", "detail"),
    [
        (datetime(2026, 11, 30, tzinfo=SHANGHAI), True, "known until 2026-12-31"),
        (datetime(2026, 12, 1, tzinfo=SHANGHAI), True, "does not know 2027"),
        (datetime(2026, 12, 24, 23, 59, 59, tzinfo=SHANGHAI), True, "does not know 2027"),
        (datetime(2026, 12, 25, tzinfo=SHANGHAI), False, "does not know 2027"),
    ],
)
def test_a_calendar_that_ends_is_told_in_december_and_is_a_fault_in_its_last_week(
    service, clock, day, ok, detail
):
    clock.instant = day
    calendar = service.vitals.health.components()["calendar"]
    assert (calendar.ok, detail in calendar.detail) == (ok, True)
