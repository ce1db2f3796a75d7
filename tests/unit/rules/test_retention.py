"""How long recordings are kept."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.rules.retention import CALL, REASON, THREE_WAY, Hold, cutoffs, is_due, kind_of

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEEP = {CALL: 30, REASON: 10}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("kind", "days"), KEEP.items())
def test_a_recording_is_due_once_it_is_as_old_as_its_kind_is_kept(kind, days):
    begun = NOW - timedelta(days=days)
    assert is_due(begun, kind, KEEP, None, NOW)
    assert not is_due(begun + SECOND, kind, KEEP, None, NOW)


def test_a_kind_without_a_limit_is_kept():
    assert not is_due(NOW - timedelta(days=10_000), THREE_WAY, KEEP, None, NOW)


def test_a_hold_without_an_end_keeps_whatever_its_age():
    assert not is_due(NOW - timedelta(days=10_000), CALL, KEEP, Hold(), NOW)


def test_a_hold_keeps_until_its_end_and_no_longer():
    begun = NOW - timedelta(days=31)
    assert not is_due(begun, CALL, KEEP, Hold(NOW + SECOND), NOW)
    assert is_due(begun, CALL, KEEP, Hold(NOW), NOW)


def test_each_kind_has_its_own_cutoff():
    assert cutoffs(NOW, KEEP) == {CALL: NOW - timedelta(days=30), REASON: NOW - timedelta(days=10)}


@pytest.mark.parametrize(
    ("role", "kind"),
    [("citizen", CALL), ("agent", CALL), ("other", CALL), ("unit", THREE_WAY), ("supervisor", THREE_WAY)],
)
def test_the_kind_follows_from_whose_leg_it_is(role, kind):
    assert kind_of(role) == kind
