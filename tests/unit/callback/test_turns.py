"""Whose turn it is to be called back, who is rung first, and what becomes of it."""

from datetime import timedelta

import pytest

from telephony.errors import NotAllowedError, SwitchRefusedError, UnknownThingError
from telephony.rules.returns import OnLine
from telephony.rules.verdict import Finding, Outcome
from telephony.store import attempts as attempt_rows
from telephony.store import dialer_state, return_calls
from telephony.store import returns as rows
from telephony.store.outbound_tables import attempts
from telephony.store.tables import calls, events
from telephony.store.threeway_tables import ordered_legs, returns
from tests.fakes import NOON
from tests.unit.callback.returning import CONFIG, DEMO, NUMBER, OTHER, Installation, channel


@pytest.fixture
def house(tmp_path):
    return Installation(f"sqlite:///{tmp_path}/returns.db")


@pytest.fixture
def citizens_first(tmp_path):
    return Installation(f"sqlite:///{tmp_path}/returns.db", agent_first=False)


def row(house):
    [only] = house.all(returns)
    return only


def settle(house, outcome, **facts):
    """Give the attempt that is under way its verdict."""
    [attempt] = house.all(attempts, state="reserved")
    found = Finding(outcome, **facts)

    def work(connection):
        attempt_rows.dial(connection, attempt.id, house.clock.now(), house.clock.now())
        attempt_rows.settle(connection, attempt.id, found, "0" * 64, None)
        house.returns.settled(connection, attempt.task_id, found, house.tick())

    house.store.now(work)


def test_nobody_is_rung_while_no_agent_who_serves_the_queue_is_ready(house):
    house.lose()
    house.ready("8101")
    assert house.line.told == []


@pytest.mark.parametrize(("ago", "kept"), [(59, {"8001"}), (60, set()), (61, set())])
def test_the_room_leaves_an_agent_to_a_return_that_has_waited_longer(house, ago, kept):
    house.lose(ago=60)
    house.pass_by(1)
    line = [OnLine("city-12345", NOON - timedelta(seconds=ago))]
    assert house.turns.give(line, ["8001"]) == kept
    assert [told[:2] for told in house.line.told] == [("ring", agent) for agent in kept]


@pytest.mark.parametrize("closed", ["dials", "by_itself"])
def test_nobody_is_kept_for_a_return_that_would_not_be_dialled_now(house, closed):
    house.lose()
    house.pass_by(1)
    setattr(house, closed, False)
    assert (house.turns.give([], ["8001"]), house.line.told) == (frozenset(), [])


def test_a_ready_agent_is_rung_first_and_told_what_it_is(house):
    house.lose()
    house.ready("8001")
    assert house.line.told == [("ring", "8001", 20)]
    [event] = house.all(events, kind="return_offered")
    assert (event.agent, event.data["kind"], event.data["why"]) == ("8001", "return", "abandoned")


def test_call_and_leg_are_stored_before_the_agent_is_rung(house):
    house.lose()
    house.line.refusal = SwitchRefusedError("no")
    house.ready("8001")
    [leg] = house.all(ordered_legs)
    [call] = house.all(calls)
    assert (leg.id, leg.call_id, leg.party) == (house.line.leg_id, call.id, "8001")
    assert (call.caller_number, call.marks) == (NUMBER, ["return"])


def test_an_order_that_is_refused_leaves_the_return_planned(house):
    house.lose()
    house.line.refusal = SwitchRefusedError("no")
    house.ready("8001")
    assert row(house).next_at is not None
    assert [each.outcome for each in house.all(calls)] == ["no_agent"]


def test_the_citizen_is_rung_once_the_agent_has_answered(house):
    house.lose()
    house.ready("8001")
    assert house.candidates() == []
    house.turns.offers.alerted(house.line.leg_id)
    house.turns.offers.up(house.line.leg_id, "PJSIP/8001-00000001")
    [candidate] = house.candidates()
    assert (candidate.number, house.woken) == (NUMBER, ["wake"])
    assert [what for what, *_ in house.agents.told] == ["offered", "connected"]
    assert house.turns.words(1)["HOTLINE_RETURN_AGENT"] == "PJSIP/8001-00000001"
    assert house.candidates() == []


