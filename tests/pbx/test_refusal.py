"""A matter is refused (Art. 4) on a real switch: what the citizen hears, and what is kept."""

import httpx
import pytest

from telephony.building.death_point import DIE_AT
from telephony.rules.refusals import Refusal, place_of
from tests.pbx.calls import call_through, ended, recorded
from tests.pbx.hearing import said
from tests.switch import prompt_hertz
from tests.system import System


def pitch(system, kind):
    names = list(system.switch.config.prompts.prompts)
    return prompt_hertz(names.index(f"refusal-{place_of(kind)}"))


@pytest.mark.parametrize("kind", list(Refusal))
def test_the_citizen_hears_why_on_the_record_and_the_agent_is_in_wrap_up(system, kind):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system)
    refused = system.service.post(f"/calls/{call_id}/refuse", kind=kind.value, by="Wang")
    assert (refused["kind"], refused["agent"]) == (kind.value, "8001")
    result = citizen.wait(10)
    assert (result.answered, result.ended_by_far_end) == (True, True)
    assert {each for each in Refusal if said(citizen.hears(None), pitch(system, each))} == {kind}
    phone.wait_event("CALL_CLOSED", 15)
    system.service.wait_agent("8001", "wrap_up")
    call = ended(system, call_id, mark)
    system.service.wait_event("refusal_closed", mark, call_id=call_id)
    [kept] = [each for each in system.service.get("/refusals")["refusals"] if each["call_id"] == call_id]
    assert (kept["outcome"], kept["recording"]) == ("said", call["recording"])
    assert (call["outcome"], call["ended_by"]) == ("answered", "system")


def test_what_the_citizen_was_told_is_on_the_sealed_recording(system):
    mark = system.service.mark()
    _, _, call_id = call_through(system)
    system.service.post(f"/calls/{call_id}/refuse", kind="petition", by="Wang")
    samples = recorded(system.service, call_id, mark)
    assert {kind for kind in Refusal if said(samples, pitch(system, kind))} == {Refusal.PETITION}


def test_a_service_that_dies_after_the_commit_finishes_it_or_leaves_the_agent_to_refuse_again(
    tmp_path_factory,
):
    system = System(tmp_path_factory.mktemp("dying"), revisits={"mode": "test"})
    system.switch.start()
    try:
        system.service.start(environment={DIE_AT: "refusal_ordered"})
        _, citizen, call_id = call_through(system)
        with pytest.raises(httpx.TransportError):
            system.service.post(f"/calls/{call_id}/refuse", kind="petition", by="Wang")
        system.service.wait_killed()
        system.service.start()
        system.service.wait_event("refusal_closed", 0, call_id=call_id)
        [kept] = system.service.get("/refusals")["refusals"]
        assert kept["outcome"] in {"said", "not_said"}
        if kept["outcome"] == "not_said":  # it was back too late for so old an order: nobody was moved
            mark = system.service.mark()
            system.service.post(f"/calls/{call_id}/refuse", kind="petition", by="Wang")
            system.service.wait_event("refusal_closed", mark, call_id=call_id)
            assert system.service.get("/refusals")["refusals"][0]["outcome"] == "said"
        citizen.wait(10)
        assert said(citizen.hears(None), pitch(system, Refusal.PETITION))
    finally:
        system.stop()
