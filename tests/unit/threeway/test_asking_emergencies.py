"""An emergency service is rung until it answers, citizen and agent talk on, and nobody may leave before."""

import pytest

from telephony.errors import NotAllowedError
from tests.unit.threeway.asking_house import (
    BUSY,
    NO_ANSWER,
    OTHER_CALL,
    REJECTED,
    RULES,
    VACANT,
    House,
    got,
    police,
    unit,
)

REST = RULES.emergency_rest_seconds
CITIZEN, AGENT = "1795420886.1", "1795420886.19"


@pytest.fixture
def house():
    return House(police("1110", "1111"), unit("water", "1001"))


def answer(house, number):
    house.rings(number)
    house.answers(number)


def test_citizen_and_agent_talk_on_while_it_rings(house):
    conversation = house.start("110")
    assert house.did("move_both") == [(CITIZEN, "CITIZEN_IN", AGENT, "AGENT_IN")]
    assert (conversation.state, conversation.about.kind) == ("pair", "emergency")


def test_it_is_in_as_soon_as_it_decisionswithout_a_key(house):
    conversation = house.start("110")
    answer(house, "1110")
    assert (house.did("ring")[0][2], conversation.state) == ("UNIT_ENTERS", "talking")
    assert house.outcomes == [("police", "accepted", None)]


@pytest.mark.parametrize("how", [BUSY, NO_ANSWER, REJECTED, VACANT])
def test_the_next_contact_is_rung_at_once_and_the_first_again_after_a_rest(house, how):
    house.start("110")
    house.fails("1110", how)
    assert house.rung == ["1110", "1111"]
    house.fails("1111", how)
    house.advance(REST - 0.001)
    assert house.rung == ["1110", "1111"]
    house.advance(0.001)
    assert house.rung == ["1110", "1111", "1110"]


def test_it_is_rung_far_beyond_the_limit_for_other_units():
    house = House(police("1110"))
    house.start("110")
    for _ in range(200):
        house.fails("1110", BUSY)
        house.advance(REST)
    answer(house, "1110")
    assert (len(house.rung), house.states) == (201, ["talking"])


def test_nobody_owes_anything_for_an_emergency(house):
    conversation = house.start("water")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    house.invite(conversation, "110")
    got(house.decisions.refuse(conversation, *conversation.ask_of(house.leg("1110")), "other"))
    assert house.dispatched == []


@pytest.mark.parametrize(
    "command",
    [
        lambda commands, conversation: commands.leave(conversation, "8001"),
        lambda commands, conversation: commands.end(conversation, "8001"),
        lambda commands, conversation: commands.drop(conversation, "units", "8001"),
        lambda commands, conversation: commands.hand_over(conversation, "8002", "8001"),
    ],
)
def test_the_agent_stays_until_it_answers(house, command):
    conversation = house.start("110")
    with pytest.raises(NotAllowedError, match="紧急服务尚未接听"):
        command(house.commands, conversation)
    assert conversation.state == "pair"


def test_once_it_has_answered_the_agent_may_leave(house):
    conversation = house.start("110")
    answer(house, "1110")
    got(house.commands.leave(conversation, "8001"))
    assert conversation.state == "left"


def test_when_the_agents_line_breaks_off_the_citizen_waits_and_it_is_rung_on(house):
    conversation = house.start("110")
    house.leaves(AGENT)
    assert (conversation.state, house.did("move")) == ("entrusted", [(CITIZEN, "CITIZEN_WAITS")])
    house.fails("1110", BUSY)
    answer(house, "1111")
    assert (conversation.state, house.did("move")[-1]) == ("left", (CITIZEN, "CITIZEN_IN"))


def test_a_citizen_who_is_left_alone_with_an_emergency_is_an_alarm(house):
    house.start("110")
    assert house.alarms == []
    house.leaves(AGENT)
    assert house.alarms == [("emergency-alone", CITIZEN)]


def test_an_agent_who_leaves_after_it_has_answered_is_no_alarm(house):
    house.start("110")
    answer(house, "1110")
    house.leaves(AGENT)
    assert house.alarms == []


def test_an_emergency_while_a_unit_is_asked_brings_citizen_and_agent_together(house):
    conversation = house.start("water")
    house.invite(conversation, "110")
    assert conversation.state == "pair"
    assert ("1795420886.1", "CITIZEN_IN") in house.did("move")


def test_an_emergency_while_the_citizen_waits_brings_all_together(house):
    conversation = house.start("water")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    assert conversation.state == "consulting"
    house.invite(conversation, "110")
    assert conversation.state == "talking"


def test_the_citizen_is_not_put_on_hold_while_it_rings(house):
    conversation = house.start("water", mode="at_once")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    house.invite(conversation, "110")
    with pytest.raises(NotAllowedError, match="紧急服务尚未接听"):
        house.commands.hold(conversation, "citizen", "8001")


def test_a_unit_that_accepts_meanwhile_joins_all_and_puts_nobody_on_hold(house):
    conversation = house.start("water")
    house.invite(conversation, "110")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    assert conversation.state == "talking"


def test_two_citizens_are_brought_to_the_same_emergency_number_at_once(house):
    house.start("110")
    answer(house, "1110")
    house.start("110", call_id=OTHER_CALL)
    assert house.rung == ["1110", "1110"]


def test_a_unit_that_is_asked_while_an_emergency_rings_takes_nobody_from_the_other(house):
    conversation = house.start("110")
    house.invite(conversation, "water")
    assert (conversation.state, house.rung) == ("pair", ["1110", "1001"])


def test_an_emergency_that_decisionsafter_the_citizen_has_gone_is_let_go(house):
    house.start("110")
    house.line.refuses.add("hang_up")
    house.leaves(CITIZEN)
    house.leaves(AGENT)
    house.line.refuses.clear()
    house.answers("1110")
    assert (house.states, house.did("hang_up")[-1]) == (["ended"], (house.leg("1110"),))


def test_an_agent_reports_an_emergency_whose_citizen_has_hung_up(house):
    conversation = house.start("110")
    house.leaves(CITIZEN)
    answer(house, "1110")
    assert (conversation.state, [each.party for each in conversation.those("unit")]) == (
        "debrief",
        ["police"],
    )


def test_a_unit_that_accepts_once_the_service_is_there_takes_nobody_from_it(house):
    conversation = house.start("water")
    house.invite(conversation, "110")
    answer(house, "1110")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    held = [each.held for each in conversation.those("unit")]
    assert (conversation.state, held) == ("talking", [False, False])


def spoken_to(house, who):
    """Let a unit be there, an emergency service ring, and somebody leave; return the conversation."""
    conversation = house.start("water", mode="at_once")
    house.hears("1001")
    got(house.hearing.accept(house.leg("1001")))
    house.invite(conversation, "110")
    house.leaves(who)
    return conversation


def test_the_agent_waits_on_for_it_when_citizen_and_unit_have_gone(house):
    conversation = spoken_to(house, CITIZEN)
    house.ends("1001")
    assert (conversation.state, conversation.awaits_emergency) == ("debrief", True)


def test_the_citizen_waits_on_for_it_when_agent_and_unit_have_gone_and_that_is_an_alarm(house):
    conversation = spoken_to(house, AGENT)
    house.ends("1001")
    assert (conversation.state, conversation.awaits_emergency) == ("entrusted", True)
    answer(house, "1110")
    assert conversation.state == "left"
