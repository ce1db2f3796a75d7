import socket
import time
from datetime import timedelta
from threading import Event

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pytest_twisted import ensureDeferred
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread

from telephony.errors import BusyError
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import migrate
from telephony.store.database import (
    CONNECT_SECONDS,
    READERS,
    REPORTS_WAITING,
    RETRY_REPORT,
    engine_of,
    transaction,
)
from telephony.store.service_tables import agent_spells
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
async def test_reports_take_no_reader_from_calls_and_wait_for_each_other(database):
    begun, go_on, under_way, most = Event(), Event(), [], []

    def long(_):
        under_way.append(1)
        most.append(len(under_way))
        begun.set()
        go_on.wait()
        under_way.pop()

    reports = [database.report(long) for _ in range(1 + REPORTS_WAITING)]
    await deferToThread(begun.wait)
    assert await gatherResults([database.read(count) for _ in range(READERS)]) == [0] * READERS
    go_on.set()
    await gatherResults(reports)
    assert most == [1] * len(reports)


@ensureDeferred
async def test_a_report_too_many_is_refused_with_when_to_ask_again_and_the_next_one_is_made(database):
    go_on = Event()
    reports = [database.report(lambda _: go_on.wait()) for _ in range(1 + REPORTS_WAITING)]
    with pytest.raises(BusyError) as refused:
        await database.report(count)
    assert refused.value.retry_after == RETRY_REPORT
    go_on.set()
    await gatherResults(reports)
    assert await database.report(count) == 0


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


def test_a_migration_makes_of_the_events_what_the_service_would_have_kept(migrated_url):
    engine = engine_of(migrated_url)
    spells = sa.select(agent_spells).order_by(*agent_spells.primary_key.columns)
    told = (("8001", 1, "ready"), ("8002", 5, "ready"), ("8001", 9, "paused"), ("8001", 9, "ready"))
    changes = [
        (None, Happening(NOON + timedelta(microseconds=at), "agent", f"{agent}{at}{to}", agent, {"to": to}))
        for agent, at, to in told
    ]
    with transaction(engine) as connection:
        call_rows.append(connection, changes)
        kept = connection.execute(spells).all()
        command.downgrade(migrate.alembic_config(connection), "0014")
        command.upgrade(migrate.alembic_config(connection), "head")
        assert connection.execute(spells).all() == kept != []
    engine.dispose()


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
