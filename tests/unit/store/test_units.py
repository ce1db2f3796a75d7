"""The directory of units: units.yaml, and over it what was imported."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.duty import Contact, parse_window
from telephony.rules.units import Unit
from telephony.store.database import engine_of, transaction
from telephony.store.tables import events
from telephony.store.threeway_tables import units as table
from telephony.store.units import Directory

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DESK = Contact("热线办", "10000000001", (parse_window("workday 08:00-18:00"), parse_window("sat 8:00-24:00")))
NIGHT = Contact("值班室", "10000000002")


def unit(code, short_code, **values):
    known = {"name": f"{code}局", "level": "city", "kind": "unit", "contacts": (DESK, NIGHT)}
    return Unit(code=code, short_code=short_code, **known | values)


WATER, POWER = unit("water", "202"), unit("power", "203")
POLICE = unit("police", "110", kind="emergency", contacts=(NIGHT,))
DIRECTORY = Directory({each.code: each for each in (POWER, WATER, POLICE)})


@pytest.fixture
def connection(migrated_url):
    engine = engine_of(migrated_url)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def codes(connection):
    return [(each.code, each.short_code, each.imported) for each in DIRECTORY.all(connection)]


def test_without_an_import_the_directory_is_units_yaml_by_short_code(connection):
    assert codes(connection) == [("police", "110", False), ("water", "202", False), ("power", "203", False)]


@pytest.mark.parametrize("text", ["water", "202"])
def test_a_unit_is_found_by_its_code_and_by_its_short_code_with_its_contacts_in_order(connection, text):
    found = DIRECTORY.find(connection, text)
    assert (found.code, found.contacts, found.updated_at) == ("water", (DESK, NIGHT), None)


def test_an_imported_unit_comes_back_as_it_was_put(connection):
    new = unit("roads", "999999", level="village", district="新华区", contacts=(NIGHT, DESK))
    put = DIRECTORY.put(connection, new, NOW)
    found = DIRECTORY.find(connection, "999999")
    assert found == put
    assert (found.contacts, found.district, found.level) == ((NIGHT, DESK), "新华区", "village")
    assert found.updated_at.isoformat() == "2026-11-23T12:00:00+08:00"


def test_an_imported_unit_takes_the_place_of_the_configured_one_and_of_its_short_code(connection):
    DIRECTORY.put(connection, unit("water", "302", name="供水集团"), NOW)
    assert codes(connection)[1:] == [("power", "203", False), ("water", "302", True)]
    assert DIRECTORY.find(connection, "302").name == "供水集团"
    with pytest.raises(UnknownThingError):
        DIRECTORY.find(connection, "202")


def test_a_second_import_replaces_the_first(connection):
    for name in ("one", "two"):
        DIRECTORY.put(connection, unit("roads", "301", name=name), NOW)
    assert DIRECTORY.find(connection, "roads").name == "two"
    assert len(codes(connection)) == 4


@pytest.mark.parametrize("text", ["", "nowhere", "20", "2020", "WATER", "'; drop table units; --"])
def test_a_unit_that_is_not_there_is_an_error_that_says_where_to_look(connection, text):
    with pytest.raises(UnknownThingError, match="hotline units list"):
        DIRECTORY.find(connection, text)


def test_a_short_code_of_another_unit_is_refused_by_that_units_name(connection):
    with pytest.raises(NotAllowedError, match="water局"):
        DIRECTORY.put(connection, unit("roads", "202"), NOW)
    assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_short_code_that_an_import_has_freed_may_be_given_to_another(connection):
    told = [unit("roads", "202"), unit("water", "302"), unit("roads", "202")]
    first, *others = DIRECTORY.put_many(connection, told, NOW)
    assert "202" in first
    assert others == [None, None]
    assert DIRECTORY.find(connection, "202").code == "roads"


def test_two_units_of_one_import_cannot_have_one_short_code(connection):
    first, second = DIRECTORY.put_many(connection, [unit("a", "301"), unit("b", "301")], NOW)
    assert (first, "a局" in second) == (None, True)
    assert DIRECTORY.find(connection, "301").code == "a"


def test_a_short_code_stays_the_imported_units_when_units_yaml_gives_it_to_another(connection):
    DIRECTORY.put(connection, unit("roads", "301"), NOW)
    changed = Directory({"parks": unit("parks", "301")})
    assert changed.find(connection, "301").code == "roads"
    assert changed.find(connection, "parks").short_code == "301"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (unit("roads", "301", contacts=()), "no contact"),
        (unit("roads", "301", kind="emergency", contacts=(NIGHT,)), "110, 119, 120, 122"),
        (unit("roads", "119"), "110, 119, 120, 122"),
        (unit("fire", "119", kind="emergency"), "duty"),
        (unit("police", "301"), "stays 110"),
        (unit("police", "119", kind="emergency", contacts=(NIGHT,)), "stays 110"),
    ],
)
def test_what_can_be_no_unit_is_refused_and_says_why(connection, wrong, said):
    with pytest.raises(NotAllowedError, match=said):
        DIRECTORY.put(connection, wrong, NOW)
    assert codes(connection)[0] == ("police", "110", False)


def test_an_emergency_unit_may_be_given_another_number(connection):
    other = Contact("备用", "10000000009")
    DIRECTORY.put(connection, unit("police", "110", kind="emergency", contacts=(other,)), NOW)
    assert DIRECTORY.find(connection, "110").contacts == (other,)


def test_when_an_imported_unit_is_removed_the_configured_one_shows_again(connection):
    DIRECTORY.put(connection, unit("water", "302"), NOW)
    DIRECTORY.remove(connection, "water", NOW)
    assert DIRECTORY.find(connection, "water").short_code == "202"


def test_a_unit_whose_old_short_code_is_taken_cannot_be_removed(connection):
    DIRECTORY.put_many(connection, [unit("water", "302"), unit("roads", "202")], NOW)
    with pytest.raises(NotAllowedError, match="roads"):
        DIRECTORY.remove(connection, "water", NOW)
    assert DIRECTORY.find(connection, "302").code == "water"


@pytest.mark.parametrize(("code", "error"), [("water", NotAllowedError), ("nowhere", UnknownThingError)])
def test_only_an_imported_unit_can_be_removed(connection, code, error):
    with pytest.raises(error):
        DIRECTORY.remove(connection, code, NOW)


def test_each_change_leaves_an_event_and_a_refusal_none(connection):
    DIRECTORY.put_many(connection, [unit("roads", "301"), unit("parks", "301")], NOW)
    DIRECTORY.remove(connection, "roads", NOW)
    found = connection.execute(sa.select(events.c.kind, events.c.data).order_by(events.c.id)).all()
    assert [tuple(row) for row in found] == [
        ("unit_imported", {"unit": "roads"}),
        ("unit_removed", {"unit": "roads"}),
    ]
