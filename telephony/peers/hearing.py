"""Whom a party hears, told by the pitch that each one speaks with."""

import itertools
import math
import time
from collections.abc import Callable, Collection

from telephony.peers.ear import RATE, Samples

MIXED = 1500
"""Mean amplitude from which on a pitch counts as heard: a quarter of a voice."""
LISTEN_MS = 300
LOOK_SECONDS = 0.05


def tones(samples: Samples, candidates: Collection[int]) -> set[int]:
    """Return which of the candidate pitches (Hz) are audible in this piece of sound, any number at once.

    The nearer two candidates are, the longer a piece it takes: ValueError says how long.
    """
    nearest = min((b - a for a, b in itertools.pairwise(sorted({0, *candidates}))), default=RATE)
    if len(samples) * nearest < 4 * RATE:
        had = 1000 * len(samples) / RATE
        raise ValueError(f"{candidates} Hz: listen for {4000 / nearest:.0f} ms, not {had:.0f}")
    # Hann's window: without it a tone is also heard at the pitches beside it.
    turn = 2 * math.pi / len(samples)
    windowed = [s * (1 - math.cos(turn * n)) for n, s in enumerate(samples)]
    return {hertz for hertz in candidates if level(windowed, hertz / RATE) > MIXED}


def level(piece: Collection[float], turn: float) -> float:
    """Return how loud one pitch is in a piece of sound; `turn` is its share of the rate."""
    real = sum(s * math.cos(2 * math.pi * turn * n) for n, s in enumerate(piece))
    imaginary = sum(s * math.sin(2 * math.pi * turn * n) for n, s in enumerate(piece))
    return 2 * math.hypot(real, imaginary) / len(piece)


def await_tones(
    hears: Callable[[int], Samples], expected: Collection[int], candidates: Collection[int], seconds: float
) -> set[int]:
    """Return the candidate pitches that a party hears once they are those expected, or after `seconds`.

    `hears` returns the last milliseconds that the party has heard.
    """
    deadline = time.monotonic() + seconds
    while (now := tones(hears(LISTEN_MS), candidates)) != set(expected) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)  # sound gives nothing to block on
    return now
