"""Agents' states against the real app_queue: commands, feature codes, missed rings, wrap-up, restarts."""

import pytest

from tests.pbx.calls import call_through, ended


def members(system):
    return system.members("8001")


def skills(system):
    return {*system.switch.config.agents["8001"].skills, "agent-8001"}


def post(system, what, **body):
    return system.service.post(f"/agents/8001/{what}", **body)


def test_login_makes_the_agent_a_member_of_every_queue_of_their_skills(system):
    assert members(system) == {}
    post(system, "login")
    assert members(system) == dict.fromkeys(skills(system), (False, ""))


def test_a_pause_with_a_reason_holds_in_every_queue(system):
    post(system, "login")
    post(system, "pause", reason="meal")
    assert members(system) == dict.fromkeys(skills(system), (True, "meal"))


def test_logout_takes_the_agent_out_of_every_queue(system):
    post(system, "login")
    post(system, "logout")
    assert members(system) == {}


@pytest.mark.parametrize(
    ("codes", "state", "reason"),
    [
        (["*31"], "ready", None),
        (["*31", "*33"], "paused", "rest"),
        (["*31", "*332"], "paused", "meal"),
        (["*31", "*33", "*34"], "ready", None),
        (["*31", "*32"], "logged_out", None),
    ],
)
def test_feature_codes_on_the_phone_change_the_state(system, codes, state, reason):
    phone = system.phone("8001")
    for code in codes:
        phone.dial(code)
        phone.wait_event("CALL_CLOSED")
    view = system.service.agent("8001")
    assert (view["state"], view["reason"]) == (state, reason)


def test_a_feature_code_is_no_call_in_the_ledger(system):
    before = len(system.service.get("/calls"))
    phone = system.phone("8001")
    phone.dial("*31")
    phone.wait_event("CALL_CLOSED")
    assert len(system.service.get("/calls")) == before


def test_an_agents_phone_can_dial_no_trunk_and_no_colleague(system):
    phone = system.phone("8001")
    for number in ("13800000000", "8002", "12345"):
        phone.dial(number)
        assert "404" in phone.wait_event("CALL_CLOSED")["param"]


def test_three_missed_rings_in_a_row_pause_the_agent_and_raise_an_alarm(system):
    phone = system.agent("8001")
    mark = system.service.mark()
    system.citizen("12315")
    for _ in range(3):
        phone.wait_event("CALL_INCOMING")
        phone.hangup()  # rejected, as good as missed
    event = system.service.wait_event("agent", mark, to="paused")
    assert event["data"]["reason"] == "missed-rings"
    # On some days of a month every centre is reminded of its leader day as well.
    alarms = [each for each in system.service.get("/alarms") if each["subject"].isdigit()]
    assert [(a["kind"], a["subject"]) for a in alarms] == [("missed-rings", "8001")]
    assert members(system) == dict.fromkeys(skills(system), (True, "missed-rings"))
    system.service.post(f"/alarms/{alarms[0]['id']}/acknowledge")


def test_wrap_up_is_honoured_over_all_queues_until_its_timer_ends(system):
    mark = system.service.mark()
    phone, _, call_id = call_through(system, "12315")
    phone.hangup()
    ended(system, call_id, mark)
    assert system.service.wait_agent("8001", "wrap_up")["wrap_up_until"] is not None
    system.citizen("12328")
    waiting = system.service.wait_event("queued", mark, queue="city-12328")
    over = system.service.wait_event("agent", mark, **{"from": "wrap_up", "to": "ready"})
    offered = system.service.wait_event("offered", waiting["id"], call_id=waiting["call_id"])
    assert offered["at"] > over["at"]


def test_a_pause_asked_for_in_a_call_comes_after_it(system):
    phone, _, call_id = call_through(system)
    mark = system.service.mark()
    assert post(system, "pause", reason="rest")["state"] == "talking"
    phone.hangup()
    ended(system, call_id, mark)
    post(system, "ready")
    assert system.service.agent("8001")["state"] == "ready"


def test_a_pause_that_a_supervisor_orders_while_the_phone_rings_comes_after_the_ring(system):
    phone = system.agent("8001")
    mark = system.service.mark()
    system.citizen("12315")
    phone.wait_event("CALL_INCOMING")
    call_id = system.service.wait_event("offered", mark)["call_id"]
    order = {"by": "8005", "why": "换班", "reason": "meeting"}
    assert system.service.post("/supervision/agents/8001/pause", **order)["state"] == "ringing"
    phone.hangup()  # rejected, as good as missed
    told = system.service.wait_event("agent", mark, agent="8001", to="paused")
    assert told["data"]["reason"] == "meeting"
    assert members(system) == dict.fromkeys(skills(system), (True, "meeting"))
    system.agent("8002")
    offered = system.service.wait_event("offered", told["id"], call_id=call_id)
    assert offered["agent"] == "8002"


def test_states_are_put_back_into_the_switch_after_it_was_killed(system):
    post(system, "login")
    post(system, "pause", reason="training")
    system.switch.kill()
    system.switch.start()
    system.service.wait_ready()
    assert members(system) == dict.fromkeys(skills(system), (True, "training"))


def test_states_survive_a_kill_of_the_service(system):
    post(system, "login")
    post(system, "pause", reason="training")
    system.service.kill()
    system.service.start()
    view = system.service.agent("8001")
    assert (view["state"], view["reason"]) == ("paused", "training")
    assert members(system) == dict.fromkeys(skills(system), (True, "training"))


def test_a_member_that_somebody_else_removed_is_put_back_when_the_service_starts(system):
    post(system, "login")
    system.service.kill()
    system.switch.cli("queue remove member PJSIP/8001 from city-12315")
    system.service.start()
    assert members(system) == dict.fromkeys(skills(system), (False, ""))


def test_the_service_killed_in_a_talk_finds_the_agent_talking_and_then_in_wrap_up(system):
    phone, _, call_id = call_through(system)
    system.service.kill()
    system.service.start()
    assert system.service.agent("8001")["state"] == "talking"
    mark = system.service.mark()
    phone.hangup()
    assert ended(system, call_id, mark)["outcome"] == "answered"
    system.service.wait_agent("8001", "wrap_up")


def test_a_talk_that_ended_while_the_service_was_dead_is_over_for_the_agent_and_in_the_ledger(system):
    phone, citizen, call_id = call_through(system)
    system.service.kill()
    phone.hangup()
    citizen.wait()
    system.service.start()
    call = system.service.get(f"/calls/{call_id}")
    assert (call["state"], call["outcome"], call["ended_by"]) == ("ended", "answered", "agent")
    assert system.service.agent("8001")["state"] == "wrap_up"
