"""Whose turn it is: order, reasons, places, and how long it takes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules import waiting
from telephony.rules.waiting import Agent, Answer, Caller, Passed, Turn, turns
from tests.fakes import NOON

A, B, C = "a", "b", "c"
"""Queues."""
SHARED = waiting.groups([[A, B]])


def caller(name, queue=A, *, priority=0, came=0, preferred="", ringing=False):
    return Caller(name, queue, priority, NOON + timedelta(seconds=came), preferred, ringing)


def agent(number, *queues, turn=0, **penalties):
    return Agent(number, {**dict.fromkeys(queues, 0), **penalties}, (turn,))


def given_to(callers, *agents, sharing=SHARED):
    return [(turn.call_id, turn.agent) for turn in turns(callers, agents, sharing)]


def reasons(callers, *agents, sharing=SHARED):
    """Return of the one turn who was passed over and why."""
    [turn] = turns(callers, agents, sharing)
    return {passed.call_id: passed.reason for passed in turn.passed}


def test_who_came_first_is_next_whatever_the_queue():
    waiting_for = [caller("late", A, came=2), caller("early", B, came=1)]
    assert given_to(waiting_for, agent("8001", A, B)) == [("early", "8001")]


def test_a_higher_priority_goes_first_and_who_came_earlier_is_told_so():
    waiting_for = [caller("early", B, came=1), caller("urgent", A, priority=1, came=2)]
    assert given_to(waiting_for, agent("8001", A, B)) == [("urgent", "8001")]
    assert reasons(waiting_for, agent("8001", A, B)) == {"early": "priority"}


def test_who_cannot_be_served_by_who_is_free_is_passed_over_for_no_skill():
    assert reasons([caller("early", B, came=1), caller("late", A, came=2)], agent("8001", A)) == {
        "early": "no_skill"
    }


def test_somebody_for_whom_an_agent_rings_is_no_ones_turn_again():
    waiting_for = [caller("early", came=1, ringing=True), caller("late", came=2)]
    assert given_to(waiting_for, agent("8001", A)) == [("late", "8001")]
    assert reasons(waiting_for, agent("8001", A)) == {"early": "ringing"}


def test_who_waits_for_agents_of_another_group_is_not_overtaken():
    sharing = waiting.groups([[A], [C]])
    assert (
        reasons([caller("there", C, came=1), caller("here", A, came=2)], agent("8001", A), sharing=sharing)
        == {}
    )


def test_who_waits_in_another_queue_of_the_agent_who_knows_the_caller_is_told_to_be_overtaken():
    sharing = waiting.groups([[A], [C]])
    waiting_for = [caller("early", C, came=1), caller("urgent", A, priority=1, came=2, preferred="8009")]
    assert reasons(waiting_for, agent("8009", C), sharing=sharing) == {"early": "priority"}


def test_who_waits_for_the_agent_who_knows_them_is_told_to_be_overtaken_by_that_agents_own_callers():
    sharing = waiting.groups([[A], [C]])
    waiting_for = [caller("early", A, came=1, preferred="8009"), caller("urgent", C, priority=1, came=2)]
    assert reasons(waiting_for, agent("8009", C), sharing=sharing) == {"early": "priority"}


def test_nobody_rings_for_who_is_being_let_go_and_who_goes_before_them_says_so():
    waiting_for = [replace(caller("early", came=1), parting=True), caller("late", came=2)]
    assert given_to(waiting_for, agent("8001", A)) == [("late", "8001")]
    assert reasons(waiting_for, agent("8001", A)) == {"early": "let_go"}


def test_who_is_served_at_the_same_time_is_not_overtaken():
    both = [caller("early", came=1), caller("late", came=2)]
    given_now = turns(both, [agent("8001", A), agent("8002", A)], SHARED)
    assert [turn.passed for turn in given_now] == [(), ()]


def test_the_lesser_penalty_is_asked_first_and_then_who_had_nobody_for_longest():
    one = [caller("one")]
    assert given_to(one, agent("8001", a=1, turn=1), agent("8002", a=0, turn=2)) == [("one", "8002")]
    assert given_to(one, agent("8001", A, turn=2), agent("8002", A, turn=1)) == [("one", "8002")]


def test_the_agent_who_knows_the_caller_comes_before_skill_and_penalty():
    [turn] = turns([caller("one", preferred="8009")], [agent("8001", A), agent("8009", B)], SHARED)
    assert (turn.agent, turn.because) == ("8009", "knows_caller")


def test_an_agent_who_knows_the_caller_but_is_not_free_keeps_nobody_waiting():
    [turn] = turns([caller("one", preferred="8009")], [agent("8001", A)], SHARED)
    assert (turn.agent, turn.because) == ("8001", "serves_queue")


def test_queues_share_agents_also_by_way_of_others():
    found = waiting.groups([[A, B], [C], [B, C], ["d"]])
    assert found == {A: {A, B, C}, B: {A, B, C}, C: {A, B, C}, "d": {"d"}}


def test_a_place_counts_all_who_wait_for_the_same_agents():
    waiting_for = [caller("one", B, came=1), caller("other", C, came=2), caller("two", A, came=3)]
    places = [
        waiting.position(waiting_for, name, waiting.groups([[A, B]]))
        for name in ("one", "other", "two", "gone")
    ]
    assert places == [1, 1, 2, 0]


def answers(*pairs):
    """Return answers: each came and was answered so many seconds from noon on."""
    return [Answer(NOON + timedelta(seconds=came), NOON + timedelta(seconds=at)) for came, at in pairs]


def expect(found, place=1, *, at=300, window=600, fewest=2):
    now = NOON + timedelta(seconds=at)
    wait = waiting.expected(found, place, now, timedelta(seconds=window), fewest)
    return wait and wait.total_seconds()


def test_the_expected_wait_is_the_mean_between_answers_for_each_place():
    found = answers((0, 60), (0, 120), (0, 180))
    assert (expect(found), expect(found, place=3)) == (60, 180)


def test_time_in_which_nobody_waited_does_not_count():
    assert expect(answers((0, 10), (200, 210))) == 10


@pytest.mark.parametrize(("fewest", "known"), [(2, True), (3, False)])
def test_fewer_answers_than_wanted_foretell_nothing(fewest, known):
    assert (expect(answers((0, 60), (0, 120)), fewest=fewest) is not None) is known


@pytest.mark.parametrize(("window", "known"), [(181, True), (180, False)])
def test_an_answer_counts_for_as_long_as_the_window(window, known):
    assert (expect(answers((0, 120), (0, 130)), window=window, fewest=2) is not None) is known


def test_a_queue_that_has_become_slower_shows_after_fifty_answers():
    quick = [(second, second) for second in range(100)]
    slow = [(0, 100 + 10 * nth) for nth in range(1, waiting.MOST_ANSWERS + 1)]
    assert expect(answers(*quick, *slow), at=700, window=3600) > 9


queues = st.sampled_from([A, B, C])
some_callers = st.lists(
    st.builds(
        lambda queue, priority, came, preferred, ringing: (queue, priority, came, preferred, ringing),
        queues,
        st.integers(0, 3),
        st.integers(0, 20),
        st.sampled_from(["", "8000", "8001"]),
        st.booleans(),
    ),
    max_size=12,
).map(
    lambda rows: [
        caller(f"c{nth}", queue, priority=priority, came=came, preferred=preferred, ringing=ringing)
        for nth, (queue, priority, came, preferred, ringing) in enumerate(rows)
    ]
)
some_agents = st.lists(st.dictionaries(queues, st.integers(0, 2), min_size=1), max_size=5).map(
    lambda rows: [Agent(f"800{nth}", skills) for nth, skills in enumerate(rows)]
)


def serves(one, who):
    return who.preferred == one.number or who.queue in one.skills


@given(some_callers, some_agents)
def test_nobody_goes_to_two_and_nobody_gets_two(callers, agents):
    given_now = turns(callers, agents, SHARED)
    assert (
        len({turn.call_id for turn in given_now}) == len({turn.agent for turn in given_now}) == len(given_now)
    )
    assert not {turn.call_id for turn in given_now} & {each.call_id for each in callers if each.ringing}


@given(some_callers, some_agents)
def test_nobody_who_could_be_served_waits_while_somebody_is_free(callers, agents):
    given_now = turns(callers, agents, SHARED)
    free = [each for each in agents if each.number not in {turn.agent for turn in given_now}]
    left = [
        each for each in callers if not each.ringing and each.call_id not in {t.call_id for t in given_now}
    ]
    assert not [(one.number, who.call_id) for one in free for who in left if serves(one, who)]


@given(some_callers, some_agents)
def test_nobody_is_overtaken_without_a_reason_and_the_reason_is_true(callers, agents):
    by_id, one_of = {each.call_id: each for each in callers}, {each.number: each for each in agents}
    given_now = turns(callers, agents, SHARED)
    served = {turn.call_id for turn in given_now}
    for turn in given_now:
        mine = by_id[turn.call_id]
        agent_of = one_of[turn.agent]
        group = {mine.queue, *agent_of.skills}.union(
            *(SHARED.get(each, ()) for each in (mine.queue, *agent_of.skills))
        )
        earlier = {
            each.call_id
            for each in callers
            if each.since < mine.since and (each.queue in group or each.preferred == turn.agent)
        }
        told = {passed.call_id: passed.reason for passed in turn.passed}
        assert earlier - served <= told.keys() <= earlier
        for call_id, reason in told.items():
            who = by_id[call_id]
            assert who.ringing == (reason == "ringing")
            assert reason != "priority" or who.priority < mine.priority
            assert reason != "no_skill" or not serves(one_of[turn.agent], who)


def test_a_turn_says_all_of_it():
    [turn] = turns([caller("b", B, came=0), caller("a", A, came=1)], [agent("8001", A)], SHARED)
    assert turn == Turn("a", "8001", "serves_queue", (Passed("b", "no_skill"),))


def test_an_agent_of_the_callers_own_queue_goes_before_one_who_helps():
    helped = Caller("1", "a", 0, NOON, helpers=frozenset({"b"}))
    helper, own = Agent("8001", {"b": 0}), Agent("8002", {"a": 9})
    (turn,) = turns([helped], [helper, own], {})
    assert turn.agent == "8002"


def test_who_is_helped_goes_by_arrival_among_those_of_the_helping_queue_and_says_whom_they_passed():
    urgent = Caller("2", "a", 5, NOON + timedelta(seconds=1), helpers=frozenset({"b"}))
    earlier = Caller("1", "b", 0, NOON)
    (turn,) = turns([earlier, urgent], [Agent("8001", {"b": 0})], waiting.groups([["a"], ["b"]]))
    assert (turn.call_id, turn.passed) == ("2", (Passed("1", waiting.PRIORITY),))


def test_an_agent_of_neither_queue_does_not_ring():
    helped = Caller("1", "a", 0, NOON, helpers=frozenset({"b"}))
    assert turns([helped], [Agent("8001", {"c": 0})], {}) == []


def test_who_is_helped_has_a_place_among_all_who_wait_for_these_agents():
    helped = Caller("2", "a", 0, NOON + timedelta(seconds=1), helpers=frozenset({"b"}))
    earlier = Caller("1", "b", 0, NOON)
    assert waiting.position([earlier, helped], "2", waiting.groups([["a"], ["b"]])) == 2
