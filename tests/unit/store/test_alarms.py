"""An alarm that stands is one, whoever raises it, and however many at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command

from telephony.store import agents as agent_rows
from telephony.store import migrate, registers
from telephony.store.database import engine_of, transaction
from telephony.store.tables import alarms
from tests.unit.times import NOON

TOGETHER = 8


@pytest.fixture
def engine(migrated_url):
    engine = engine_of(migrated_url, connections=TOGETHER)
    yield engine
    engine.dispose()


def raised(engine, subject="8001"):
    with transaction(engine) as connection:
        return agent_rows.raise_alarm(connection, NOON, "missed-rings", subject)


def stand(engine):
    """Return of each alarm, the eldest first, its subject and whether it stands."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(alarms).order_by(alarms.c.id)).all()
    return [(row.subject, row.acknowledged_at is None) for row in rows]


def test_of_many_services_that_raise_one_alarm_at_once_one_has_raised_it(engine):
    ready = threading.Barrier(TOGETHER)

    def raise_it(_):
        ready.wait()
        return raised(engine)

    with ThreadPoolExecutor(TOGETHER) as pool:
        found = list(pool.map(raise_it, range(TOGETHER)))
    assert sorted(found) == [False] * (TOGETHER - 1) + [True]
    assert stand(engine) == [("8001", True)]


def test_another_subject_is_another_alarm_and_one_that_was_acknowledged_may_come_again(engine):
    assert [raised(engine), raised(engine, "8002"), raised(engine)] == [True, True, False]
    with transaction(engine) as connection:
        registers.acknowledge(connection, 1, NOON)
    assert raised(engine)
    assert stand(engine) == [("8001", False), ("8002", True), ("8001", True)]


def test_of_alarms_that_were_raised_twice_the_migration_leaves_the_elder_standing(engine):
    with transaction(engine) as connection:
        settings = migrate.alembic_config(connection)
        command.downgrade(settings, "0017")
        for subject in ("8001", "8001", "8002", "8001"):
            row = {"at": NOON, "kind": "missed-rings", "subject": subject}
            connection.execute(alarms.insert().values(**row))
        command.upgrade(settings, "head")
    assert stand(engine) == [("8001", True), ("8001", False), ("8002", True), ("8001", False)]
    with engine.connect() as connection:
        [seen] = {at for at in connection.scalars(sa.select(alarms.c.acknowledged_at)) if at is not None}
    assert seen > NOON.replace(year=2000)
