"""What ends, or breaks, while a supervisor takes part: the others talk on, or the call is properly over."""

import pytest

from tests.pbx.conversing import MUSIC
from tests.pbx.scene import wait_over
from tests.pbx.supervising import AGENT, BOSS, CITIZEN, SUPERVISOR, Conversing, Supervised


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("ends")) as conversing:
        yield conversing


@pytest.fixture
def conversing(whole):
    yield whole
    whole.rest()


def test_an_agent_who_hangs_up_during_a_whisper_ends_the_call_and_the_supervisors_part(conversing):
    supervised = Supervised(conversing).takes_part("whisper")
    supervised.wait_hear(agent={CITIZEN, BOSS}, citizen={AGENT})
    supervised.talk.phone.hangup()
    supervised.boss.wait_event("CALL_CLOSED", 15)
    supervised.wait("ended")
    call = wait_over(supervised.talk)
    assert (call["agent"], call["outcome"]) == ("8001", "answered")
    assert supervised.service.agent(SUPERVISOR)["state"] == "logged_out"


def test_a_citizen_who_hangs_up_while_listened_to_leaves_nobody_on_the_line(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    supervised.talk.citizen.hangup()
    supervised.talk.phone.wait_event("CALL_CLOSED", 15)
    supervised.boss.wait_event("CALL_CLOSED", 15)
    supervised.wait("ended")
    assert wait_over(supervised.talk)["ended_by"] == "citizen"
    supervised.service.wait_agent("8001", "wrap_up", supervised.mark)


def test_a_supervisors_phone_that_dies_during_a_barge_leaves_the_two_to_each_other(conversing):
    supervised = Supervised(conversing).takes_part("barge")
    supervised.wait_hear(citizen={AGENT, BOSS}, agent={CITIZEN, BOSS})
    supervised.boss.kill()
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})
    supervised.order("stop")
    supervised.wait("ended")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})
    conversing.system.unplug(SUPERVISOR)


@pytest.mark.parametrize("ordered", ["logout", "pause"])
def test_an_agent_who_is_ordered_off_during_a_call_finishes_it_and_is_heard_on(conversing, ordered):
    supervised = Supervised(conversing).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    more = {"reason": "meal"} if ordered == "pause" else {}
    supervised.service.post(f"/agents/8001/{ordered}", by=SUPERVISOR, why="test", **more)
    supervised.wait_hear(boss={CITIZEN, AGENT}, citizen={AGENT}, agent={CITIZEN})
    supervised.order("whisper")
    supervised.wait_hear(agent={CITIZEN, BOSS}, citizen={AGENT})
    supervised.talk.phone.hangup()
    supervised.wait("ended")


def test_a_supervisor_who_leaves_right_after_a_take_over_leaves_no_citizen_in_an_empty_room(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    supervised.order("take-over")
    supervised.boss.hangup()
    # Either the talk with the supervisor is over, or the citizen waits for an agent: both leave the room.
    supervised.service.wait_event("agent_left", supervised.mark, call_id=supervised.talk.call_id)
    supervised.boss.wait_event("CALL_CLOSED", 15)
    supervised.wait("ended")
    rooms = conversing.switch.cli("confbridge list")
    assert not [line for line in rooms.splitlines() if line.startswith("9")]


def enters_alone(supervised, taker):
    """Let the supervisor be in a room, and the citizen enter another one behind the look, where nobody is."""
    supervised.wait_hear(boss={CITIZEN, AGENT})
    leg, citizen = supervised.leg, supervised.talk.call_id
    supervised.redirect(leg, "supervision-takes", "900000001")
    supervised.say(citizen, "HOTLINE_TAKER", taker or leg)
    supervised.say(leg, "SHARED(HOTLINE_CITIZEN)", citizen)
    supervised.redirect(citizen, "supervision-citizen", "*900000002", "in")
    supervised.wait_hear(citizen={MUSIC})


def test_a_citizen_who_entered_the_room_as_the_supervisor_left_it_gets_back_to_an_agent(conversing):
    supervised = Supervised(conversing).takes_part()
    mark = supervised.service.mark()
    enters_alone(supervised, taker=None)
    supervised.boss.hangup()
    assert supervised.service.wait_event("queued", mark, call_id=supervised.talk.call_id) is not None


def test_a_supervisor_who_leaves_takes_nobody_out_who_is_with_another_by_now(conversing):
    supervised = Supervised(conversing).takes_part()
    enters_alone(supervised, taker="sv-another")
    supervised.boss.hangup()
    supervised.wait("ended")
    assert "supervision-citizen!*900000002" in conversing.switch.cli("core show channels concise")
