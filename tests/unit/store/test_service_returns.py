"""Returns and ratings in the service figures, and the same counted again from events."""

import pytest
from twisted.internet.task import Clock as Reactor

from telephony.store.database import Database
from telephony.store.outbound_tables import attempts
from telephony.store.tables import calls
from telephony.store.threeway_tables import returns
from tests.unit.store.service_store import RETURN_FATES, Store
from tests.unit.times import NOON


@pytest.fixture
def store(migrated_url):
    database = Database(migrated_url, Reactor())
    yield Store(database.engine)
    database.engine.dispose()


def test_returns_are_told_where_the_lost_call_came_in_with_each_call_that_we_placed_for_them(store):
    lost = store.call(0, queue="q2", talk=None, wait=60.0)
    store.owed(lost, placed=("unanswered", "busy", None))
    [queue] = store.report().queues
    assert (queue.group, queue.returns) == ("q2", {"asked": 1, "attempts": 2, "open": 1})


def test_each_return_is_told_by_what_became_of_it(store):
    for nth, fate in enumerate(RETURN_FATES):
        lost = store.call(nth, talk=None, wait=60.0)
        store.owed(lost, fate, placed=("busy",) if fate == "reached" else ())
    fates = {"reached": 1, "called_again": 1, "closed_by_people": 1, "with_people": 1, "open": 2}
    assert store.report().total.returns == {"asked": 6, "attempts": 2, **fates}
    assert store.differences() == []


def test_a_return_that_a_voicemail_answered_and_that_was_begun_anew_is_open(store):
    store.owed(store.call(0, talk=None, wait=60.0), "voicemail")
    assert store.report().total.returns == {"asked": 1, "attempts": 1, "open": 1}
    assert store.differences() == []


def test_a_return_for_a_call_of_ours_that_was_cut_off_is_told_as_well(store):
    store.owed(store.call(0, direction="outbound", queue="q2"), "with_people")
    found = store.report()
    assert (found.total.calls, found.total.returns) == (0, {"asked": 1, "attempts": 0, "with_people": 1})
    assert [(each.group, each.returns["asked"]) for each in found.queues] == [("q2", 1)]
    assert store.differences() == []


def test_a_return_belongs_to_the_time_in_which_the_lost_call_arrived(store):
    for at in (-1, 0, 86399, 86400):
        store.owed(store.call(at, talk=None, wait=60.0))
    assert store.report().total.returns["asked"] == 2


CLOSED_BY_RULES = returns.update().values(closed_at=NOON, closed_by="rules")
ALTERED = {
    "open to with_people": (
        returns.update().values(given_up_at=NOON),
        "{'asked': 1, 'attempts': 2, 'with_people': 1} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
    "open to closed_by_people": (
        returns.update().values(closed_at=NOON, closed_by="李敏"),
        "{'asked': 1, 'attempts': 2, 'closed_by_people': 1} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
    "open to called_again": (
        CLOSED_BY_RULES,
        "{'asked': 1, 'attempts': 2, 'called_again': 1} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
    "open to reached": (
        CLOSED_BY_RULES.values(closed_call="rv-1.0-0"),
        "{'asked': 1, 'attempts': 2, 'reached': 1} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
    "a call that was sent": (
        attempts.update().where(attempts.c.id == "rv-1.0-1").values(state="cancelled"),
        "{'asked': 1, 'attempts': 1, 'open': 1} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
    "the whole return": (
        returns.delete(),
        "{} / {'asked': 1, 'attempts': 2, 'open': 1}",
    ),
}


@pytest.mark.parametrize(("change", "named"), ALTERED.values(), ids=ALTERED.keys())
def test_a_return_that_was_altered_in_its_row_is_named(store, change, named):
    store.owed(store.call(0, queue="q2", talk=None, wait=60.0), placed=("unanswered", "busy"))
    assert store.differences() == []
    store.alter(change)
    assert f"queues q2 returns: {named}" in store.differences()


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        ("reached", "{'asked': 1, 'attempts': 1, 'reached': 1}"),
        ("called_again", "{'asked': 1, 'called_again': 1}"),
        ("closed_by_people", "{'asked': 1, 'closed_by_people': 1}"),
    ],
)
def test_who_closed_a_return_is_compared(store, fate, told):
    store.owed(store.call(0, talk=None, wait=60.0), fate)
    other = "rules" if fate == "closed_by_people" else "李敏"
    store.alter(returns.update().values(closed_by=other))
    [named] = [each for each in store.differences() if each.startswith("total")]
    assert named.endswith(f" / {told}")


def test_a_rating_comes_from_its_event(store):
    store.rated(store.call(0), "5")
    assert (store.report().total.ratings, store.differences()) == ({"5": 1}, [])


@pytest.mark.parametrize(("stored", "named"), [("1", "{'1': 1}"), (None, "{}")])
def test_a_rating_that_was_altered_in_its_row_is_named(store, stored, named):
    store.rated(store.call(0, queue="q2"), "5")
    store.alter(calls.update().values(rating=stored))
    assert f"queues q2 ratings: {named} / {{'5': 1}}" in store.differences()


def test_a_rating_that_nobody_gave_is_named(store):
    call_id = store.call(0, queue="q2")
    store.alter(calls.update().where(calls.c.id == call_id).values(rating="1"))
    assert "queues q2 ratings: {'1': 1} / {}" in store.differences()
