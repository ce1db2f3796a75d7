"""Whoever is in a room of no conversation is ended, a citizen taken to a person; nobody else is."""

import pytest

from tests.pbx.conversing import ACCEPTS, AGENT, CITIZEN
from tests.pbx.threeway_kills import ALL, Killed, next_code, talking

ROOM = "00009999"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Killed(tmp_path_factory.mktemp("reaper"))
    try:
        yield found.start()
    finally:
        found.stop()


@pytest.fixture
def killed(running):
    yield running
    running.rest()


def reaped(killed):
    """Return how many legs the figures tell of."""
    metrics = killed.service.http.get(killed.service.http.base_url.copy_with(path="/metrics")).text
    [value] = [
        line.split()[1]
        for line in metrics.splitlines()
        if line.startswith("hotline_threeway_legs_reaped_total ")
    ]
    return float(value)


def test_a_leg_in_a_room_of_no_conversation_is_ended_and_told_of(killed):
    code = next_code()
    [number] = killed.unit(f"stray-{code}", ACCEPTS, short_code=code)
    mark = killed.service.mark()
    where = {"Context": "threeway-unit", "Exten": ROOM, "Priority": "1", "Async": "true"}
    killed.switch.ami.action("Originate", Channel=f"PJSIP/{number}@carrier", **where)
    event = killed.service.wait_event("leg_reaped", mark, room=ROOM, timeout=60)
    assert (event["data"]["place"], event["data"]["why"]) == ("threeway-unit", "no_conversation")
    killed.far_end.wait_event("far-end-bye", number=number)


def test_a_citizen_in_a_room_of_no_conversation_is_taken_to_a_person(killed):
    talk = killed.talk()
    mark = killed.service.mark()
    killed.switch.ami.action(
        "Redirect", Channel=talk.call_id, Context="threeway-citizen", Exten=ROOM, Priority="1"
    )
    talk.phone.wait_event("CALL_CLOSED")
    killed.service.post("/agents/8001/ready")
    killed.service.wait_event("leg_reaped", mark, room=ROOM, timeout=60)
    talk.phone.wait_event("CALL_INCOMING")
    talk.phone.answer()
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})


def test_nobody_of_a_conversation_is_ended_by_many_looks(killed):
    scene = talking(killed)
    for _ in range(3):
        mark = killed.service.mark()
        killed.lose_ami()
        killed.service.wait_ready()
    scene.wait_hear(ALL)
    assert killed.service.get("/events", after=mark, kind="leg_reaped")["events"] == []
