"""Who is asked to rate the service, and what is stored of it."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.floor.pulse import Pulse
from telephony.floor.ratings import Ratings
from telephony.store.tables import calls, events
from telephony.store.threeway_tables import three_ways
from tests.unit.store.ledger import NOW, put_answered

CALL = "1795420886.1"


@pytest.fixture
def ratings(config, database, clock):
    return Ratings(config, database, clock, Pulse())


async def put(database, **values):
    await database.write(lambda c: put_answered(c, CALL, **values))


@ensureDeferred
async def test_a_caller_who_talked_with_an_agent_is_asked(ratings, database):
    await put(database)
    assert await ratings.asks(CALL)


@pytest.mark.parametrize(
    "values",
    [
        {"direction": "outbound"},
        {"marks": ["demo"]},
        {"queue": "demo"},
        {"queue": "demo-busy"},
        {"queue": None},
        {"answered_at": None},
        {"rating": "1"},
    ],
    ids=str,
)
@ensureDeferred
async def test_who_was_called_by_us_plays_talked_with_nobody_or_has_rated_is_not_asked(
    ratings, database, values
):
    await put(database, **values)
    assert not await ratings.asks(CALL)


@ensureDeferred
async def test_a_call_that_the_ledger_does_not_know_is_not_asked(ratings):
    assert not await ratings.asks("1.7")


@pytest.mark.parametrize(("kind", "asked"), [("emergency", False), ("three_way", True)])
@ensureDeferred
async def test_after_an_emergency_nobody_is_asked(ratings, database, kind, asked):
    await put(database)
    row = {
        "call_id": CALL,
        "kind": kind,
        "state": "ended",
        "matter": "",
        "confidential": False,
        "demo": False,
    }
    await database.write(
        lambda c: c.execute(three_ways.insert().values(**row, worker="w", started_at=NOW, ended_at=NOW))
    )
    assert await ratings.asks(CALL) == asked


def with_rules(config, database, clock, **rules):
    hotline = config.hotline.model_copy(update={"rating": config.hotline.rating.model_copy(update=rules)})
    return Ratings(replace(config, hotline=hotline), database, clock, Pulse())


@pytest.mark.parametrize(
    ("rules", "asked"),
    [({"queues": ("city-12345",)}, True), ({"queues": ("city-12315",)}, False), ({"enabled": False}, False)],
)
@ensureDeferred
async def test_the_configuration_says_in_which_queues_and_whether_at_all(
    config, database, clock, rules, asked
):
    await put(database)
    assert await with_rules(config, database, clock, **rules).asks(CALL) == asked


async def told(database):
    rating = await database.read(lambda c: c.scalar(sa.select(calls.c.rating).where(calls.c.id == CALL)))
    query = sa.select(events).where(events.c.call_id == CALL)
    [event] = await database.read(lambda c: c.execute(query).all())
    return rating, event.kind, event.data


@pytest.mark.parametrize(
    ("key", "rating", "kind", "label"),
    [
        ("1", "1", "rated", "非常满意"),
        ("5", "5", "rated", "非常不满意"),
        *((key, None, "not_rated", None) for key in ("", "6", "#")),
    ],
)
@ensureDeferred
async def test_a_key_with_a_meaning_is_the_calls_rating_and_no_other(
    ratings, database, key, rating, kind, label
):
    await put(database)
    assert await ratings.answered(CALL, key) == (rating is not None)
    assert await told(database) == (rating, kind, {"key": key or None, "label": label})


@ensureDeferred
async def test_the_first_key_stays(ratings, database):
    await put(database)
    await ratings.answered(CALL, "2")
    await ratings.answered(CALL, "5")
    assert await told(database) == ("2", "rated", {"key": "2", "label": "满意"})
