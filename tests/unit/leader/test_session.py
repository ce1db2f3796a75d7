"""Days that begin and end by the clock, and what becomes of who waits."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.config_load import load
from telephony.leader.session import ABSENT, DESERTED
from telephony.paths import PROJECT
from telephony.rules.leader_day import CANCELLED, OPEN, PLANNED, POSTPONED, PUBLISHED, SUBSTITUTED
from telephony.rules.routing import LeaderLine
from telephony.store import leader_calls, returns
from telephony.store.leader_tables import leader_calls as entries
from telephony.store.tables import calls, events, legs
from tests.unit.leader.sessions import CITY, COUNTY, HOUR, OTHER, Hall
from tests.unit.times import NOON

CONFIG = load(PROJECT / "config")
START, END = NOON + HOUR, NOON + 3 * HOUR
INSTANT = timedelta(microseconds=1)
OVER = ("city-12345", "leader-over")
QUEUES = ("city-leader", "city-leader-screening")


@pytest.fixture
def hall(database):
    return Hall(CONFIG, database)


async def settled(hall):
    """Let all that was begun come to its end."""
    await hall.database.write(lambda _: None)
    while hall.sessions.looks:
        await hall.database.write(lambda _: None)


async def talking(database, agent, **values):
    row = {"id": "9.1", "direction": "inbound", "state": "talking", "marks": [], "arrived_at": NOON}
    leg = {"id": "9.2", "call_id": "9.1", "role": "agent", "party": agent, "started_at": NOON}
    await database.write(lambda c: c.execute(calls.insert().values(**row)))
    await database.write(lambda c: c.execute(legs.insert().values(**leg, bridged_at=NOON, **values)))


@ensureDeferred
@pytest.mark.parametrize("state", [PUBLISHED, POSTPONED, SUBSTITUTED])
async def test_an_announced_day_opens_at_its_hour_and_not_before(hall, state):
    day = await hall.put(state=state)
    await hall.at(START - INSTANT)
    assert (await hall.state(day), set(QUEUES) <= set(hall.floor.sent)) == (state, True)
    await hall.at(START)
    assert (await hall.state(day), await hall.done()) == (OPEN, [(day, "open", "clock")])
    assert not set(QUEUES) & set(hall.floor.sent)
    assert hall.line().queue == "city-leader-screening"


@ensureDeferred
@pytest.mark.parametrize("state", [PLANNED, CANCELLED])
async def test_a_day_of_which_nobody_was_told_or_that_is_off_does_not_open(hall, state):
    await hall.put(state=state)
    await hall.at(START)
    assert await hall.done() == []


@ensureDeferred
async def test_the_hours_own_instant_is_not_missed_between_two_ticks(hall):
    day = await hall.put()
    await hall.at(START - timedelta(seconds=3))
    hall.clock.instant = START
    hall.timer.advance(2.9)
    await settled(hall)
    assert await hall.done() == []
    hall.timer.advance(0.1)
    await settled(hall)
    assert await hall.done() == [(day, "open", "clock")]


@ensureDeferred
async def test_a_service_that_comes_late_opens_a_day_that_lasts_still(hall):
    day = await hall.put()
    await hall.at(END - INSTANT)
    assert await hall.done() == [(day, "open", "clock")]


@ensureDeferred
async def test_a_day_whose_time_is_over_stays_shut_and_is_alarmed_once(hall):
    day = await hall.put()
    await hall.at(END)
    await hall.at(END + HOUR)
    again = Hall(CONFIG, hall.database)
    await again.at(END + HOUR)
    assert (await hall.state(day), await hall.done()) == (PUBLISHED, [])
    assert await hall.alarms() == [("leader-day-not-held", str(day))]


@ensureDeferred
async def test_at_its_end_a_day_is_closed_and_who_waits_is_sent_to_an_agent(hall):
    day = await hall.put(state=OPEN)
    await hall.at(END - INSTANT)
    assert (await hall.done(), set(QUEUES) & set(hall.floor.sent)) == ([], set())
    await hall.at(END)
    assert await hall.done() == [(day, "close", "clock")]
    assert [hall.floor.sent[queue] for queue in QUEUES] == [OVER, OVER]


@ensureDeferred
async def test_the_call_under_way_is_finished_first_and_nobody_waits_for_it(hall):
    day = await hall.put(state=OPEN)
    hall.floor.busy.add("8801")
    await hall.at(END)
    assert (await hall.done(), hall.floor.sent["city-leader"]) == ([], OVER)
    assert hall.line().stands == "over"
    hall.floor.busy.clear()
    await hall.at(END + HOUR)
    assert await hall.done() == [(day, "close", "clock")]


@ensureDeferred
async def test_a_call_on_another_services_switch_is_finished_too(hall, database):
    await hall.put(state=OPEN)
    await talking(database, "8801")
    await hall.at(END)
    assert await hall.done() == []
    await database.write(lambda c: c.execute(legs.update().values(ended_at=END)))
    await hall.at(END)
    assert [what for _, what, _ in await hall.done()] == ["close"]


@ensureDeferred
async def test_an_end_that_is_put_off_is_followed(hall):
    day = await hall.put(state=OPEN)
    await hall.change(day, ends_at=END + HOUR)
    await hall.at(END)
    assert (await hall.done(), hall.line().stands) == ([], "open")
    await hall.at(END + HOUR)
    assert await hall.done() == [(day, "close", "clock")]


@ensureDeferred
async def test_what_a_person_opens_early_is_open_and_what_a_person_closes_early_sends_who_waits(hall):
    day = await hall.put()
    await hall.at(NOON)
    await hall.days.open_day(day, "李敏")
    await settled(hall)
    assert (hall.line().stands, "city-leader" in hall.floor.sent) == ("open", False)
    await hall.days.close_day(day, "李敏", "领导有事")
    await settled(hall)
    assert (hall.line(), hall.floor.sent["city-leader"]) == (None, OVER)


@ensureDeferred
async def test_a_day_that_another_service_opened_is_known_at_the_next_tick(hall):
    day = await hall.put()
    await hall.at(START - INSTANT)
    await hall.change(day, state=OPEN)
    await hall.sessions.look()
    assert hall.line().stands == "open"


@ensureDeferred
async def test_a_day_whose_seat_is_not_free_yet_opens_at_the_tick_after_that(hall):
    before = await hall.put(state=OPEN, starts=NOON, ends=START)
    day = await hall.put()
    hall.floor.busy.add("8801")
    await hall.at(START)
    assert (await hall.done(), hall.line()) == ([], LeaderLine(before, "over"))
    hall.floor.busy.clear()
    await hall.at(START + INSTANT)
    assert await hall.done() == [(before, "close", "clock"), (day, "open", "clock")]


@ensureDeferred
async def test_one_halls_end_is_not_anothers(hall):
    city = await hall.put(CITY, state=OPEN)
    await hall.put(COUNTY, state=OPEN, ends=END + HOUR)
    await hall.put(OTHER, starts=END, ends=END + HOUR)
    await hall.at(END)
    assert await hall.done() == [(city, "close", "clock"), (3, "open", "clock")]
    assert set(hall.floor.sent) - {"demo-leader", "demo-leader-screening"} == set(QUEUES)
    assert hall.line("03756512346", "", "baofeng-12345").stands == "open"


@ensureDeferred
async def test_who_waited_at_the_end_is_noted_on_the_call_once(hall, database):
    day = await hall.put(state=OPEN)
    await database.write(lambda c: leader_calls.enter(c, "9.1", day, "screened", NOON))
    await hall.at(END)
    for at in (END, END + HOUR):
        await database.write(lambda c, at=at: hall.floor.notes["city-leader"](c, "9.1", "city-leader", at))
    sent_off = await database.read(lambda c: c.scalar(sa.select(entries.c.sent_off_at)))
    query = sa.select(events.c.call_id, events.c.data).where(events.c.kind == "leader_sent_off")
    told = await database.read(lambda c: [tuple(row) for row in c.execute(query)])
    assert (sent_off, told) == (END, [("9.1", {"queue": "city-leader", "to": "city-12345"})])


@ensureDeferred
async def test_who_is_to_be_called_back_is_called_by_an_agent_once_the_day_is_over(hall, database):
    await hall.put(state=OPEN)
    await hall.put(COUNTY, state=OPEN, ends=END + HOUR)
    for nth, queue in enumerate(("city-leader", "baofeng-leader", "city-leader-screening", "city-12328")):
        lost = (f"1380000000{nth}", f"8.{nth}", "city", "kept", NOON, queue)
        await database.write(lambda c, lost=lost: returns.open_return(c, *lost))
    await hall.at(END - INSTANT)
    assert await queues(database) == ["city-leader", "baofeng-leader", "city-leader-screening", "city-12328"]
    await hall.at(END)
    assert await queues(database) == ["city-12345", "baofeng-leader", "city-12345", "city-12328"]


async def queues(database):
    return [each.queue for each in await database.read(lambda c: returns.open_list(c, 9))]


MOMENT = timedelta(seconds=1)
PATIENCE = timedelta(seconds=DESERTED)


@ensureDeferred
async def test_a_queue_that_nobody_at_work_serves_is_left_for_an_agent_in_the_end_and_no_other(hall):
    await hall.put(state=OPEN)
    await hall.at(NOON)
    hall.floor.deserted.add("city-leader-screening")
    await hall.at(NOON + PATIENCE - MOMENT)
    assert not set(QUEUES) & set(hall.floor.sent)
    await hall.at(NOON + PATIENCE)
    assert {queue: hall.floor.sent.get(queue) for queue in QUEUES} == {
        "city-leader": None,
        "city-leader-screening": ("city-12345", ABSENT),
    }


@ensureDeferred
async def test_who_is_back_before_or_after_that_has_the_next_callers(hall):
    await hall.put(state=OPEN)
    hall.floor.deserted.update(QUEUES)
    await hall.at(NOON)
    await hall.at(NOON + PATIENCE - MOMENT)
    hall.floor.deserted.clear()
    await hall.at(NOON + PATIENCE)
    hall.floor.deserted.update(QUEUES)
    await hall.at(NOON + 2 * PATIENCE - MOMENT)
    assert not set(QUEUES) & set(hall.floor.sent)
    await hall.at(NOON + 2 * PATIENCE)
    assert set(QUEUES) <= set(hall.floor.sent)
    hall.floor.deserted.clear()
    await hall.at(NOON + 2 * PATIENCE + MOMENT)
    assert not set(QUEUES) & set(hall.floor.sent)


@ensureDeferred
async def test_time_before_the_opening_is_none_in_which_a_queue_was_deserted(hall):
    hall.floor.deserted.update(QUEUES)
    await hall.put()
    await hall.at(NOON)
    await hall.at(START)
    await hall.at(START + PATIENCE - MOMENT)
    assert not set(QUEUES) & set(hall.floor.sent)


@ensureDeferred
async def test_who_found_nobody_is_noted_once_and_not_as_one_who_waited_at_the_end(hall, database):
    day = await hall.put(state=OPEN)
    await database.write(lambda c: leader_calls.enter(c, "9.1", day, "screened", NOON))
    hall.floor.deserted.update(QUEUES)
    await hall.at(NOON)
    await hall.at(NOON + PATIENCE)
    for at in (NOON, NOON + HOUR):
        await database.write(lambda c, at=at: hall.floor.notes["city-leader"](c, "9.1", "city-leader", at))
    query = sa.select(events.c.call_id, events.c.data).where(events.c.kind == "leader_passed_on")
    told = await database.read(lambda c: [tuple(row) for row in c.execute(query)])
    assert told == [("9.1", {"queue": "city-leader", "to": "city-12345"})]
    assert await database.read(lambda c: c.scalar(sa.select(entries.c.sent_off_at))) is None
