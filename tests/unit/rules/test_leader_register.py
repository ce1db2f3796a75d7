"""How a call of a leader day stands: each row of the table, and both sides of what it turns on (Art. 6)."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.rules.leader_register import (
    OPEN,
    OWED,
    STANDINGS,
    Known,
    may_be_noted,
    met,
    standing,
    talked_with_agent,
    waited,
)
from telephony.rules.presence import Present, Segment

START = datetime(2026, 12, 15, 7, 0, tzinfo=UTC)
CITIZEN, LEADER, ASKER, UNIT = (
    Present("1", "citizen", "carrier"),
    Present("2", "agent", "8801"),
    Present("3", "agent", "8803"),
    Present("4", "unit", "water"),
)


def ended(**values):
    return standing(Known(ended=True, **values))


def goes_on(**values):
    return standing(Known(ended=False, **values))


def test_who_talks_with_the_leader_now_is_with_the_leader():
    assert goes_on(with_leader=True, met_leader=True, result="dispatched") == "with_leader"


def test_an_ended_call_is_with_nobody_any_more():
    assert ended(with_leader=True, met_leader=True) == "answered"


def test_whose_call_goes_on_without_the_leader_who_talked_with_them_is_answered():
    assert goes_on(met_leader=True, met_agent=True) == "answered"


def test_whose_talk_with_the_leader_was_cut_off_by_the_switch_was_not_reached():
    assert ended(met_leader=True, interrupted=True) == "not_reached"


def test_unless_somebody_has_put_down_what_came_of_that_talk():
    assert ended(met_leader=True, interrupted=True, result="on_the_spot") == "answered"


def test_what_came_of_a_talk_that_never_was_counts_for_nothing():
    assert ended(result="on_the_spot") == "not_reached"


@pytest.mark.parametrize("stands", [ended, goes_on])
def test_whom_an_agent_told_that_it_is_out_of_scope_is_owed_nothing(stands):
    assert stands(in_scope=False, met_agent=True) == "out_of_scope"


@pytest.mark.parametrize("known", [{}, {"met_agent": True, "interrupted": True}])
def test_out_of_scope_without_a_talk_or_cut_off_in_it_was_not_reached(known):
    assert ended(in_scope=False, **known) == "not_reached"


def test_whom_a_screening_agent_talks_with_is_screened():
    assert goes_on(with_agent=True, met_agent=True) == "screening"


@pytest.mark.parametrize("known", [{}, {"met_agent": True, "in_scope": True}])
def test_whom_nobody_talks_with_waits(known):
    assert goes_on(**known) == "waiting"


def test_who_has_left_the_leaders_line_was_not_reached_though_the_call_goes_on():
    assert goes_on(left_line=True, with_agent=True, met_agent=True) == "not_reached"


@pytest.mark.parametrize(
    "known",
    [
        {},  # gave up, or nobody knows
        {"interrupted": True},
        {"met_agent": True},  # asked, and nobody has said what it was
        {"met_agent": True, "in_scope": True},  # asked, in scope, hung up before the leader came
        {"left_line": True},  # key 0, or sent off at the end
        {"left_line": True, "met_agent": True},  # and helped there, but not by the leader
    ],
)
def test_whom_the_leader_did_not_talk_with_was_not_reached(known):
    assert ended(**known) == "not_reached"


@pytest.mark.parametrize("how", ["called_back", "handed_to_unit", "noted"])
@pytest.mark.parametrize("has_number", [True, False])
def test_what_a_person_has_put_down_settles_it(how, has_number):
    assert ended(settled=how, has_number=has_number, called_since=True) == how


def test_the_leader_who_talked_with_them_after_all_says_more_than_what_was_put_down():
    assert ended(settled="called_back", met_leader=True) == "answered"


def test_who_called_again_and_was_answered_by_the_leader_is_owed_nothing():
    assert ended(answered_later=True, called_since=True) == "answered_later"


def test_who_was_called_back_is_owed_nothing():
    assert ended(called_since=True) == "called_back"


def test_whose_number_was_withheld_cannot_be_called():
    assert ended(has_number=False) == "no_number"


def test_what_is_owed_or_goes_on_keeps_a_day_open_and_nothing_else_does():
    done = {"answered", "out_of_scope", "called_back", "handed_to_unit", "noted", "answered_later"}
    assert (set(STANDINGS) - OPEN, OPEN - OWED) == (done, {"waiting", "screening", "with_leader"})


@pytest.mark.parametrize(
    ("known", "enough"),
    [
        ({}, False),
        ({"has_number": False}, True),
        ({"left_line": True, "met_agent": True, "helped": True}, True),
        ({"left_line": True, "met_agent": True}, False),
    ],
)
def test_a_persons_word_is_enough_where_nobody_can_be_called_or_an_agent_helped(known, enough):
    assert may_be_noted(Known(ended=True, **known)) is enough


def stretch(since, until, *parties, bridge="b"):
    start, end = (START + timedelta(seconds=seconds) for seconds in (since, until))
    return Segment(start, end, bridge, parties)


def at(seconds):
    return START + timedelta(seconds=seconds)


def test_seconds_with_the_leader_and_with_others_are_kept_apart():
    found = met([stretch(0, 30, CITIZEN, ASKER), stretch(50, 110, CITIZEN, LEADER)], "8801", at(200))
    assert (found.agents, found.leader, found.leader_at) == (30.0, 60.0, at(50))


def test_an_agent_who_speaks_with_the_leader_alone_has_not_brought_the_citizen_there():
    found = met([stretch(0, 30, LEADER, ASKER)], "8801", at(30))
    assert (found.leader, found.leader_at, found.with_leader) == (0.0, None, False)


def test_a_unit_that_talks_along_changes_nothing():
    found = met([stretch(0, 30, CITIZEN, LEADER), stretch(30, 60, CITIZEN, LEADER, UNIT)], "8801", at(90))
    assert (found.leader, found.agents) == (60.0, 0.0)


def test_whom_leader_and_agent_talk_with_together_is_the_leaders():
    found = met([stretch(0, 30, CITIZEN, LEADER, ASKER)], "8801", at(30))
    assert (found.leader, found.agents, found.with_leader, found.with_agent) == (30.0, 0.0, True, False)


@pytest.mark.parametrize(("now", "goes"), [(30, True), (30.001, False)])
def test_a_stretch_that_reaches_now_goes_on(now, goes):
    found = met([stretch(0, 30, CITIZEN, ASKER)], "8801", at(now))
    assert found.with_agent is goes


@pytest.mark.parametrize(("left", "helped"), [(30, True), (30.001, False), (None, False)])
def test_who_talked_with_an_agent_after_leaving_the_line_was_helped_there(left, helped):
    left_at = None if left is None else at(left)
    assert met([stretch(30, 60, CITIZEN, ASKER)], "8801", at(90), left_at).helped is helped


def test_talk_after_the_leader_is_no_part_of_the_wait_before():
    talks = [
        stretch(0, 30, CITIZEN, ASKER),
        stretch(50, 60, CITIZEN, LEADER),
        stretch(60, 80, CITIZEN, ASKER),
    ]
    found = met(talks, "8801", at(90))
    assert (found.before_leader, found.agents) == (30.0, 50.0)
    assert waited(START, at(50), found.before_leader) == pytest.approx(20.0)


def test_nobody_waited_less_than_nothing():
    assert waited(at(5), START, 0.0) == 0.0


@pytest.mark.parametrize(
    ("parties", "talked"), [((CITIZEN, ASKER), True), ((CITIZEN, UNIT), False), ((LEADER, ASKER), False)]
)
def test_a_call_of_ours_was_answered_if_citizen_and_agent_heard_each_other(parties, talked):
    assert talked_with_agent([stretch(0, 1, *parties)]) is talked
