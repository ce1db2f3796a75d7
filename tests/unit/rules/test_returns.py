"""Whom we owe a call back."""

from datetime import UTC, datetime

import pytest

from telephony.rules.call_story import Call
from telephony.rules.returns import why_owed

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DEMO = "13900000000"


def owed(direction="inbound", outcome="interrupted", number="13800000001", **times):
    call = Call("1.0", direction, "ended", NOON, caller_number=number, outcome=outcome, **times)
    return why_owed(call, DEMO)


@pytest.mark.parametrize("outcome", ["interrupted", "unserved", "failed"])
def test_a_citizen_who_waited_when_our_side_failed_is_called_back(outcome):
    assert owed(outcome=outcome, queued_at=NOON) == outcome


def test_a_citizen_who_talked_when_the_switch_died_is_called_back():
    assert owed(answered_at=NOON) == "interrupted"


@pytest.mark.parametrize("outcome", ["answered", "abandoned", "refused"])
def test_a_call_that_ended_otherwise_is_owed_nothing(outcome):
    assert owed(outcome=outcome, queued_at=NOON) is None


@pytest.mark.parametrize("outcome", ["interrupted", "failed"])
def test_a_citizen_who_had_not_come_to_the_queue_is_not_called_back(outcome):
    assert owed(outcome=outcome) is None


@pytest.mark.parametrize("number", [None, DEMO])
def test_nobody_can_call_back_who_withheld_the_number_and_nobody_calls_the_demo(number):
    assert owed(number=number, queued_at=NOON) is None


def test_a_call_of_ours_that_was_ringing_is_the_dialers_own_business():
    assert owed(direction="outbound") is None


@pytest.mark.parametrize(("outcome", "why"), [("interrupted", "interrupted"), ("failed", None)])
def test_a_call_of_ours_that_talked_with_a_person_is_owed_a_return_only_if_it_was_cut(outcome, why):
    assert owed(direction="outbound", outcome=outcome, answered_at=NOON) == why
