from dataclasses import replace
from datetime import UTC, datetime

import pytest

from telephony.rules.routing import Facts, Incident, NumberFacts, Parameters, decide

NUMBER = NumberFacts("12345", "city", "city-12345", 1, {"2": "city-enterprise"})
PARAMETERS = Parameters(priority_open_case=5, priority_missed_by_us=7, demo_queue="demo")
PLAIN = Facts(NUMBER)
INCIDENT = Incident(7, "notices/notice-x")
WHEN = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def test_a_caller_of_whom_nothing_is_known_goes_to_the_numbers_queue_with_its_priority():
    plan = decide(PLAIN, PARAMETERS)
    assert (plan.action, plan.queue, plan.priority, plan.agent, plan.marks) == (
        "queue",
        "city-12345",
        1,
        None,
        (),
    )


def test_one_key_chooses_the_queue():
    assert decide(replace(PLAIN, key="2"), PARAMETERS).queue == "city-enterprise"


def test_a_key_that_means_nothing_leaves_the_numbers_queue_and_says_so():
    plan = decide(replace(PLAIN, key="9"), PARAMETERS)
    assert plan.queue == "city-12345"
    assert "key 9 means nothing here" in plan.reason


def test_a_blacklisted_caller_is_refused_whatever_else_is_known():
    facts = replace(
        PLAIN, blacklisted="threats", open_cases=("C1",), known_agent="8001", known_agent_ready=True
    )
    plan = decide(facts, PARAMETERS)
    assert (plan.action, plan.agent, plan.marks) == ("refuse", None, ("blacklisted",))
    assert "blacklisted: threats" in plan.reason


def test_an_open_case_marks_the_call_and_raises_its_priority():
    plan = decide(replace(PLAIN, open_cases=("C1", "C2")), PARAMETERS)
    assert (plan.marks, plan.priority) == (("open_case",), 6)


def test_a_caller_whom_we_called_and_missed_is_marked_and_raised():
    plan = decide(replace(PLAIN, missed_by_us_at=WHEN), PARAMETERS)
    assert (plan.marks, plan.priority) == (("missed_by_us",), 8)


def test_both_raises_add_up():
    plan = decide(replace(PLAIN, open_cases=("C1",), missed_by_us_at=WHEN), PARAMETERS)
    assert (plan.marks, plan.priority) == (("open_case", "missed_by_us"), 13)


def test_the_agent_who_served_a_marked_caller_is_asked_first_if_ready():
    facts = replace(PLAIN, open_cases=("C1",), known_agent="8001", known_agent_ready=True)
    assert decide(facts, PARAMETERS).agent == "8001"


def test_an_agent_who_is_not_ready_yet_is_asked_first_if_free_when_the_turn_comes():
    plan = decide(replace(PLAIN, open_cases=("C1",), known_agent="8001"), PARAMETERS)
    assert (plan.queue, plan.agent) == ("city-12345", "8001")
    assert "agent 8001 served before but is not ready yet" in plan.reason


def test_a_caller_without_business_does_not_skew_the_load_to_one_agent():
    assert decide(replace(PLAIN, known_agent="8001", known_agent_ready=True), PARAMETERS).agent is None


def test_the_demonstrations_caller_never_reaches_an_agent_at_work():
    facts = replace(PLAIN, demo=True, open_cases=("C1",), known_agent="8001", known_agent_ready=True)
    plan = decide(facts, PARAMETERS)
    assert (plan.queue, plan.agent, plan.marks) == ("demo", None, ("demo",))


LINE = replace(PARAMETERS, demo_line="12345", default_queue="city-12345")


def test_the_demonstrations_caller_stays_on_the_line_of_its_own():
    number = replace(PLAIN.number, queue="demo-line")
    plan = decide(replace(PLAIN, number=number, demo=True, incident=INCIDENT), LINE)
    assert (plan.queue, plan.marks, plan.incident) == ("demo-line", ("demo",), INCIDENT)


def test_the_demonstrations_caller_is_unknown_on_that_line_whatever_is_open():
    number = replace(PLAIN.number, queue="demo-line")
    open_ones = {"open_cases": ("C1",), "revisit": "3", "missed_by_us_at": WHEN}
    plan = decide(replace(PLAIN, number=number, demo=True, incident=INCIDENT, **open_ones), LINE)
    assert (plan.priority, plan.revisit, plan.urged, plan.incident) == (1, "", "", INCIDENT)


def test_who_else_calls_the_demos_number_gets_a_person():
    number = replace(PLAIN.number, queue="demo-line")
    plan = decide(replace(PLAIN, number=number), LINE)
    assert (plan.queue, plan.marks) == ("city-12345", ())


def test_the_reason_names_the_version_of_the_rules():
    assert decide(PLAIN, PARAMETERS).reason == "number 12345 to city-12345; rules 2026-11"


def test_a_caller_of_a_number_with_a_known_incident_is_told_of_it():
    plan = decide(replace(PLAIN, incident=INCIDENT), PARAMETERS)
    assert (plan.incident, plan.queue) == (INCIDENT, "city-12345")
    assert "notice 7" in plan.reason


@pytest.mark.parametrize(
    "facts",
    [replace(PLAIN, demo=True), replace(PLAIN, revisit="3"), replace(PLAIN, blacklisted="threats")],
    ids=["demo", "revisit", "blacklisted"],
)
def test_some_callers_are_told_of_no_incident(facts):
    assert decide(replace(facts, incident=INCIDENT), PARAMETERS).incident is None
