"""An agent is rung or kept for a return: what becomes of it where things do not go as they should."""

from datetime import timedelta

import pytest

from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError
from telephony.store import attempts as attempt_rows
from telephony.store import return_calls
from telephony.store import returns as rows
from telephony.store.tables import calls
from telephony.store.threeway_tables import returns
from tests.fakes import NOON
from tests.unit.callback.returning import NUMBER, Installation, channel

PHONE = "PJSIP/8001-00000001"


@pytest.fixture
def house(tmp_path):
    """An installation in which agent 8001 is being rung for a return."""
    house = Installation(f"sqlite:///{tmp_path}/returns.db")
    house.lose()
    house.ready("8001")
    house.agents.free = frozenset()
    return house


@pytest.fixture
def citizens_first(tmp_path):
    """An installation in which agent 8001 is kept free for a return."""
    house = Installation(f"sqlite:///{tmp_path}/returns.db", agent_first=False)
    house.lose()
    house.ready("8001")
    return house


def close(house):
    house.store.now(rows.close, 1, "李敏", None, house.clock.now())


def agree(house, *channels):
    """Let the switch, which was away for a while, hold these channels."""
    house.clock.advance(3)
    house.line.channels = channels
    house.turns.offers.agree()


def test_a_leg_that_vanished_while_nobody_told_sets_agent_and_return_free(house):
    agree(house)
    assert house.turns.held == frozenset()
    assert house.agents.told == [("ring_ended", "8001", house.line.leg_id, True)]
    assert [each.outcome for each in house.all(calls)] == ["no_agent"]
    house.ready("8001")
    assert [told[0] for told in house.line.told] == ["ring", "ring"]


def test_a_leg_that_was_answered_while_nobody_told_has_its_citizen_rung(house):
    agree(house, channel(house.line.leg_id, house.line.leg_id))
    assert house.agents.told == [
        ("connected", "8001", house.turns.offers.all()[1].attempt_id, house.line.leg_id)
    ]
    assert [each.number for each in house.candidates()] == [NUMBER]


def test_an_agent_who_waits_for_the_citizen_is_in_that_call_whatever_the_switch_says_of_the_leg(house):
    offer = house.turns.offers.all()[1]
    assert house.turns.offers.calls_of_legs() == {house.line.leg_id: offer.attempt_id}


def test_a_leg_that_rings_still_is_waited_for(house):
    agree(house, channel(house.line.leg_id, house.line.leg_id, "Ringing"))
    assert (house.turns.held, house.agents.told) == ({"8001"}, [])


def test_the_leg_of_an_agent_who_waited_and_left_while_nobody_told_is_over(house):
    house.turns.offers.up(house.line.leg_id, PHONE)
    agree(house)
    assert (house.turns.held, house.candidates()) == (frozenset(), [])


def test_a_leg_that_was_ordered_a_moment_ago_may_be_missing_from_the_list(house):
    house.line.channels = []
    house.turns.offers.agree()
    assert house.turns.held == {"8001"}


@pytest.mark.parametrize(("seconds", "held"), [(34, {"8001"}), (36, frozenset())])
def test_a_ring_that_should_be_over_is_looked_for_in_the_switch(house, seconds, held):
    house.pass_by(seconds)
    assert house.turns.held == held


def test_an_order_without_an_answer_may_ring_and_its_agent_is_kept(tmp_path):
    house = Installation(f"sqlite:///{tmp_path}/returns.db")
    house.lose()
    house.line.refusal = SwitchUnavailableError("silent")
    house.ready("8001")
    assert house.turns.held == {"8001"}
    house.turns.offers.up(house.line.leg_id, PHONE)
    assert len(house.candidates()) == 1


def test_an_order_that_was_refused_keeps_nobody(tmp_path):
    house = Installation(f"sqlite:///{tmp_path}/returns.db")
    house.lose()
    house.line.refusal = SwitchRefusedError("no")
    house.ready("8001")
    assert house.turns.held == frozenset()


def test_a_return_that_is_closed_while_the_agent_rings_ends_the_ring_which_nobody_missed(house):
    close(house)
    house.pass_by(1)
    leg = house.line.leg_id
    assert (house.line.told[-1], house.turns.held) == (("hang up", leg), {"8001"})
    house.turns.offers.gone(leg)
    assert (house.turns.held, house.agents.told) == (frozenset(), [("ring_ended", "8001", leg, True)])


def test_who_answers_as_the_return_is_closed_hears_that_nobody_was_reached(house):
    close(house)
    house.pass_by(1)
    house.turns.offers.up(house.line.leg_id, PHONE)
    assert (house.line.told[-1], house.turns.held) == (("not reached", house.line.leg_id), frozenset())


