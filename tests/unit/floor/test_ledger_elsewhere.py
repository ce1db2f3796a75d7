"""Calls of two installations on one store: what one switch knows nothing of is not over on the other."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.floor.inbound import Arrival, Inbound
from telephony.floor.ledger import Ledger
from telephony.floor.pulse import Pulse
from telephony.floor.refusals import Refusals
from telephony.floor.roster import Roster
from telephony.rules.refusals import Refusal
from telephony.store import calls as call_rows
from telephony.store import return_calls
from telephony.store.tables import calls, legs
from telephony.store.threeway_tables import stays
from tests.fakes import NoCallBacks
from tests.unit.floor.test_ledger import line, read, write
from tests.unit.floor.test_ledger_three_way import ENDED, INVITED, MOVED, TALK, order
from tests.unit.floor.test_refusals import Line, listed
from tests.unit.times import NOON

LATER = NOON + timedelta(seconds=60)


def ledger_of(config, database, clock, folder, worker):
    return Ledger(config, database, clock, folder, place=worker)


@pytest.fixture
def first(config, database, clock, tmp_path):
    return ledger_of(config, database, clock, tmp_path, "first")


@pytest.fixture
def second(config, database, clock, tmp_path):
    return ledger_of(config, database, clock, tmp_path / "none", "second")


async def still_live(database):
    return await database.read(lambda c: sorted(call_rows.live(c)))


@ensureDeferred
async def test_a_talk_at_another_installation_is_not_ended(first, second, database, tmp_path):
    write(tmp_path, TALK)
    await read(first)
    assert await second.bury(frozenset(), LATER, LATER) == []
    assert await still_live(database) == ["1.0"]
    ends = sa.select(sa.func.count()).where(stays.c.left_at.is_not(None))
    assert await database.read(lambda c: c.scalar(ends)) == 0
    assert await first.bury(frozenset(), LATER, LATER) == ["1.0"]
    assert await database.read(lambda c: c.scalar(ends)) == 2


@ensureDeferred
async def test_a_leg_at_another_installation_that_outlived_its_call_goes_on(
    first, second, database, tmp_path
):
    await database.write(order)
    write(tmp_path, TALK + MOVED + INVITED + ENDED[1:2])
    await read(first)
    later = NOON + timedelta(seconds=70)
    assert await second.bury(frozenset(), later, later) == []
    going = sa.select(legs.c.id).where(legs.c.ended_at.is_(None)).order_by(legs.c.id)
    assert await database.read(lambda c: c.scalars(going).all()) == ["1.1", "tw-1"]


@ensureDeferred
async def test_a_refusal_that_is_being_explained_at_another_installation_is_not_closed(
    first, database, clock, tmp_path
):
    recorded = line("recording", 5, extra="2026-11-23/1.0.wav")
    write(tmp_path, [*TALK, recorded])
    await read(first)
    moved = Refusals(database, Line(), clock, lambda: None, worker="first")
    await moved.refuse("1.0", Refusal.PETITION, "8001", None)
    await Refusals(database, Line(), clock, lambda: None, worker="second").settle()
    await database.write(lambda _: None)
    assert [view.outcome for view in await listed(database)] == [None]


@ensureDeferred
async def test_a_call_is_whose_it_is_before_its_journal_tells_of_it(config, database, clock, timer, mirror):
    roster = Roster(config, database, clock, timer, mirror, Pulse(), "first")
    route = Inbound(config, database, clock, roster, Pulse(), NoCallBacks())
    await route.route(Arrival("1.0", "12315", "13800000001", ""))

    def enter(connection):
        call_rows.open_outbound(connection, [("rv-1", "13800000002")], NOON, "revisit", "first")
        return_calls.enter(connection, "rv-2", "13800000003", NOON, "first")
        call_rows.open_conference(connection, "conf-1", NOON, "city", "first")

    await database.write(enter)
    assert await database.read(lambda c: sorted(call_rows.live(c, "second"))) == []
    assert await database.read(lambda c: sorted(call_rows.live(c, "first"))) == [
        "1.0", "conf-1", "rv-1", "rv-2",
    ]  # fmt: skip


@ensureDeferred
async def test_a_call_of_which_nobody_knows_whose_it_is_is_ended_by_who_finds_it(
    first, second, database, tmp_path
):
    write(tmp_path, TALK)
    await read(first)
    await database.write(lambda c: c.execute(calls.update().values(worker=None)))
    assert await second.bury(frozenset(), LATER, LATER) == ["1.0"]
