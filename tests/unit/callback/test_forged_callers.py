"""Callers who forge a number: the campaign of returns rings none of them, and tells when there are many."""

from datetime import timedelta

import pytest

from telephony.store import agents as agent_rows
from telephony.store.outbound_tables import no_disturb
from telephony.store.tables import alarms
from telephony.store.threeway_tables import returns
from tests.fakes import NOON
from tests.unit.callback.returning import CONFIG, NUMBER, Installation

MOST = CONFIG.returns.flood_alarm


@pytest.fixture
def house(tmp_path):
    return Installation(f"sqlite:///{tmp_path}/hotline.db", agent_first=False)


def forge(house, number):
    """Let a return be planned for a number, as an older release did."""
    house.lose()
    house.store.now(lambda c: c.execute(returns.update().values(number=number)))


def given_up(house):
    (row,) = house.all(returns)
    return row.next_at, row.given_up_why


@pytest.mark.parametrize("number", ["110", "12345", "+88213000111", "03756512345"])
def test_a_forged_number_that_is_planned_all_the_same_is_not_dialled(house, number):
    forge(house, number)
    house.ready("8001")
    house.turns.take(1, "8001")
    assert house.turns.ready()
    assert house.candidates() == []
    assert given_up(house) == (None, "not_callable")


def test_a_start_leaves_forged_numbers_of_an_older_release_to_people(house):
    forge(house, "110")
    house.store.now(house.returns.begin, house.tick())
    assert given_up(house) == (None, "not_callable")


def test_who_is_to_be_left_in_peace_by_machines_is_a_persons(house):
    house.lose()
    row = {"number": NUMBER, "reason": "x", "added_at": NOON, "expires_at": None}
    house.store.now(lambda c: c.execute(no_disturb.insert().values(**row)))
    house.store.now(house.returns.look_after, house.tick())
    assert given_up(house) == (None, "no_disturb")


def flood(house, callers, *, ago=60):
    for nth in range(callers):
        house.lose(f"138{nth:08d}", f"7.{nth}", ago=ago)
    house.store.now(house.returns.look_after, house.tick())
    return [(row.kind, row.subject) for row in house.all(alarms)]


def test_more_strangers_in_an_hour_than_configured_raise_an_alarm_once(house):
    assert flood(house, MOST) == []
    house.lose("13900000001", "8.1")
    for _ in range(2):
        house.store.now(house.returns.look_after, house.tick())
    assert [row.kind for row in house.all(alarms)] == ["returns-flood"]


def test_an_alarm_that_was_acknowledged_is_not_raised_again_for_the_same_hour(house):
    assert flood(house, MOST + 1) == [("returns-flood", "return")]
    house.store.now(agent_rows.take_back_alarms, "returns-flood", ["return"], NOON)
    house.store.now(house.returns.look_after, house.tick())
    assert len(house.all(alarms)) == 1
    house.pass_by(timedelta(hours=1).total_seconds() + 1)
    assert flood(house, 0) == [("returns-flood", "return")]


def test_strangers_of_more_than_an_hour_ago_raise_none(house):
    assert flood(house, MOST + 1, ago=3601) == []
