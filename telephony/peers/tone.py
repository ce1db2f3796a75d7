"""A-law sound, as a carrier's line carries it: a tone to speak with, and what was heard as a WAV file."""

import array
import bisect
import math
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from telephony.peers.ear import RATE, Samples

FRAME = 160
"""Samples in 20 ms, the piece that one packet carries."""


def _linear(code: int) -> int:
    code ^= 0x55
    segment, value = (code & 0x70) >> 4, (code & 0x0F) << 4
    value = value + 8 if segment == 0 else (value + 0x108) << (segment - 1)
    return value if code & 0x80 else -value


LINEAR = [_linear(code) for code in range(256)]
_CODES = sorted(range(256), key=LINEAR.__getitem__)
_LEVELS = [LINEAR[code] for code in _CODES]
SILENCE = bytes([0xD5]) * FRAME


@cache
def sine(hertz: int) -> tuple[bytes, ...]:
    """Return one second of a tone in 20 ms pieces: whole waves, so that it repeats without a click."""
    samples = (6000 * math.sin(2 * math.pi * hertz * n / RATE) for n in range(RATE))
    encoded = bytes(_CODES[bisect.bisect_left(_LEVELS, sample)] for sample in samples)
    return tuple(encoded[start : start + FRAME] for start in range(0, RATE, FRAME))


def loudness(file: Path, hertz: int) -> float:
    """Return how loud one pitch is in a 16-bit mono WAV file: its mean amplitude, by pieces of 100 ms.

    The last piece, which is shorter, counts by its length.
    """
    with wave.open(str(file)) as wav:
        rate = wav.getframerate()
        samples = array.array("h", wav.readframes(wav.getnframes()))
    size = rate // 10
    pieces = (samples[start : start + size] for start in range(0, len(samples), size))
    whole = sum(len(piece) * _goertzel(piece, hertz / rate) for piece in pieces)
    return whole / len(samples) if samples else 0.0


def _goertzel(piece: Sequence[int], turn: float) -> float:
    factor = 2 * math.cos(2 * math.pi * turn)
    last = before = 0.0
    for sample in piece:
        last, before = sample + factor * last - before, last
    return 2 * math.sqrt(max(0.0, last**2 + before**2 - factor * last * before)) / len(piece)


def silence(milliseconds: int) -> bytes:
    """Return so much of a line on which nobody speaks."""
    return SILENCE[:1] * (RATE * milliseconds // 1000)


def decode(alaw: bytes) -> Samples:
    """Return A-law bytes as 16-bit samples."""
    return array.array("h", (LINEAR[code] for code in alaw))


def save(alaw: bytes, file: Path) -> None:
    """Write A-law bytes as WAV, 8 kHz, mono, 16 bit."""
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(array.array("h", decode(alaw)).tobytes())
