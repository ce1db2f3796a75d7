"""What baresip hears, while it talks: its sndfile module appends to a WAV file with every packet."""

import array
import threading
import time
from pathlib import Path

from telephony.peers.ear import Ear, Samples

WAV_HEADER = 44
"""Bytes before the samples; the sizes in them are wrong until the file is closed, and not read here."""
SAMPLE = 2
LOOK_SECONDS = 0.02


class Dump:
    """Follows the dump of a folder that last grew, in a thread of its own: a phone's calls, one by one.

    Samples are 16 bits at 8 kHz, of the one codec that the phone offers. A file says by its time of change
    when its last packet came. Who has two calls at once hears the one whose packets come.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ear = Ear(bytes(SAMPLE))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._read: dict[Path, int] = {}

    def start(self) -> None:
        """Follow from now on; the folder must be there."""
        self._thread.start()

    def stop(self) -> None:
        """Read what is left, and stop."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def hears(self, milliseconds: int | None) -> Samples:
        """Return what was heard in the last milliseconds, or since the first sound."""
        ear = self._ear
        return array.array("h", ear.whole() if milliseconds is None else ear.last(milliseconds, time.time()))

    def _follow(self) -> None:
        while not self._over.wait(LOOK_SECONDS):  # a file that grows gives nothing to block on
            self._look()
        self._look()

    def _look(self) -> None:
        files = self._folder.glob("dump-*-dec.wav")
        for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))[-1:]:
            start, state = self._read.get(file, WAV_HEADER), file.stat()
            size = (state.st_size - start) // SAMPLE * SAMPLE
            if size > 0:
                with file.open("rb") as opened:
                    opened.seek(start)
                    self._ear.take(opened.read(size), state.st_mtime)
                self._read[file] = start + size
