import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from telephony.store import migrate
from telephony.store.database import Database
from tests.postgres import Cluster

# A busy machine is no fault of the code: speed is measured by benchmarks, never by tests.
settings.register_profile("hotline", deadline=None)
settings.load_profile("hotline")

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


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated file to copy."""
    file = tmp_path_factory.mktemp("template") / "hotline.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres):
    """A migrated database to copy."""
    migrate.upgrade(postgres.database("template_hotline"))
    return "template_hotline"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request, tmp_path):
    """The URL of an empty store of its own, on each database that we support."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hotline.db")
        return f"sqlite:///{tmp_path}/hotline.db"
    template = request.getfixturevalue("postgres_template")
    return request.getfixturevalue("postgres").database(f"hotline{next(_names)}", template)


@pytest.fixture
def database(migrated_url):
    """A migrated store on each database that we support."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    database = Database(migrated_url, reactor)
    database.start()
    yield database
    database.stop()
