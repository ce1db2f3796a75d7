"""Hold, music and recording: what the parties hear, measured by tones."""

import wave
from datetime import datetime

from tests.pbx.calls import call_through, ended
from tests.pbx.hearing import heard, wait_heard, wait_hears

AGENT_TONE, CITIZEN_TONE, MUSIC_TONE = 440, 425, 300
TALK_MS = 1000
TONES = (AGENT_TONE, CITIZEN_TONE, MUSIC_TONE)


def listens(party, tone):
    """Let a party hear a tone for a while: of less the files that are compared may hold no whole piece."""
    wait_hears(party, {tone}, of=TONES)
    wait_heard(party, TALK_MS)


def test_the_citizen_hears_music_while_waiting_and_on_hold_and_the_agent_otherwise(system):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system)
    listens(citizen, AGENT_TONE)
    phone.hold()
    assert system.service.wait_event("held", mark, call_id=call_id)["agent"] == "8001"
    listens(citizen, MUSIC_TONE)
    phone.resume()
    system.service.wait_event("resumed", mark, call_id=call_id)
    listens(citizen, AGENT_TONE)
    phone.hangup()
    citizen.wait()
    kinds = [event["kind"] for event in ended(system, call_id, mark)["events"]]
    assert kinds.index("held") < kinds.index("resumed") < kinds.index("ended")
    assert heard(citizen.heard, TONES)[-3:] == [AGENT_TONE, MUSIC_TONE, AGENT_TONE]


def test_the_agent_hears_the_citizen(system):
    phone, citizen, _ = call_through(system)
    listens(phone, CITIZEN_TONE)
    phone.hangup()
    citizen.wait()
    system.unplug("8001")
    assert heard(phone.recordings()[-1], TONES) == [CITIZEN_TONE]


def test_the_recording_is_named_by_the_calls_id_and_begins_when_the_notice_has_ended(system):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system)
    listens(citizen, AGENT_TONE)
    phone.hangup()
    citizen.wait()
    call = ended(system, call_id, mark)
    day, name = call["recording"].split("/")
    assert (name, day) == (f"{call_id}.wav", call["arrived_at"][:10])
    kinds = [event["kind"] for event in call["events"]]
    assert kinds.index("greeted") < kinds.index("recording") < kinds.index("queued")
    with wave.open(str(system.switch.paths.recordings / call["recording"])) as file:
        seconds = file.getnframes() / file.getframerate()
    at = {event["kind"]: datetime.fromisoformat(event["at"]) for event in call["events"]}
    assert abs(seconds - (at["ended"] - at["recording"]).total_seconds()) < 0.5
