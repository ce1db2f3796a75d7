"""A-law sound, as a carrier's line carries it: a tone to speak with, and what was heard as a WAV file."""

import array
import bisect
import math
import wave
from pathlib import Path

RATE = 8000
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


def sine(hertz: int) -> list[bytes]:
    """Return one second of a tone in 20 ms pieces: whole waves, so that it repeats without a click."""
    samples = (6000 * math.sin(2 * math.pi * hertz * n / RATE) for n in range(RATE))
    encoded = bytes(_CODES[bisect.bisect_left(_LEVELS, sample)] for sample in samples)
    return [encoded[start : start + FRAME] for start in range(0, RATE, FRAME)]


def save(alaw: bytes, file: Path) -> None:
    """Write A-law bytes as WAV, 8 kHz, mono, 16 bit."""
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(array.array("h", (LINEAR[code] for code in alaw)).tobytes())
