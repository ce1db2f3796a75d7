"""A citizen calls and reaches an agent, on a real switch with real telephones."""

import pytest

from tests.pbx.calls import call_through, ended
from tests.pbx.hearing import said
from tests.switch import prompt_hertz


def test_a_citizen_reaches_an_agent_and_the_ledger_tells_it(system):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system, "12345", keys="1")
    phone.hangup()
    result = citizen.wait()
    assert (result.answered, result.ended_by_far_end) == (True, True)
    call = ended(system, call_id, mark)
    kinds = [event["kind"] for event in call["events"] if event["kind"] != "agent"]
    until_the_turn = ["arrived", "greeted", "recording", "routed", "queued", "waits"]
    assert sorted(kinds) == sorted([*until_the_turn, "turn", "offered", "answered", "agent_left", "ended"])
    assert (call["called_number"], call["caller_number"], call["centre"]) == ("12345", citizen.caller, "city")
    assert (call["queue"], call["agent"], call["outcome"]) == ("city-12345", "8001", "answered")
    assert (call["ended_by"], call["direction"]) == ("agent", "inbound")
    assert call["arrived_at"] < call["queued_at"] < call["answered_at"] < call["ended_at"]
    assert {leg["role"] for leg in call["legs"]} == {"citizen", "agent"}


@pytest.mark.parametrize(
    ("number", "queue", "agent", "centre"),
    [
        ("12315", "city-12315", "8002", "city"),
        ("12328", "city-12328", "8003", "city"),
        ("12333", "city-12333", "8003", "city"),
        ("12348", "city-12348", "8003", "city"),
        ("03756512345", "baofeng-12345", "8101", "baofeng"),
        ("03755112345", "jiaxian-12345", "8201", "jiaxian"),
    ],
)
def test_each_number_has_its_own_queue_agents_and_centre(system, number, queue, agent, centre):
    mark = system.service.mark()
    phone, _, call_id = call_through(system, number, agent=agent)
    phone.hangup()
    call = ended(system, call_id, mark)
    assert (call["called_number"], call["queue"], call["centre"]) == (number, queue, centre)


@pytest.mark.parametrize(
    "number", ["12345", "12315", "12328", "12333", "12348", "03756512345", "03755112345"]
)
def test_each_number_is_answered_with_its_own_greeting(system, number):
    config = system.switch.config
    mark = system.service.mark()
    citizen = system.citizen(number)
    system.service.wait_event("queued", mark)
    citizen.hangup()
    citizen.wait()
    pitches = {name: prompt_hertz(index) for index, name in enumerate(config.prompts.prompts)}
    greetings = {each.greeting for each in config.numbers.values()}
    heard = {name for name in greetings if said(citizen.hears(None), pitches[name])}
    assert heard == {config.numbers[number].greeting}


def test_an_alias_of_a_number_is_that_number(system):
    mark = system.service.mark()
    phone, _, call_id = call_through(system, "+8637512345", keys="1")
    phone.hangup()
    assert ended(system, call_id, mark)["called_number"] == "12345"


def test_one_key_leads_to_the_queue_it_names(system):
    mark = system.service.mark()
    phone, _, call_id = call_through(system, "12345", keys="2")
    phone.hangup()
    call = ended(system, call_id, mark)
    assert (call["key"], call["queue"]) == ("2", "city-enterprise")


def test_a_citizen_who_hangs_up_first_ended_the_call(system):
    mark = system.service.mark()
    _, citizen, call_id = call_through(system)
    citizen.hangup()
    citizen.wait()
    assert ended(system, call_id, mark)["ended_by"] == "citizen"


def test_a_citizen_who_gives_up_waiting_is_abandoned_and_nobodys_miss(system):
    system.agent("8001")
    mark = system.service.mark()
    citizen = system.citizen("12315")
    offered = system.service.wait_event("offered", mark)
    citizen.hangup()
    citizen.wait()
    call = ended(system, offered["call_id"], mark)
    assert (call["outcome"], call["ended_by"], call["agent"]) == ("abandoned", "citizen", None)
    system.service.wait_agent("8001", "ready")
    assert system.service.agent("8001")["missed_rings"] == 0


def test_a_blacklisted_caller_hears_a_refusal_and_reaches_nobody(system):
    system.agent("8001")
    system.service.http.put("/blacklist/13811112222", json={"reason": "threats"}).raise_for_status()
    mark = system.service.mark()
    result = system.citizen("12315", caller="13811112222").wait()
    assert (result.answered, result.ended_by_far_end) == (True, True)
    event = system.service.wait_event("ended", mark)
    call = system.service.get(f"/calls/{event['call_id']}")
    assert (call["outcome"], call["ended_by"], call["queue"]) == ("refused", "system", None)
    assert "blacklisted: threats" in call["route_reason"]


def test_a_number_is_known_in_whatever_form_the_carrier_writes_it(system):
    system.service.http.put("/blacklist/013811115555", json={"reason": "threats"}).raise_for_status()
    mark = system.service.mark()
    system.citizen("12315", caller="+8613811115555").wait()
    call = system.service.get(f"/calls/{system.service.wait_event('ended', mark)['call_id']}")
    assert (call["outcome"], call["caller_number"]) == ("refused", "13811115555")


def test_a_caller_with_an_open_case_is_marked_raised_and_taken_to_the_agent_who_knows_them(system):
    caller = "13811113333"
    mark = system.service.mark()
    phone, _, call_id = call_through(system, "12315", agent="8002", caller=caller)
    phone.hangup()
    ended(system, call_id, mark)
    body = {"numbers": [caller], "open": True}
    system.service.http.put("/cases/C-2026-1", json=body).raise_for_status()
    system.agent("8001")
    phone, mark = system.agent("8002"), system.service.mark()
    system.citizen("12315", caller=caller)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    call = system.service.get(f"/calls/{system.service.wait_event('answered', mark)['call_id']}")
    assert (call["agent"], call["marks"], call["priority"]) == ("8002", ["open_case"], 6)
    assert "agent 8002 served before" in call["route_reason"]
    assert call["queue"] == "city-12315"


def test_a_second_call_about_an_open_case_is_the_second_urging_and_the_agent_is_told(system):
    caller, calls = "13811117777", []
    body = {"numbers": [caller], "open": True}
    system.service.http.put("/cases/C-2026-7", json=body).raise_for_status()
    for _ in range(2):
        mark = system.service.mark()
        citizen = system.citizen("12315", caller=caller)
        calls.append(system.service.wait_event("urged", mark)["call_id"])
        citizen.hangup()
        ended(system, calls[-1], mark)
    first, second = (system.service.get(f"/calls/{call_id}")["urging"] for call_id in calls)
    assert (first["case_number"], first["nth"], first["before"]) == ("C-2026-7", 1, None)
    assert (second["case_number"], second["nth"]) == ("C-2026-7", 2)
    assert second["before"] is not None
    assert system.service.get("/cases/C-2026-7")["urged"] == 2


def test_a_raised_priority_is_served_before_those_who_came_earlier(system):
    urgent = "13811114444"
    system.service.http.put("/cases/C-2026-2", json={"numbers": [urgent], "open": True}).raise_for_status()
    mark = system.service.mark()
    system.citizen("12315")
    system.service.wait_event("queued", mark)
    mark = system.service.mark()
    system.citizen("12315", caller=urgent)
    queued = system.service.wait_event("queued", mark)
    system.agent("8001")
    assert system.service.wait_event("offered", mark)["call_id"] == queued["call_id"]


def test_an_unknown_number_is_told_so_by_the_network(system):
    assert system.citizen("12399").wait().final_code == 404
