"""A supervisor on a call of a real switch: who hears whom in each mode, and who has the citizen then."""

import pytest

from tests.pbx.conversing import ACCEPTS
from tests.pbx.scene import wait_over
from tests.pbx.supervising import AGENT, BOSS, CITIZEN, SUPERVISOR, UNIT, Conversing, Supervised

HEARD = {
    "listen": {"boss": {CITIZEN, AGENT}, "agent": {CITIZEN}, "citizen": {AGENT}},
    "whisper": {"boss": {CITIZEN, AGENT}, "agent": {CITIZEN, BOSS}, "citizen": {AGENT}},
    "barge": {"boss": {CITIZEN, AGENT}, "agent": {CITIZEN, BOSS}, "citizen": {AGENT, BOSS}},
}
"""In the order of looking: what the supervisor hears, or the agent of a whisper, tells that it has begun."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("supervision")) as conversing:
        yield conversing


@pytest.fixture
def conversing(whole):
    yield whole
    whole.rest()


@pytest.mark.parametrize("mode", HEARD)
def test_each_mode_is_heard_by_those_whom_it_is_for_and_by_nobody_else(conversing, mode):
    supervised = Supervised(conversing).takes_part(mode)
    supervised.wait_hear(**HEARD[mode])
    assert (supervised.view["state"], supervised.view["mode"]) == ("listening", mode)


def test_the_mode_is_changed_while_listening_and_each_change_is_kept_with_who_and_when(conversing):
    supervised = Supervised(conversing).takes_part()
    for mode in ("whisper", "barge", "listen"):
        supervised.order(mode)
        supervised.wait_hear(**HEARD[mode])
    changes = [(each["what"], each["by"]) for each in supervised.view["changes"]]
    assert changes == [(w, SUPERVISOR) for w in ("listen", "answered", "whisper", "barge", "listen")]


def test_who_stops_is_let_go_without_wrap_up_and_the_others_talk_on(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.order("stop")
    supervised.boss.wait_event("CALL_CLOSED", 15)
    supervised.wait("ended")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})
    assert supervised.service.agent(SUPERVISOR)["state"] == "logged_out"


def test_listening_ends_with_the_agents_call(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.talk.phone.hangup()
    supervised.boss.wait_event("CALL_CLOSED", 15)
    supervised.wait("ended")
    assert supervised.view["state"] == "over"


def test_a_supervisor_who_does_not_answer_is_noted_and_nobody_is_disturbed(conversing):
    supervised = Supervised(conversing)
    supervised.order("listen")
    supervised.boss.wait_event("CALL_INCOMING", 15)
    supervised.boss.hangup()
    supervised.wait("not_reached")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})
    assert supervised.view["ended_why"] == "not_reached"


def test_a_three_way_call_is_listened_to_as_well(conversing):
    conversing.unit("listened-to", ACCEPTS, short_code="941")
    supervised = Supervised(conversing).takes_part()
    supervised.talk.ask("listened-to", mode="at_once")
    supervised.talk.wait("joined")
    supervised.wait_hear(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT}, boss={CITIZEN, AGENT, UNIT})
    supervised.order("whisper")
    supervised.wait_hear(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT, BOSS})


def test_a_supervisor_takes_the_citizen_over_and_the_agents_leg_ends_with_wrap_up(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    supervised.order("take-over")
    supervised.wait("taken")
    supervised.talk.phone.wait_event("CALL_CLOSED", 15)
    supervised.wait_hear(citizen={BOSS}, boss={CITIZEN})
    supervised.service.wait_agent("8001", "wrap_up")
    assert supervised.service.agent(SUPERVISOR)["state"] == "talking"
    assert supervised.view["taken_at"] is not None


def test_after_a_take_over_the_ledger_gives_each_their_own_time_and_the_recording_goes_on(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.order("take-over")
    supervised.wait("taken")
    supervised.wait_hear(citizen={BOSS})
    supervised.boss.hangup()
    call = wait_over(supervised.talk)
    assert (call["agent"], call["outcome"]) == (SUPERVISOR, "answered")
    own, its = (call["talk_seconds_by_agent"][each] for each in ("8001", SUPERVISOR))
    assert min(own, its) > 0
    assert own + its == pytest.approx(call["talk_seconds"], abs=0.05)
    assert {segment["file"] for segment in call["segments"]} == {call["recording"]}
    supervised.service.wait_agent(SUPERVISOR, "wrap_up", supervised.mark)


def test_a_take_over_whose_supervisor_has_just_gone_leaves_the_citizen_with_the_agent(conversing):
    supervised = Supervised(conversing)
    supervised.order("listen")
    answer = supervised.service.http.post(
        f"/supervision/{supervised.talk.call_id}/take-over", json={"by": SUPERVISOR}
    )
    assert answer.status_code == 409
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})


def test_a_room_without_a_supervisor_leads_the_citizen_back_to_an_agent(conversing):
    supervised = Supervised(conversing)
    mark = supervised.service.mark()  # after the call's own way into the queue
    supervised.redirect(supervised.talk.call_id, "supervision-citizen", "999999999")
    supervised.talk.phone.wait_event("CALL_CLOSED", 15)
    again = supervised.service.wait_event("queued", mark, call_id=supervised.talk.call_id)
    assert again is not None


def test_a_redirect_that_was_torn_begins_at_the_first_step(conversing):
    supervised = Supervised(conversing).takes_part()
    supervised.redirect(supervised.leg, "supervision-whisper", "900000001", "37")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN, BOSS})
