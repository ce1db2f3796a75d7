"""What a party heard, as the order of the tones that each party makes."""

import array
import itertools
import math
import wave

PIECE = 0.2
AUDIBLE = 500
"""Mean amplitude from which on a tone counts as heard; the parties speak at 6000."""


def heard(file, tones, where=slice(None)):
    """Return which of the tones (Hz) was heard, in order, silence left out: [440, 300, 440]."""
    with wave.open(str(file)) as wav:
        rate = wav.getframerate()
        samples = array.array("h", wav.readframes(wav.getnframes()))[where]
    size = int(rate * PIECE)
    pieces = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    loudest = (max(tones, key=lambda hertz: _level(piece, hertz / rate)) for piece in pieces if any(piece))
    audible = [
        (hertz, piece) for hertz, piece in zip(loudest, filter(any, pieces), strict=True)
        if _level(piece, hertz / rate) > AUDIBLE
    ]  # fmt: skip
    return [hertz for hertz, _ in itertools.groupby(hertz for hertz, _ in audible)]


def _level(piece, turn):
    real = sum(s * math.cos(2 * math.pi * turn * n) for n, s in enumerate(piece))
    imaginary = sum(s * math.sin(2 * math.pi * turn * n) for n, s in enumerate(piece))
    return 2 * math.hypot(real, imaginary) / len(piece)
