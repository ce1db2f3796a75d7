"""units.yaml: codes that stand once, emergencies that answer where people dial, readable duty hours."""

import pytest

from telephony.config_load import load
from telephony.paths import PROJECT
from telephony.rules.units import EMERGENCY_NUMBERS
from telephony.texts import say
from tests.unit.test_config_load import Folder, problems_or_none

ROW = (
    "{{code: {code}, short_code: '{short}', name: 新, level: {level}, {more}"
    "contacts: [{{name: 值班, number: '{number}'{duty}}}]}}"
)
NEXT = "units.24"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


def row(code="new", short="999", level="city", number="10000999001", more="", duty=""):
    duty = f", duty: [{duty}]" if duty else ""
    return ROW.format(code=code, short=short, level=level, number=number, more=more, duty=duty)


def test_the_projects_own_units_hold_every_emergency_and_three_levels():
    units = load(PROJECT / "config").units
    emergencies = {unit.short_code for unit in units.values() if unit.kind == "emergency"}
    assert emergencies == set(EMERGENCY_NUMBERS)
    assert {unit.level for unit in units.values()} == {"city", "county", "township"}
    assert len(units) >= 20


def test_no_number_of_the_projects_own_units_can_be_anybodys():
    contacts = [each for unit in load(PROJECT / "config").units.values() for each in unit.contacts]
    assert [each.number for each in contacts if not each.number.startswith("10000")] == []


@pytest.mark.parametrize("key", ["code", "short_code"])
def test_a_code_that_stands_twice_is_refused_in_both_places(folder, key):
    line = folder.append("units", row(**{"code": {"code": "water"}, "short_code": {"short": "202"}}[key]))
    problems = folder.problems()
    assert len(problems) == 2
    assert problems[1].startswith(folder.at("units", line, f"{NEXT}.{key}"))


def test_a_missing_emergency_unit_is_named(folder):
    text = (folder.path / "units.yaml").read_text(encoding="utf-8")
    start, end = text.index("  - code: ambulance-120"), text.index("  - code: traffic-122")
    folder.change("units", text[start:end], "")
    (problem,) = folder.problems()
    assert problem.endswith(say("config.emergencies", missing="120"))


@pytest.mark.parametrize(
    ("short", "kind", "good"),
    [
        ("999", "unit", True),
        ("999", "emergency", False),
        ("110", "unit", False),
        ("122", "emergency", False),
    ],
)
def test_emergency_numbers_are_emergency_units_and_no_others(folder, short, kind, good):
    folder.append("units", row(short=short, more=f"kind: {kind}, "))
    assert (problems_or_none(folder) == []) == good


def test_an_emergency_unit_has_no_duty_hours(folder):
    number = 'number: "10000119001"'
    folder.change("units", number, f"{number}, duty: [all 00:00-24:00]")
    (problem,) = folder.problems()
    assert problem.endswith(say("unit.emergency_duty"))


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"code": "New"}, "code"),
        ({"short": "12"}, "short_code"),
        ({"short": "1234567"}, "short_code"),
        ({"level": "province"}, "level"),
        ({"number": "10"}, "contacts.0.number"),
        ({"number": "1" * 20}, "contacts.0.number"),
        ({"number": "1000;2"}, "contacts.0.number"),
        ({"duty": "workday 8-18"}, "contacts.0.duty.0"),
        ({"duty": "all 08:00-18:00, weekday 08:00-18:00"}, "contacts.0.duty.1"),
        ({"more": f"district: {'x' * 41}, "}, "district"),
        ({"more": "colour: red, "}, "colour"),
    ],
    ids=str,
)
def test_what_no_unit_can_be_is_one_line_with_its_key(folder, values, key):
    line = folder.append("units", row(**values))
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("units", line, f"{NEXT}.{key}"))


@pytest.mark.parametrize(
    "values",
    [
        {"code": "n" * 40},
        {"short": "123456"},
        {"level": "village"},
        {"number": "1" * 19},
        {"number": "+8637500000000"},
        {"duty": "'workday,sat 08:00-24:00'"},
        {"more": f"district: {'x' * 40}, "},
    ],
    ids=str,
)
def test_what_a_unit_can_be_at_most_is_taken(folder, values):
    folder.append("units", row(**values))
    assert problems_or_none(folder) == []


def test_a_unit_without_contacts_is_refused(folder):
    folder.append("units", "{code: new, short_code: '999', name: 新, level: city, contacts: []}")
    assert [say("value.few", min_length=1) in problem for problem in folder.problems()] == [True]
