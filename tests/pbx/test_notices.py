"""A notice of a known incident on a real switch: heard, counted, and never in the way of a person."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.pbx.calls import ended
from tests.pbx.hearing import wait_said
from tests.switch import prompt_hertz, tone

PROMPT, STAY = "threeway-roll-call", "incident-stay"
CALLED = "12328"
LONG_SECONDS = 40


def hertz(system, name):
    return prompt_hertz(list(system.switch.config.prompts.prompts).index(name))


@pytest.fixture
def notice(system):
    """Switch a notice on for the number; it is off again after the test."""

    def on(**what):
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        answer = system.service.http.put(
            f"/notices/{CALLED}", json={"until": until, "by": "李敏", **(what or {"prompt": PROMPT})}
        )
        answer.raise_for_status()
        return answer.json()

    yield on
    system.service.http.post(f"/notices/{CALLED}/off", json={"by": "李敏"})


@pytest.fixture
def sound(system):
    """Change the file of a prompt for one test: another length in seconds, or none at all."""
    changed = {}

    def put(name, seconds):
        file = system.switch.paths.sounds / f"{name}.wav"
        changed.setdefault(file, file.read_bytes())
        if seconds is None:
            file.unlink()
        else:
            tone(file, hertz(system, name), seconds)

    yield put
    for file, content in changed.items():
        file.write_bytes(content)


def counts(system, notice):
    seen = system.service.get(f"/notices/{notice['id']}")
    return tuple(seen[name] for name in ("heard", "left", "went_on", "cut_short"))


def test_who_hears_the_notice_and_hangs_up_was_answered_by_it(system, notice, sound):
    sound(STAY, LONG_SECONDS)  # there is time to hang up
    incident, mark = notice(), system.service.mark()
    citizen = system.citizen(CALLED)
    heard = system.service.wait_event("notice_heard", mark, notice=incident["id"])
    wait_said(citizen, hertz(system, PROMPT))
    wait_said(citizen, hertz(system, STAY))
    citizen.hangup()
    call = ended(system, heard["call_id"], mark)
    assert (call["outcome"], call["ended_by"], call["queue"]) == ("by_notice", "citizen", "city-12328")
    assert counts(system, incident) == (1, 1, 0, 0)
    returns = system.service.get("/returns")
    assert heard["call_id"] not in {each["call_id"] for each in returns}


def test_who_stays_on_the_line_reaches_a_person(system, notice):
    incident, mark = notice(), system.service.mark()
    phone = system.agent("8003")
    citizen = system.citizen(CALLED)
    phone.wait_event("CALL_INCOMING", 20)
    phone.answer()
    answered = system.service.wait_event("answered", mark)
    wait_said(citizen, hertz(system, PROMPT))
    phone.hangup()
    call = ended(system, answered["call_id"], mark)
    kinds = [event["kind"] for event in call["events"]]
    told = [kind for kind in kinds if kind in {"notice", "notice_heard", "notice_passed", "queued"}]
    assert told == ["notice", "notice_heard", "notice_passed", "queued"]
    assert (call["outcome"], counts(system, incident)) == ("answered", (1, 0, 1, 0))


@pytest.mark.parametrize("key", ["1", "#"])
def test_one_key_leads_past_the_notice_at_once(system, notice, sound, key):
    sound(PROMPT, LONG_SECONDS)
    incident, mark = notice(), system.service.mark()
    citizen = system.citizen(CALLED)
    begun = system.service.wait_event("notice", mark)
    wait_said(citizen, hertz(system, PROMPT))
    citizen.press(key)
    system.service.wait_event("queued", mark, call_id=begun["call_id"])
    kinds = {event["kind"] for event in system.service.get(f"/calls/{begun['call_id']}")["events"]}
    assert "notice_passed" in kinds
    assert "notice_heard" not in kinds
    assert counts(system, incident) == (1, 0, 1, 0)


def test_who_hangs_up_before_its_end_is_not_counted_as_answered_by_it(system, notice, sound):
    sound(PROMPT, LONG_SECONDS)
    incident, mark = notice(), system.service.mark()
    citizen = system.citizen(CALLED)
    begun = system.service.wait_event("notice", mark)
    citizen.hangup()
    call = ended(system, begun["call_id"], mark)
    assert (call["outcome"], counts(system, incident)) == ("abandoned_early", (1, 0, 0, 1))


def test_a_text_is_spoken_to_the_caller_for_as_long_as_it_takes(system, notice):
    incident, mark = notice(text="西区因供水管道爆裂停水，预计今天十八点恢复。"), system.service.mark()
    system.citizen(CALLED)
    begun = system.service.wait_event("notice", mark, notice=incident["id"])
    heard = system.service.wait_event("notice_heard", mark, call_id=begun["call_id"])
    spoken = datetime.fromisoformat(heard["at"]) - datetime.fromisoformat(begun["at"])
    assert spoken > timedelta(seconds=2)


def test_a_notice_that_cannot_be_played_keeps_nobody_from_the_queue(system, notice, sound):
    sound(PROMPT, None)
    incident, mark = notice(), system.service.mark()
    system.citizen(CALLED)
    queued = system.service.wait_event("queued", mark)
    kinds = {event["kind"] for event in system.service.get(f"/calls/{queued['call_id']}")["events"]}
    assert "notice_heard" not in kinds
    assert counts(system, incident)[:2] == (1, 0)


def test_it_outlives_the_service_but_tells_nobody_while_that_is_dead(system, notice):
    incident = notice(text="停水。")
    system.service.kill()
    citizen = system.citizen(CALLED)
    lines = system.switch.wait_call(citizen.caller, "queued")
    assert "notice" not in {line["eventtype"] for line in lines}
    system.service.start()
    mark = system.service.mark()
    system.citizen(CALLED)
    system.service.wait_event("notice", mark, notice=incident["id"])


def test_callers_of_another_number_hear_nothing_of_it(system, notice):
    notice()
    mark = system.service.mark()
    system.citizen("12333")
    call_id = system.service.wait_event("queued", mark)["call_id"]
    assert "notice" not in {event["kind"] for event in system.service.get(f"/calls/{call_id}")["events"]}
