"""The waiting room on a real switch: order, words, places kept, and what happens without the service."""

import socket
from contextlib import contextmanager

import pytest

from telephony.pbx import files
from tests.pbx.calls import ended
from tests.pbx.hearing import wait_said
from tests.plain_ami import PlainAmi
from tests.switch import prompt_hertz


def waits(system, called, **plan):
    """Return a citizen who waits, and the call's id."""
    mark = system.service.mark()
    citizen = system.citizen(called, **plan)
    return citizen, system.service.wait_event("waits", mark)["call_id"]


def answered(system, phone, mark):
    """Let a phone that rings answer; return the call's id."""
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    return system.service.wait_event("answered", mark)["call_id"]


@contextmanager
def fresh_ami(system):
    """A connection that has read all events so far: the test's own is read by nobody for long."""
    where = (str(system.switch.config.hotline.ami.address), system.switch.config.hotline.ami.port)
    ami = PlainAmi(socket.create_connection(where), files.AMI_USER, system.switch.secrets.ami_secret)
    yield ami
    ami.close()


def prompt(system, name):
    return prompt_hertz(list(system.switch.config.prompts.prompts).index(name))


def test_the_agent_gets_who_waits_longest_over_two_queues_and_the_more_urgent_before(system):
    urgent = "13811116666"
    system.service.http.put("/cases/C-2026-9", json={"numbers": [urgent], "open": True}).raise_for_status()
    _, first = waits(system, "03756512345")  # of another centre: no agent is shared
    _, second = waits(system, "12328")
    _, third = waits(system, "12333")
    _, fourth = waits(system, "12328", caller=urgent)
    mark = system.service.mark()
    phone, order = system.agent("8003"), []
    for _ in range(3):
        order.append(answered(system, phone, mark))
        mark = system.service.mark()
        phone.hangup()
        ended(system, order[-1], mark)
        system.service.wait_agent("8003", "wrap_up")
        system.service.post("/agents/8003/ready")
    assert order == [fourth, second, third]
    overtook = system.service.get("/events", kind="overtook", call_id=fourth)["events"]
    assert [event["data"]["over"] for event in overtook] == [f"{second}:priority {third}:priority"]
    assert [entry["call_id"] for entry in system.service.get("/waiting")] == [first]


def test_who_waits_hears_the_place_and_then_music(system):
    waits(system, "12315")
    citizen, _ = waits(system, "12315")
    for name in ("waiting-place", "digit-2", "waiting-place-end"):
        wait_said(citizen, prompt(system, name))


def test_an_offer_that_nobody_answers_keeps_the_place(system):
    _, first = waits(system, "12315")
    waits(system, "12315")
    mark = system.service.mark()
    phone = system.agent("8001")
    phone.wait_event("CALL_INCOMING")
    phone.hangup()  # rejected
    again = system.service.wait_event("turn", system.service.wait_event("turn", mark)["id"])
    assert again["call_id"] == first
    assert answered(system, phone, mark) == first


def test_after_a_kill_of_the_service_the_room_goes_on_with_the_same_places(system):
    _, first = waits(system, "12328")
    _, second = waits(system, "12333")
    system.service.kill()
    system.service.start()
    system.service.wait_ready()
    assert [entry["call_id"] for entry in system.service.get("/waiting")] == [first, second]
    mark = system.service.mark()
    phone = system.agent("8003")
    assert answered(system, phone, mark) == first


def test_an_agents_own_queue_that_is_missing_leaves_the_caller_to_app_queue(system):
    generated = system.switch.paths.asterisk / "etc" / "queues.d" / "90-generated.conf"
    before = generated.read_text()
    generated.write_text(before.replace("[agent-8001]", "[unheard-of]"))
    system.switch.cli("queue reload all")
    try:
        phone = system.agent("8001")
        citizen, _ = waits(system, "12315")
        phone.wait_event("CALL_INCOMING")
        phone.answer()
        phone.wait_event("CALL_ESTABLISHED")
        phone.hangup()
        assert system.service.only_call(citizen.caller)["outcome"] == "answered"
    finally:
        generated.write_text(before)
        system.switch.cli("queue reload all")


def test_a_key_that_means_nothing_asks_the_service_at_once(system):
    citizen, call_id = waits(system, "12328")
    with fresh_ami(system) as ami:
        system.service.kill()
        citizen.press("5")
        ami.wait_event(
            "QueueCallerJoin", system.switch.config.hotline.waiting.ask_seconds - 2, Uniqueid=call_id
        )
    system.service.start()


@pytest.mark.parametrize("step", [3, 17, 60])
def test_a_torn_redirect_begins_the_new_place_anew(system, step):
    system.agent("8002")
    system.service.post("/agents/8002/pause")
    _, call_id = waits(system, "12315")
    mark = system.service.mark()
    phone = system.phone("8002")
    system.service.post("/agents/8002/ready")
    phone.wait_event("CALL_INCOMING")
    torn = {"Context": "waiting-back", "Exten": "00", "Priority": str(step)}
    with fresh_ami(system) as ami:
        ami.action("Redirect", Channel=call_id, **torn)
    turn = system.service.wait_event("turn", mark)
    again = system.service.wait_event("turn", turn["id"], call_id=call_id)
    assert again["agent"] == "8002"


def test_those_whom_app_queue_took_over_come_back_with_their_places_once_the_service_is_there(system):
    citizens = [waits(system, number) for number in ("12328", "12333")]
    with fresh_ami(system) as ami:
        system.service.kill()
        for _, call_id in citizens:
            ami.wait_event("QueueCallerJoin", Uniqueid=call_id)
    system.service.start()
    mark = system.service.mark()
    phone = system.agent("8003")
    assert answered(system, phone, mark) == citizens[0][1]
    assert [entry["call_id"] for entry in system.service.get("/waiting")] == [citizens[1][1]]


def test_a_talk_that_began_while_the_service_stood_still_goes_on(system):
    phone = system.phone("8003")
    system.agent("8001")
    system.service.post("/agents/8001/pause")
    citizen, call_id = waits(system, "12328")
    system.service.freeze()
    with fresh_ami(system) as ami:
        ami.action("QueueAdd", Queue="city-12328", Interface="PJSIP/8003")
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    phone.wait_event("CALL_ESTABLISHED")
    system.service.thaw()
    system.service.post("/agents/8001/ready")
    mark = system.service.mark()
    phone.hangup()
    call = ended(system, call_id, mark)
    assert citizen.wait(20).ended_by_far_end
    assert (call["agent"], call["outcome"]) == ("8003", "answered")
    assert "turn" not in [event["kind"] for event in call["events"]]
