"""One thing at a time moves the parties of a call: the second is refused, and told what to do first."""

import pytest

from tests.unit.api.supervised import put_supervision
from tests.unit.api.test_transfers import CONFLICT, refusal, steps
from tests.unit.api.three_way import CALL, start, talking
from tests.unit.api.transferring import give, happens

BUSY_TRANSFER = f"通话 {CALL} 正在转接，请先完成（话机 *91）或取消（话机 *90）转接"


@pytest.fixture
def talk(api):
    talking(api)
    return api


def refuse(api):
    return api.ask("POST", f"calls/{CALL}/refuse", json={"kind": "petition", "by": "8001"})


@pytest.mark.parametrize("mode", ["blind", "attended"])
@pytest.mark.parametrize("second", [refuse, start], ids=["refusal", "three-way call"])
def test_in_a_live_transfer_nothing_else_begins(talk, second, mode):
    give(talk, mode=mode)
    assert refusal(second(talk)) == (CONFLICT, BUSY_TRANSFER)
    assert (talk.explaining.told, talk.get("threeway").json()) == ([], [])


def test_once_the_transfer_is_over_a_unit_may_be_asked(talk):
    give(talk)
    happens(talk, "agent_joined", agent="8002")
    assert start(talk).status_code == 200


def test_while_the_citizen_is_told_of_a_refusal_the_call_is_neither_transferred_nor_joined(talk):
    refuse(talk)
    told = (CONFLICT, f"通话 {CALL} 正在播放不予受理说明，请等播完")
    assert [refusal(give(talk)), refusal(start(talk))] == [told, told]
    assert steps(talk) == []


@pytest.mark.parametrize("state", ["taking", "waiting"])
@pytest.mark.parametrize("second", [give, refuse, start], ids=["transfer", "refusal", "three-way call"])
def test_while_a_supervisor_takes_the_citizen_over_nothing_else_begins(talk, second, state):
    talk.put_rows(put_supervision, call_id=CALL, state=state)
    assert refusal(second(talk)) == (*(CONFLICT, f"班长正在接管通话 {CALL}，请等接管完成或失败后再试"),)


@pytest.mark.parametrize("state", ["listening", "taken"])
def test_a_supervisor_who_listens_or_has_the_citizen_hinders_no_transfer(talk, state):
    talk.put_rows(put_supervision, call_id=CALL, state=state)
    assert give(talk).status_code == 200


def test_a_transfer_to_a_unit_is_the_three_way_call_that_it_begins_and_no_other_begins_beside_it(talk):
    assert give(talk, "unit:water", mode="attended").status_code == 200
    assert [each["call_id"] for each in talk.get("threeway").json()] == [CALL]
    assert refusal(refuse(talk)) == (CONFLICT, BUSY_TRANSFER)
