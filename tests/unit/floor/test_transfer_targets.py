"""To whom a call may go that is not on this switch, and how it is moved there."""

from dataclasses import replace

import pytest
from twisted.internet.defer import succeed

from telephony.config import Centre
from telephony.floor.transfer_moves import TransferMoves
from telephony.floor.transfer_targets import Target, Targets
from telephony.pbx.snapshot import Channel
from telephony.store.transfers import TransferView
from tests.fakes import FakeLine, FakeRoster
from tests.unit.times import NOON

ELSEWHERE = Centre(
    code="elsewhere", name="外地", level="city", transfer_number="037912345", transfer_trunk="carrier"
)
OUTSIDE = "037912345@carrier"
NONE = dict.fromkeys(("agent", "queue", "wish", "wish_by", "cause", "answered_by", "moved_at", "ended_at"))
ASKED = {"id": 7, "call_id": "1.0", "kind": "centre", "target": "elsewhere", "from_agent": "8001"}
ASKED |= {"from_leg": "1.1", "citizen_leg": "1.0", "by": "8001", "started_at": NOON, **NONE}


@pytest.fixture
def targets(config):
    return Targets(replace(config, centres={**config.centres, "elsewhere": ELSEWHERE}), FakeRoster())


@pytest.fixture
def moves(targets):
    line = FakeLine()
    made = TransferMoves(None, line, None, SilentTimer(), targets, None, lambda *told: line.told.append(told))
    return line, made


class SilentTimer:
    def callLater(self, *_):  # noqa: N802 - Twisted's name
        return None


def view(mode, state):
    return TransferView(mode=mode, state=state, **ASKED)


@pytest.mark.parametrize("mode", ["blind", "attended"])
def test_a_centre_with_a_number_of_its_own_is_called_over_the_trunk(targets, mode):
    assert targets.find("centre:elsewhere", mode, "8001") == Target("centre", "elsewhere", outside=OUTSIDE)


def test_a_centre_on_this_switch_is_not_outside(targets):
    assert targets.find("centre:baofeng", "blind", "8001").queue == "baofeng-12345"


def test_blind_the_citizen_goes_where_the_dialplan_dials_the_centre(moves):
    line, made = moves
    made.move(view("blind", "ringing"))
    [(_, _, step)] = line.told
    assert (step.leg_id, step.place, step.variables["HOTLINE_TRANSFER_OUTSIDE"]) == (
        *("1.0", "transfer-outside", OUTSIDE),
    )


def test_attended_the_first_agents_line_dials_it_and_the_citizens_knows_it_too(moves):
    line, made = moves
    made.move(view("attended", "asking"))
    [(_, _, *steps)] = line.told
    assert [(step.place, step.variables["HOTLINE_TRANSFER_OUTSIDE"]) for step in steps] == [
        ("transfer-waits", OUTSIDE),
        ("transfer-consult", OUTSIDE),
    ]


def test_taken_back_it_is_the_centres_line_that_ends_and_never_the_citizens(moves):
    line, made = moves
    legs = ("1.0", "carrier"), ("1.1", "8001"), ("1.2", "carrier")
    line.living = lambda: succeed([Channel(endpoint, "Up", leg_id, "1.0") for leg_id, endpoint in legs])
    made.take_back(view("attended", "consulting"))
    assert [told[1] for told in line.told if told[0] == "hang_up"] == ["1.2"]
