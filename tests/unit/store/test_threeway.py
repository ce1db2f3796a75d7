"""What the store knows for three-way calls: who holds a number, and which case is confidential."""

from datetime import timedelta

import pytest

from telephony.store import threeway as rows
from telephony.store.tables import case_numbers, cases
from telephony.store.threeway_tables import asks
from tests.unit.store.ledger import NOW
from tests.unit.store.unit_rows import put_ask

NUMBER, CITIZEN = "10000000001", "13800001234"


@pytest.fixture
def connection(database):
    with database.engine.begin() as connection:
        yield connection


def put_case(connection, case_number="PDS-1", *, confidential, open_=True):
    row = {"case_number": case_number, "open": open_, "updated_at": NOW, "confidential": confidential}
    connection.execute(cases.insert().values(**row))
    number = {"case_number": case_number, "position": 0, "number": CITIZEN}
    connection.execute(case_numbers.insert().values(**number))


@pytest.mark.parametrize(
    ("values", "engaged"),
    [
        ({}, {NUMBER}),
        ({"ended_at": NOW}, set()),
        ({"exclusive": False}, set()),
        ({"asked_at": NOW - rows.LONGEST}, {NUMBER}),
        ({"asked_at": NOW - rows.LONGEST - timedelta(microseconds=1)}, set()),
    ],
)
def test_a_number_is_engaged_while_we_ring_or_hold_it(connection, values, engaged):
    put_ask(connection, number=NUMBER, **({"asked_at": NOW} | values))
    assert rows.engaged(connection, [NUMBER, "10000000002"], NOW) == engaged


def test_what_was_left_behind_is_closed_as_unknown(connection):
    put_ask(connection, number=NUMBER, asked_at=NOW - timedelta(days=1))
    rows.engaged(connection, [NUMBER], NOW)
    [row] = connection.execute(asks.select())
    assert (row.state, row.ended_at) == ("unknown", NOW)


@pytest.mark.parametrize(
    ("case_number", "known", "secret"),
    [
        ("PDS-1", True, True),
        ("PDS-1", False, False),
        (None, True, True),
        (None, False, False),
        ("NOBODY-KNOWS", False, True),
    ],
)
def test_a_case_is_confidential_if_it_says_so_named_or_not_or_if_nobody_can_say(
    connection, case_number, known, secret
):
    put_case(connection, confidential=known)
    assert rows.is_confidential(connection, case_number, CITIZEN) is secret


def test_a_confidential_case_that_is_closed_or_anothers_makes_no_secret(connection):
    put_case(connection, confidential=True, open_=False)
    assert not rows.is_confidential(connection, None, CITIZEN)
    assert not rows.is_confidential(connection, None, "13900000000")
