"""Several who ask, are asked, or act at the same moment: one number, one ring; one key, one unit."""

import threading
from dataclasses import replace

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.asking import (
    ACCEPTS,
    BUSY,
    KEY_MS,
    PATIENT,
    WAITS,
    asked_unit,
    states,
    wait_told,
    was_told,
)
from tests.pbx.conversing import AGENT, CITIZEN, COLLEAGUE, MUSIC, RINGS, SECOND, UNIT, VOICES, Conversing
from tests.pbx.hearing import wait_hears

ANSWERS_LATE = Behaviour(ring_ms=1500, answer=True, voice="tone", hertz=UNIT, keys="1", key_delay_ms=KEY_MS)

OVER = {"rejected", "cancelled", "hung-up", "far-end-bye"}


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("rivals"), at_once=2, ring_seconds=4, **PATIENT) as one:
        yield one


@pytest.fixture
def talk(conversing):
    yield conversing.talk()
    conversing.rest()


def together(*doings):
    """Do things at the same moment, each in a thread of its own."""
    ready = threading.Barrier(len(doings))

    def do(doing):
        ready.wait()
        doing()

    threads = [threading.Thread(target=do, args=(doing,)) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ever_two_at_once(far_end, number):
    """Say whether a number was ever invited while a call to it was not over."""
    live = 0
    for name, at, *_ in list(far_end.events):
        if at == number:
            live += (name == "invited") - (name in OVER)
        if live > 1:
            return True
    return False


# --- two contacts at once ---


def test_two_contacts_ring_together_and_the_first_to_press_one_wins(conversing, talk):
    code, [first, second] = asked_unit(conversing, WAITS, replace(ACCEPTS, hertz=SECOND))
    talk.ask(code)
    talk.wait("consulted")
    talk.wait_hears(citizen={MUSIC}, agent={SECOND})
    conversing.far_end.wait_event("far-end-bye", number=first)
    assert states(talk.view) == ["withdrawn", "accepted"]
    assert conversing.far_end.wait_event("invited", number=second)


def test_the_other_one_is_told_before_being_let_go(conversing, talk):
    code, [first, second] = asked_unit(conversing, WAITS, ANSWERS_LATE)
    talk.ask(code)
    talk.wait("consulted")
    conversing.far_end.wait_event("ended", number=first)
    wait_told(talk.unit(first), conversing, "threeway-taken")
    assert not was_told(talk.unit(second), conversing, "threeway-taken")


def test_of_two_who_press_one_at_the_same_instant_one_is_in(conversing, talk):
    code, numbers = asked_unit(conversing, WAITS, WAITS)
    talk.ask(code)
    for number in numbers:
        conversing.far_end.wait_event("answered", number=number)
    for number in numbers:
        conversing.far_end.press(number, "1", KEY_MS)
    talk.wait("consulted")
    talk.wait_hears(citizen={MUSIC}, agent={UNIT})
    conversing.far_end.wait_event("far-end-bye")
    assert sorted(states(talk.view)) == ["accepted", "withdrawn"]
    assert len([each for each in talk.view["participants"] if each["role"] == "unit"]) == 1


def test_the_key_pressed_twice_is_one_key(conversing, talk):
    code, [number] = asked_unit(conversing, replace(ACCEPTS, keys="1111"))
    talk.ask(code, mode="at_once")
    talk.wait("joined")
    talk.wait_hears(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT})
    wait_hears(talk.unit(number), {CITIZEN, AGENT}, of=VOICES)


# --- two agents ---


@pytest.fixture
def pair(conversing):
    yield conversing.talk(), conversing.talk("8002", tone=COLLEAGUE)
    conversing.rest()


def test_of_two_agents_who_ask_for_the_only_number_one_waits_until_it_is_free(conversing, pair):
    once_busy = [Behaviour(ring_ms=1500, final=486), ACCEPTS]
    code, [number] = asked_unit(conversing, once_busy)
    together(*(lambda each=each: each.ask(code) for each in pair))
    conversing.far_end.wait_event("answered", number=number)
    conversing.service.wait_event("threeway", pair[0].mark, what="consulted")
    assert not ever_two_at_once(conversing.far_end, number)
    assert sorted(each.view["invitations"][0]["outcome"] or "" for each in pair) == ["accepted", "missed"]


def test_of_two_agents_who_ask_for_the_same_unit_each_gets_somebody(conversing, pair):
    code, numbers = asked_unit(conversing, ACCEPTS, replace(ACCEPTS, hertz=SECOND))
    one, other = pair
    together(*(lambda each=each: each.ask(code) for each in pair))
    one.wait("consulted")
    other.wait("consulted")
    assert not any(ever_two_at_once(conversing.far_end, number) for number in numbers)
    assert sorted(_accepted(each) for each in pair) == sorted(numbers)


def _accepted(talk):
    asks = talk.view["invitations"][0]["asks"]
    return next(each["number"] for each in asks if each["state"] == "accepted")


# --- somebody goes meanwhile ---


def test_a_unit_is_told_and_let_go_when_the_citizen_hangs_up_while_it_hears_the_question(conversing, talk):
    code, [number] = asked_unit(conversing, WAITS)
    talk.ask(code)
    conversing.far_end.wait_event("answered", number=number)
    talk.citizen.hangup()
    talk.wait("citizen_left")
    conversing.far_end.wait_event("ended", number=number)
    wait_told(talk.unit(number), conversing, "threeway-taken")
    assert (talk.state, states(talk.view)) == ("ended", ["withdrawn"])


def test_a_ring_ends_when_the_citizen_hangs_up(conversing, talk):
    code, [number] = asked_unit(conversing, RINGS)
    talk.ask(code)
    conversing.far_end.wait_event("alerting", number=number)
    talk.citizen.hangup()
    conversing.far_end.wait_event("cancelled", number=number)
    assert talk.view["invitations"][0]["outcome"] == "withdrawn"


def test_when_the_agent_hangs_up_while_it_rings_the_citizen_is_taken_to_a_person(conversing, talk):
    code, [number] = asked_unit(conversing, RINGS)
    talk.ask(code)
    conversing.far_end.wait_event("alerting", number=number)
    talk.phone.hangup()
    talk.wait("agent_left", to="returned")
    conversing.far_end.wait_event("cancelled", number=number)
    talk.wait_hears(citizen={MUSIC})
    wait_told(talk.citizen, conversing, "threeway-back-to-agent")


def test_a_unit_that_hangs_up_just_as_it_is_let_in_leaves_the_two_together(conversing, talk):
    code, [number, _] = asked_unit(conversing, ACCEPTS, BUSY)
    talk.ask(code)
    talk.wait("unit_accepted")
    conversing.far_end.hang_up(number)
    talk.wait("units_left")
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})
    assert talk.state == "pair"


def test_a_matter_with_control_characters_is_refused(conversing, talk):
    wrong = {"call_id": talk.call_id, "unit": "110", "matter": "漏水\r\nAction: Hangup"}
    assert conversing.service.http.post("/threeway", json=wrong).status_code == 422
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})


def test_a_matter_of_200_signs_is_put_to_the_unit_to_its_end(conversing, talk):
    code, [number] = asked_unit(conversing, WAITS)
    signs = '[[h@]] 井盖"丢失" ${HANGUPCAUSE} &|`;'
    talk.ask(code, matter=signs.ljust(200, "\\"), citizen_name="王<先生>")
    talk.wait("ask_machine")
    wait_told(talk.unit(number), conversing, "threeway-accept")
