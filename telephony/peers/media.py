"""The sound of one simulated call: speaks a tone, presses keys (RFC 4733), keeps what it hears."""

import contextlib
import itertools
import secrets
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from telephony.peers import tone

FRAME_SECONDS = 0.02
ALAW, KEY = 8, 101
"""RTP payload types, as the scenarios offer them."""
KEYS = "0123456789*#ABCD"
KEY_FRAMES, END_FRAMES, PAUSE_FRAMES = 5, 3, 5
RECEIVE_BYTES = 2048
HEADER = struct.Struct("!BBHII")


class Media:
    """Bound to its port at once; speaks from `start` until `stop`."""

    def __init__(self, address: str, port: int, hertz: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.port: int = self._socket.getsockname()[1]
        self._frames: Iterator[bytes] = itertools.cycle(tone.sine(hertz))
        self._keys: deque[tuple[float, str]] = deque()
        self._heard = bytearray()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def press(self, keys: str, delay_ms: int) -> None:
        """Press these keys, one after the other, `delay_ms` from now."""
        self._keys.append((time.monotonic() + delay_ms / 1000, keys))

    def speak(self, frames: Iterator[bytes]) -> None:
        """Say this from now on, 20 ms of A-law a piece, instead of the tone."""
        self._frames = frames

    def start(self, remote: tuple[str, int]) -> None:
        """Speak to the other side and listen to it, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, args=(remote,), daemon=True)
        self._thread.start()

    def stop(self, heard: Path | None = None) -> None:
        """Fall silent, close the port, and write what was heard."""
        self._over.set()
        if self._thread:
            self._thread.join()
        self._socket.close()
        if heard and self._heard:
            tone.save(bytes(self._heard), heard)

    def _run(self, remote: tuple[str, int]) -> None:
        due = time.monotonic()
        source, packets = secrets.randbits(32), self._packets()
        for sequence, (kind, stamp, payload) in enumerate(packets):
            packet = HEADER.pack(0x80, kind, sequence & 0xFFFF, stamp & 0xFFFFFFFF, source) + payload
            with contextlib.suppress(ConnectionError):  # the other side may have closed its port already
                self._socket.sendto(packet, remote)
            due += FRAME_SECONDS
            self._listen(due)
            if self._over.is_set():
                return

    def _listen(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except TimeoutError:
                return
            except ConnectionError:  # ICMP's answer to a packet that came too late
                continue
            if len(data) > HEADER.size and data[1] & 0x7F == ALAW:
                self._heard += data[HEADER.size :]

    def _packets(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield type, time stamp and payload of each packet: the tone, or in its place a key that is due."""
        stamp = 0
        while True:
            if self._keys and self._keys[0][0] <= time.monotonic():
                for key in self._keys.popleft()[1]:
                    yield from self._key(key, stamp)
                    stamp += tone.FRAME * (KEY_FRAMES + END_FRAMES)
                    for _ in range(PAUSE_FRAMES):
                        yield ALAW, stamp, tone.SILENCE
                        stamp += tone.FRAME
            yield ALAW, stamp, next(self._frames)
            stamp += tone.FRAME

    @staticmethod
    def _key(key: str, stamp: int) -> Iterator[tuple[int, int, bytes]]:
        # The stamp stays while the duration grows; the end is sent three times, for lines that lose packets.
        for frame in range(KEY_FRAMES + END_FRAMES):
            ended = 0x80 if frame >= KEY_FRAMES else 0
            first = 0x80 if frame == 0 else 0
            duration = tone.FRAME * min(frame + 1, KEY_FRAMES)
            yield KEY | first, stamp, struct.pack("!BBH", KEYS.index(key), ended | 10, duration)
