"""What a decision's round is built from again, where the clock or the rules changed on the way."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from telephony.callback.recompute import facts_from, finding_of, floor_of, past_of
from telephony.rules.verdict import Evidence, Kind
from telephony.store.revisits import Tick
from tests.unit.times import NOON

HOUR = timedelta(hours=1)
RANG = timedelta(seconds=62)


@dataclass
class Call:
    id: str = "rv-1"
    number: str = "13800000001"
    reserved_at: object = NOON - timedelta(seconds=1)
    latest_end_at: object = field(default_factory=lambda: NOON + timedelta(seconds=80))


def rang_out(floor=None):
    """Return the evidence of a call that rang for 62 s, sent with a floor of its own or without one."""
    end = NOON + RANG
    return [
        Evidence(Kind.SENT, NOON, "sent", 0.0, "boot", {} if floor is None else {"ring_floor": floor}),
        Evidence(Kind.ALERTING, NOON, "alerting", 0.0, "boot", {"status": "RINGING"}),
        Evidence(Kind.RELEASED, end, "released", 62.0, "boot", {"sip_code": 480}),
        Evidence(Kind.HANGUP, end, "hangup", 62.0, "boot", {"cause": 19, "sip_code": 480}),
    ]


@pytest.mark.parametrize(("own", "floor"), [(None, 60.0), (45, 45.0), (70.5, 70.5), ("70", 60.0)])
def test_the_floor_stored_with_a_call_goes_before_that_of_the_rules(own, floor):
    assert floor_of(rang_out(own), 60.0) == floor


def test_a_call_is_judged_by_the_floor_that_was_in_force_when_it_was_sent():
    assert [finding_of(rang_out(floor), 60.0).counts for floor in (None, 62, 63)] == [True, True, False]


@pytest.mark.parametrize(
    ("tick", "ended_at"),
    [
        (None, NOON + RANG),
        (Tick(NOON + HOUR, 3600.0, "boot"), NOON + RANG),
        (Tick(NOON + 3 * HOUR, 3600.0, "boot"), NOON + 2 * HOUR + RANG),
        (Tick(NOON + 3 * HOUR, 3600.0, "another"), NOON + RANG),
        (Tick(NOON - HOUR, 3600.0, "boot"), NOON + RANG),
    ],
    ids=["unknown", "right", "set forward", "since a restart", "set back"],
)
def test_a_call_ended_no_longer_ago_than_a_clock_that_nobody_can_set_says(tick, ended_at):
    told = rang_out()
    assert past_of(Call(), told, finding_of(told, 60.0), tick).ended_at == ended_at


def test_a_call_whose_end_nobody_saw_ended_as_late_as_it_can_have():
    told = [*rang_out()[:2], Evidence(Kind.UNWITNESSED, NOON + HOUR, "unwitnessed", 3600.0, "boot")]
    past = past_of(Call(), told, finding_of(told, 60.0), None)
    assert (past.outcome, past.ended_at) == ("unknown", Call().latest_end_at)


@pytest.mark.parametrize("plain", [None, [], {}, {"numbers": 1}, "text"], ids=str)
def test_facts_that_cannot_be_read_are_none(plain):
    assert facts_from(plain) is None