def test_an_agent_who_does_not_answer_missed_a_ring_and_nobody_is_called(house):
    house.lose()
    house.ready("8001")
    house.agents.free = frozenset()
    house.turns.offers.gone(house.line.leg_id)
    assert house.agents.told == [("ring_ended", "8001", house.line.leg_id, False)]
    assert (house.candidates(), row(house).tries) == ([], 0)


def test_with_the_citizen_first_no_agent_is_rung_but_one_is_kept_free(citizens_first):
    house = citizens_first
    house.lose()
    house.ready("8001")
    assert (house.line.told, house.turns.held) == ([], {"8001"})
    [candidate] = house.candidates()
    assert candidate.number == NUMBER
    assert house.turns.words(1)["HOTLINE_RETURN_AGENT"] == ""
    assert house.turns.words(1)["HOTLINE_RETURN_PRIORITY"] == "7"


def test_one_agent_who_is_ready_is_one_citizen_who_is_rung(citizens_first):
    house = citizens_first
    house.lose()
    house.lose(OTHER, "1.2", ago=30)
    house.ready("8001")
    assert [each.number for each in house.candidates()] == [NUMBER]
    house.pass_by(1)
    assert house.candidates() == []


@pytest.mark.parametrize(("waiting", "rung"), [(61, 0), (60, 0), (59, 1)])
def test_a_return_never_goes_ahead_of_who_has_waited_on_the_line_longer(house, waiting, rung):
    house.lose(ago=60)
    house.on_line(ago=waiting)
    house.ready("8001")
    assert len(house.line.told) == rung


def test_nobody_is_called_who_is_on_the_line_again(house):
    house.lose()
    house.on_line(ago=1, number=NUMBER)
    house.ready("8001", "8002")
    assert house.line.told == []


@pytest.mark.parametrize("why", ["hours", "paused", "dialer"])
def test_nobody_is_called_outside_the_hours_or_while_calls_are_paused_or_cannot_be_placed(house, why):
    house.lose()
    house.by_itself, house.dials = why != "hours", why != "dialer"
    if why == "paused":
        house.store.now(dialer_state.pause, "storm", "tester", NOON)
    house.ready("8001")
    assert house.line.told == []


@pytest.mark.parametrize("outcome", [Outcome.UNANSWERED, Outcome.BUSY, Outcome.UNKNOWN, Outcome.ANSWERED])
def test_after_a_call_without_a_talk_the_next_one_waits_for_the_spacing(citizens_first, outcome):
    house = citizens_first
    house.lose()
    house.ready("8001")
    house.candidates()
    settle(house, outcome)
    assert (row(house).tries, row(house).next_at) == (1, house.clock.now() + timedelta(minutes=20))
    house.pass_by(20 * 60 - 1)
    assert house.candidates() == []
    house.pass_by(1)
    house.pass_by(1)
    assert len(house.candidates()) == 1


def test_after_the_last_attempt_it_is_a_persons(citizens_first):
    house = citizens_first
    house.lose()
    for _ in range(3):
        house.ready("8001")
        assert len(house.candidates()) == 1
        settle(house, Outcome.UNANSWERED)
        house.pass_by(1)
        house.pass_by(20 * 60)
    assert (row(house).given_up_why, row(house).next_at) == ("attempts", None)
    assert house.candidates() == []
    [shown] = house.store.now(rows.open_list, 10)
    assert (shown.state, shown.tries) == ("given_up", 3)


def test_a_person_may_begin_it_anew(citizens_first):
    house = citizens_first
    house.lose()
    house.store.now(return_calls.give_up, 1, "attempts", NOON)
    house.store.now(return_calls.reset, 1, "李敏", NOON)
    house.ready("8001")
    assert len(house.candidates()) == 1


def test_an_agent_who_waits_is_told_when_the_citizen_was_not_reached(house):
    house.lose()
    house.ready("8001")
    house.turns.offers.up(house.line.leg_id, "PJSIP/8001-00000001")
    house.candidates()
    settle(house, Outcome.BUSY)
    house.agents.free = frozenset()
    house.pass_by(1)
    assert house.line.told[-1] == ("not reached", house.line.leg_id)


