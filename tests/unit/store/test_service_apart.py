"""What is declared is shown apart in the service figures, and stays in the total: outages and storms."""

from datetime import timedelta

import pytest
from twisted.internet.task import Clock as Reactor

from telephony.store import outages, storms
from telephony.store.database import Database, transaction
from tests.unit.store.service_store import LATER, Store
from tests.unit.times import NOON


@pytest.fixture
def store(migrated_url):
    database = Database(migrated_url, Reactor())
    yield Store(database.engine)
    database.engine.dispose()


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def declare(store, since, until):
    with transaction(store.engine) as connection:
        outages.declare(connection, after(since), after(until), "the trunk was cut", "Li", LATER)


def storm(store, since, until, off=None):
    with transaction(store.engine) as connection:
        storms.switch_on(connection, after(until), "rain", "Li", after(since))
        if off is not None:
            storms.switch_off(connection, "Li", after(off))


def told(found, name="calls"):
    parts = (found.total, found.outside, found.storms, found.outages)
    return [getattr(part, name) for part in parts]


def test_a_declared_outage_is_shown_apart_and_is_in_the_total(store):
    store.call(0)
    store.call(3600, refused="unserved", by="system")
    declare(store, 3000, 4000)
    found = store.report()
    assert told(found, "answered_rate") == [0.5, 1.0, None, 0.0]
    assert told(found) == [2, 1, 0, 1]
    assert [each.why for each in found.declared] == ["the trunk was cut"]
    assert (found.worst_24h.rate, found.worst_24h_outside.rate) == (0.5, 1.0)


def test_a_storm_that_was_ended_early_is_shown_apart_until_then_and_an_outage_in_it_as_an_outage(store):
    storm(store, 0, 7200, off=3600)
    declare(store, 1800, 2400)
    store.call(600)
    store.call(2000)
    store.call(4000)
    found = store.report()
    assert told(found) == [3, 1, 1, 1]
    assert store.differences() == []


@pytest.mark.parametrize(("at", "inside"), [(-1, 0), (0, 1), (3599.999999, 1), (3600, 0)])
def test_a_storm_begins_when_it_is_declared_and_ends_when_it_is_ended(store, at, inside):
    storm(store, 0, 7200, off=3600)
    store.call(at + 7)
    store.call(at)
    scoped = store.report().storms
    assert scoped.calls == inside + (1 if 0 <= at + 7 < 3600 else 0)


def test_a_storm_that_nobody_ended_is_over_by_itself(store):
    storm(store, -60, 3600)
    store.call(3599)
    store.call(3600)
    assert told(store.report()) == [2, 1, 1, 0]


def test_the_worst_24_hours_are_told_with_and_without_a_storm(store):
    storm(store, 0, 3600)
    store.call(60, talk=None, wait=60.0)
    store.call(7200)
    found = store.report()
    assert (found.worst_24h.rate, found.worst_24h_outside.rate) == (0.5, 1.0)


def test_a_return_for_a_call_in_a_storm_is_told_with_the_storm(store):
    storm(store, 0, 3600)
    store.owed(store.call(60, talk=None, wait=60.0))
    assert [returns.get("asked") for returns in told(store.report(), "returns")] == [1, None, 1, None]
    assert store.differences() == []
