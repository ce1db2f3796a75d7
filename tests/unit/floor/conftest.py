from pathlib import Path

import pytest
from twisted.internet.defer import succeed
from twisted.internet.task import Clock as Timer

from telephony.config_load import load
from telephony.floor.ledger import Ledger
from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from tests.unit.times import FixedClock

PROJECT = Path(__file__).resolve().parents[3]


class RecordingMirror:
    """Stands for app_queue: remembers what it was told."""

    def __init__(self):
        self.told = []

    def apply(self, agent):
        self.told.append((agent.number, agent.membership.member, agent.membership.paused))
        return succeed(None)

    def remove(self, number):
        self.told.append((number, "removed"))
        return succeed(None)


@pytest.fixture(scope="session")
def config():
    return load(PROJECT / "config")


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def timer():
    return Timer()


@pytest.fixture
def mirror():
    return RecordingMirror()


@pytest.fixture
def roster(config, database, clock, timer, mirror):
    return Roster(config, database, clock, timer, mirror, Pulse())


@pytest.fixture
def ledger(config, database, clock, tmp_path):
    return Ledger(config, database, clock, tmp_path)
