"""Units are asked: whom the switch rings, what is stored of each ring, and what it comes to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.duty import parse_window
from telephony.threeway.starting import Start, _Known, _told_more
from tests.unit.threeway.asking_house import (
    BUSY,
    DEMO_CALL,
    NO_ANSWER,
    OTHER_CALL,
    REJECTED,
    RULES,
    VACANT,
    House,
    got,
    unit,
)

FOUR_HOURS = timedelta(hours=4)
NIGHTS = (parse_window("all 22:00-06:00"),)


@pytest.fixture
def house():
    return House(unit("water", "1001", "1002"), unit("gas", "2001", short_code="302"))


def test_the_first_contact_is_rung_once_the_ask_is_stored(house):
    house.start()
    assert (house.rung, house.asked) == (["1001"], [("1001", "dialling")])
    assert house.did("ring")[0][2:] == ("UNIT_ASKED", RULES.ring_seconds)


def test_the_citizen_and_the_agent_are_moved_together(house):
    conversation = house.start()
    assert house.did("move_both") == [("1795420886.1", "CITIZEN_WAITS", "1795420886.19", "AGENT_ASKS")]
    assert conversation.state == "waiting"


@pytest.mark.parametrize(("handed", "forgets"), [(False, True), (True, False)])
def test_a_call_that_is_no_transfer_forgets_an_earlier_one(house, handed, forgets):
    house.start(handed=handed)
    assert (("1795420886.1", "HOTLINE_TRANSFER", "") in house.line.variables) == forgets


@pytest.mark.parametrize(
    ("how", "state"),
    [(BUSY, "busy"), (REJECTED, "rejected"), (NO_ANSWER, "no_answer"), (VACANT, "invalid")],
)
def test_a_number_that_comes_to_nothing_leads_to_the_next_one(house, how, state):
    house.start()
    house.fails("1001", how)
    assert (house.rung, house.asked) == (["1001", "1002"], [("1001", state), ("1002", "dialling")])


def test_what_never_rang_is_no_miss(house):
    house.start()
    house.ends("1001", NO_ANSWER)
    assert house.asked[0] == ("1001", "failed")


def test_who_hangs_up_while_being_asked_has_not_come(house):
    house.start()
    house.hears("1001")
    house.hangs_up("1001")
    assert house.asked == [("1001", "hung_up"), ("1002", "dialling")]


def test_who_was_cut_off_by_us_while_being_asked_has_missed_nothing(house):
    house.start()
    house.hears("1001")
    house.ends("1001")
    assert house.asked == [("1001", "failed"), ("1002", "dialling")]


def test_a_key_lets_the_unit_in_and_the_agent_speaks_with_it_first(house):
    conversation = house.start()
    house.hears("1001")
    assert got(house.hearing.accept(house.leg("1001")))
    assert (conversation.state, house.asked) == ("consulting", [("1001", "accepted")])
    assert house.outcomes == [("water", "accepted", None)]
    assert ("1795420886.19", "AGENT_IN") in house.did("move")


def test_in_the_mode_at_once_all_three_speak(house):
    conversation = house.start(mode="at_once")
    house.hears("1001")
    assert got(house.hearing.accept(house.leg("1001")))
    assert (conversation.state, house.did("move")[0]) == ("talking", ("1795420886.1", "CITIZEN_IN"))


def test_the_seconds_until_a_unit_accepts_are_told(house):
    house.start()
    house.advance(7)
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    assert house.told("unit_accepted")[0]["seconds"] == 7


def test_the_one_key_pressed_twice_lets_in_once(house):
    house.start()
    house.hears("1001")
    assert [got(house.hearing.accept(house.leg("1001"))) for _ in range(2)] == [True, True]
    assert len(house.told("unit_accepted")) == 1


def test_a_machine_is_never_let_in(house):
    conversation = house.start()
    house.hears("1001")
    got(house.hearing.silent(house.leg("1001")))
    assert (house.asked[0], house.rung) == (("1001", "machine"), ["1001", "1002"])
    assert not got(house.hearing.accept(house.leg("1001")))
    assert conversation.state == "waiting"


# --- refusals ---


def test_a_person_who_is_busy_leaves_it_to_the_next_contact(house):
    house.start()
    house.hears("1001")
    got(house.hearing.refuse(house.leg("1001"), "busy"))
    assert (house.rung, house.outcomes) == (["1001", "1002"], [("water", None, None)])


def test_a_unit_to_which_the_matter_does_not_belong_is_asked_no_further_and_owes_nothing(house):
    conversation = house.start()
    house.hears("1001")
    got(house.hearing.refuse(house.leg("1001"), "not_ours"))
    assert (house.rung, house.outcomes) == (["1001"], [("water", "refused", "not_ours")])
    assert (house.dispatched, conversation.state) == ([], "pair")


def test_any_other_refusal_starts_the_four_hours(house):
    house.start()
    house.hears("1001")
    got(house.hearing.refuse(house.leg("1001"), "other"))
    assert house.outcomes == [("water", "refused", "other")]
    assert house.dispatched == [("water", "refused", FOUR_HOURS)]


def test_who_has_accepted_can_no_longer_refuse(house):
    house.start()
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    got(house.hearing.refuse(house.leg("1001"), "other"))
    assert house.asked == [("1001", "accepted")]


# --- nobody is left ---


def test_when_no_one_is_left_the_agent_is_told_the_citizen_is_back_and_four_hours_run(house):
    conversation = house.start()
    house.fails("1001", NO_ANSWER)
    house.fails("1002", BUSY)
    assert (house.outcomes, conversation.state) == ([("water", "missed", None)], "pair")
    assert ("1795420886.19", "AGENT_TOLD", "threeway-none-reached") in house.did("move")
    assert ("1795420886.1", "CITIZEN_IN") in house.did("move")
    assert house.dispatched == [("water", "missed", FOUR_HOURS)]


def test_a_unit_of_which_nobody_is_on_duty_is_missed_at_once():
    house = House(unit("water", "1001", duty=NIGHTS))
    conversation = house.start()
    assert (house.rung, house.outcomes) == ([], [("water", "missed", "nobody_on_duty")])
    assert (house.dispatched, conversation.state) == ([("water", "missed", FOUR_HOURS)], "pair")


def test_vacant_numbers_are_no_miss_of_the_unit_but_the_matter_is_dispatched(house):
    house.start()
    house.ends("1001", VACANT)
    house.ends("1002", VACANT)
    assert house.outcomes == [("water", "failed", None)]
    assert house.dispatched == [("water", "failed", FOUR_HOURS)]


def test_a_unit_is_asked_for_no_longer_than_the_limit(house):
    house.start()
    house.fails("1001", NO_ANSWER)
    house.advance(RULES.ask_seconds - 0.001)
    assert house.outcomes == [("water", None, None)]
    house.advance(0.001)
    assert house.outcomes == [("water", "missed", None)]
    assert house.did("hang_up") == [(house.leg("1002"),)]


def test_who_hears_the_question_at_the_limit_may_still_press_a_key(house):
    conversation = house.start()
    house.hears("1001")
    house.advance(RULES.ask_seconds)
    assert got(house.hearing.accept(house.leg("1001")))
    assert conversation.state == "consulting"


def test_a_key_after_the_agent_has_given_up_comes_too_late(house):
    conversation = house.start()
    house.hears("1001")
    got(house.commands.drop(conversation, "units", "8001"))
    assert not got(house.hearing.accept(house.leg("1001")))
    assert (house.leg("1001"), "UNIT_DISMISSED", "threeway-taken") in house.did("move")
    assert conversation.state == "pair"


def test_a_matter_of_a_demonstration_starts_no_clock():
    house = House(unit("water", "1001"))
    house.start(call_id=DEMO_CALL)
    house.fails("1001", NO_ANSWER)
    assert (house.outcomes, house.dispatched) == ([("water", "missed", None)], [])


# --- two at once ---


@pytest.fixture
def both():
    return House(unit("water", "1001", "1002", "1003"), at_once=2)


def test_two_ring_together_and_the_third_only_when_one_has_failed(both):
    both.start()
    assert both.rung == ["1001", "1002"]
    both.fails("1002", BUSY)
    assert both.rung == ["1001", "1002", "1003"]


def test_the_first_to_accept_wins_and_who_hears_the_question_is_told(both):
    both.start()
    both.hears("1001")
    both.hears("1002")
    assert got(both.hearing.accept(both.leg("1002")))
    assert (both.leg("1001"), "UNIT_DISMISSED", "threeway-taken") in both.did("move")
    assert both.asked == [("1001", "withdrawn"), ("1002", "accepted")]


def test_of_two_keys_at_the_same_instant_one_lets_in(both):
    both.start()
    both.hears("1001")
    both.hears("1002")
    accepted = [got(both.hearing.accept(both.leg(number))) for number in ("1001", "1002")]
    assert accepted == [True, False]


def test_a_ring_that_is_not_needed_any_more_ends(both):
    both.start()
    both.hears("1001")
    got(both.hearing.accept(both.leg("1001")))
    assert both.did("hang_up") == [(both.leg("1002"),)]


@pytest.mark.parametrize("event", ["rings", "answers"])
def test_a_ring_that_was_not_there_yet_when_it_was_to_end_is_ended_when_it_comes(both, event):
    both.start()
    both.line.refuses.add("hang_up")
    both.hears("1001")
    got(both.hearing.accept(both.leg("1001")))
    both.line.refuses.clear()
    getattr(both, event)("1002")
    assert both.did("hang_up") == [(both.leg("1002"),)] * 2


# --- several who ask ---


def test_a_number_that_rings_for_another_call_is_left_out_for_the_next_contact(house):
    house.start()
    house.start(call_id=OTHER_CALL)
    assert house.rung == ["1001", "1002"]


def test_a_number_that_rings_for_another_call_is_waited_for():
    house = House(unit("water", "1001"))
    house.start()
    house.start(call_id=OTHER_CALL)
    house.advance(RULES.emergency_rest_seconds)
    assert house.rung == ["1001"]
    house.fails("1001", BUSY)
    house.advance(RULES.emergency_rest_seconds)
    assert house.rung == ["1001", "1001"]


def test_a_unit_that_is_engaged_until_the_limit_is_dispatched_without_a_miss():
    house = House(unit("water", "1001"))
    house.start()
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    house.start(call_id=OTHER_CALL)
    house.advance(RULES.ask_seconds)
    assert house.outcomes[1] == ("water", "engaged", None)
    assert house.dispatched == [("water", "engaged", FOUR_HOURS)]


def test_a_unit_that_is_being_asked_already_is_not_asked_a_second_time(house):
    conversation = house.start()
    with pytest.raises(NotAllowedError, match="已在呼叫"):
        house.invite(conversation, "water")
    assert len(house.outcomes) == 1


def test_a_unit_that_is_there_is_not_asked_a_second_time(house):
    conversation = house.start()
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    with pytest.raises(NotAllowedError, match="已在呼叫"):
        house.invite(conversation, "water")


def test_a_unit_that_did_not_come_may_be_asked_again(house):
    conversation = house.start()
    house.fails("1001", NO_ANSWER)
    house.fails("1002", NO_ANSWER)
    house.invite(conversation, "water")
    assert house.rung == ["1001", "1002", "1001"]


def test_a_second_unit_is_asked_while_the_first_one_speaks(house):
    conversation = house.start()
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    got(house.commands.join(conversation, "8001"))
    house.invite(conversation, "gas")
    assert (house.rung, conversation.state) == (["1001", "2001"], "talking")


def test_a_unit_that_does_not_exist_changes_nothing(house):
    with pytest.raises(UnknownThingError):
        house.start("nobody")
    assert (house.rung, house.states) == ([], [])


# --- somebody leaves meanwhile ---


def test_when_the_citizen_hangs_up_who_hears_the_question_is_told_and_let_go(house):
    house.start()
    house.hears("1001")
    house.leaves("1795420886.1")
    assert (house.leg("1001"), "UNIT_DISMISSED", "threeway-taken") in house.did("move")
    assert house.outcomes == [("water", "withdrawn", None)]
    assert (house.states, house.dispatched) == (["ended"], [])


def test_when_the_agent_hangs_up_while_it_rings_the_citizen_goes_to_the_queue(house):
    conversation = house.start()
    house.rings("1001")
    house.leaves("1795420886.19")
    assert (conversation.state, house.did("hang_up")) == ("returned", [(house.leg("1001"),)])
    assert ("1795420886.1", "ALONE") in house.did("move")


def test_an_order_that_the_switch_refuses_leads_to_the_next_contact(house):
    house.line.refuses.add("ring")
    house.start()
    assert house.asked == [("1001", "failed"), ("1002", "failed")]
    assert house.outcomes == [("water", "failed", None)]


def test_secrecy_is_never_taken_back_whoever_asks_a_further_unit():
    house = House(unit("water", "1001"), unit("gas", "2001", short_code="302"))
    conversation = house.start(confidential=True, matter="停水")
    house.invite(conversation, "gas", matter="漏气")
    assert (conversation.about.confidential, conversation.about.matter) == (True, "漏气")


def test_secrecy_that_came_while_the_store_was_read_is_kept():
    house = House(unit("water", "1001"))
    before = house.start().about
    wish, known = Start(call_id="1", unit="gas", by="8001"), _Known(None, secret=False)
    assert _told_more(replace(before, confidential=True), wish, known).confidential
