"""The leaders' side as bootstrap starts it and lets it tick."""

from pytest_twisted import ensureDeferred
from structlog.testing import capture_logs
from twisted.internet.defer import fail

from telephony.building.halls import Halls
from tests.fakes import FakeRoster, FakeSounds
from tests.unit.leader.hall import wanted
from tests.unit.times import FixedClock

NOBODY = (list, FakeRoster())
"""Nobody gives calls away, and nobody is free."""


@ensureDeferred
async def test_days_that_are_planned_wake_who_waits_for_news(config, database):
    told = []
    halls = Halls(config, database, FixedClock(), FakeSounds(), lambda: told.append("tell"), *NOBODY)
    await halls.start()
    await halls.days.add(wanted())
    assert told == ["tell"]


class SilentDatabase:
    def read(self, _work):
        return fail(OSError("the database does not answer"))


def test_a_tick_that_finds_no_database_is_logged_and_stops_nothing(config):
    halls = Halls(config, SilentDatabase(), FixedClock(), FakeSounds(), list, *NOBODY)
    with capture_logs() as logs:
        halls.tick()
    told = {(entry["event"], "does not answer" in entry["why"]) for entry in logs}
    assert told >= {("leader_days_not_read", True), ("leader_duties_not_seen", True)}
