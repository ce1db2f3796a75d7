"""What citizens say, and what people do: surveys, redos, calls back and calls by hand on a real switch."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.calls import ended
from tests.pbx.revisiting import Revisiting

ANSWERS = Behaviour(ring_ms=100, answer=True)


@pytest.fixture(scope="module")
def revisiting(tmp_path_factory):
    running = Revisiting(tmp_path_factory.mktemp("answers"), survey={"key_seconds": 4, "asks": 1})
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def _nobody_left(revisiting):
    yield
    revisiting.system.hang_up()
    revisiting.system.log_everybody_out()


@pytest.mark.parametrize(
    ("key", "verdict"), [("1", "satisfied"), ("2", "basically_satisfied"), ("3", "dissatisfied")]
)
def test_a_key_is_the_citizens_verdict(revisiting, key, verdict):
    name, number = revisiting.case(ANSWERS)
    revisiting.press_until_over(number, key)
    shown = revisiting.wait_verdict(name)
    assert (shown["verdict"], shown["attempts"][0]["state"]) == (verdict, "answered")


def test_dissatisfied_begins_a_new_round_and_the_platform_is_told(revisiting):
    name, number = revisiting.case(ANSWERS)
    revisiting.press_until_over(number, "3")
    revisiting.wait_verdict(name)
    news = revisiting.service.get("/outbox", limit=1000)["items"]
    told = [(each["topic"], each["payload"]["round"]) for each in news if each["payload"]["case"] == name]
    assert told == [("revisit_decided", 1), ("redo", 2)]
    revisiting.reply(name)
    revisiting.press_until_over(number, "1", nth=2)
    assert revisiting.wait_verdict(name, "satisfied")["round"] == 2


def test_who_answers_and_presses_nothing_is_called_by_a_person(revisiting):
    name, _ = revisiting.case(ANSWERS)
    assert revisiting.wait_verdict(name)["verdict"] == "contacted_unrated"
    listed = revisiting.service.get("/revisits/worklist", kind="contacted_unrated", limit=1000)
    assert name in [each["revisit"]["case_number"] for each in listed]


def test_a_machine_is_no_contact_and_is_called_again_in_another_band(revisiting):
    name, _ = revisiting.case(Behaviour(ring_ms=100, answer=True, voice="machine"))
    shown = revisiting.wait_settled(name)
    assert [(a["state"], a["counts"]) for a in shown["attempts"]] == [("unreachable", False)]


def test_a_dissatisfied_citizen_who_wants_a_person_reaches_an_agent_first(revisiting):
    phone, mark = revisiting.system.agent("8001", auto_answer=True), revisiting.service.mark()
    name, number = revisiting.case(ANSWERS)
    revisiting.press_until(number, "3", lambda: revisiting.has_evidence(name, "rated"))
    revisiting.press_until(number, "0", lambda: revisiting.has_evidence(name, "person"))
    assert revisiting.service.wait_event("answered", mark)["agent"] == "8001"
    phone.hangup()
    assert revisiting.wait_verdict(name)["verdict"] == "dissatisfied"


def test_a_citizen_who_calls_back_is_taken_to_an_agent_and_no_machine_calls_again(revisiting):
    name, number = revisiting.case(Behaviour(alerting=180, ring_ms=100, final=486))
    revisiting.wait_settled(name)
    phone, mark = revisiting.system.agent("8001"), revisiting.service.mark()
    revisiting.system.citizen("12315", caller=number)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    call_id = revisiting.service.wait_event("answered", mark)["call_id"]
    phone.hangup()
    call = ended(revisiting.system, call_id, mark)
    shown = revisiting.shown(name)
    assert ("revisit" in call["marks"], shown["verdict"]) == (True, "contacted_unrated")


def test_a_citizen_who_calls_back_may_choose_the_survey(revisiting):
    name, number = revisiting.case(Behaviour(alerting=180, ring_ms=100, final=486))
    revisiting.wait_settled(name)
    citizen = revisiting.system.citizen("12315", caller=number)
    citizen.wait_answered()
    revisiting.press_until("", "1", lambda: revisiting.shown(name)["verdict"] == "satisfied", citizen.press)


def test_a_person_calls_from_the_work_list_the_agent_first_and_records_what_was_said(revisiting):
    name, number = revisiting.case(Behaviour(ring_ms=100, answer=True, hang_up_after_ms=100))
    shown = revisiting.wait_verdict(name, "contacted_unrated")
    revisiting.far_end.plan(number, [Behaviour(ring_ms=100, answer=True, voice="tone")])
    phone, mark = revisiting.system.agent("8001"), revisiting.service.mark()
    placed = revisiting.service.post(f"/revisits/{shown['id']}/call", agent="8001")
    phone.wait_event("CALL_INCOMING")
    invited = [event for event in revisiting.far_end.events if event[:2] == ["invited", number]]
    phone.answer()
    revisiting.service.wait_event("answered", mark, call_id=placed["call_id"])
    phone.hangup()
    call = ended(revisiting.system, placed["call_id"], mark)
    revisiting.service.post(f"/revisits/{shown['id']}/result", result="satisfied", by="8001", note="电话回访")
    assert (len(invited), call["direction"], call["agent"]) == (1, "outbound", "8001")
    assert revisiting.shown(name)["verdict"] == "satisfied"
