"""What people ask the ledger."""

from datetime import timedelta

import pytest

from telephony.store import views
from telephony.store.database import engine_of, transaction
from telephony.store.tables import metadata
from telephony.store.views import CallFilter
from tests.unit.store.ledger import NOW, ago, put_answered, put_call, put_event, put_leg


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def ids(connection, **wanted):
    return [call.id for call in views.call_list(connection, CallFilter(**wanted), NOW)]


def only(connection):
    (call,) = views.call_list(connection, CallFilter(), NOW)
    return call


def test_the_newest_call_stands_first(connection):
    put_call(connection, "1.1", arrived_at=ago(30))
    put_call(connection, "1.2", arrived_at=ago(10))
    put_call(connection, "1.3", arrived_at=ago(20))
    assert ids(connection) == ["1.2", "1.3", "1.1"]


def test_the_list_is_cut_at_the_limit(connection):
    for index in range(3):
        put_call(connection, f"1.{index}", arrived_at=ago(index))
    assert ids(connection, limit=2) == ["1.0", "1.1"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"number": "12315"},
        {"number": "13900000000"},
        {"queue": "city-12315"},
        {"centre": "baofeng"},
        {"agent": "8002"},
        {"state": "queued"},
        {"since": ago(50)},
    ],
    ids=str,
)
def test_each_filter_finds_the_call_that_differs(connection, wanted):
    put_call(connection, "1.1", arrived_at=ago(51))
    put_call(
        connection,
        "1.2",
        called_number="12315",
        caller_number="13900000000",
        queue="city-12315",
        centre="baofeng",
        agent="8002",
        state="queued",
        arrived_at=ago(50),
    )
    assert ids(connection, **wanted) == ["1.2"]


def test_until_is_not_included(connection):
    put_call(connection, "1.1", arrived_at=ago(50))
    assert ids(connection, until=ago(50)) == []
    assert ids(connection, until=ago(49)) == ["1.1"]


def test_times_are_given_in_shanghai(connection):
    put_call(connection, arrived_at=NOW)
    assert only(connection).arrived_at.isoformat() == "2026-11-23T16:00:00+08:00"


def test_an_answered_call_waited_until_the_answer_and_talked_until_the_end(connection):
    put_answered(connection, waited=12.5)
    assert (only(connection).wait_seconds, only(connection).talk_seconds) == (12.5, 387.5)


def test_an_abandoned_call_waited_until_its_end_and_never_talked(connection):
    put_call(connection, queued_at=ago(90), ended_at=ago(30), outcome="abandoned")
    assert (only(connection).wait_seconds, only(connection).talk_seconds) == (60.0, None)


def test_a_waiting_call_is_measured_up_to_now(connection):
    put_call(connection, state="queued", queued_at=ago(42))
    assert (only(connection).wait_seconds, only(connection).talk_seconds) == (42.0, None)


def test_a_call_that_never_reached_a_queue_did_not_wait(connection):
    put_call(connection, ended_at=ago(5), outcome="abandoned_early")
    assert only(connection).wait_seconds is None


def test_a_wait_is_never_negative():
    assert views.seconds_between(NOW, NOW - timedelta(seconds=1)) == 0.0


def test_one_call_comes_with_its_legs_and_events_in_order(connection):
    put_answered(connection)
    put_leg(connection, "1795420886.2", role="agent", party="8001", started_at=ago(400))
    put_leg(connection, "1795420886.1")
    put_event(connection, "answered", at=ago(400))
    put_event(connection, "arrived", at=ago(600))
    put_event(connection, "arrived", call_id="1.9", key="other")
    call = views.call_detail(connection, "1795420886.1", NOW)
    assert [leg.role for leg in call.legs] == ["citizen", "agent"]
    assert [event.kind for event in call.events] == ["arrived", "answered"]


def test_a_call_that_the_ledger_does_not_know_is_none(connection):
    assert views.call_detail(connection, "1.1", NOW) is None


def test_events_after_an_id_can_be_limited_to_a_call_and_a_kind(connection):
    for index, (kind, call_id) in enumerate([("a", "1.1"), ("a", "1.1"), ("b", "1.1"), ("a", "1.2")]):
        put_event(connection, kind, call_id, key=str(index))
    assert [event.id for event in views.events_after(connection, 0, call_id="1.1", kind="a")] == [1, 2]
    assert [event.id for event in views.events_after(connection, 1, limit=2)] == [2, 3]


def test_the_newest_events_come_in_order(connection):
    for index in range(4):
        put_event(connection, key=str(index))
    assert [event.id for event in views.newest_events(connection, limit=2)] == [3, 4]
    assert views.last_event_id(connection) == 4


def test_an_empty_ledger_has_last_event_zero(connection):
    assert views.last_event_id(connection) == 0
