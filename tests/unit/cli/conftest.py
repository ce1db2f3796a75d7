import re
import shutil

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from telephony import secret_store
from telephony.api import serve
from telephony.cli.app import app
from telephony.config_hotline import Listen
from telephony.paths import PROJECT
from telephony.store.database import Database
from telephony.store.tables import metadata
from tests.unit.api.served import SECRETS, Api, LoopThread
from tests.years import supply_years

ANYWHERE = Listen.model_construct(address="127.0.0.1", port=0)
CLOSED_PORT = 9  # nobody has spoken discard for decades


class House:
    """One installation in a folder, and the command that is run for it."""

    def __init__(self, folder):
        self.config, self.var = folder / "config", folder / "var"
        shutil.copytree(PROJECT / "config", self.config)
        supply_years(self.config)
        self.var.mkdir()
        self.set("api: ", f"api: {{address: 127.0.0.1, port: {CLOSED_PORT}}}")
        self.set("ami: ", f"ami: {{address: 127.0.0.1, port: {CLOSED_PORT}}}")

    def set(self, start, line, file="hotline.yaml"):
        path = self.config / file
        path.write_text(re.sub(f"^{start}.*$", line, path.read_text(), flags=re.MULTILINE))

    def keep_secrets(self):
        secret_store._write(self.var / "secrets.yaml", SECRETS)

    def run(self, *words):
        environment = {"HOTLINE_CONFIG": str(self.config), "HOTLINE_VAR": str(self.var)}
        return CliRunner().invoke(app, words, env=environment)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture(scope="module")
def server():
    """A real socket; what answers on it is handed in by each test."""
    thread = LoopThread()
    handle = thread.run(serve.start(Api(None, thread).app, ANYWHERE))
    yield thread, handle.port
    thread.run(handle.stop())
    thread.stop()


@pytest.fixture
def running(house, server):
    """An installation whose service runs: the real API over a real SQLite database."""
    thread, port = server
    database = Database(f"sqlite:///{house.var}/hotline.db", thread)
    metadata.create_all(database.engine)
    database.start()
    house.api = Api(database, thread)
    house.set("api: ", f"api: {{address: 127.0.0.1, port: {port}}}")
    house.keep_secrets()
    with capture_logs():
        yield house
    house.api.stop()
    database.stop()
