"""Whom we owe a call back, when, and whose turn it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.bands import parse_band
from telephony.rules.call_story import Call
from telephony.rules.returns import OnLine, Owed, ReturnRules, Turn, after, hours, turns, why_owed
from telephony.rules.verdict import Finding, Outcome
from tests.unit.rules.revisits import CALENDAR

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DEMO = "13900000000"


def owed(direction="inbound", outcome="interrupted", number="13800000001", **times):
    call = Call("1.0", direction, "ended", NOON, caller_number=number, outcome=outcome, **times)
    return why_owed(call, DEMO)


@pytest.mark.parametrize("outcome", ["interrupted", "unserved", "failed", "abandoned"])
def test_a_citizen_who_waited_and_met_nobody_is_called_back(outcome):
    assert owed(outcome=outcome, queued_at=NOON) == outcome


def test_a_citizen_who_talked_when_the_switch_died_is_called_back():
    assert owed(answered_at=NOON) == "interrupted"


@pytest.mark.parametrize("outcome", ["answered", "abandoned_early", "refused"])
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


RULES = ReturnRules(
    working_days=(parse_band("08:00-21:00"),),
    other_days=(parse_band("09:00-18:00"),),
    attempts=3,
    spacing=timedelta(minutes=20),
    give_up_after=timedelta(hours=48),
)


def at(text):
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-23T07:59:59", False),
        ("2026-11-23T08:00:00", True),
        ("2026-11-23T20:59:59", True),
        ("2026-11-23T21:00:00", False),
        ("2026-11-22T08:59:59", False),
        ("2026-11-22T17:59:59", True),
        ("2026-11-22T18:00:00", False),
    ],
)
def test_citizens_are_called_back_in_the_hours_of_a_working_day_or_of_another(moment, inside):
    assert (hours(at(moment), RULES, CALENDAR) is not None) == inside


def test_a_year_without_a_calendar_has_its_weekends_at_least():
    assert hours(at("2080-11-23T08:30:00"), RULES, CALENDAR) is None  # a Saturday


@pytest.mark.parametrize("outcome", [o for o in Outcome if o != Outcome.INVALID_NUMBER])
def test_what_led_to_no_talk_is_tried_again_after_the_spacing(outcome):
    follows = after(Finding(outcome), 0, NOON, RULES)
    assert (follows.next_at, follows.used) == (NOON + timedelta(minutes=20), True)


@pytest.mark.parametrize(("tries", "person"), [(1, False), (2, True), (3, True)])
def test_the_last_attempt_leaves_it_to_a_person(tries, person):
    follows = after(Finding(Outcome.UNANSWERED), tries, NOON, RULES)
    assert (follows.next_at is None, follows.why) == (person, "attempts" if person else "")


def test_a_number_that_is_none_is_left_to_a_person_at_once():
    assert after(Finding(Outcome.INVALID_NUMBER, unsent=True), 0, NOON, RULES).next_at is None


def test_a_call_that_was_never_sent_costs_the_citizen_no_attempt():
    follows = after(Finding(Outcome.FAILED, unsent=True), 2, NOON, RULES)
    assert (follows.used, follows.next_at) == (False, NOON + timedelta(minutes=20))


def ago(seconds):
    return NOON - timedelta(seconds=seconds)


AGENT = {"8001": {"city": 0}}


@pytest.mark.parametrize(("waiting", "turn"), [(11, []), (10, []), (9, [Turn(1, "8001")])])
def test_a_return_is_never_ahead_of_who_has_waited_on_the_line_as_long_or_longer(waiting, turn):
    assert turns([Owed(1, "city", ago(10))], [OnLine("city", ago(waiting))], AGENT) == turn


@pytest.mark.parametrize(("urgent", "turn"), [(1, []), (0, [Turn(1, "8001")])])
def test_who_came_later_goes_before_a_return_only_where_more_urgent_than_the_lost_call(urgent, turn):
    assert turns([Owed(1, "city", ago(10), 1)], [OnLine("city", ago(9), 1 + urgent)], AGENT) == turn


def test_a_return_however_urgent_is_not_ahead_of_who_has_waited_longer():
    assert turns([Owed(1, "city", ago(10), 20)], [OnLine("city", ago(11), 0)], AGENT) == []


def test_who_waits_for_agents_of_another_queue_holds_up_nobody():
    assert turns([Owed(1, "city", ago(1))], [OnLine("county", ago(9))], AGENT) == [Turn(1, "8001")]


def test_with_two_agents_one_is_left_for_the_return():
    agents = {"8001": {"city": 1}, "8002": {"city": 0}}
    assert turns([Owed(1, "city", ago(1))], [OnLine("city", ago(9))], agents) == [Turn(1, "8001")]


def test_each_agent_has_one_turn_and_the_longest_lost_comes_first():
    owed = [Owed(1, "city", ago(1)), Owed(2, "city", ago(9))]
    assert turns(owed, [], AGENT) == [Turn(2, "8001")]


QUEUES = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(0, 20).map(ago)
AGENTS = st.dictionaries(st.sampled_from("12345"), st.dictionaries(QUEUES, st.integers(0, 3)), max_size=5)


@given(
    st.lists(st.builds(Owed, st.integers(), QUEUES, TIMES), max_size=6, unique_by=lambda owed: owed.id),
    st.lists(st.builds(OnLine, QUEUES, TIMES), max_size=6),
    AGENTS,
)
def test_no_agent_has_two_turns_and_nobody_who_waited_longer_could_have_had_one(owed, on_line, free):
    found = turns(owed, on_line, free)
    agents = [turn.agent for turn in found]
    assert len(set(agents)) == len(agents)
    mine = {each.id: each for each in owed}
    for turn in found:
        mate = mine[turn.return_id]
        assert mate.queue in free[turn.agent]
        before = [each for each in on_line if each.since <= mate.since and each.queue in free[turn.agent]]
        others = set(free) - set(agents)
        # Each citizen who waited longer for this agent has another one, who had no return's turn.
        able = [agent for agent in others if any(each.queue in free[agent] for each in before)]
        assert len(able) >= len(before)
