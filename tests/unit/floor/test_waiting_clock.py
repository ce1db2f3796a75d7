"""Callers who wait while the clock is set back: from the dialplan's question to what is stored."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.agi.entries import wait
from telephony.agi.session import Session
from telephony.store.tables import events
from tests.unit.floor.waiting_house import GENERAL, House
from tests.unit.times import NOON


@pytest.fixture
def house(config, clock, timer, database):
    return House(config, clock, timer, database)


def asks(house, call_id, since):
    """Let the dialplan ask for a caller, with the arrival that stands on the channel."""
    sent, handle = [], wait.entry(house.room, house.clock, "0375", {})
    env = {"agi_uniqueid": call_id, "agi_callerid": "13800001234"}
    env |= {"agi_arg_2": GENERAL, "agi_arg_3": "0", "agi_arg_5": f"{since.timestamp():.6f}"}
    session = Session(env, sent.append, lambda: None)
    session.start(lambda: handle(session))
    while sent:
        sent.pop()
        session.feed(b"200 result=1\n")


async def waits(database):
    await database.write(lambda _: None)  # all writes asked for so far are committed
    query = sa.select(events.c.call_id).where(events.c.kind == "waits").order_by(events.c.id)
    return await database.read(lambda connection: list(connection.scalars(query)))


@ensureDeferred
async def test_a_clock_that_is_set_back_costs_nobody_the_place(house, clock, database):
    await house.seen([])
    clock.instant = NOON - timedelta(hours=1)
    for _ in range(3):
        for nth, call_id in enumerate(("first", "second")):
            asks(house, call_id, NOON + timedelta(seconds=nth))
            clock.instant += timedelta(seconds=0.4)
    assert house.order == ["first", "second"]
    assert [view.since for view in house.room.views()] == [NOON, NOON + timedelta(seconds=1)]
    assert await waits(database) == ["first", "second"]


@ensureDeferred
async def test_an_arrival_that_makes_no_sense_is_taken_once(house, clock, database):
    await house.seen([])
    for _ in range(3):
        for call_id in ("first", "second"):
            asks(house, call_id, NOON + timedelta(days=300))
            clock.instant += timedelta(seconds=0.4)
    assert house.order == ["first", "second"]
    assert await waits(database) == ["first", "second"]
