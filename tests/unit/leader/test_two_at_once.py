"""Two who plan in the same moment, on one service and on two of one store: one of them is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, DeferredList, succeed

from telephony.errors import NotAllowedError
from telephony.leader.steps import Steps
from telephony.store import leader_days as rows
from telephony.store.database import engine_of, transaction
from tests.unit.leader.hall import at, wanted
from tests.unit.times import NOON

TOGETHER = 8


@ensureDeferred
async def test_of_many_who_plan_at_once_on_one_service_one_has_the_month(hall):
    adding = [hall.days.add(wanted(f"12-{day:02} 15:00", f"12-{day:02} 17:00")) for day in range(10, 18)]
    results = await DeferredList(adding, consumeErrors=True)
    assert sorted(ok for ok, _ in results) == [False] * 7 + [True]
    assert all(failure.check(NotAllowedError) for ok, failure in results if not ok)
    assert len(await hall.database.read(rows.listed)) == 1


def test_of_many_services_that_plan_at_once_on_one_store_one_has_the_month(config, migrated_url):
    steps, ready = Steps(config), threading.Barrier(TOGETHER)

    def plan(day):
        engine = engine_of(migrated_url)
        ready.wait()
        try:
            with transaction(engine) as connection:
                rows.alone(connection)
                times = (f"12-{day:02} 15:00", f"12-{day:02} 17:00")
                return rows.add(connection, steps.planned(connection, NOON, wanted=wanted(*times))).id
        except NotAllowedError:
            return None
        finally:
            engine.dispose()

    with ThreadPoolExecutor(TOGETHER) as pool:
        planned = [day for day in pool.map(plan, range(10, 10 + TOGETHER)) if day is not None]
    assert len(planned) == 1


@ensureDeferred
async def test_of_two_who_put_a_day_off_to_other_times_at_once_one_is_told_that_it_was_moved(hall):
    day = await hall.published()
    speaking = []

    def make(text):
        """Speak both only when both were asked for: each has read the day before the other moved it."""
        speaking.append(Deferred())
        if len(speaking) == 1:
            return speaking[0]
        speaking[0].callback(None)
        return succeed(None)

    hall.sounds.make = make
    both = [
        hall.days.postpone(day.id, at(f"12-{to} 15:00"), at(f"12-{to} 17:00"), "王芳", "公务")
        for to in (20, 22)
    ]
    results = await DeferredList(both, consumeErrors=True)
    (refused,) = [failure for ok, failure in results if not ok]
    assert refused.check(NotAllowedError)
    assert [each.nth for each in await hall.notices(day.id)] == [1, 2]


@ensureDeferred
async def test_a_day_that_moved_on_since_it_was_read_is_not_moved_again(hall):
    day = await hall.published()
    await hall.days.cancel(day.id, "王芳", "公务")
    with pytest.raises(NotAllowedError, match="was changed just now"):
        await hall.database.write(lambda c: rows.move(c, day, "open"))
