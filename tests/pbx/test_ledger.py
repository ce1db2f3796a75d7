"""The ledger under kill -9 of either side, and full disks: no call is lost, none talks for ever."""

from tests.pbx.calls import call_through, ended


def test_a_call_that_came_and_went_while_the_service_was_dead_is_in_the_ledger(system):
    phone = system.agent("8001", auto_answer=True)
    system.service.kill()
    citizen = system.citizen("12315", caller="13822220001")
    phone.wait_event("CALL_ESTABLISHED")
    citizen.hangup()
    assert citizen.wait().answered
    system.service.start()
    call = system.service.only_call("13822220001")
    assert (call["called_number"], call["centre"], call["queue"]) == ("12315", "city", "city-12345")
    assert (call["outcome"], call["ended_by"], call["agent"]) == ("answered", "citizen", "8001")
    assert "fallback" in [event["kind"] for event in call["events"]]


def test_calls_of_a_killed_switch_are_ended_as_interrupted(system):
    mark = system.service.mark()
    _, _, talking = call_through(system)
    system.citizen("12333")
    waiting = system.service.wait_event("queued", mark, queue="city-12333")["call_id"]
    system.switch.kill()
    system.switch.start()
    for call_id in (talking, waiting):
        call = ended(system, call_id, mark)
        assert (call["state"], call["outcome"], call["ended_by"]) == ("ended", "interrupted", "switch")
    assert system.service.wait_agent("8001", "wrap_up")


def test_a_citizen_whom_a_killed_switch_cut_off_is_to_be_called_back(system):
    mark = system.service.mark()
    _, _, call_id = call_through(system, caller="13822220007")
    system.switch.kill()
    system.switch.start()
    system.service.wait_event("return_opened", mark, call_id=call_id)
    (owed,) = [each for each in system.service.get("/returns") if each["call_id"] == call_id]
    assert (owed["number"], owed["why"]) == ("13822220007", "interrupted")


def test_a_switch_and_a_service_killed_together_leave_no_call_talking(system):
    _, _, talking = call_through(system)
    system.service.kill()
    system.switch.kill()
    system.switch.start()
    system.service.start()
    call = system.service.get(f"/calls/{talking}")
    assert (call["state"], call["outcome"]) == ("ended", "interrupted")


def test_a_call_that_lives_through_a_kill_of_the_service_is_told_as_one_story(system):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system)
    system.service.kill()
    system.service.start()
    phone.hangup()
    citizen.wait()
    call = ended(system, call_id, mark)
    kinds = [event["kind"] for event in call["events"] if event["kind"] != "agent"]
    assert len(kinds) == len(set(kinds))
    assert (call["outcome"], call["ended_by"]) == ("answered", "agent")
