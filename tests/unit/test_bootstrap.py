"""The parts as they are put together; what needs a switch is under tests/pbx."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred
from twisted.python.threadable import isInIOThread

from telephony import bootstrap
from telephony.config_load import load
from telephony.paths import PROJECT, Paths
from telephony.secret_store import Secrets
from tests.unit.times import FixedClock


@pytest.fixture
def service(tmp_path):
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    paths = Paths(PROJECT / "config", tmp_path)
    return bootstrap.Service(paths, load(paths.config), Secrets(), reactor, FixedClock())


@ensureDeferred
async def test_the_tick_runs_where_the_sockets_and_timers_are_and_in_no_other_thread(service, monkeypatch):
    ticked = Deferred()

    def tick():
        service._ticker.remove_all_jobs()
        service._reactor.callFromThread(ticked.callback, isInIOThread())

    monkeypatch.setattr(bootstrap, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(service, "tick", tick)
    service.begin_to_tick()
    assert await ticked
    service._ticker.shutdown(wait=False)
