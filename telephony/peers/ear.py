"""What one party of a call hears, on a time line: what does not come leaves silence, as in a telephone."""

import array
import threading
from collections.abc import Sequence

RATE = 8000
"""Samples a second, of every party."""
Samples = Sequence[int]
"""Sound in 16 bits at RATE, however it came."""
LATE = RATE * 40 // 1000
"""Samples by which sound may be late before it leaves a hole: now and then a switch slips by one packet."""


class Ear:
    """Fed by one thread, asked by any; `silence` is one sample of it, as this party's sound is coded.

    Times are seconds of the system's clock (time.time): the kernel stamps packets and files by it.
    """

    def __init__(self, silence: bytes) -> None:
        self._silence = silence
        self._sound = bytearray()
        self._began = 0.0
        self._times, self._bounds = array.array("d"), array.array("q")  # of the pieces, in little room
        self._lock = threading.Lock()

    def take(self, sound: bytes, at: float) -> None:
        """Hear this, the last of which came at `at`."""
        with self._lock:
            if not self._sound:
                self._began = at - self._samples(sound) / RATE
            missed = self._due(at) - self._samples(self._sound) - self._samples(sound)
            self._sound += self._silence * (missed if missed > LATE else 0)
            self._sound += sound
            self._times.append(at)
            self._bounds.extend((len(self._sound) - len(sound), len(self._sound)))

    def last(self, milliseconds: int, now: float) -> bytes:
        """Return what was heard in the time before `now`; silence, where nothing came."""
        wanted = RATE * milliseconds // 1000
        with self._lock:
            missed = self._due(now) - self._samples(self._sound) if self._sound else wanted
            hole = self._silence * (min(missed, wanted) if missed > LATE else 0)
            size = wanted * len(self._silence) - len(hole)
            heard = bytes(self._sound[-size:]) if size else b""
        return self._silence * (wanted - self._samples(heard) - self._samples(hole)) + heard + hole

    def whole(self) -> bytes:
        """Return everything from the first sound to the last, with the holes between."""
        with self._lock:
            return bytes(self._sound)

    def pieces(self) -> list[tuple[float, bytes]]:
        """Return everything as it came, each piece with its time."""
        with self._lock:
            bounds = zip(self._bounds[::2], self._bounds[1::2], strict=True)
            sounds = (bytes(self._sound[first:last]) for first, last in bounds)
            return list(zip(self._times, sounds, strict=True))

    def _due(self, at: float) -> int:
        return round((at - self._began) * RATE)

    def _samples(self, sound: bytes | bytearray) -> int:
        return len(sound) // len(self._silence)
