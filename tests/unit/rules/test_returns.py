"""Whom we owe a call back, when, and whose turn it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from telephony.rules.bands import parse_band
from telephony.rules.call_story import Call
from telephony.rules.numbers import national
from telephony.rules.returns import (
    OnLine,
    Owed,
    Reach,
    ReturnRules,
    Share,
    Turn,
    after,
    hours,
    turns,
    why_owed,
)
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


@pytest.mark.parametrize(
    "as_sent",
    ["13800000001", "+8619912345678", "03752345678", "0375 62345678", "01062345678", "2345678", "62345678"],
)
def test_mobile_and_fixed_numbers_of_the_mainland_are_called_back(as_sent):
    assert Reach().includes(national(as_sent.replace(" ", ""), "0375"))


NOT_SUBSCRIBERS = """
    110 119 120 122 12345 12315 10086 95588 96110 0375110 037512345 +86110 8001 anonymous
    +88213000111 0088213000111 +12025550123 19001234567890 10000012345 12800000001 4001234567
    0101234567 0102345678 037523456 0375234567890 03751234567
"""


@pytest.mark.parametrize("as_sent", NOT_SUBSCRIBERS.split())
def test_no_emergency_service_or_toll_number_is_called_back(as_sent):
    assert not Reach().includes(national(as_sent, "0375"))


def test_nobody_is_called_back_whose_number_is_withheld_or_ours():
    assert not Reach().includes(None)
    assert not Reach().includes("")
    assert not Reach(frozenset({"03756512345"})).includes("03756512345")


def test_the_demonstrations_citizen_is_called_back_though_it_is_no_subscriber():
    assert Reach(played="10000012345").includes("10000012345")
    assert not Reach(played="10000012345").includes("10000012346")


@drawn(st.from_regex(r"\A[0-9+]{1,20}\Z"))
def test_what_can_be_called_back_has_the_length_and_beginning_of_a_subscribers_number(number):
    if Reach().includes(number):
        assert len(number) in {11, 12}
        assert number[0] == "0" or (number[0] == "1" and number[1] in "3456789")


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


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in {Outcome.INVALID_NUMBER, Outcome.FAILED}])
def test_what_led_to_no_talk_is_tried_again_after_the_spacing(outcome):
    follows = after(Finding(outcome), 0, NOON, RULES)
    assert (follows.next_at, follows.used) == (NOON + timedelta(minutes=20), True)


@pytest.mark.parametrize(("tries", "person"), [(1, False), (2, True), (3, True)])
def test_the_last_attempt_leaves_it_to_a_person(tries, person):
    follows = after(Finding(Outcome.UNANSWERED), tries, NOON, RULES)
    assert (follows.next_at is None, follows.why) == (person, "attempts" if person else "")


def test_a_number_that_is_none_is_left_to_a_person_at_once():
    assert after(Finding(Outcome.INVALID_NUMBER, unsent=True), 0, NOON, RULES).next_at is None


@pytest.mark.parametrize(
    "fault",
    [
        Finding(Outcome.FAILED),
        Finding(Outcome.FAILED, unsent=True),
        Finding(Outcome.UNREACHABLE, silent=True),
    ],
    ids=["network", "never_sent", "dead_trunk"],
)
def test_a_fault_is_no_attempt_even_after_the_last_but_one_and_is_tried_again_soon(fault):
    follows = after(fault, 2, NOON, RULES)
    assert (follows.used, follows.next_at) == (False, NOON + timedelta(minutes=5))


@pytest.mark.parametrize(("faults", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 20)])
def test_faults_in_a_row_are_tried_again_ever_later_but_not_later_than_the_spacing(faults, minutes):
    follows = after(Finding(Outcome.FAILED), 0, NOON, RULES, faults)
    assert follows.next_at == NOON + timedelta(minutes=minutes)


def ago(seconds):
    return NOON - timedelta(seconds=seconds)


AGENT = {"8001": {"city": 0}}


def given(*who, **more):
    return turns(*who, **more)[0]


@pytest.mark.parametrize(("waiting", "turn"), [(11, []), (10, []), (9, [Turn(1, "8001")])])
def test_a_return_is_never_ahead_of_who_has_waited_on_the_line_as_long_or_longer(waiting, turn):
    assert given([Owed(1, "city", ago(10))], [OnLine("city", ago(waiting))], AGENT) == turn


@pytest.mark.parametrize(("urgent", "turn"), [(1, []), (0, [Turn(1, "8001")])])
def test_who_came_later_goes_before_a_return_only_where_more_urgent_than_the_lost_call(urgent, turn):
    assert given([Owed(1, "city", ago(10), 1)], [OnLine("city", ago(9), 1 + urgent)], AGENT) == turn


def test_a_return_however_urgent_is_not_ahead_of_who_has_waited_longer():
    assert given([Owed(1, "city", ago(10), 20)], [OnLine("city", ago(11), 0)], AGENT) == []


def test_who_waits_for_agents_of_another_queue_holds_up_nobody():
    assert given([Owed(1, "city", ago(1))], [OnLine("county", ago(9))], AGENT) == [Turn(1, "8001")]


def test_with_two_agents_one_is_left_for_the_return():
    agents = {"8001": {"city": 1}, "8002": {"city": 0}}
    assert given([Owed(1, "city", ago(1))], [OnLine("city", ago(9))], agents) == [Turn(1, "8001")]


def test_each_agent_has_one_turn_and_the_longest_lost_comes_first():
    owed = [Owed(1, "city", ago(1)), Owed(2, "city", ago(9))]
    assert given(owed, [], AGENT) == [Turn(2, "8001")]


def test_the_agent_who_helps_somebody_who_has_waited_longer_is_not_taken_away():
    helped = OnLine("county", ago(9), helpers=frozenset({"city"}))
    assert given([Owed(1, "city", ago(1))], [helped], AGENT) == []


HALF = Share(0.5)
MANY = {str(number): {"city": 0} for number in range(10)}
BACKLOG = [Owed(number, "city", ago(100 + number)) for number in range(20)]
LATER = [OnLine("city", ago(number), call_id=str(number)) for number in range(20)]


@pytest.mark.parametrize(("part", "most"), [(0, 0), (0.25, 3), (0.5, 5), (0.75, 7), (1, 10)])
def test_of_agents_whom_later_callers_wait_for_a_backlog_gets_its_share(part, most):
    assert len(given(BACKLOG, LATER, MANY, Share(part))) == most


@pytest.mark.parametrize("part", [0, 0.5, 1])
def test_whom_nobody_on_the_line_would_get_is_left_to_returns_whatever_their_share(part):
    later = [OnLine("county", ago(1)), *LATER[:3]]
    assert len(given(BACKLOG, later, MANY, Share(part, {"city": 0.0}))) >= len(MANY) - 3


def one_by_one(share, looks, on_line=LATER):
    """Return whether a return had the turn each time that one agent got free."""
    had = []
    for _ in range(looks):
        found, share = turns(BACKLOG, on_line, AGENT, share)
        had.append(bool(found))
    return had


def test_agents_who_get_free_one_by_one_go_to_a_return_and_to_the_line_in_turn():
    assert one_by_one(HALF, 6) == [True, False] * 3


def test_a_share_of_a_quarter_is_each_fourth_turn():
    assert one_by_one(Share(0.25), 8) == [True, False, False, False] * 2


def test_a_share_of_three_quarters_is_three_turns_of_four():
    assert one_by_one(Share(0.75), 9) == [True, *[False, True, True, True] * 2]


def test_a_long_time_in_which_the_line_had_all_turns_earns_one_turn_only():
    _, share = turns([Owed(1, "city", ago(0))], LATER[1:], MANY, HALF)
    assert share.saved["city"] == 1.0


def test_turns_on_the_line_of_other_agents_earn_a_queue_nothing():
    agents = {"8001": {"city": 0}, "8101": {"county": 0}}
    spent = Share(0.5, {"city": 0.0})
    line = [OnLine("county", ago(9)), OnLine("city", ago(0))]
    assert given([Owed(1, "city", ago(1))], line, agents, spent) == []


QUEUES = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(0, 20).map(ago)
AGENTS = st.dictionaries(st.sampled_from("12345"), st.dictionaries(QUEUES, st.integers(0, 3)), max_size=5)


@drawn(
    st.lists(st.builds(Owed, st.integers(), QUEUES, TIMES), max_size=6, unique_by=lambda owed: owed.id),
    st.lists(st.builds(OnLine, QUEUES, TIMES), max_size=6),
    AGENTS,
)
def test_no_agent_has_two_turns_and_nobody_who_waited_longer_could_have_had_one(owed, on_line, free):
    found = given(owed, on_line, free)
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


@drawn(
    st.lists(st.builds(Owed, st.integers(), QUEUES, TIMES), max_size=6, unique_by=lambda owed: owed.id),
    st.lists(st.builds(OnLine, QUEUES, TIMES), max_size=6),
    AGENTS,
)
def test_with_no_share_nobody_on_the_line_could_have_had_the_agent_of_a_return(owed, on_line, free):
    taken = {turn.agent for turn in given(owed, on_line, free, Share(0.0))}
    callers = [Owed(nth, each.queue, each.since) for nth, each in enumerate(on_line)]
    left = {agent: skills for agent, skills in free.items() if agent not in taken}
    assert len(given(callers, [], left)) == len(given(callers, [], free))
