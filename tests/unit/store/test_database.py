import socket
import time
from threading import Event

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pytest_twisted import ensureDeferred
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from telephony.store import migrate
from telephony.store.database import CONNECT_SECONDS, engine_of
from telephony.store.tables import blacklist, events, insert_new, metadata
from tests.unit.times import NOON


def add(connection, number="1", reason="noise"):
    connection.execute(blacklist.insert().values(number=number, reason=reason, added_at=NOON))


def count(connection):
    return connection.scalar(sa.select(sa.func.count()).select_from(blacklist))


@ensureDeferred
async def test_a_write_is_there_for_the_next_read(database):
    await database.write(add)
    assert await database.read(count) == 1


@ensureDeferred
async def test_one_failing_write_takes_no_other_in_its_batch_with_it(database):
    good, bad, later = database.write(add), database.write(add), database.write(lambda c: add(c, "2"))
    with pytest.raises(sa.exc.IntegrityError):
        await bad
    await good
    await later
    assert await database.read(count) == 2


@ensureDeferred
async def test_an_urgent_write_goes_before_those_that_were_asked_for_earlier(database):
    begun, go_on, order = Event(), Event(), []

    def first(_):
        begun.set()
        go_on.wait()

    writes = [database.write(first)]
    await deferToThread(begun.wait)
    writes.append(database.write(lambda _: order.append("some time")))
    writes.append(database.write(lambda _: order.append("urgent"), urgent=True))
    go_on.set()
    await gatherResults(writes)
    assert order == ["urgent", "some time"]


@ensureDeferred
async def test_reading_and_then_writing_loses_no_update(database):
    await database.write(lambda connection: add(connection, reason="0"))

    def increase(connection):
        value = int(connection.scalar(sa.select(blacklist.c.reason)))
        connection.execute(blacklist.update().values(reason=str(value + 1)))

    await gatherResults([database.write(increase) for _ in range(240)])
    assert await database.read(lambda c: c.scalar(sa.select(blacklist.c.reason))) == "240"


@ensureDeferred
async def test_times_come_back_in_utc(database):
    await database.write(add)
    stored = await database.read(lambda c: c.scalar(sa.select(blacklist.c.added_at)))
    assert (stored, stored.utcoffset().total_seconds()) == (NOON, 0)


@ensureDeferred
async def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(sa.exc.StatementError, match="without a zone"):
        await database.write(
            lambda c: c.execute(
                blacklist.insert().values(number="1", reason="x", added_at=NOON.replace(tzinfo=None))
            )
        )


@ensureDeferred
async def test_an_event_told_twice_stands_once(database):
    row = {"at": NOON, "kind": "held", "data": {}, "key": "same"}
    for _ in range(2):
        await database.write(lambda c: insert_new(c, events, row))
    assert await database.read(lambda c: len(c.execute(sa.select(events)).all())) == 1


@ensureDeferred
async def test_the_migrations_make_exactly_the_tables_of_the_code(database):
    def difference(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await database.read(difference) == []
    assert await database.read(migrate.is_current) is True


def test_migrating_again_changes_nothing(database_url):
    migrate.upgrade(database_url)
    migrate.upgrade(database_url)


@ensureDeferred
async def test_an_error_of_the_database_quotes_nothing_of_a_caller(database):
    await database.write(lambda c: add(c, "13800000001"))
    with pytest.raises(sa.exc.IntegrityError) as refused:
        await database.write(lambda c: add(c, "13800000001", "a secret reason"))
    assert "a secret reason" not in str(refused.value)


def test_a_postgresql_that_says_nothing_is_given_up_in_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = engine_of(f"postgresql+psycopg://hotline@127.0.0.1:{silent.getsockname()[1]}/hotline")
        began = time.monotonic()
        with pytest.raises(sa.exc.OperationalError):
            engine.connect()
        assert time.monotonic() - began < CONNECT_SECONDS + 5


def test_the_file_of_the_store_is_for_its_owner_only(tmp_path):
    migrate.upgrade(f"sqlite:///{tmp_path}/hotline.db")
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}
