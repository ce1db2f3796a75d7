"""Two simulated calls that speak to each other: what each hears while they talk, and afterwards."""

import wave

import pytest

from telephony.peers import tone
from telephony.peers.media import Media
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


def test_a_call_begins_to_speak_again_after_all_calls_have_ended(lines):
    for line in lines:
        line.media.stop()
    low, high = Line(LOW), Line(HIGH)
    low.media.start((ADDRESS, high.media.port))
    high.media.start((ADDRESS, low.media.port))
    wait_hears(low, {HIGH}, of=PITCHES)
    low.media.stop()
    high.media.stop()
