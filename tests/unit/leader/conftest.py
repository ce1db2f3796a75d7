import pytest

from telephony.config_load import load
from telephony.paths import PROJECT
from tests.unit.leader.hall import Hall


@pytest.fixture(scope="session")
def config():
    return load(PROJECT / "config")


@pytest.fixture
def hall(config, database):
    return Hall(config, database)
