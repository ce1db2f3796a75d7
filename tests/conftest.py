import itertools
import tempfile
from pathlib import Path

import pytest

from telephony.store import migrate
from telephony.store.database import Database
from tests.postgres import Cluster

_names = itertools.count()


@pytest.fixture(scope="session")
def postgres():
    folder = Path(tempfile.mkdtemp(prefix="hotline-postgres-", dir="/tmp"))
    cluster = Cluster(folder)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/hotline.db"
    return request.getfixturevalue("postgres").database(f"hotline{next(_names)}")


@pytest.fixture
def database(database_url):
    """A migrated store on each database that we support."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    migrate.upgrade(database_url)
    database = Database(database_url, reactor)
    database.start()
    yield database
    database.stop()
