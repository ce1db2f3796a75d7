"""Deemed cases that are drawn for a person to call again, on each database."""

from collections import Counter
from datetime import timedelta

import pytest

from telephony.store.database import engine_of, transaction
from telephony.store.deemed_sample import sample_of_deemed
from telephony.store.tables import metadata
from tests.unit.store.revisit_rows import DAY, DUE, NOON, put_decision, put_revisit

SECOND = timedelta(seconds=1)


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def deemed(connection):
    """Sixty deemed cases: of water 40, of gas 15, of roads 4, one of no unit."""
    for unit, count in (("water", 40), ("gas", 15), ("roads", 4), (None, 1)):
        for number in range(count):
            put_revisit(connection, f"{unit}-{number}", "deemed_satisfied", unit=unit)
    return connection


def drawn(connection, size, seed=1, since=NOON, until=NOON + DAY):
    return sample_of_deemed(connection, since, until, size, seed)


def names(sample):
    return [each.case_number for each in sample]


def test_a_seed_draws_the_same_again_and_another_seed_others(deemed):
    assert names(drawn(deemed, 10)) == names(drawn(deemed, 10))
    assert set(names(drawn(deemed, 10))) != set(names(drawn(deemed, 10, seed=2)))


@pytest.mark.parametrize(
    ("size", "units"),
    [
        (4, {"water": 1, "gas": 1, "roads": 1, None: 1}),
        (10, {"water": 3, "gas": 3, "roads": 3, None: 1}),
        (30, {"water": 13, "gas": 12, "roads": 4, None: 1}),
        (100, {"water": 40, "gas": 15, "roads": 4, None: 1}),
        (0, {}),
    ],
)
def test_a_sample_is_spread_over_the_units_as_far_as_they_have_cases(deemed, size, units):
    found = Counter(each.unit for each in drawn(deemed, size))
    assert sum(found.values()) == min(size, 60)
    assert all(abs(found[unit] - count) <= 1 for unit, count in units.items())


def test_no_case_is_drawn_twice(deemed):
    assert max(Counter(names(drawn(deemed, 60))).values()) == 1


def test_each_case_is_drawn_by_some_seed(deemed):
    found = {name for seed in range(200) for name in names(drawn(deemed, 4, seed))}
    assert len(found) > 55


def test_a_case_that_is_deemed_meanwhile_changes_little(deemed):
    before = names(drawn(deemed, 20))
    put_revisit(deemed, "gas-new", "deemed_satisfied", unit="gas")
    assert len(set(before) - set(names(drawn(deemed, 20)))) <= 1


@pytest.mark.parametrize("verdict", ["satisfied", "contacted_unrated", None])
def test_only_what_is_deemed_in_force_is_drawn(connection, verdict):
    put_revisit(connection, "C1", verdict)
    assert drawn(connection, 10) == []


def test_a_demonstration_is_not_drawn(connection):
    put_revisit(connection, "C1", "deemed_satisfied", demo=True)
    assert drawn(connection, 10) == []


def test_the_period_is_that_of_the_reply(connection):
    for number, at in enumerate((NOON - SECOND, NOON, NOON + DAY - SECOND, NOON + DAY)):
        put_revisit(connection, f"C{number}", "deemed_satisfied", replied_at=at)
    assert set(names(drawn(connection, 10))) == {"C1", "C2"}


def test_a_case_is_told_with_whom_to_call_and_the_calls_that_the_last_decision_rests_on(connection):
    revisit_id = put_revisit(
        connection, "C1", "deemed_satisfied", district="east", category="B", subject="tap"
    )
    put_decision(connection, revisit_id, "deemed_satisfied", DUE, "rv-8", "rv-9")
    (case,) = drawn(connection, 10)
    assert (case.revisit_id, case.round, case.numbers) == (revisit_id, 1, ["13800000001"])
    assert (case.unit, case.district, case.category, case.subject) == ("water", "east", "B", "tap")
    assert (case.replied_at, case.decided_at) == (NOON, DUE)
    assert str(case.decided_at.tzinfo) == "Asia/Shanghai"
    assert (case.first_attempt, case.second_attempt) == ("rv-8", "rv-9")
