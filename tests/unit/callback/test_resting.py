"""Revisits rest in a storm: none is dialled anew, none is forgotten, and what is overdue is decided."""

from datetime import timedelta

from pytest_twisted import ensureDeferred

from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.store.revisits import Tick
from telephony.store.tables import case_numbers, cases
from tests.unit.rules.revisits import NUMBER, at, planner


def tick(text):
    return Tick(at(text), 0.0, "boot")


def campaign_of(connection):
    campaign = Revisits(planner(), "test")
    campaign.begin(connection, tick("08:59"))
    now = at("08:59")
    connection.execute(cases.insert().values(case_number="C1", open=True, updated_at=now, round=1))
    connection.execute(case_numbers.insert().values(case_number="C1", position=0, number=NUMBER))
    rounds = Rounds(campaign, timedelta(days=30))
    rounds.reply(connection, Reply("C1", now, "told by phone"), tick("08:59"))
    return campaign


def called(campaign, connection, when):
    return [each.number for each in campaign.candidates(connection, tick(when), 5)]


@ensureDeferred
async def test_no_revisit_is_dialled_while_they_rest_and_all_are_when_the_rest_is_over(database):
    def work(connection):
        campaign = campaign_of(connection)
        campaign.rests = lambda: True
        resting = called(campaign, connection, "09:00")
        wake = campaign.wake_at(connection, tick("09:00"))
        campaign.rests = lambda: False
        return resting, wake, called(campaign, connection, "09:30")

    resting, wake, after = await database.write(work)
    assert (resting, after) == ([], [NUMBER])
    assert wake is None or wake > at("09:00")


@ensureDeferred
async def test_what_is_overdue_is_decided_although_they_rest(database):
    def work(connection):
        campaign = campaign_of(connection)
        campaign.rests = lambda: True
        called(campaign, connection, "02-16 09:00")
        return connection.exec_driver_sql("SELECT verdict FROM revisits").scalar()

    assert await database.write(work) == "overdue"
