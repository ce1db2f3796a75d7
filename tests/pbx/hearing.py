"""What a party hears, by the tone that each party makes: the order of tones, several at once, and gaps."""

import array
import itertools
import time
import wave
from dataclasses import dataclass

from telephony.peers.ear import RATE
from telephony.peers.far_end import FarEnd
from telephony.peers.hearing import LOOK_SECONDS, MIXED, await_tones, level

PATIENCE = 30
"""The limit of what takes no time: it only ends a hopeless wait, on however slow a machine."""
PIECE = 0.2
AUDIBLE = 500
"""Mean amplitude from which on a tone counts as heard; the parties speak at 6000, baresip at 15,000."""
PROMPT_PIECE_MS, AUDIBLE_PROMPT = 50, 4000
"""A prompt of a test is a beep of 100 ms at an amplitude of 8000: one piece at least is full of it."""
GRAIN_MS = 10
"""How finely gaps are measured."""


@dataclass(frozen=True)
class Unit:
    """The party at one number of the far end, in its last call."""

    far_end: FarEnd
    number: str

    def hears(self, milliseconds=300):
        return self.far_end.hears(self.number, milliseconds)


def heard(file, tones, where=slice(None)):
    """Return which of the tones (Hz) was heard, in order, silence left out: [440, 300, 440]."""
    with wave.open(str(file)) as wav:
        rate = wav.getframerate()
        samples = array.array("h", wav.readframes(wav.getnframes()))[where]
    size = int(rate * PIECE)
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    loudest = (max(tones, key=lambda hertz: level(piece, hertz / rate)) for piece in pieces if any(piece))
    audible = [
        (hertz, piece) for hertz, piece in zip(loudest, filter(any, pieces), strict=True)
        if level(piece, hertz / rate) > AUDIBLE
    ]  # fmt: skip
    return [hertz for hertz, _ in itertools.groupby(hertz for hertz, _ in audible)]


def wait_hears(party, expected, *, of, timeout=PATIENCE):
    """Block until what a party has just heard (its `hears`) holds exactly these of the pitches `of` (Hz)."""
    assert set(expected) <= set(of), f"{expected} can never be heard among {of}"
    now = await_tones(party.hears, expected, of, timeout)
    assert now == set(expected), f"hears {sorted(now)} instead of {sorted(expected)} after {timeout} s"


def wait_heard(party, milliseconds, *, timeout=PATIENCE):
    """Block until a party has heard so much more of the call than by now."""
    enough, deadline = len(party.hears(None)) + RATE * milliseconds // 1000, time.monotonic() + timeout
    while len(party.hears(None)) < enough:
        assert time.monotonic() < deadline, f"not {milliseconds} ms more heard within {timeout} s"
        time.sleep(LOOK_SECONDS)  # sound gives nothing to block on


def said(samples, hertz):
    """Tell whether a short prompt of this pitch (Hz) is anywhere in what somebody heard."""
    size = RATE * PROMPT_PIECE_MS // 1000
    pieces = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    return any(level(piece, hertz / RATE) > AUDIBLE_PROMPT for piece in pieces if any(piece))


def wait_said(party, hertz, *, timeout=PATIENCE):
    """Block until a party has heard a prompt of this pitch (Hz), at any time."""
    deadline = time.monotonic() + timeout
    while not said(party.hears(None), hertz):
        assert time.monotonic() < deadline, f"no prompt of {hertz} Hz within {timeout} s"
        time.sleep(LOOK_SECONDS)  # sound gives nothing to block on


def gap_ms(samples, hertz=None):
    """Return the longest silence between the first sound and the last, in steps of GRAIN_MS.

    Packets missing for no more than 40 ms are no silence (peers/ear.py). With `hertz` only that pitch is a
    sound; such short pieces tell apart no pitches nearer than 100 Hz.
    """
    size = RATE * GRAIN_MS // 1000
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    loud = [(_peak(piece) if hertz is None else level(piece, hertz / RATE)) > MIXED for piece in pieces]
    if True not in loud:
        raise AssertionError(f"no sound of {hertz or 'any pitch'} in {_ms(len(samples)):.0f} ms")
    first, last = loud.index(True), len(loud) - loud[::-1].index(True)
    stretches = itertools.groupby(loud[first:last])
    return GRAIN_MS * max((len(list(run)) for sounds, run in stretches if not sounds), default=0)


def _peak(piece):
    return max(map(abs, piece))


def _ms(count):
    return 1000 * count / RATE
