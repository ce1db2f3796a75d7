"""After a kill of the service what was under way in a three-way call is finished, and who left is missed."""

import pytest

from tests.pbx.conversing import AGENT, CITIZEN, COLLEAGUE, UNIT
from tests.pbx.threeway_kills import (
    ALL,
    PATIENT,
    Killed,
    coming_back,
    consulting,
    debrief,
    handing_over,
    hearing,
    left,
    ringing,
    talking,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Killed(tmp_path_factory.mktemp("aftermath"), **PATIENT)
    try:
        yield found.start()
    finally:
        found.stop()


@pytest.fixture
def killed(running):
    yield running
    running.rest()


def test_a_ring_goes_on_over_a_kill_and_who_answers_then_is_asked_and_let_in(killed):
    scene = ringing(killed)
    killed.kill_and_start()
    killed.far_end.answer(scene.number)
    killed.press_until(scene.number, "1", scene.talk, "consulted")
    scene.wait_hear({"agent": {UNIT}, "unit": {AGENT}})


def test_who_hears_the_question_when_the_service_dies_is_asked_again_and_let_in(killed):
    scene = hearing(killed)
    killed.service.kill()
    killed.far_end.press(scene.number, "1")
    killed.come_back()
    killed.press_until(scene.number, "1", scene.talk, "consulted")
    scene.wait_hear({"agent": {UNIT}, "unit": {AGENT}})


def test_an_agent_whose_phone_rings_when_the_service_dies_comes_back(killed):
    scene = coming_back(killed)
    killed.kill_and_start()
    scene.talk.phone.answer()
    scene.talk.wait("agent_joined")
    scene.wait_hear(ALL)


def test_a_colleague_who_answers_while_the_service_is_dead_takes_over(killed):
    scene = handing_over(killed)
    killed.service.kill()
    scene.colleague.answer()
    scene.colleague.wait_event("CALL_ESTABLISHED")
    killed.come_back()
    scene.talk.phone.wait_event("CALL_CLOSED")
    scene.wait_hear({"citizen": {COLLEAGUE, UNIT}, "unit": {CITIZEN, COLLEAGUE}})
    assert scene.talk.view["agent"] == "8002"


LEAVING = [
    (talking, "citizen", "citizen_left", "debrief"),
    (talking, "agent", "agent_left", "left"),
    (talking, "unit", "units_left", "pair"),
    (ringing, "citizen", "citizen_left", "ended"),
    (debrief, "unit", "units_left", "ended"),
]


@pytest.mark.parametrize(
    ("stage", "who", "what", "state"), LEAVING, ids=lambda each: getattr(each, "__name__", each)
)
def test_who_leaves_while_the_service_is_dead_is_missed_at_its_start(killed, stage, who, what, state):
    scene = stage(killed)
    killed.service.kill()
    scene.leave(who)
    killed.come_back()
    scene.talk.wait(what)
    assert scene.talk.state == state


def test_a_citizen_whom_the_last_one_leaves_is_on_the_way_to_a_person_without_the_service(killed):
    scene = left(killed)
    killed.service.kill()
    scene.leave("unit")
    scene.wait_in("inbound")
    killed.come_back()
    scene.talk.wait("units_left")
    assert scene.talk.state == "returned"
    places = killed.legs().values()  # with app_queue, or in the waiting room again
    assert [place for place in places if place == "inbound" or place.startswith("waiting")]


def test_a_citizen_on_music_comes_into_the_room_when_the_service_stays_silent(killed):
    scene = consulting(killed)
    scene.wait_in("threeway-citizen-waits")
    killed.service.kill()
    scene.wait_out_of("threeway-citizen-waits", seconds=90)  # two questions, each after music
    scene.wait_hear(ALL)
    killed.come_back()
