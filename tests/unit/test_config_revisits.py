"""What revisits.yaml may not say: limits of production, contradictions, each by file, line and key."""

import pytest

from telephony.config_load import load
from tests.unit.test_config_load import Folder

REFUSED = [
    ("ring_floor_seconds: 60", "ring_floor_seconds: 44", "ring_floor_seconds"),
    ("interval_minutes: 180", "interval_minutes: 179.99", "interval_minutes"),
    ('"14:30-18:00"', '"11:59-18:00"', "bands"),
    ('person_key: "0"', 'person_key: "3"', "survey.person_key"),
    ('"2": basically_satisfied', '"2": satisfied', "survey.keys"),
    ("person_queue: city-12345", "person_queue: nowhere", "survey.person_queue"),
    ('caller_number: "12345"', 'caller_number: "12399"', "dialer.caller_number"),
    ("busy_retry_minutes: 20", "busy_retry_minutes: 14", "busy_retry_minutes"),
    ('"09:00-12:00"', '"12:00-09:00"', "bands.0"),
]
ALLOWED = [
    ("ring_floor_seconds: 60", "ring_floor_seconds: 45"),
    ('"14:30-18:00"', '"12:00-18:00"'),
    ("busy_retry_minutes: 20", "busy_retry_minutes: 15"),
]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


@pytest.mark.parametrize(("old", "new", "key"), REFUSED)
def test_what_would_break_the_rules_is_refused_by_its_line(folder, old, new, key):
    line = folder.change("revisits", old, new)
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("revisits", line, key)), problem


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_a_limit_itself_is_allowed(folder, old, new):
    folder.change("revisits", old, new)
    assert load(folder.path).revisits.mode == "production"


def test_test_mode_allows_short_rings_where_every_trunk_is_on_this_machine(folder):
    folder.change("revisits", "mode: production", "mode: test")
    folder.change("revisits", "ring_floor_seconds: 60", "ring_floor_seconds: 1")
    folder.change("revisits", "interval_minutes: 180", "interval_minutes: 0.1")
    assert load(folder.path).revisits.ring_floor_seconds == 1


def test_test_mode_is_refused_once_a_trunk_leads_to_a_carrier(folder):
    line = folder.change("revisits", "mode: production", "mode: test")
    folder.change("hotline", "contact: 127.0.0.2:5080", "contact: 192.0.2.7:5060")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("revisits", line, "mode"))
