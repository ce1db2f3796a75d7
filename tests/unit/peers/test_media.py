"""Two simulated calls that speak to each other: what each hears while they talk, and afterwards."""

import socket
import wave

import pytest

from telephony.peers import tone
from telephony.peers.media import ALAW, HEADER, Media
from tests.pbx.hearing import wait_hears

ADDRESS = "127.0.0.1"
LOW, HIGH = PITCHES = 440, 700


class Line:
    """One side, as a party that hears."""

    def __init__(self, hertz):
        self.media = Media(ADDRESS, 0, hertz)

    def hears(self, milliseconds):
        return tone.decode(self.media.hears(milliseconds))


@pytest.fixture
def lines():
    low, high = Line(LOW), Line(HIGH)
    low.media.start((ADDRESS, high.media.port))
    high.media.start((ADDRESS, low.media.port))
    yield low, high
    for line in (low, high):
        line.media.stop()


def test_each_hears_the_other_while_they_talk(lines):
    low, high = lines
    wait_hears(low, {HIGH}, of=PITCHES)
    wait_hears(high, {LOW}, of=PITCHES)


def test_a_side_whose_other_side_has_fallen_silent_hears_silence(lines):
    low, high = lines
    wait_hears(low, {HIGH}, of=PITCHES)
    high.media.stop()
    wait_hears(low, set(), of=PITCHES)


def test_a_call_without_sound_hears_silence(lines):
    assert Media(ADDRESS, 0, LOW).hears(20) == tone.SILENCE


def test_what_is_written_at_the_end_is_all_that_was_heard(lines, tmp_path):
    low, _ = lines
    wait_hears(low, {HIGH}, of=PITCHES)
    low.media.stop(tmp_path / "heard.wav")
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert file.readframes(file.getnframes()) == low.hears(None).tobytes()


def test_what_had_come_by_the_end_is_heard_though_nobody_had_read_it(tmp_path):
    deaf = Media(ADDRESS, 0, LOW)
    sound = tone.sine(HIGH)[:3]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        for sequence, frame in enumerate(sound):
            head = HEADER.pack(0x80, ALAW, sequence, sequence * tone.FRAME, 1)
            speaker.sendto(head + frame, (ADDRESS, deaf.port))
    deaf.stop(tmp_path / "heard.wav")
    assert deaf.hears(None) == b"".join(sound)
    assert (tmp_path / "heard.wav").exists()


def test_a_call_that_has_ended_may_be_ended_again():
    media = Media(ADDRESS, 0, LOW)
    media.stop()
    media.stop()
    assert media.hears(None) == b""


def test_a_sound_at_the_very_end_is_as_loud_as_one_in_the_middle(tmp_path):
    beep, rest = b"".join(tone.sine(HIGH)[:4]), tone.silence(100)
    for name, sound in {"end": rest + beep, "middle": beep + rest}.items():
        tone.save(sound, tmp_path / name)
    at_the_end, in_the_middle = (tone.loudness(tmp_path / name, HIGH) for name in ("end", "middle"))
    assert at_the_end == pytest.approx(in_the_middle, rel=0.01)
    assert at_the_end > 2000


def test_a_call_begins_to_speak_again_after_all_calls_have_ended(lines):
    for line in lines:
        line.media.stop()
    low, high = Line(LOW), Line(HIGH)
    low.media.start((ADDRESS, high.media.port))
    high.media.start((ADDRESS, low.media.port))
    wait_hears(low, {HIGH}, of=PITCHES)
    low.media.stop()
    high.media.stop()