def test_a_ring_that_the_switch_does_not_know_is_over_once_the_switch_was_asked(house):
    close(house)
    house.line.refusal = SwitchRefusedError("no such channel")
    house.pass_by(3)
    assert house.turns.held == frozenset()


def test_an_agent_who_waits_is_let_go_as_soon_as_the_return_is_closed(house):
    house.turns.offers.up(house.line.leg_id, PHONE)
    close(house)
    house.pass_by(1)
    assert (house.line.told[-1], house.turns.held) == (("not reached", house.line.leg_id), frozenset())


def test_an_agent_who_waits_is_let_go_as_soon_as_the_citizen_is_on_the_line_again(house):
    house.turns.offers.up(house.line.leg_id, PHONE)
    house.on_line(ago=0, number=NUMBER)
    house.pass_by(1)
    assert house.line.told[-1] == ("not reached", house.line.leg_id)


def test_an_agent_who_is_kept_free_is_so_no_more_once_the_return_is_closed(citizens_first):
    house = citizens_first
    assert house.turns.held == {"8001"}
    close(house)
    house.pass_by(1)
    assert house.turns.held == frozenset()


def test_a_return_that_is_begun_anew_while_the_agent_rings_is_called(house):
    house.store.now(return_calls.reset, 1, "李敏", house.clock.now())
    house.pass_by(1)
    house.turns.offers.up(house.line.leg_id, PHONE)
    assert [each.number for each in house.candidates()] == [NUMBER]


def at(house, text):
    house.clock.time = type(NOON).fromisoformat(f"2026-11-23T{text}+08:00")


@pytest.mark.parametrize(("time", "rung"), [("20:59:59.9", 1), ("21:00:00", 0)])
def test_a_citizen_is_rung_in_the_hours_only_however_late_the_agent_answers(house, time, rung):
    at(house, time)
    house.turns.offers.up(house.line.leg_id, PHONE)
    assert len(house.candidates()) == rung


def test_a_call_that_is_not_placed_before_the_hours_end_is_not_placed(house):
    at(house, "20:59:55")
    house.turns.offers.up(house.line.leg_id, PHONE)
    [candidate] = house.candidates()
    at(house, "21:00:00")
    assert candidate.start_by == house.clock.now() - timedelta(microseconds=1)


def test_an_agent_who_answers_after_the_hours_is_let_go_at_once(house):
    house.by_itself = False
    house.turns.offers.up(house.line.leg_id, PHONE)
    house.pass_by(1)
    assert house.line.told[-1] == ("not reached", house.line.leg_id)


@pytest.mark.parametrize(("seconds", "rung"), [(20, 0), (20.1, 1)])
def test_no_agent_is_rung_whose_citizen_could_not_be_called_any_more(tmp_path, seconds, rung):
    house = Installation(f"sqlite:///{tmp_path}/returns.db")
    house.closes_in = seconds
    house.lose()
    house.ready("8001")
    assert len(house.line.told) == rung


def test_a_call_whose_reservation_was_taken_back_is_not_offered_again_under_its_id(citizens_first):
    house = citizens_first
    [candidate] = house.candidates()
    house.store.now(attempt_rows.cancel, [candidate.attempt_id])
    house.store.now(house.returns.let_go, 1, house.tick())
    assert house.candidates() == []
    house.pass_by(1)
    house.pass_by(1)
    [again] = house.candidates()
    assert again.attempt_id != candidate.attempt_id


def test_an_agent_whom_somebody_got_while_a_person_asked_is_not_rung(house, monkeypatch):
    house.lose("13800000003", "3.1")
    write = house.store.write

    def slowly(work, *, urgent=False):
        house.given.add("8002")
        return write(work, urgent=urgent)

    monkeypatch.setattr(house.store, "write", slowly)
    failed = house.turns.call(2, "8002")
    failed.addErrback(lambda failure: failure.trap(NotAllowedError))
    assert failed.result is NotAllowedError
    assert [told[1] for told in house.line.told] == ["8001"]


def test_a_return_that_is_too_old_is_not_so_once_a_person_begins_it_anew(house):
    house.clock.advance(49 * 3600)
    house.store.now(house.returns.look_after, house.tick())
    house.store.now(return_calls.reset, 1, "李敏", house.clock.now())
    house.store.now(house.returns.look_after, house.tick())
    [begun] = house.all(returns)
    assert (begun.given_up_at, begun.opened_at) == (None, NOON - timedelta(seconds=60))
    house.clock.advance(48 * 3600 + 1)
    house.store.now(house.returns.look_after, house.tick())
    assert house.all(returns)[0].given_up_why == "too_old"
