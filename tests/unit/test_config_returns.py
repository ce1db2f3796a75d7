"""returns.yaml: what may stand there."""

import pytest

from telephony.config_load import load
from tests.unit.test_config_load import Folder


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


@pytest.mark.parametrize("days", ["working_days", "other_days"])
def test_calling_hours_that_overlap_are_refused(folder, days):
    old = {"working_days": '["08:00-21:00"]', "other_days": '["08:30-20:00"]'}[days]
    line = folder.change("returns", old, '["08:00-12:00", "11:59-21:00"]')
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("returns", line, f"hours.{days}"))


@pytest.mark.parametrize(
    ("key", "old", "bad"),
    [
        ("order", "order: agent_first ", "order: anybody_first "),
        ("attempts", "attempts: 3", "attempts: 0"),
        ("spacing_minutes", "spacing_minutes: 20", "spacing_minutes: 0"),
        ("ring_seconds", "\nring_seconds: 45", "\nring_seconds: 121"),
    ],
)
def test_a_value_outside_its_limits_is_refused(folder, key, old, bad):
    line = folder.change("returns", old, bad) + old.count("\n")
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("returns", line, key))


def test_no_hours_at_all_on_other_days_are_allowed(folder):
    folder.change("returns", '["08:30-20:00"]', "[]")
    assert load(folder.path).returns.hours.other_days == ()
