"""By which ways a call comes to a leader's line, and when."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred

from telephony.config_load import load
from telephony.paths import PROJECT
from telephony.rules.leader_day import CANCELLED, OPEN, PLANNED, POSTPONED, PUBLISHED
from telephony.rules.routing import LeaderLine
from tests.unit.leader.sessions import CITY, COUNTY, HOUR, Hall
from tests.unit.times import NOON

CONFIG = load(PROJECT / "config")
SCREENING = LeaderLine(1, "open", "screened", "city-leader-screening", "city-12345")
DIRECT = LeaderLine(1, "open", "direct", "baofeng-leader", "baofeng-12345")
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def hall(database):
    return Hall(CONFIG, database)


async def opened(hall, **values):
    await hall.put(state=OPEN, starts=NOON - HOUR, ends=NOON + HOUR, **values)
    await hall.lines.refresh()


@ensureDeferred
@pytest.mark.parametrize(
    "way",
    [
        {"number": "037512346", "key": ""},
        {"number": "12345", "key": "6"},
        {"key": "2", "queue": "city-enterprise"},
        {"number": "12315", "key": "", "queue": "city-12315"},
    ],
    ids=["the seat's number", "its key", "a topic by key", "a topic by number"],
)
async def test_an_open_day_is_reached_by(hall, way):
    await opened(hall, topics=["city-enterprise", "city-12315"])
    assert hall.line(**way) == SCREENING


@ensureDeferred
@pytest.mark.parametrize(
    "way",
    [
        {"key": ""},
        {"key": "1"},
        {"number": "12315", "key": "6", "queue": "city-12315"},
        {"number": "03756512346", "key": "", "queue": "baofeng-12345"},
    ],
    ids=["no key", "another key", "the key on another number", "another seat's number"],
)
async def test_an_open_day_is_not_reached_by(hall, way):
    await opened(hall, topics=["city-enterprise"])
    assert hall.line(**way) is None


@ensureDeferred
async def test_where_nobody_screens_the_line_leads_to_the_leader(hall):
    await opened(hall, seat=COUNTY)
    assert hall.line("03756512346", "", "baofeng-12345") == DIRECT


@ensureDeferred
@pytest.mark.parametrize("state", [PLANNED, PUBLISHED, POSTPONED, CANCELLED, "closed", "certified"])
async def test_a_day_that_is_not_open_lets_nobody_in(hall, state):
    await hall.put(state=state, starts=NOON - HOUR, ends=NOON + HOUR, topics=["city-12345"])
    await hall.lines.refresh()
    assert hall.line() is None


@ensureDeferred
async def test_nobody_is_let_in_from_the_days_end_on_though_it_is_open_still(hall):
    await opened(hall, topics=["city-enterprise"])
    hall.clock.instant = NOON + HOUR - INSTANT
    assert hall.line() == SCREENING
    hall.clock.instant = NOON + HOUR
    assert hall.line() == LeaderLine(1, "over")
    assert hall.line(key="2", queue="city-enterprise") is None


@ensureDeferred
@pytest.mark.parametrize("state", [POSTPONED, CANCELLED])
async def test_who_comes_by_number_or_key_hears_what_became_of_the_day_until_its_end(hall, state):
    await hall.put(state=state, topics=["city-enterprise"])
    hall.told[1] = "leaders/notice-x"
    await hall.lines.refresh()
    told = LeaderLine(1, "told", first="leaders/notice-x")
    assert (hall.line(), hall.line("037512346", "")) == (told, told)
    assert hall.line(key="2", queue="city-enterprise") is None
    hall.clock.instant = NOON + 3 * HOUR
    assert hall.line() is None


@ensureDeferred
async def test_an_open_day_goes_before_one_that_was_put_off(hall):
    await hall.put(state=POSTPONED, starts=NOON - HOUR)
    await hall.put(state=OPEN, starts=NOON, ends=NOON + HOUR)
    hall.told[1] = "leaders/notice-x"
    await hall.lines.refresh()
    assert (hall.line().day, hall.line().stands) == (2, "open")


@ensureDeferred
async def test_two_halls_are_open_on_one_evening_and_each_has_its_callers(hall):
    await opened(hall, seat=CITY)
    await opened(hall, seat=COUNTY)
    lines = [hall.line("037512346", ""), hall.line("03756512346", "", "baofeng-12345")]
    assert [(line.day, line.queue) for line in lines] == [
        (1, "city-leader-screening"),
        (2, "baofeng-leader"),
    ]


@ensureDeferred
async def test_what_was_asked_first_and_is_answered_last_does_not_win(hall, database):
    await opened(hall)
    late = database.read(lambda _: [])
    hall.lines._asked += 1
    late.addCallback(hall.lines._take, hall.lines._asked)
    await hall.lines.refresh()
    await late
    assert hall.line() == SCREENING
