"""Asterisk dies in a conversation; the connection is lost, the service stands still, the disk is full."""

import httpx
import pytest

from tests.pbx.conversing import AGENT, CITIZEN, MUSIC, UNIT
from tests.pbx.threeway_kills import ALL, Killed, talking


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Killed(tmp_path_factory.mktemp("faults"))
    try:
        yield found.start()
    finally:
        found.stop()


@pytest.fixture
def killed(running):
    yield running
    running.rest()


@pytest.fixture(params=["the switch alone", "both"])
def dead(killed, request):
    """A conversation whose switch died, with or without the service, once both run again."""
    scene = talking(killed)
    if request.param == "both":
        killed.service.kill()
    killed.switch.kill()
    killed.switch.restart()
    if request.param == "both":
        killed.service.start()
    killed.service.wait_ready()
    killed.wait_over()
    return scene


def test_a_conversation_whose_switch_dies_is_interrupted_and_leaves_nobody(killed, dead):
    view = dead.talk.view
    assert (view["state"], view["ended_why"]) == ("ended", "interrupted")
    assert {each["state"] for each in view["participants"]} == {"gone"}
    assert killed.legs() == {}


def test_the_ledger_closes_its_call_and_the_citizen_is_to_be_called_back(killed, dead):
    call = killed.service.only_call(dead.talk.citizen.caller)
    returns = killed.service.get("/returns")
    assert call["outcome"] == "interrupted"
    assert call["id"] in [each["call_id"] for each in returns]


def test_its_agent_is_free_again(killed, dead):
    state = killed.service.agent(dead.talk.agent)["state"]
    assert state in {"ready", "wrap_up", "logged_out"}


def test_who_leaves_while_the_connection_is_lost_is_missed_after_it(killed):
    scene = talking(killed)
    killed.service.freeze()
    killed.lose_ami()
    scene.leave("unit")
    killed.service.thaw()
    scene.talk.wait("units_left")
    scene.wait_hear({"citizen": {AGENT}, "agent": {CITIZEN}})


def test_who_leaves_while_the_service_stands_still_is_heard_of_when_it_goes_on(killed):
    scene = talking(killed)
    killed.service.freeze()
    scene.leave("citizen")
    killed.service.thaw()
    scene.talk.wait("citizen_left")
    assert scene.talk.state == "debrief"


def test_a_command_on_a_full_disk_is_refused_and_moves_nobody_until_there_is_room(killed):
    scene = talking(killed)
    killed.service.fill_disk()
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        scene.talk.do("hold", party="citizen")
    assert refusal.value.response.status_code == 503
    scene.wait_hear(ALL)
    killed.service.make_room()
    scene.wait_hear({"citizen": {MUSIC}, "agent": {UNIT}, "unit": {AGENT}})
    assert scene.talk.state == "consulting"
