"""The tests' own ears: which tones a mixture holds, and how long nothing is heard."""

import array

import pytest

from telephony.peers import tone
from telephony.peers.ear import RATE
from telephony.peers.hearing import tones
from tests.pbx.hearing import gap_ms, heard, wait_hears

PARTIES = (425, 440, 523, 700)


def sound(*pitches, milliseconds=300, share=1.0):
    """A mixture of voices, as a conference makes it: added, and clipped."""
    voices = [tone.decode(b"".join(tone.sine(hertz))) for hertz in pitches] or [
        array.array("h", bytes(2 * RATE))
    ]
    mixed = (int(share * sum(samples)) for samples in zip(*voices, strict=True))
    return array.array("h", (max(-32768, min(32767, s)) for s in mixed))[: RATE * milliseconds // 1000]


@pytest.mark.parametrize("pitches", [(), (440,), (425, 440), (440, 523), PARTIES])
def test_every_voice_of_a_mixture_is_heard_and_no_other(pitches):
    assert tones(sound(*pitches), PARTIES) == set(pitches)


def test_voices_that_clip_are_heard_and_no_other():
    assert tones(sound(425, 700, share=4), PARTIES) == {425, 700}


@pytest.mark.parametrize(("share", "audible"), [(0.3, {440}), (0.2, set())])
def test_a_voice_is_heard_from_a_quarter_of_its_loudness_on(share, audible):
    assert tones(sound(440, share=share), PARTIES) == audible


@pytest.mark.parametrize("milliseconds", [266, 267])
def test_near_pitches_need_a_long_enough_piece(milliseconds):
    piece = sound(425, milliseconds=milliseconds)
    if milliseconds == 267:
        assert tones(piece, (425, 440)) == {425}
    else:
        with pytest.raises(ValueError, match="listen for 267 ms, not 266"):
            tones(piece, (425, 440))


class Hears:
    """A party that hears one sound after the other, the last one for ever."""

    def __init__(self, *sounds):
        self._sounds = list(sounds)

    def hears(self, _milliseconds):
        return self._sounds.pop(0) if len(self._sounds) > 1 else self._sounds[0]


def test_waiting_ends_when_exactly_the_expected_voices_are_heard():
    party = Hears(sound(), sound(440, 523, 700), sound(440, 523))
    wait_hears(party, {440, 523}, of=PARTIES)
    assert len(party._sounds) == 1


def test_waiting_in_vain_says_what_was_heard_instead():
    with pytest.raises(AssertionError, match=r"hears \[440, 700\] instead of \[440, 523\] after 0.1 s"):
        wait_hears(Hears(sound(440, 700)), {440, 523}, of=PARTIES, timeout=0.1)


def test_the_longest_silence_between_sounds_is_the_gap():
    silences = [sound(milliseconds=length) for length in (500, 40, 120, 500)]
    voice = sound(440, milliseconds=200)
    whole = silences[0] + voice + silences[1] + voice + silences[2] + voice + silences[3]
    assert gap_ms(whole) == 120


def test_sound_without_a_hole_has_no_gap():
    assert gap_ms(sound(440)) == 0


def test_the_gap_of_one_pitch_is_filled_by_no_other():
    voice, music = sound(700, milliseconds=200), sound(300, milliseconds=150)
    assert gap_ms(voice + music + voice, 700) == 150


def test_what_holds_no_sound_at_all_has_no_gap_to_measure():
    with pytest.raises(AssertionError, match="no sound of any pitch in 300 ms"):
        gap_ms(sound())


def test_a_saved_hole_is_no_tone(tmp_path):
    voice = b"".join(tone.sine(440))
    tone.save(voice + tone.SILENCE * 20 + voice, tmp_path / "heard.wav")
    assert heard(tmp_path / "heard.wav", PARTIES) == [440]
