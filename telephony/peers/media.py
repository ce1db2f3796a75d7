"""The sound of one simulated call: speaks a tone, presses keys (RFC 4733), keeps what it hears."""

import contextlib
import heapq
import itertools
import secrets
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from telephony.peers import tone
from telephony.peers.ear import Ear

FRAME_SECONDS = 0.02
ALAW, KEY = 8, 101
"""RTP payload types, as the scenarios offer them."""
KEYS = "0123456789*#ABCD"
KEY_FRAMES, END_FRAMES, PAUSE_FRAMES = 5, 3, 5
RECEIVE_BYTES = 2048
SO_TIMESTAMPNS = 35
"""Linux' option for the time at which a packet came, however late we read it; Python has no name for it."""
STAMP = struct.Struct("@qq")
NOTE_BYTES = socket.CMSG_SPACE(STAMP.size)
HEADER = struct.Struct("!BBHII")


class Media:
    """Bound to its port at once; speaks from `start` until `stop`."""

    def __init__(self, address: str, port: int, hertz: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.port: int = self._socket.getsockname()[1]
        self._frames: Iterator[bytes] = itertools.cycle(tone.sine(hertz))
        self._keys: deque[tuple[float, str]] = deque()
        self._ear = Ear(tone.SILENCE[:1])
        self._parts = self._packets()
        self._remote, self._source, self._sequence = ("", 0), secrets.randbits(32), 0

    def press(self, keys: str, delay_ms: int) -> None:
        """Press these keys, one after the other, `delay_ms` from now."""
        self._keys.append((time.monotonic() + delay_ms / 1000, keys))

    def speak(self, frames: Iterator[bytes]) -> None:
        """Say this from now on, 20 ms of A-law a piece, instead of the tone."""
        self._frames = frames

    def start(self, remote: tuple[str, int]) -> None:
        """Speak to the other side and listen to it, in the thread of all calls."""
        self._remote = remote
        _band.join(self)

    def stop(self, heard: Path | None = None) -> None:
        """Fall silent, close the port, and write what was heard."""
        _band.part(self)
        while self.number >= 0 and self.listen():
            pass  # what has come by now was heard, however late the band's thread is
        self._socket.close()
        whole = self._ear.whole()
        if heard and whole:
            tone.save(whole, heard)

    def hears(self, milliseconds: int | None) -> bytes:
        """Return what was heard in the last milliseconds, or since the first sound, as A-law."""
        return self._ear.whole() if milliseconds is None else self._ear.last(milliseconds, time.time())

    def pieces(self) -> list[tuple[float, bytes]]:
        """Return every packet that was heard, as its time (seconds of the system's clock) and its A-law."""
        return self._ear.pieces()

    @property
    def number(self) -> int:
        """The socket's number, by which the system tells that something came."""
        return self._socket.fileno()

    def send(self) -> None:
        """Speak for 20 ms."""
        kind, stamp, payload = next(self._parts)
        head = HEADER.pack(0x80, kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, self._source)
        self._sequence += 1
        with contextlib.suppress(ConnectionError):  # the other side may have closed its port already
            self._socket.sendto(head + payload, self._remote)

    def listen(self) -> bool:
        """Take one packet that has come; tell whether one had."""
        try:
            data, notes, *_ = self._socket.recvmsg(RECEIVE_BYTES, NOTE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:  # ICMP's answer to a packet that came too late
            return True
        if len(data) > HEADER.size and data[1] & 0x7F == ALAW:
            self._ear.take(data[HEADER.size :], _came_at(notes))
        return True

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


class _Band:
    """One thread for the sound of all calls: with a thread for each, 180 took a whole core to take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._playing: dict[int, Media] = {}
        self._due: list[tuple[float, int, Media]] = []
        self._places = itertools.count()
        self._poll: select.epoll | None = None

    def join(self, media: Media) -> None:
        """Let a call speak and listen from now on."""
        with self._lock:
            if self._poll is None:
                self._poll = select.epoll()
                threading.Thread(target=self._run, args=(self._poll,), daemon=True).start()
            self._playing[media.number] = media
            self._poll.register(media.number, select.EPOLLIN)
            heapq.heappush(self._due, (time.monotonic(), next(self._places), media))

    def part(self, media: Media) -> None:
        """Let a call do so no more; once this returns, nobody touches it."""
        with self._lock:
            if self._poll is not None and self._playing.pop(media.number, None) is not None:
                self._poll.unregister(media.number)

    def _run(self, poll: select.epoll) -> None:
        while True:
            ready = poll.poll(self._pause())
            with self._lock:
                for number, _ in ready:
                    if number in self._playing:
                        self._playing[number].listen()
                self._send()
                if not self._playing:
                    self._poll = None
                    self._due.clear()
                    poll.close()
                    return

    def _pause(self) -> float:
        with self._lock:
            due = self._due[0][0] if self._due else 0.0
        return min(max(0.0, due - time.monotonic()), FRAME_SECONDS)  # one may join meanwhile

    def _send(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            due, place, media = heapq.heappop(self._due)
            if self._playing.get(media.number) is media:
                media.send()
                heapq.heappush(self._due, (due + FRAME_SECONDS, place, media))


_band = _Band()


def _came_at(notes: list[tuple[int, int, bytes]]) -> float:
    for _, kind, note in notes:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = STAMP.unpack(note)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
