"""Who is let in to a leader's line, and who is not (Art. 6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from telephony.rules.routing import (
    OPEN,
    OVER,
    TOLD,
    Facts,
    Incident,
    LeaderLine,
    NumberFacts,
    Parameters,
    decide,
)

NUMBER = NumberFacts("12345", "city", "city-12345", 0, {"2": "city-enterprise"})
PARAMETERS = Parameters(priority_open_case=5, priority_missed_by_us=7, demo_queue="demo")
LINE = LeaderLine(3, OPEN, "screened", "city-leader-screening", "city-12345")
WITHOUT = Facts(NUMBER, key="6")
INVITED = replace(WITHOUT, leader=LINE)
KNOWN = {"open_cases": ("C1",), "known_agent": "8001", "known_agent_ready": True}


@pytest.mark.parametrize(
    ("entry", "queue"), [("screened", "city-leader-screening"), ("direct", "city-leader")]
)
def test_an_open_day_takes_the_caller_to_its_queue_and_says_why(entry, queue):
    plan = decide(replace(WITHOUT, leader=replace(LINE, entry=entry, queue=queue)), PARAMETERS)
    assert (plan.queue, plan.marks, plan.leader.day) == (queue, ("leader_day",), 3)
    assert plan.reason == f"number 12345 to city-12345; leader day 3, {entry}, to {queue}; rules 2026-11"


def test_without_a_day_the_key_means_nothing():
    plan = decide(WITHOUT, PARAMETERS)
    assert (plan.queue, plan.marks, plan.leader, plan.first) == ("city-12345", (), None, "")
    assert "key 6 means nothing here" in plan.reason


def test_a_topic_is_left_for_the_leader():
    plan = decide(replace(INVITED, key="2"), PARAMETERS)
    assert plan.queue == "city-leader-screening"
    assert "key 2 to city-enterprise; leader day 3" in plan.reason


def test_nobody_is_known_so_well_that_they_pass_screening_but_their_urgency_counts():
    plan = decide(replace(INVITED, **KNOWN), PARAMETERS)
    assert (plan.agent, plan.priority, plan.marks) == (None, 5, ("open_case", "leader_day"))


def test_once_the_days_end_has_passed_the_caller_goes_where_they_would_without_it():
    plan = decide(replace(INVITED, leader=LeaderLine(3, OVER), **KNOWN), PARAMETERS)
    assert (plan.queue, plan.agent, plan.marks) == ("city-12345", "8001", ("open_case",))
    assert (plan.leader, plan.first) == (None, "")
    assert "leader day 3 is over" in plan.reason


def test_where_the_day_was_put_off_the_caller_hears_that_first_and_has_a_person():
    told = LeaderLine(3, TOLD, first="leaders/notice-x")
    plan = decide(replace(INVITED, leader=told), PARAMETERS)
    assert (plan.queue, plan.first, plan.leader, plan.marks) == ("city-12345", "leaders/notice-x", None, ())
    assert "leader day 3 put off or called off" in plan.reason


def test_who_calls_back_about_a_revisit_is_still_offered_that():
    plan = decide(replace(INVITED, revisit="7"), PARAMETERS)
    assert (plan.revisit, plan.queue) == ("7", "city-leader-screening")


def test_an_incident_is_told_before_the_leaders_queue_too():
    incident = Incident(9, "notices/notice-y")
    plan = decide(replace(INVITED, incident=incident), PARAMETERS)
    assert (plan.incident, plan.queue) == (incident, "city-leader-screening")


def test_a_blacklisted_caller_is_refused_on_a_leaders_day_too():
    plan = decide(replace(INVITED, blacklisted="threats"), PARAMETERS)
    assert (plan.action, plan.leader) == ("refuse", None)


@pytest.mark.parametrize("line", [LINE, LeaderLine(3, TOLD, first="leaders/notice-x")])
def test_the_demonstrations_citizen_comes_to_no_leader(line):
    plan = decide(replace(INVITED, leader=line, demo=True), PARAMETERS)
    assert (plan.queue, plan.leader, plan.first) == ("demo", None, "")


def test_whom_we_called_and_missed_goes_first_on_the_leaders_line_too():
    missed = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    plan = decide(replace(INVITED, missed_by_us_at=missed), PARAMETERS)
    assert (plan.priority, plan.marks) == (7, ("missed_by_us", "leader_day"))


HALL = replace(NUMBER, number="10000012348", queue="demo")
PLAYED = replace(PARAMETERS, demo_hall=HALL.number, default_queue="city-12345")
OF_DEMO = LeaderLine(3, OPEN, "screened", "demo-leader-screening", "demo")


def test_on_the_demos_number_its_citizen_is_let_in_to_the_day_that_is_played():
    plan = decide(Facts(HALL, demo=True, leader=OF_DEMO, open_cases=("C1",), known_agent="8001"), PLAYED)
    assert (plan.queue, plan.agent, plan.leader) == ("demo-leader-screening", None, OF_DEMO)
    assert (plan.marks, plan.priority, plan.urged) == (("leader_day", "demo"), HALL.priority, "")


@pytest.mark.parametrize("line", [None, LeaderLine(3, OVER)])
def test_on_the_demos_number_its_citizen_goes_to_the_demos_queue_without_an_open_day(line):
    plan = decide(Facts(HALL, demo=True, leader=line), PLAYED)
    assert (plan.queue, plan.leader, plan.marks) == ("demo", None, ("demo",))


def test_who_else_calls_the_demos_number_comes_to_a_person_and_to_no_played_day():
    plan = decide(Facts(HALL, leader=OF_DEMO), PLAYED)
    assert (plan.queue, plan.leader, plan.marks) == ("city-12345", None, ())
