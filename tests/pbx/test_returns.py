"""Who gave up waiting is called back when the turn comes, and once only, whatever breaks."""

from contextlib import suppress

import httpx
import pytest

from telephony.building.death_point import DIE_AT
from tests.pbx.hearing import said
from tests.pbx.returning import ANSWERS, BUSY, RINGS_ON, Returning


@pytest.fixture(scope="module", params=["agent_first", "citizen_first"])
def house(request, tmp_path_factory):
    running = Returning(tmp_path_factory.mktemp(request.param), request.param)
    running.order = request.param
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def returning(house):
    yield house
    house.system.hang_up()
    house.system.log_everybody_out()


def test_who_gave_up_is_called_back_when_an_agent_is_ready_and_the_talk_closes_it(returning):
    number, lost = returning.loses(ANSWERS)
    mark = returning.service.mark()
    phone = returning.system.agent("8001")
    phone.wait_event("CALL_INCOMING", 30)
    offered = returning.service.wait_event("return_offered", mark, agent="8001")
    assert (offered["data"]["kind"], offered["data"]["why"]) == ("return", "abandoned")
    phone.answer()
    answered = returning.service.wait_event("answered", mark, agent="8001")
    returning.service.wait_event("return_closed", mark, call_id=lost)
    call = returning.service.get(f"/calls/{answered['call_id']}")
    assert (call["direction"], call["marks"], call["caller_number"]) == ("outbound", ["return"], number)
    shown = returning.shown(lost)
    assert (shown["closed_by"], returning.rung(number)) == ("rules", 1)
    assert [each["id"] for each in shown["attempts"]] == [call["id"]]
    returning.far_end.hang_up(number)
    returning.service.wait_event("ended", mark, call_id=call["id"])
    returning.service.wait_agent("8001", "ready", mark)


def test_who_presses_the_key_keeps_the_place_is_let_go_and_called_back(returning):
    number, call_id, citizen = returning.keeps_the_place(ANSWERS)
    mark = returning.service.mark()
    shown = returning.shown(call_id)
    assert (shown["number"], shown["why"]) == (number, "kept")
    assert returning.service.get(f"/calls/{call_id}")["outcome"] == "kept"
    assert citizen.wait(30).ended_by_far_end
    assert said(citizen.hears(None), returning.hertz("return-kept"))
    phone = returning.system.agent("8001")
    phone.wait_event("CALL_INCOMING", 30)
    phone.answer()
    returning.service.wait_event("return_closed", mark, call_id=call_id)
    assert returning.rung(number) == 1
    returning.far_end.hang_up(number)
    returning.service.wait_agent("8001", "ready")


def test_who_is_not_reached_is_called_again_and_left_to_a_person_in_the_end(returning):
    number, lost = returning.loses(BUSY)
    mark = returning.service.mark()
    phone = returning.system.agent("8001", auto_answer=True)
    told = returning.service.wait_event("return_given_up", mark, timeout=60, call_id=lost)
    assert told["data"]["why"] == "attempts"
    shown = returning.shown(lost)
    assert (shown["state"], shown["tries"]) == ("given_up", 2)
    assert [each["state"] for each in shown["attempts"]] == ["busy", "busy"]
    assert returning.rung(number) == 2
    assert phone is not None
    returning.end(lost)


def test_a_citizen_on_the_line_who_has_waited_longer_goes_first(returning):
    mark = returning.service.mark()
    returning.system.citizen("12315")
    waiting = returning.service.wait_event("queued", mark)["call_id"]
    number, lost = returning.loses(ANSWERS)
    phone = returning.system.agent("8001")
    phone.wait_event("CALL_INCOMING", 30)
    phone.answer()
    first = returning.service.wait_event("answered", mark)
    assert (first["call_id"], returning.rung(number)) == (waiting, 0)
    returning.end(lost)


def test_a_citizen_on_the_line_who_came_later_goes_after_it(returning):
    number, lost = returning.loses(ANSWERS)
    mark = returning.service.mark()
    returning.system.citizen("12315")
    waiting = returning.service.wait_event("waits", mark)["call_id"]
    phone = returning.system.agent("8001")
    phone.wait_event("CALL_INCOMING", 30)
    phone.answer()
    first = returning.service.wait_event("answered", mark)
    assert returning.service.get(f"/calls/{first['call_id']}")["caller_number"] == number
    assert waiting in [each["call_id"] for each in returning.service.get("/waiting")]
    returning.service.wait_event("return_closed", mark, call_id=lost)


@pytest.mark.parametrize("point", ["after_reserved", "after_dialling_committed", "after_originate_sent"])
def test_a_service_that_dies_on_the_way_rings_nobody_twice_and_forgets_nobody(returning, point):
    number, lost = returning.loses(RINGS_ON)
    returning.service.kill()
    returning.service.start(environment={DIE_AT: point})
    returning.system.phone("8001", auto_answer=True)
    with suppress(httpx.TransportError):  # it may die before it answers
        returning.system.agent("8001")
    returning.service.wait_killed()
    assert returning.rung(number) <= 1
    returning.system.unplug("8001")
    returning.service.start()
    shown = returning.shown(lost)
    assert shown["closed_at"] is None
    sent = [each for each in shown["attempts"] if each["started_at"]]
    assert returning.rung(number) <= len(sent)
    assert "unanswered" not in {each["state"] for each in shown["attempts"]}
    returning.end(lost)
