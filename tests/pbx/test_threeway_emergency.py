"""110 on a real switch: rung until it answers, in without a key, and nobody is dropped or left before."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.asking import BUSY, PATIENT, REJECTS, SERVICE, asked_unit, states, wait_told
from tests.pbx.conversing import AGENT, CITIZEN, MUSIC, RINGS, SECOND, UNIT, VOICES, Conversing
from tests.pbx.hearing import wait_hears

COMMANDS = ("leave", "end", "drop", "hand-over")
REFUSED = "紧急服务尚未接听"


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    changes = {**PATIENT, "ask_seconds": 3}
    with Conversing(tmp_path_factory.mktemp("emergency"), **changes) as one:
        yield one


@pytest.fixture
def talk(conversing):
    yield conversing.talk()
    conversing.rest()


def police(conversing, *behaviours):
    """Let 110 be a unit of the far end; return its numbers."""
    return conversing.unit("police-110", *behaviours, short_code="110", kind="emergency")


def refused(talk, what):
    """Return the status and the words with which a command is answered."""
    body = {"agent": "8002"} if what == "hand-over" else None
    answer = talk.service.http.post(f"/threeway/{talk.call_id}/{what}", json=body)
    return answer.status_code, answer.text


def test_citizen_and_agent_talk_on_while_it_rings(conversing, talk):
    [number] = police(conversing, RINGS)
    assert talk.ask("110")["kind"] == "emergency"
    conversing.far_end.wait_event("alerting", number=number)
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})


def test_it_speaks_with_both_as_soon_as_it_answers_without_a_key(conversing, talk):
    [number] = police(conversing, SERVICE)
    talk.ask("110")
    talk.wait("joined")
    talk.wait_hears(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT})
    wait_hears(talk.unit(number), {CITIZEN, AGENT}, of=VOICES)


def test_it_sees_the_hotlines_number(conversing, talk):
    [number] = police(conversing, SERVICE)
    talk.ask("110")
    assert conversing.far_end.wait_event("invited", number=number)[2] == "12345"


def test_busy_rejected_and_ringing_out_it_is_rung_again_until_it_answers(conversing, talk):
    [number] = police(conversing, [BUSY, RINGS, REJECTS, Behaviour(ring_ms=300, final=480), SERVICE])
    talk.ask("110")
    talk.wait("joined")
    assert states(talk.view) == ["busy", "no_answer", "rejected", "no_answer", "accepted"]
    assert conversing.far_end.wait_event("invited", nth=5, number=number)


def test_its_second_number_is_rung_when_the_first_one_is_busy(conversing, talk):
    first, second = police(conversing, BUSY, SERVICE)
    talk.ask("110")
    talk.wait("joined")
    asks = talk.view["invitations"][0]["asks"]
    assert [(each["number"], each["state"]) for each in asks] == [(first, "busy"), (second, "accepted")]


@pytest.mark.parametrize("what", COMMANDS)
def test_before_it_answers_nobody_may_be_dropped(conversing, talk, what):
    police(conversing, RINGS)
    talk.ask("110")
    status, text = refused(talk, what)
    assert (status, REFUSED in text, talk.state) == (409, True, "pair")


def test_after_it_has_answered_the_agent_may_leave(conversing, talk):
    [number] = police(conversing, SERVICE)
    talk.ask("110")
    talk.wait("joined")
    assert talk.do("leave")["state"] == "left"
    talk.wait_hears(citizen={UNIT})
    wait_hears(talk.unit(number), {CITIZEN}, of=VOICES)


def test_an_agent_whose_line_breaks_off_leaves_the_citizen_to_music_and_words_and_it_answers(
    conversing, talk
):
    [number] = police(conversing, [RINGS, SERVICE])
    talk.ask("110")
    conversing.far_end.wait_event("alerting", number=number)
    talk.phone.hangup()
    talk.wait("agent_cut_off", to="entrusted")
    talk.wait_hears(citizen={MUSIC})
    wait_told(talk.citizen, conversing, "threeway-please-wait")
    talk.wait("joined", to="left")
    talk.wait_hears(citizen={UNIT})
    wait_hears(talk.unit(number), {CITIZEN}, of=VOICES)


def test_a_citizen_who_waits_for_it_alone_is_an_alarm(conversing, talk):
    police(conversing, RINGS)
    talk.ask("110")
    talk.phone.hangup()
    talk.wait("agent_cut_off")
    alarms = conversing.service.get("/alarms")
    assert ("emergency-alone", talk.call_id) in {(each["kind"], each["subject"]) for each in alarms}


def test_an_emergency_while_a_unit_speaks_with_the_agent_brings_the_citizen_back_at_once(conversing, talk):
    code, _ = asked_unit(conversing, SERVICE_WITH_KEY)
    police(conversing, RINGS)
    talk.ask(code)
    talk.wait("consulted")
    talk.ask("110")
    talk.wait_hears(citizen={AGENT, SECOND}, agent={CITIZEN, SECOND})


SERVICE_WITH_KEY = Behaviour(
    ring_ms=100, answer=True, voice="tone", hertz=SECOND, keys="1", key_delay_ms=1500
)
