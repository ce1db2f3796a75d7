"""Figures of the day."""

from datetime import UTC, datetime

import pytest

from telephony.store import figures
from telephony.store.database import engine_of, transaction
from telephony.store.figures import Figures
from telephony.store.tables import metadata
from tests.unit.store.ledger import NOW, ago, put_answered, put_call, put_event

DEMO = "10000012345"
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def today(connection):
    return figures.of_today(connection, NOW, DEMO)


def test_a_day_of_one_queue_is_counted(connection):
    put_answered(connection, "1.1", waited=10)
    put_answered(connection, "1.2", waited=20)
    put_call(connection, "1.3", queued_at=ago(60), ended_at=ago(30), outcome="abandoned")
    put_call(connection, "1.4", queued_at=ago(60), state="queued")
    put_answered(connection, "1.5", waited=30, state="talking", ended_at=None, outcome=None)
    assert today(connection).queues == {"city-12345": Figures(5, 3, 1, 1, 1, 20.0)}


def test_who_hung_up_in_the_greeting_counts_for_the_number_only(connection):
    put_call(connection, queue=None, ended_at=ago(30), outcome="abandoned_early")
    assert today(connection).queues == {}
    assert today(connection).numbers == {"12345": Figures(1, 0, 1, 0, 0, None)}


def test_who_talked_and_gave_up_in_a_later_wait_is_abandoned_and_not_answered(connection):
    put_answered(connection, waited=10, outcome="abandoned_later")
    assert today(connection).queues == {"city-12345": Figures(1, 0, 1, 0, 0, None)}


def test_each_number_has_its_own_figures(connection):
    put_answered(connection, "1.1", waited=10)
    put_answered(connection, "1.2", waited=30, called_number="12315")
    means = {number: of.mean_wait_seconds for number, of in today(connection).numbers.items()}
    assert means == {"12345": 10.0, "12315": 30.0}


def test_the_day_begins_at_midnight_in_shanghai(connection):
    put_call(connection, "1.1", arrived_at=MIDNIGHT, outcome="failed")
    put_call(connection, "1.2", arrived_at=MIDNIGHT.replace(hour=15, minute=59), outcome="failed")
    assert today(connection).numbers["12345"].offered == 1
    assert today(connection).day.isoformat() == "2026-11-23"


def test_who_waits_since_yesterday_is_waiting_now_but_not_offered_today(connection):
    put_call(connection, arrived_at=MIDNIGHT.replace(hour=15), queued_at=ago(0), state="queued")
    assert today(connection).queues["city-12345"] == Figures(0, 0, 0, 1, 0, None)


def test_the_demos_citizen_is_left_out(connection):
    put_answered(connection, caller_number=DEMO)
    assert today(connection).numbers == {}


def test_a_caller_without_a_number_is_counted(connection):
    put_answered(connection, caller_number=None)
    assert today(connection).numbers["12345"].answered == 1


def test_ends_are_counted_once_by_number_and_outcome(connection):
    put_answered(connection)
    put_event(connection, "arrived")
    put_event(connection, "ended")
    last, counts = figures.ended_after(connection, 0, DEMO)
    assert (last, counts) == (2, {("12345", "answered"): 1})
    assert figures.ended_after(connection, last, DEMO) == (2, {})
