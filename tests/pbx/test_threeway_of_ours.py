"""A unit in a call that we placed: the agent has called a citizen from the work list."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.conversing import ACCEPTS, AGENT, CITIZEN, UNIT, VOICES, Conversing
from tests.pbx.hearing import Unit, wait_hears

NUMBER = "13700190001"
ANSWERS = Behaviour(ring_ms=100, answer=True, voice="tone", hertz=CITIZEN)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    city = Conversing(tmp_path_factory.mktemp("ours"))
    try:
        yield city.start()
    finally:
        city.stop()


def call_a_citizen(city):
    """Let agent 8001 call a citizen about a case; return the phone and the call's id."""
    service = city.service
    service.post("/revisits/pause", reason="test")
    service.http.put("/cases/R-1", json={"numbers": [NUMBER], "open": True}).raise_for_status()
    revisit = service.post("/cases/R-1/reply", at="2026-11-24T01:00:00+08:00", contact="电话告知")
    city.far_end.plan(NUMBER, [ANSWERS])
    phone = city.system.agent("8001", tone=AGENT)
    mark = service.mark()
    call_id = service.post(f"/revisits/{revisit['id']}/call", agent="8001")["call_id"]
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    service.wait_event("answered", mark, call_id=call_id)
    wait_hears(phone, {CITIZEN}, of=VOICES)
    return phone, call_id, mark


def test_all_three_hear_each_other_and_the_citizen_may_be_left_with_the_unit(city):
    [number] = city.unit("water", ACCEPTS, short_code="901")
    phone, call_id, mark = call_a_citizen(city)
    city.service.post("/threeway", call_id=call_id, unit="water", mode="at_once")
    city.service.wait_event("threeway", mark, call_id=call_id, what="joined")
    wait_hears(phone, {CITIZEN, UNIT}, of=VOICES)
    wait_hears(Unit(city.far_end, NUMBER), {AGENT, UNIT}, of=VOICES)
    city.service.post(f"/threeway/{call_id}/leave")
    wait_hears(Unit(city.far_end, number), {CITIZEN}, of=VOICES)
