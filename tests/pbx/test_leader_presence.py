"""The presence clock on a real switch: against what the test measures by the events' own times."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from telephony.leader.seat import PATIENCE
from telephony.store import leader_days as rows
from telephony.store.database import engine_of, transaction, url_of
from tests.system import System
from tests.unit.leader.seating import AGENT, planned

ORDINARY = "8001"
"""An agent who is no leader."""
SECOND = 1.0
"""What may be lost or won at most by a restart of either side."""


class Sitting:
    """A leader at a real phone on an open day. Time itself is what is tested, so it is waited for."""

    def __init__(self, system):
        self.system, self.service = system, system.service
        self.day = None
        self.gone = 0.0
        """Seconds of breaks and absences, by the events' own times."""

    def begin(self):
        self.system.phone(AGENT)
        self.service.post(f"/agents/{AGENT}/login")
        self.service.post(f"/agents/{AGENT}/ready")
        now = datetime.now(UTC)
        switch = self.system.switch
        with transaction(engine_of(url_of(switch.config.hotline.database, switch.paths.var))) as connection:
            day = rows.add(connection, planned(starts_at=now, ends_at=now + timedelta(hours=2)))
        self.day = self.service.post(f"/leader-days/{day.id}/open", by="李敏")
        return self

    def passes(self, seconds):
        time.sleep(seconds)

    def pauses(self, seconds):
        mark = self.service.mark()
        self.service.post(f"/agents/{AGENT}/pause", reason="rest")
        self.passes(seconds)
        self.service.post(f"/agents/{AGENT}/ready")
        times = [
            datetime.fromisoformat(self.service.wait_event("agent", mark, agent=AGENT, to=state)["at"])
            for state in ("paused", "ready")
        ]
        self.gone += (times[1] - times[0]).total_seconds()

    def presence(self):
        return self.service.get(f"/leader-days/{self.day['id']}/presence")

    def end(self):
        """Close the day; return its presence, and how long the leader was really there."""
        path = f"/leader-days/{self.day['id']}/close"
        closed = self.service.post(path, by="李敏", reason="演练")
        opened_at, closed_at = (datetime.fromisoformat(closed[name]) for name in ("opened_at", "closed_at"))
        return self.presence(), (closed_at - opened_at).total_seconds() - self.gone


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("hall"))
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def sitting(hall):
    sitting = Sitting(hall).begin()
    yield sitting
    if hall.service.get(f"/leader-days/{sitting.day['id']}")["state"] == "open":
        sitting.end()
    hall.hang_up()
    hall.log_everybody_out()


def test_a_session_with_a_break_and_a_kill_of_the_service_is_right_to_the_second(sitting):
    sitting.passes(4)
    sitting.pauses(3)
    sitting.passes(1)
    sitting.service.kill()
    sitting.passes(2)
    sitting.service.start()
    sitting.service.wait_ready()
    sitting.passes(4)
    found, really = sitting.end()
    assert found["there"] == pytest.approx(really, abs=SECOND)
    assert found["paused"] == pytest.approx(sitting.gone, abs=0.001)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_restart_of_the_switch_takes_nothing_from_the_clock(sitting, how):
    sitting.passes(3)
    if how == "killed":
        sitting.system.switch.kill()
        sitting.passes(1)
        sitting.system.switch.start()
    else:
        sitting.system.switch.restart()
    sitting.service.wait_ready()
    sitting.pauses(2)
    sitting.passes(2)
    found, really = sitting.end()
    assert found["there"] == pytest.approx(really, abs=SECOND)
    assert found["away"] == pytest.approx(0, abs=SECOND)


def test_after_a_restart_of_the_switch_who_is_no_leader_is_free_within_seconds_too(sitting):
    system = sitting.system
    system.phone(ORDINARY)
    sitting.service.post(f"/agents/{ORDINARY}/login")
    system.switch.restart()
    sitting.service.wait_ready()
    deadline = time.monotonic() + PATIENCE
    while sitting.service.get(f"/agents/{ORDINARY}")["phone"] != "registered":
        assert time.monotonic() < deadline, "the switch did not ask the phone"
        time.sleep(0.1)  # as above


def test_a_phone_that_was_unplugged_for_a_while_was_not_there(sitting):
    sitting.passes(3)
    sitting.system.unplug(AGENT)
    gone_at = time.monotonic()
    sitting.passes(3)
    came_at = time.monotonic()
    sitting.system.phone(AGENT)
    sitting.gone = came_at - gone_at
    sitting.passes(3)
    found, really = sitting.end()
    assert found["there"] == pytest.approx(really, abs=SECOND)


def test_a_phone_that_goes_while_the_service_is_dead_counts_up_to_the_last_second_before(sitting):
    sitting.passes(3)
    opened_at = datetime.fromisoformat(sitting.day["opened_at"])
    sitting.service.kill()
    killed_at = datetime.now(UTC)
    sitting.system.unplug(AGENT)
    sitting.passes(2)
    sitting.service.start()
    sitting.service.wait_ready()
    sitting.passes(PATIENCE + 1)  # the switch asks the phone, which does not answer
    found, _ = sitting.end()
    assert found["there"] == pytest.approx((killed_at - opened_at).total_seconds(), abs=SECOND)
