import pytest

from telephony.store.database import Database
from telephony.store.tables import metadata
from tests.unit.api.served import Api, LoopThread


@pytest.fixture
def api(tmp_path):
    thread = LoopThread()
    database = Database(f"sqlite:///{tmp_path}/api.db", thread)
    metadata.create_all(database.engine)
    database.start()
    api = Api(database, thread)
    yield api
    api.stop()
    database.stop()
    thread.stop()
