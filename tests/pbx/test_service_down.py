"""The service dies, freezes or is slow under real calls: every citizen reaches a person all the same."""

from tests.pbx.calls import ended


def test_the_service_frozen_under_a_call_costs_the_caller_two_seconds_and_no_more_than_an_apology(system):
    phone = system.agent("8001")
    system.service.freeze()
    citizen = system.citizen("12328")
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    citizen.wait_answered()
    phone.wait_event("CALL_ESTABLISHED")
    system.service.thaw()
    phone.hangup()
    assert citizen.wait().ended_by_far_end
    call = system.service.only_call(citizen.caller)
    assert (call["queue"], call["outcome"]) == ("city-12345", "answered")
    assert call["route_reason"].startswith("the service did not answer")


def test_calls_that_wait_when_the_service_is_killed_are_served_and_told(system):
    mark = system.service.mark()
    callers = [system.citizen("12315") for _ in range(3)]
    for _ in callers:
        mark = system.service.wait_event("queued", mark)["id"]
    phone = system.agent("8001")
    system.service.kill()
    for _ in callers:
        phone.wait_event("CALL_INCOMING")
        phone.answer()
        phone.wait_event("CALL_ESTABLISHED")
        phone.hangup()
    for citizen in callers:
        assert citizen.wait().ended_by_far_end
    system.service.start()
    outcomes = [system.service.only_call(citizen.caller)["outcome"] for citizen in callers]
    assert outcomes == ["answered"] * 3


def test_a_feature_code_dialled_while_the_service_is_dead_says_that_it_did_not_work(system):
    phone = system.phone("8001")
    system.service.kill()
    phone.dial("*31")
    phone.wait_event("CALL_ESTABLISHED")
    phone.wait_event("CALL_CLOSED")
    system.service.start()
    assert system.service.agent("8001")["state"] == "logged_out"


def test_nobody_at_work_leaves_the_caller_waiting_and_the_abandoned_call_on_record(system):
    mark = system.service.mark()
    citizen = system.citizen("12315")
    call_id = system.service.wait_event("queued", mark)["call_id"]
    citizen.hangup()
    citizen.wait()
    assert ended(system, call_id, mark)["outcome"] == "abandoned"


def test_a_queue_that_the_switch_does_not_know_is_passed_over_for_the_default_queue(system):
    generated = system.switch.paths.asterisk / "etc" / "queues.d" / "90-generated.conf"
    before = generated.read_text()
    generated.write_text(before.replace("[city-12315]", "[unheard-of]"))
    system.switch.cli("queue reload all")
    try:
        phone, mark = system.agent("8003"), system.service.mark()  # who serves the default queue alone
        citizen = system.citizen("12315")
        system.service.wait_event("waits", mark)
        system.service.kill()
        phone.wait_event("CALL_INCOMING")
        phone.answer()
        phone.wait_event("CALL_ESTABLISHED")
        phone.hangup()
        system.service.start()
        call = system.service.only_call(citizen.caller)
        assert "overflow" in [event["kind"] for event in call["events"]]
        assert (call["queue"], call["agent"]) == ("city-12345", "8003")
    finally:
        generated.write_text(before)
        system.switch.cli("queue reload all")


def test_a_full_disk_lets_callers_through_and_their_calls_are_told_when_there_is_room_again(system):
    phone = system.agent("8001")
    system.service.fill_disk()
    citizen = system.citizen("12328")
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    phone.wait_event("CALL_ESTABLISHED")
    phone.hangup()
    assert citizen.wait().ended_by_far_end
    assert system.service.health() == 503
    system.service.make_room()
    call = system.service.only_call(citizen.caller)
    assert (call["outcome"], call["queue"]) == ("answered", "city-12345")
    assert system.service.wait_agent("8001", "wrap_up")
