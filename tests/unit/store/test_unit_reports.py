"""Figures of units, on each database, against rows written by hand."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from telephony.store.database import engine_of, transaction
from telephony.store.tables import metadata
from telephony.store.unit_reports import unit_report
from tests.unit.store.unit_rows import NOON, put_dispatched, put_invited, put_three_way

SECOND = timedelta(seconds=1)


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def asked(connection, **period):
    return unit_report(connection, **period).total.asked


def test_what_is_the_units_own_stands_apart_from_what_is_not(connection):
    put_invited(connection, outcome="accepted", states=["busy", "accepted"], answered_on_spot=True)
    put_invited(connection, outcome="accepted", states=["accepted"], seconds=31, answered_on_spot=False)
    put_invited(connection, outcome="refused", states=["refused"], reason="not_ours")
    put_dispatched(connection, put_invited(connection, outcome="missed", states=["no_answer", "machine"]))
    put_dispatched(connection, put_invited(connection, outcome="missed", reason="nobody_on_duty"))
    put_invited(connection, outcome="engaged")
    put_invited(connection, outcome="failed", states=["failed", "unknown"])
    put_invited(connection, outcome="withdrawn", states=["refused", "withdrawn"])
    put_invited(connection, states=["ringing"])
    (figures,) = unit_report(connection).units
    assert asdict(figures) == {
        "unit": "water",
        "asked": 9,
        "reached": 4,
        "accepted": 2,
        "median_seconds": 20.5,
        "p90_seconds": 31.0,
        "refused": 1,
        "refused_why": {"not_ours": 1},
        "missed": 2,
        "nobody_on_duty": 1,
        "engaged": 1,
        "failed": 1,
        "withdrawn": 1,
        "open": 1,
        "answered_on_spot": 1,
        "dispatched": 2,
    }


def test_nothing_asked_is_a_total_of_naught_without_times(connection):
    found = unit_report(connection)
    assert (found.units, found.total.asked, found.total.median_seconds) == ([], 0, None)


@pytest.mark.parametrize("values", [{"demo": True}, {"kind": "coordination"}], ids=str)
def test_demonstrations_and_conferences_are_in_no_figure(connection, values):
    put_invited(connection, three_way_id=put_three_way(connection, **values))
    assert asked(connection) == 0


def test_an_emergency_service_is_reached_when_it_answers(connection):
    emergency = put_three_way(connection, kind="emergency")
    put_invited(connection, "police-110", "accepted", ["no_answer", "accepted"], emergency)
    assert (unit_report(connection).total.reached, unit_report(connection).total.accepted) == (1, 1)


def test_a_dispatch_is_that_of_its_unit_and_is_one_however_often_the_unit_was_asked(connection):
    three_way = put_invited(connection, "water", "missed", ["no_answer"])
    put_invited(connection, "water", "missed", ["no_answer"], three_way)
    put_invited(connection, "gas", "accepted", ["accepted"], three_way)
    put_dispatched(connection, three_way, "water")
    found = unit_report(connection)
    assert [(each.unit, each.dispatched) for each in found.units] == [("gas", 0), ("water", 1)]
    assert found.total.dispatched == 1


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(connection):
    for at in (NOON - SECOND, NOON, NOON + timedelta(hours=1)):
        put_invited(connection, invited_at=at)
    assert asked(connection, since=NOON) == 2
    assert asked(connection, until=NOON) == 1
    assert asked(connection, since=NOON, until=NOON + timedelta(hours=1)) == 1
