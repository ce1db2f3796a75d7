"""What happens to a call between the switch's answer about living calls and its adoption is not lost."""

import pytest
from twisted.internet.defer import Deferred

from telephony.store.outbound_tables import attempts, evidence
from tests.unit.callback.hostile.installation import Installation
from tests.unit.rules.revisits import NUMBER, at


@pytest.fixture
def between():
    """A ringing call of a service that died; the next life has asked who lives, and waits for the answer."""
    house = Installation(at("08:59:50"))
    service = house.service()
    house.revisit_id = house.case("C1", NUMBER)
    house.until("09:00:02")
    service.die()
    connect = house.switch.connect

    def slow(told, worker):
        line = connect(told, worker)
        living, house.answers = line.living, Deferred()

        def ask():
            found = living()
            return house.answers.addCallback(lambda _: found)

        line.living = ask
        return line

    house.switch.connect = slow
    service.start()
    [house.call] = house.switch.live
    return house


def states(house):
    return [row.state for row in house.all(attempts)]


def test_who_answers_in_between_has_answered(between):
    between.switch.answer(between.call)
    between.answers.callback(None)
    between.time.pass_by(1)
    between.switch.hang_up(between.call, ours=False)
    between.time.pass_by(10)
    assert states(between) == ["answered"]
    assert between.revisit(between.revisit_id).verdict == "contacted_unrated"


def test_a_refusal_in_between_is_judged_as_one_that_was_seen(between):
    between.switch.refuse(between.call, 486)
    between.answers.callback(None)
    between.time.pass_by(10)
    assert states(between) == ["busy"]


def test_what_happens_in_between_is_stored_once(between):
    between.switch.answer(between.call)
    between.answers.callback(None)
    between.time.pass_by(1)
    kinds = [row.kind for row in between.all(evidence)]
    assert [kinds.count(each) for each in ("adopted", "up", "dial_end", "response")] == [1, 1, 1, 1]


def test_who_answers_and_hangs_up_while_the_switch_is_out_of_reach_has_answered():
    house = Installation(at("08:59:50"))
    service = house.service()
    revisit_id = house.case("C1", NUMBER)
    house.until("09:00:02")
    [call] = house.switch.live
    service.lose_switch()
    house.switch.answer(call)
    house.switch.hang_up(call, ours=False)
    service.reach_switch()
    house.time.pass_by(10)
    assert states(house) == ["answered"]
    assert house.revisit(revisit_id).verdict == "contacted_unrated"
