"""Overflow and storm on a real switch: other agents help, a full queue lets go with a word and a return."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.pbx.calls import ended
from tests.pbx.hearing import said, wait_said
from tests.switch import prompt_hertz
from tests.system import System

HELPED, FULL, CALM, LONG = "03756512345", "03755112345", "12315", "12348"
"""Numbers: one that the city helps after a while, one that lets go, one that spills in a storm only, and one
that another centre helps as soon as two wait."""
OVERFLOW = {
    "baofeng-12345": [{"after_seconds": 4, "to": ["city-12345"]}],
    "jiaxian-12345": [{"after_seconds": 3, "to": ["returns"]}],
    "city-12315": [{"after_seconds": 600, "to": ["baofeng-12345"]}],
    "city-12348": [{"length": 2, "to": ["baofeng-12345"]}],
}
CHANGES = {"waiting": {"ask_seconds": 2}, "storm": {"overflow_factor": 0.005}}


@pytest.fixture(scope="module")
def spilling(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("overflow"), CHANGES, overflow=OVERFLOW)
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def system(spilling):
    yield spilling
    spilling.service.http.post("/storm/off", json={"by": "test"})
    spilling.hang_up()
    spilling.log_everybody_out()


def waits(system, called):
    """Return a citizen who waits, and the call's id."""
    mark = system.service.mark()
    citizen = system.citizen(called)
    return citizen, system.service.wait_event("waits", mark)["call_id"]


def storm(system):
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    system.service.http.put("/storm", json={"until": until, "why": "暴雨", "by": "李敏"}).raise_for_status()


def hertz(system, name):
    return prompt_hertz(list(system.switch.config.prompts.prompts).index(name))


def spilled(system, call_id, mark):
    return system.service.wait_event("spilled", mark, call_id=call_id)["data"]


def test_behind_the_limit_the_city_answers_for_the_county(system):
    phone, mark = system.agent("8001"), system.service.mark()
    _, call_id = waits(system, HELPED)
    found = spilled(system, call_id, mark)
    phone.wait_event("CALL_INCOMING", 15)
    phone.answer()
    system.service.wait_event("answered", mark, call_id=call_id, agent="8001")
    phone.hangup()
    call = ended(system, call_id, mark)
    assert (call["queue"], call["agent"], call["outcome"]) == ("baofeng-12345", "8001", "answered")
    assert (found["to"], found["because"], found["limit"]) == ("city-12345", "waited", 4.0)
    assert found["waited"] >= 4
    kinds = [event["kind"] for event in call["events"]]
    assert kinds.index("spilled") < kinds.index("turn") < kinds.index("offered")


def test_a_queue_that_is_too_long_is_helped_by_another_centre_whoever_came_first_before(system):
    phone, mark = system.agent("8101"), system.service.mark()
    _, first = waits(system, LONG)
    _, second = waits(system, LONG)
    found = [spilled(system, call_id, mark) for call_id in (first, second)]
    assert [(each["to"], each["because"], each["limit"]) for each in found] == [
        ("baofeng-12345", "length", 2.0)
    ] * 2
    phone.wait_event("CALL_INCOMING", 15)
    phone.answer()
    system.service.wait_event("answered", mark, call_id=first, agent="8101")
    assert [each["call_id"] for each in system.service.get("/waiting")] == [second]


def test_nobody_there_the_citizen_hears_a_word_is_owed_a_return_and_let_go(system):
    mark = system.service.mark()
    citizen, call_id = waits(system, FULL)
    call = ended(system, call_id, mark)
    assert citizen.wait(10).ended_by_far_end
    assert said(citizen.hears(None), hertz(system, "overflow-return"))
    assert (call["outcome"], call["ended_by"]) == ("overflowed", "system")
    owed = [each for each in system.service.get("/returns") if each["call_id"] == call_id]
    assert [(each["number"], each["why"]) for each in owed] == [(citizen.caller, "overflow")]
    kinds = [event["kind"] for event in call["events"]]
    assert kinds.index("return_opened") < kinds.index("overflowed")


def test_a_storm_shortens_the_limits_of_who_waits_and_they_are_back_after_it(system):
    system.agent("8101")
    _, call_id = waits(system, CALM)
    mark = system.service.mark()
    storm(system)
    found = spilled(system, call_id, mark)
    assert (found["limit"], found["factor"]) == (3.0, 0.005)
    assert found["waited"] >= 3
    assert system.service.get("/status")["storm"]["why"] == "暴雨"
    system.service.post("/storm/off", by="王芳")
    _, later = waits(system, HELPED)
    found = spilled(system, later, mark)
    assert (found["limit"], found["factor"]) == (4.0, 1.0)
    assert found["waited"] >= 4


def test_who_waits_in_a_storm_hears_so(system):
    storm(system)
    citizen, _ = waits(system, "12328")
    wait_said(citizen, hertz(system, "storm-wait"))


def test_who_spilled_over_is_helped_after_a_kill_of_the_service_as_well(system):
    mark = system.service.mark()
    _, call_id = waits(system, HELPED)
    spilled(system, call_id, mark)
    system.service.kill()
    system.service.start()
    system.service.wait_ready()
    phone = system.agent("8001")
    phone.wait_event("CALL_INCOMING", 15)
    phone.answer()
    system.service.wait_event("answered", mark, call_id=call_id, agent="8001")
    assert len(system.service.get("/events", kind="spilled", call_id=call_id)["events"]) == 1
