"""Urging (催办): who calls about an open case again, counted once a call."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.floor.inbound import Inbound
from telephony.floor.ledger import Ledger
from telephony.floor.pulse import Pulse
from telephony.store import cases as case_rows
from telephony.store import urgings
from telephony.store.tables import blacklist, events
from tests.fakes import NoCallBacks
from tests.unit.floor.test_inbound import CALLER, arrival, open_case, past_call, put
from tests.unit.floor.test_ledger import line, write
from tests.unit.times import NOON


class CallBack:
    """Every caller calls back about a revisit."""

    def called_back(self, _connection, _number, _call_id, _at):
        return [1]


@pytest.fixture
def inbound(config, database, clock, roster):
    return Inbound(config, database, clock, roster, Pulse(), NoCallBacks())


async def urged(database, case="C1"):
    return await database.read(lambda connection: urgings.of_case(connection, case))


async def kinds(database):
    return await database.read(lambda c: c.scalars(sa.select(events.c.kind).order_by(events.c.id)).all())


@ensureDeferred
async def test_a_call_about_an_open_case_is_one_urging(inbound, database):
    await open_case(database)
    plan = await inbound.route(arrival())
    assert plan.urged == "C1"
    assert await urged(database) == urgings.Urged(1, NOON)
    assert await kinds(database) == ["routed", "urged"]


@ensureDeferred
async def test_a_call_that_is_routed_twice_urges_once(inbound, database):
    await open_case(database)
    for _ in range(2):
        await inbound.route(arrival())
    assert (await urged(database)).count == 1


@ensureDeferred
async def test_the_agent_is_told_how_often_and_when_the_case_was_urged_before(inbound, database, clock):
    await open_case(database)
    await inbound.route(arrival("9.0"))
    clock.instant = NOON + timedelta(hours=1)
    await inbound.route(arrival("9.1"))
    of_calls = await database.read(
        lambda c: [urgings.of_call(c, call_id) for call_id in ("9.0", "9.1", "9.2")]
    )
    assert of_calls == [urgings.UrgingView("C1", 1, None), urgings.UrgingView("C1", 2, NOON), None]


@ensureDeferred
async def test_of_several_open_cases_the_one_that_changed_last_is_urged(inbound, database):
    await open_case(database, "C1")
    told = case_rows.NewCase(case_number="C2", open=True, numbers=[CALLER])
    await database.write(lambda c: case_rows.put(c, told, NOON + timedelta(seconds=1)))
    await inbound.route(arrival())
    assert ((await urged(database, "C1")).count, (await urged(database, "C2")).count) == (0, 1)


@ensureDeferred
async def test_who_calls_back_about_a_revisit_urges_nothing(config, database, clock, roster):
    await open_case(database)
    await Inbound(config, database, clock, roster, Pulse(), CallBack()).route(arrival())
    assert (await urged(database)).count == 0


@ensureDeferred
async def test_who_returns_a_call_that_we_missed_urges_nothing(inbound, database):
    await open_case(database)
    await past_call(database, 1, direction="outbound", outcome="unanswered")
    await inbound.route(arrival())
    assert (await urged(database)).count == 0


@ensureDeferred
async def test_a_refused_caller_urges_nothing(inbound, database):
    await open_case(database)
    await put(database, blacklist, number=CALLER, reason="threats", added_at=NOON, expires_at=None)
    await inbound.route(arrival())
    assert (await urged(database)).count == 0


@ensureDeferred
async def test_a_citizen_without_an_open_case_urges_nothing(inbound, database):
    assert (await inbound.route(arrival())).urged == ""
    assert await kinds(database) == ["routed"]


@ensureDeferred
async def test_the_case_shows_how_often_it_was_urged(inbound, database):
    await open_case(database)
    await inbound.route(arrival())
    case = await database.read(lambda connection: case_rows.one(connection, "C1"))
    assert (case.urged, case.last_urged_at) == (1, NOON)


@ensureDeferred
async def test_a_call_that_the_service_did_not_route_urges_all_the_same(ledger, database, tmp_path):
    await open_case(database)
    write(
        tmp_path, [line("CHAN_START", 0), line("arrived", 0, extra=f"12345/{CALLER}/11"), line("fallback", 8)]
    )
    while await ledger.catch_up():
        pass
    assert await urged(database) == urgings.Urged(1, NOON + timedelta(seconds=8))


@ensureDeferred
async def test_a_call_back_that_the_service_did_not_route_urges_nothing(config, database, clock, tmp_path):
    await open_case(database)
    ledger = Ledger(config, database, clock, tmp_path, CallBack())
    write(
        tmp_path, [line("CHAN_START", 0), line("arrived", 0, extra=f"12345/{CALLER}/11"), line("fallback", 8)]
    )
    while await ledger.catch_up():
        pass
    assert (await urged(database)).count == 0
