"""A call that we placed is recorded with the agent's leg, and is recorded on where the citizen goes on."""

import pytest

from telephony.peers.hearing import level
from tests.pbx.conversing import AGENT, CITIZEN, Conversing
from tests.pbx.hearing import AUDIBLE, said, wait_hears
from tests.pbx.supervising import ALL, BOSS, SUPERVISOR
from tests.pbx.test_recordings import RATE, Talk
from tests.pbx.test_threeway_of_ours import call_a_citizen
from tests.switch import prompt_hertz


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    city = Conversing(tmp_path_factory.mktemp("ours"))
    try:
        yield city.start()
    finally:
        city.stop()


def recorded(city, call_id, mark):
    """Return name and sound of the recording of the citizen's leg, once the call is over and it is sealed."""
    city.service.wait_event("ended", mark, call_id=call_id)
    legs = city.service.get(f"/calls/{call_id}")["legs"]
    citizen = next(leg for leg in legs if leg["role"] == "citizen")
    listed = city.service.get("/recordings", call=call_id)
    [ours] = [each["id"] for each in listed if each["leg_id"] == citizen["id"]]
    city.service.wait_event("recording_sealed", mark, timeout=60, recording=ours)
    reader = Talk.__new__(Talk)
    reader.service = city.service
    return citizen["recording"], reader.hear(ours)


def test_a_take_over_is_recorded_with_the_citizens_leg(city):
    phone, call_id, mark = call_a_citizen(city)
    boss = city.system.phone(SUPERVISOR, tone=BOSS)
    city.service.post(f"/supervision/{call_id}/listen", by=SUPERVISOR)
    boss.wait_event("CALL_INCOMING", 15)
    boss.answer()
    wait_hears(boss, {CITIZEN, AGENT}, of=ALL)
    city.service.post(f"/supervision/{call_id}/take-over", by=SUPERVISOR)
    city.service.wait_event("supervision", mark, what="taken", call_id=call_id)
    phone.wait_event("CALL_CLOSED", 15)
    wait_hears(boss, {CITIZEN}, of=ALL)
    boss.hangup()
    _, samples = recorded(city, call_id, mark)
    last = samples[-RATE // 2 :]
    assert all(level(last, hertz / RATE) > AUDIBLE for hertz in (CITIZEN, BOSS))


def test_a_refusal_is_recorded_with_the_citizens_leg_and_says_where(city):
    _, call_id, mark = call_a_citizen(city)
    city.service.post(f"/calls/{call_id}/refuse", kind="petition", by="8001")
    name, samples = recorded(city, call_id, mark)
    [kept] = [each for each in city.service.get("/refusals")["refusals"] if each["call_id"] == call_id]
    assert (kept["outcome"], kept["recording"]) == ("said", name)
    names = list(city.switch.config.prompts.prompts)
    assert said(samples, prompt_hertz(names.index("refusal-3")))