def test_an_agent_who_waits_for_a_call_that_is_not_placed_is_let_go(house):
    house.lose()
    house.ready("8001")
    house.turns.offers.up(house.line.leg_id, "PJSIP/8001-00000001")
    house.agents.free = frozenset()
    house.pass_by(15)
    assert house.line.told[-1] != ("not reached", house.line.leg_id)
    house.pass_by(1)
    assert house.line.told[-1] == ("not reached", house.line.leg_id)
    assert row(house).next_at is not None


def test_a_talk_with_an_agent_closes_it_and_names_the_call(house):
    house.lose()
    house.ready("8001")
    house.turns.offers.up(house.line.leg_id, "PJSIP/8001-00000001")
    [candidate] = house.candidates()
    house.store.now(return_calls.close_talked, {candidate.attempt_id: house.clock.now()})
    assert (row(house).closed_by, row(house).closed_call) == ("rules", candidate.attempt_id)
    settle(house, Outcome.ANSWERED)
    assert (row(house).tries, row(house).next_at) == (0, None)


@pytest.mark.parametrize(("hours", "given_up"), [(48, None), (48.01, "too_old")])
def test_what_is_too_old_is_left_to_a_person(house, hours, given_up):
    house.lose(ago=0)
    house.clock.advance(hours * 3600)
    house.store.now(house.returns.look_after, house.tick())
    assert row(house).given_up_why == given_up


def test_what_a_crash_left_without_a_plan_is_planned_again(house):
    house.lose()
    house.store.now(return_calls.take, [1])
    house.store.now(house.returns.begin, house.tick())
    assert row(house).next_at == house.clock.now()


def test_a_person_has_it_called_now_by_an_agent_whatever_the_hour(house):
    house.lose()
    house.by_itself = False
    house.turns.call(1, "8002")
    assert house.line.told == [("ring", "8002", 20)]
    house.turns.offers.up(house.line.leg_id, "PJSIP/8002-00000001")
    assert len(house.candidates()) == 1


def test_an_unknown_agent_or_one_in_a_call_cannot_call_back(house):
    house.lose()
    with pytest.raises(UnknownThingError):
        house.turns.call(1, "9999")
    house.agents.states["8001"] = "talking"
    with pytest.raises(NotAllowedError):
        house.turns.call(1, "8001")


def test_after_a_start_an_agent_who_waits_for_nobody_is_let_go_and_who_talks_is_not(house):
    house.line.channels = [
        channel("ra-old-90000001", "ra-old-90000001"),
        channel("ra-old-90000002", "rv-old-1"),
    ]
    house.turns.offers.agree()
    assert house.line.told == [("not reached", "ra-old-90000001")]


def test_a_place_is_kept_with_the_arrival_of_the_call(house):
    house.on_line("5.1", ago=90, number=NUMBER)
    assert house.store.now(return_calls.keep, "5.1", NOON, CONFIG.reach)
    assert (row(house).why, row(house).since, row(house).queue) == (
        "kept",
        NOON - timedelta(seconds=90),
        "city-12345",
    )


def test_keeping_a_place_twice_is_one_return_and_one_that_was_given_up_begins_anew(house):
    house.lose()
    house.store.now(return_calls.give_up, 1, "attempts", NOON)
    house.on_line("5.1", ago=5, number=NUMBER)
    assert house.store.now(return_calls.keep, "5.1", NOON, CONFIG.reach)
    assert (row(house).given_up_at, row(house).next_at, row(house).tries) == (None, NOON, 0)


def test_no_place_is_kept_for_who_withheld_the_number(house):
    house.on_line("5.1", ago=5, number=None)
    assert not house.store.now(return_calls.keep, "5.1", NOON, CONFIG.reach)
    assert not house.store.now(return_calls.keep, "nobody", NOON, CONFIG.reach)


def test_the_demos_citizen_is_called_back_at_any_hour_and_nobody_else(house):
    house.by_itself = False
    house.lose(ago=90)
    house.lose(DEMO, "3.1", queue="demo-line")
    house.ready("8001", "8998")
    assert house.line.told == [("ring", "8998", 20)]
