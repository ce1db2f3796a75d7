"""When a queue spills over to other queues' agents, and when to returns: limits on both sides."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.rules.overflow import Spill, Step, Waiter, next_at, spills

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HELP, CITY, RETURNS = Step(("b",), MINUTE), Step(("c", "d"), 2 * MINUTE), Step((), 5 * MINUTE)
POLICIES = {"a": [HELP, CITY, RETURNS]}


def waiter(waited=timedelta(), call_id="1", queue="a", priority=0, taken=(), stays=False):
    return Waiter(call_id, queue, priority, NOW - waited, frozenset(taken), stays)


def steps(*waiters, policies=POLICIES, factor=1.0):
    return [(spill.call_id, spill.step) for spill in spills(waiters, policies, NOW, factor)]


def line(count, **more):
    return [waiter((count - n) * SECOND, str(n), **more) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("waited", "passed"),
    [
        (MINUTE - SECOND, []),
        (MINUTE, [0]),
        (2 * MINUTE - SECOND, [0]),
        (2 * MINUTE, [0, 1]),
        (5 * MINUTE - SECOND, [0, 1]),
        (5 * MINUTE, [0, 1, 2]),
    ],
)
def test_each_limit_of_the_wait_is_passed_when_it_is_reached_and_not_a_second_before(waited, passed):
    assert [step for _, step in steps(waiter(waited))] == passed


def test_a_spill_says_where_to_and_why():
    (spill,) = spills([waiter(MINUTE)], POLICIES, NOW)
    assert spill == Spill("1", "a", 0, ("b",), "waited", 60.0)


def test_what_was_acted_on_is_not_told_again():
    assert steps(waiter(2 * MINUTE, taken=[0])) == [("1", 1)]


def test_a_queue_without_limits_never_spills():
    assert steps(waiter(timedelta(hours=2), queue="b")) == []


@pytest.mark.parametrize(("waiting", "spilled"), [(2, 0), (3, 3), (4, 4)])
def test_a_queue_that_is_too_long_gets_help_for_all_who_are_in_it(waiting, spilled):
    policies = {"a": [Step(("b",), length=3)]}
    found = spills(line(waiting), policies, NOW)
    assert len(found) == spilled
    assert all((spill.reason, spill.limit) == ("length", 3.0) for spill in found)


@pytest.mark.parametrize(("waiting", "let_go"), [(2, []), (3, ["3"]), (5, ["3", "4", "5"])])
def test_a_queue_that_is_too_long_for_returns_lets_go_who_stands_behind_its_limit(waiting, let_go):
    assert [call for call, _ in steps(*line(waiting), policies={"a": [Step((), length=3)]})] == let_go


def test_who_is_more_urgent_stands_before_who_came_earlier():
    urgent = waiter(SECOND, "urgent", priority=5)
    policies = {"a": [Step((), length=3)]}
    assert steps(urgent, *line(2), policies=policies) == [("2", 0)]


def test_others_queues_do_not_count_for_a_queues_length():
    policies = {"a": [Step(("b",), length=2)]}
    assert steps(waiter(SECOND), waiter(SECOND, "2", queue="b"), policies=policies) == []


def test_with_both_limits_the_first_that_is_passed_counts():
    policies = {"a": [Step(("b",), MINUTE, 2)]}
    assert spills([waiter(MINUTE)], policies, NOW)[0].reason == "waited"
    assert [spill.reason for spill in spills(line(2), policies, NOW)] == ["length", "length"]
    assert steps(waiter(SECOND), policies=policies) == []


def test_who_cannot_be_let_go_stays_but_gets_all_help():
    assert steps(waiter(timedelta(hours=1), stays=True)) == [("1", 0), ("1", 1)]


@pytest.mark.parametrize(("waited", "passed"), [(30 * SECOND - SECOND, []), (30 * SECOND, [0])])
def test_a_storm_halves_the_wait(waited, passed):
    assert [step for _, step in steps(waiter(waited), factor=0.5)] == passed


@pytest.mark.parametrize(("waiting", "spilled"), [(1, 0), (2, 2)])
def test_a_storm_halves_the_length(waiting, spilled):
    assert len(steps(*line(waiting), policies={"a": [Step(("b",), length=3)]}, factor=0.5)) == spilled


def test_however_bad_the_storm_the_first_in_a_queue_is_not_let_go_for_its_length():
    assert steps(*line(3), policies={"a": [Step((), length=10)]}, factor=0.05) == [("2", 0), ("3", 0)]


def test_the_next_limit_is_when_the_first_caller_will_have_waited_up_to_one():
    waiters = [waiter(10 * SECOND), waiter(61 * SECOND, "2", taken=[0])]
    assert next_at(waiters, POLICIES, NOW) == NOW + 50 * SECOND
    assert next_at(waiters, POLICIES, NOW, 0.5) == NOW + 20 * SECOND


def test_without_a_limit_of_time_there_is_nothing_to_wake_for():
    assert next_at([waiter()], {"a": [Step(("b",), length=3)]}, NOW) is None
    assert next_at([waiter(3 * MINUTE, taken=[0, 1], stays=True)], POLICIES, NOW) is None


def test_a_limit_that_was_passed_already_wakes_nobody():
    assert next_at([waiter(MINUTE)], {"a": [HELP]}, NOW) is None
