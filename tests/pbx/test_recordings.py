"""Recordings of real calls: silent where somebody paused them, sealed after the call, heard by name."""

import array
import io
import itertools
import time
import wave

import pytest

from telephony.peers.hearing import level
from tests.pbx.calls import call_through, ended
from tests.pbx.hearing import AUDIBLE, wait_hears
from tests.pbx.test_talk import CITIZEN_TONE
from tests.system import System

AGENT_TONE = 700
TONES = (AGENT_TONE, CITIZEN_TONE)
PAUSE_LIMIT = 30
RATE, BUFFER = 8000, 32768
"""Samples a second; bytes that the switch keeps back at most before it writes them."""
PATIENCE = 60
"""Seconds: a real call on a machine that does much else."""


@pytest.fixture(scope="module")
def sealed_system(tmp_path_factory):
    """A system whose recordings are encrypted."""
    rules = {"key_file": "recording.key", "pause_limit_seconds": PAUSE_LIMIT}
    system = System(tmp_path_factory.mktemp("recordings"), {"recording": rules})
    key = system.switch.paths.var / "recording.key"
    key.write_text(f"k1 {'5a' * 32}\n")
    key.chmod(0o600)
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def city(sealed_system):
    yield sealed_system
    sealed_system.hang_up()
    sealed_system.log_everybody_out()


class Talk:
    """A call in which both speak, and what is done with its recording."""

    def __init__(self, city):
        self.service, self.system = city.service, city
        self.mark = city.service.mark()
        city.phone("8001", tone=AGENT_TONE)
        self.phone, self.citizen, self.call_id = call_through(city)
        wait_hears(self.citizen, {AGENT_TONE}, of=TONES)
        wait_hears(self.phone, {CITIZEN_TONE}, of=TONES)
        self.goes_on()

    def goes_on(self):
        """Block until another second of the call is recorded."""
        (file,) = self.system.switch.paths.recordings.glob(f"*/{self.call_id}.wav")
        wanted = file.stat().st_size + BUFFER + 2 * RATE
        deadline = time.monotonic() + PATIENCE
        while file.stat().st_size < wanted:
            assert time.monotonic() < deadline, f"{file} has {file.stat().st_size} bytes"
            time.sleep(0.05)  # a file that grows gives nothing to block on

    def pause(self):
        body = {"by": "8001", "reason": "bank-card"}
        return self.service.post(f"/recordings/calls/{self.call_id}/pause", **body)

    def resume(self):
        return self.service.post(f"/recordings/calls/{self.call_id}/resume", by="8001")

    def recorded(self):
        """End the call a second later; return the number of its recording once it is sealed."""
        self.goes_on()
        self.phone.hangup()
        self.citizen.wait()
        ended(self.system, self.call_id, self.mark)
        told = self.service.wait_event("recording_sealed", self.mark, call=self.call_id)
        return told["data"]["recording"]

    def hear(self, recording_id, what="play"):
        body = {"by": "李敏", "why": "投诉核查"}
        answer = self.service.http.post(f"/recordings/{recording_id}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        with wave.open(io.BytesIO(answer.content)) as file:
            return array.array("h", file.readframes(file.getnframes()))


def silence(samples):
    """Return the longest stretch without any sound at all: where it begins and ends, in samples."""
    stretches, at = [], 0
    for sound, run in itertools.groupby(samples, bool):
        length = len(list(run))
        if not sound:
            stretches.append((length, at, at + length))
        at += length
    _, begin, end = max(stretches)
    return begin, end


def only_file(city, call_id):
    """Block until a call's recording is one file: the plain one goes after the commit; return it."""
    deadline = time.monotonic() + PATIENCE
    while len(files := list(city.switch.paths.recordings.glob(f"*/{call_id}.wav*"))) != 1:
        assert time.monotonic() < deadline, files
        time.sleep(0.05)  # a file that goes gives nothing to block on
    return files[0]


def both_speak(samples):
    """Tell whether agent and citizen are heard in half a second."""
    assert len(samples) == RATE // 2
    return all(level(samples, hertz / RATE) > AUDIBLE for hertz in (AGENT_TONE, CITIZEN_TONE))


def test_a_paused_recording_is_silent_and_goes_on_with_both_voices(city):
    talk = Talk(city)
    talk.pause()
    talk.goes_on()
    talk.resume()
    samples = talk.hear(talk.recorded())
    begin, end = silence(samples)
    assert end - begin >= RATE * 0.9
    assert both_speak(samples[begin - RATE // 2 : begin])
    assert both_speak(samples[end + 1000 : end + 1000 + RATE // 2])
    told = [
        each for each in city.service.get(f"/calls/{talk.call_id}")["events"] if "recording_" in each["kind"]
    ]
    assert [each["kind"] for each in told[:2]] == ["recording_paused", "recording_resumed"]
    assert (told[0]["data"]["by"], told[0]["data"]["reason"]) == ("8001", "bank-card")


def test_a_pause_that_nobody_ends_outlives_a_restart_of_the_service_and_ends_by_itself(city):
    talk = Talk(city)
    talk.pause()
    city.service.kill()
    city.service.start()
    city.service.wait_event("recording_resumed", talk.mark, by="limit")
    samples = talk.hear(talk.recorded())
    begin, end = silence(samples)
    assert both_speak(samples[begin - RATE // 2 : begin])
    assert both_speak(samples[end + 1000 : end + 1000 + RATE // 2])


def test_when_the_call_is_over_its_recording_is_encrypted_and_whoever_hears_it_is_on_its_list(city):
    talk = Talk(city)
    recording_id = talk.recorded()
    encrypted = only_file(city, talk.call_id)
    assert (encrypted.suffix, b"RIFF" in encrypted.read_bytes()) == (".enc", False)
    mark = city.service.mark()
    assert both_speak(talk.hear(recording_id, "export")[-RATE : -RATE // 2])
    assert city.service.wait_event("recording_access", mark, call_id=talk.call_id)["data"]["by"] == "李敏"
    shown = city.service.get(f"/recordings/{recording_id}")
    assert [(each["what"], each["why"]) for each in shown["accesses"]] == [("export", "投诉核查")]
    assert (shown["state"], shown["encrypted"], shown["pauses"]) == ("sealed", True, [])
