"""A unit is asked on a real switch: it accepts, refuses, is not reached; what each party hears meanwhile."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from telephony.store.outbound_tables import outbox
from tests.pbx.asking import (
    ACCEPTS,
    BUSY,
    HANGS_UP,
    MACHINE,
    PATIENT,
    REASON_MS,
    REFUSES,
    REJECTS,
    VACANT,
    WAITS,
    asked_unit,
    rows,
    states,
    wait_told,
    was_told,
)
from tests.pbx.conversing import AGENT, CITIZEN, MUSIC, RINGBACK, RINGS, SECOND, UNIT, VOICES, Conversing
from tests.pbx.hearing import heard, wait_hears


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("asking"), **PATIENT) as one:
        yield one


@pytest.fixture
def talk(conversing):
    yield conversing.talk()
    conversing.rest()


def test_while_a_unit_is_asked_the_citizen_hears_music_and_the_agent_hears_it_ring(conversing, talk):
    code, _ = asked_unit(conversing, RINGS)
    assert talk.ask(code)["state"] == "waiting"
    talk.wait_hears(citizen={MUSIC}, agent={RINGBACK})


def test_a_unit_that_presses_one_speaks_with_the_agent_first(conversing, talk):
    code, [number] = asked_unit(conversing, ACCEPTS)
    talk.ask(code)
    talk.wait("consulted")
    talk.wait_hears(citizen={MUSIC}, agent={UNIT})
    wait_hears(talk.unit(number), {AGENT}, of=VOICES)


def test_in_the_mode_at_once_the_key_brings_all_three_together(conversing, talk):
    code, [number] = asked_unit(conversing, ACCEPTS)
    talk.ask(code, mode="at_once")
    talk.wait("joined")
    talk.wait_hears(citizen={AGENT, UNIT}, agent={CITIZEN, UNIT})
    wait_hears(talk.unit(number), {CITIZEN, AGENT}, of=VOICES)


def test_a_unit_sees_the_hotlines_number_and_never_the_citizens(conversing, talk):
    code, [number] = asked_unit(conversing, WAITS)
    talk.ask(code)
    assert conversing.far_end.wait_event("invited", number=number) == ["invited", number, "12345"]


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (BUSY, "busy"),
        (REJECTS, "rejected"),
        (RINGS, "no_answer"),
        (HANGS_UP, "hung_up"),
        (VACANT, "invalid"),
        (MACHINE, "machine"),
    ],
)
def test_whoever_does_not_come_is_followed_by_the_next_contact(conversing, talk, first, state):
    code, numbers = asked_unit(conversing, first, ACCEPTS)
    talk.ask(code)
    talk.wait("consulted")
    invited = [words[1] for words in conversing.far_end.events if words[0] == "invited"]
    assert (states(talk.view), invited[-2:]) == ([state, "accepted"], numbers)


def test_an_answering_machine_never_speaks_with_the_citizen(conversing, talk):
    code, _ = asked_unit(conversing, MACHINE)
    talk.ask(code, mode="at_once")
    talk.wait("ask_machine")
    talk.wait("unit_missed")
    talk.wait_hears(citizen={AGENT})
    conversing.system.hang_up()
    assert UNIT not in heard(talk.citizen.heard, VOICES)


def test_contacts_are_rung_one_after_another_in_their_order(conversing, talk):
    code, numbers = asked_unit(conversing, BUSY, REJECTS, BUSY, ACCEPTS)
    talk.ask(code)
    talk.wait("consulted")
    asks = talk.view["invitations"][0]["asks"]
    assert [each["number"] for each in asks] == numbers
    ended, asked = ([each[name] for each in asks] for name in ("ended_at", "asked_at"))
    assert all(before <= after for before, after in zip(ended[:-1], asked[1:], strict=True))


# --- refusals ---


def refuse(conversing, talk, number, key):
    conversing.far_end.wait_event("answered", number=number)
    conversing.far_end.press(number, key, REASON_MS)
    talk.wait("ask_refused")


def test_a_person_who_is_busy_leaves_it_to_the_next_contact(conversing, talk):
    code, [first, _] = asked_unit(conversing, REFUSES, ACCEPTS)
    talk.ask(code)
    refuse(conversing, talk, first, "1")
    talk.wait("consulted")
    asks = talk.view["invitations"][0]["asks"]
    assert [(each["state"], each["reason"]) for each in asks] == [("refused", "busy"), ("accepted", None)]


@pytest.mark.parametrize(
    ("key", "reason", "dispatches"), [("2", "not_ours", []), ("3", "other", ["refused"])]
)
def test_a_unit_that_refuses_is_asked_no_further(conversing, talk, key, reason, dispatches):
    code, [first, second] = asked_unit(conversing, REFUSES, ACCEPTS)
    talk.ask(code)
    refuse(conversing, talk, first, key)
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})
    view = talk.view
    assert (view["invitations"][0]["outcome"], view["invitations"][0]["reason"]) == ("refused", reason)
    assert [each["why"] for each in view["dispatches"]] == dispatches
    assert second not in {words[1] for words in conversing.far_end.events}


# --- no one is left ---


def test_when_no_one_is_left_citizen_and_agent_speak_again_and_four_hours_run(conversing, talk):
    code, _ = asked_unit(conversing, BUSY, REJECTS)
    talk.ask(code)
    talk.wait("none_left")
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})
    view = talk.view
    [dispatch] = view["dispatches"]
    times = [datetime.fromisoformat(dispatch[name]) for name in ("due_at", "dispatched_at")]
    assert times[0] - times[1] == timedelta(hours=4)
    assert (view["invitations"][0]["outcome"], dispatch["unit"], view["state"]) == ("missed", code, "pair")


def test_the_platform_is_told_of_a_dispatch(conversing, talk):
    code, _ = asked_unit(conversing, BUSY)
    talk.ask(code)
    talk.wait("dispatched", unit=code)
    found = rows(conversing, sa.select(outbox).where(outbox.c.topic == "dispatched"))
    [payload] = [row.payload for row in found if row.payload["unit"] == code]
    due, at = (datetime.fromisoformat(payload[name]) for name in ("due_at", "dispatched_at"))
    assert (due - at, payload["why"]) == (timedelta(hours=4), "missed")


def test_the_agent_is_told_that_the_unit_is_not_reached(conversing, talk):
    code, _ = asked_unit(conversing, BUSY)
    talk.ask(code)
    talk.wait("none_left")
    talk.wait_hears(agent={CITIZEN})
    wait_told(talk.phone, conversing, "threeway-none-reached")
    assert not was_told(talk.phone, conversing, "threeway-unit-refused")


def test_of_a_unit_that_has_nobody_on_duty_nobody_is_rung(conversing, talk):
    never = {"name": "夜班", "number": "13711111111", "duty": [_not_now()]}
    row = {"code": "asleep", "short_code": "8999", "name": "无人值班", "level": "city", "contacts": [never]}
    conversing.service.http.post("/units/import", json=[row]).raise_for_status()
    talk.ask("asleep")
    talk.wait("none_left")
    talk.wait_hears(citizen={AGENT}, agent={CITIZEN})
    invitation = talk.view["invitations"][0]
    assert (invitation["outcome"], invitation["reason"], invitation["asks"]) == (
        "missed",
        "nobody_on_duty",
        [],
    )


def _not_now():
    """Return duty hours that begin in six hours and last for one."""
    begins = datetime.now().astimezone() + timedelta(hours=14)
    return f"all {begins:%H}:00-{begins + timedelta(hours=1):%H}:00"


# --- several units ---


def test_a_second_unit_is_brought_in_beside_the_first_one(conversing, talk):
    first, [number] = asked_unit(conversing, ACCEPTS)
    second, _ = asked_unit(conversing, replace(ACCEPTS, hertz=SECOND))
    talk.ask(first, mode="at_once")
    talk.wait("joined")
    talk.ask(second, mode="at_once")
    talk.wait("joined", **{"from": "talking"})
    talk.wait_hears(citizen={AGENT, UNIT, SECOND})
    wait_hears(talk.unit(number), {CITIZEN, AGENT, SECOND}, of=VOICES)


def test_a_unit_that_is_being_asked_is_not_asked_twice(conversing, talk):
    code, _ = asked_unit(conversing, RINGS)
    talk.ask(code)
    answer = conversing.service.http.post("/threeway", json={"call_id": talk.call_id, "unit": code})
    assert (answer.status_code, "已在呼叫该单位" in answer.text) == (409, True)
    assert len(talk.view["invitations"]) == 1


def test_a_confidential_case_makes_the_conversation_confidential(conversing, talk):
    body = {"numbers": ["13800000000"], "open": True, "confidential": True}
    conversing.service.http.put("/cases/SECRET-1", json=body).raise_for_status()
    code, _ = asked_unit(conversing, WAITS)
    assert talk.ask(code, case_number="SECRET-1")["confidential"]
