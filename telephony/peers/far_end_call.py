"""One call that the simulated carrier takes: what it is to do, and its side of SIP while it does so."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from telephony.peers import tone
from telephony.peers.media import Media
from telephony.peers.sip_message import Message, sdp

Voice = Literal["human", "machine", "tone", "silent"]
Address = tuple[str, int]

T1, T2, GIVE_UP = 500, 4000, 32_000
"""Milliseconds until a message is sent again, the most they double to, and after which it is given up."""
TRYING, SESSION_PROGRESS, OK, REDIRECT, TERMINATED = 100, 183, 200, 302, 487
VOICE_HERTZ, RINGBACK_HERTZ = 425, 450
FRAMES_A_SECOND = 50
WORD_FRAMES = FRAMES_A_SECOND // 2
GREETING_FRAMES = FRAMES_A_SECOND * 5


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the called number does; times in milliseconds.

    It alerts `alert_after_ms` after the INVITE, and `ring_ms` later (or that long after the INVITE, if it
    never alerts) it answers or gives `final`, a SIP status; with neither, nothing more comes. `again` are
    more provisional responses, each as (ms after the first, status). 183 brings a tone of RINGBACK_HERTZ.
    From the answer on it presses `keys`, hangs up, and speaks: a human says one word of half a second and
    listens, a machine speaks for 5 s, a tone never ends; the pitch of each is `hertz`. `q850` goes into the
    final response, or the BYE, as a Reason. Without `trying`, and if it does not alert, the INVITE is not
    even acknowledged.
    """

    alerting: Literal[180, 183] | None = 180
    alert_after_ms: int = 0
    ring_ms: int = 100
    again: tuple[tuple[int, int], ...] = ()
    final: int | None = None
    answer: bool = False
    keys: str = ""
    key_delay_ms: int = 500
    hang_up_after_ms: int | None = None
    voice: Voice = "human"
    hertz: int = VOICE_HERTZ
    q850: int | None = None
    redirect_to: str = ""
    trying: bool = True


class Line(Protocol):
    """What a call needs of the carrier that it belongs to."""

    address: str
    port: int
    happened: Callable[..., None]
    """Tells whoever waits for it."""

    def send(self, data: bytes, to: Address) -> None:
        """Send one packet."""

    def later(self, milliseconds: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `what` later, unless the handle is cancelled."""

    def ended(self, call: "Call") -> None:
        """Take note that this call needs nothing more but to be put away."""


class Call:
    """Lives in its line's thread, from the INVITE to the last answer; `number` is the called one."""

    def __init__(
        self, line: Line, invite: Message, source: Address, behaviour: Behaviour, heard: Path
    ) -> None:
        self.number = invite.called
        self.over = False
        self._heard = heard
        self._media: Media | None = None
        self._line, self._invite, self._source, self._behaviour = line, invite, source, behaviour
        self._tag = secrets.token_hex(8)
        self._last = b""  # the last response to the INVITE
        self._state: Literal["ringing", "answering", "talking", "refusing", "leaving"] = "ringing"
        self._timers: list[asyncio.TimerHandle] = []

    def start(self) -> None:
        """Take the INVITE."""
        plan = self._behaviour
        self._line.happened("invited", self.number, self._invite.caller)
        if plan.trying:
            self._respond(TRYING)
        if plan.alerting:
            self._later(plan.alert_after_ms, self._alert)
        else:
            self._later(plan.ring_ms, self._conclude)

    def received(self, message: Message) -> None:
        """Take whatever else comes with this call's Call-ID."""
        match message.method:
            case "INVITE" if message.sequence == self._invite.sequence:
                if self._last:
                    self._line.send(self._last, self._source)
            case "ACK":
                self._acknowledged()
            case "CANCEL":
                self._cancelled(message)
            case "BYE":
                self._far_end_bye(message)
            case "SIP/2.0":
                if self._state == "leaving" and message.status >= OK:
                    self._end()
            case _:  # a re-INVITE, an UPDATE: all is well, and as it was
                self._reply(message, OK, self._session() if message.method == "INVITE" else "")

    def answer(self) -> None:
        """Answer, if it still rings."""
        if self._state != "ringing":
            return
        self._stop_timers()
        self._state = "answering"
        self._open(_voice(self._behaviour))
        self._finally(OK, self._session())

    def reject(self, status: int) -> None:
        """Give this final status, if it still rings."""
        if self._state != "ringing":
            return
        self._stop_timers()
        self._state = "refusing"
        self._line.happened("cancelled" if status == TERMINATED else "rejected", self.number, str(status))
        self._finally(status)

    def hang_up(self) -> None:
        """Send BYE, if it talks."""
        if self._state != "talking":
            return
        self._stop_timers()
        self._state = "leaving"
        self._line.happened("hung-up", self.number)
        here = f"{self._line.address}:{self._line.port}"
        self._insist(self._invite.bye(tag=self._tag, here=here, extra=self._reason()))

    def hears(self, milliseconds: int | None) -> bytes:
        """Return what came in the last milliseconds, or since the first sound, as A-law; from any thread."""
        if self._media is None:
            return tone.silence(milliseconds or 0)
        return self._media.hears(milliseconds)

    def pieces(self) -> list[tuple[float, bytes]]:
        """Return every packet that came with its time; from any thread."""
        return self._media.pieces() if self._media else []

    def press(self, keys: str, delay_ms: int = 0) -> None:
        """Press keys, if there is sound."""
        if self._media:
            self._media.press(keys, delay_ms)

    def abandon(self) -> None:
        """Do nothing more: the line is going away."""
        if not self.over:
            self._end()

    def put_away(self) -> None:
        """Close the sound and keep what was heard; blocks, so it is called in another thread."""
        if self._media:
            self._media.stop(self._heard)

    def _alert(self) -> None:
        plan = self._behaviour
        self._provisional(plan.alerting or 180)
        for milliseconds, status in plan.again:
            self._later(milliseconds, partial(self._provisional, status))
        self._later(plan.ring_ms, self._conclude)

    def _provisional(self, status: int) -> None:
        self._line.happened("alerting", self.number, str(status))
        if status == SESSION_PROGRESS:
            self._open(itertools.cycle(tone.sine(RINGBACK_HERTZ)))
            self._respond(status, self._session())
        else:
            self._respond(status)

    def _conclude(self) -> None:
        if self._behaviour.answer:
            self.answer()
        elif self._behaviour.final:
            self.reject(self._behaviour.final)

    def _acknowledged(self) -> None:
        if self._state == "refusing":
            self._end()
        elif self._state == "answering":
            self._stop_timers()
            self._state = "talking"
            self._line.happened("answered", self.number)
            plan = self._behaviour
            if plan.keys:
                self.press(plan.keys, plan.key_delay_ms)
            if plan.hang_up_after_ms is not None:
                self._later(plan.hang_up_after_ms, self.hang_up)

    def _cancelled(self, cancel: Message) -> None:
        self._reply(cancel, OK)
        self.reject(TERMINATED)

    def _far_end_bye(self, bye: Message) -> None:
        self._reply(bye, OK)
        if not self.over:
            self._line.happened("far-end-bye", self.number)
            self._end()

    def _open(self, frames: Iterator[bytes]) -> None:
        opened = self._media is not None
        self._media = self._media or Media(self._line.address, 0, RINGBACK_HERTZ)
        self._media.speak(frames)
        if not opened:
            self._media.start(self._invite.media)

    def _session(self) -> str:
        return sdp(self._line.address, self._media.port) if self._media else ""

    def _response(self, status: int, body: str = "") -> bytes:
        here = f"sip:{self.number}@{self._line.address}:{self._line.port}"
        where = self._behaviour.redirect_to if status == REDIRECT else here
        reason = self._reason() if status >= REDIRECT else ()
        extra = (f"Contact: <{where}>", "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE", *reason)
        return self._invite.response(status, tag=self._tag, extra=extra, body=body)

    def _reason(self) -> tuple[str, ...]:
        cause = self._behaviour.q850
        return () if cause is None else (f"Reason: Q.850;cause={cause}",)

    def _respond(self, status: int, body: str = "") -> None:
        self._last = self._response(status, body)
        self._line.send(self._last, self._source)

    def _finally(self, status: int, body: str = "") -> None:
        self._last = self._response(status, body)
        self._insist(self._last)

    def _reply(self, request: Message, status: int, body: str = "") -> None:
        self._line.send(request.response(status, tag=self._tag, body=body), self._source)

    def _insist(self, data: bytes, wait: int = T1, waited: int = 0) -> None:
        """Send until something stops it: nothing over UDP is sure to arrive."""
        if waited >= GIVE_UP:
            self._end()
            return
        self._line.send(data, self._source)
        self._later(wait, partial(self._insist, data, min(T2, wait * 2), waited + wait))

    def _later(self, milliseconds: float, what: Callable[[], None]) -> None:
        self._timers.append(self._line.later(milliseconds, what))

    def _stop_timers(self) -> None:
        while self._timers:
            self._timers.pop().cancel()

    def _end(self) -> None:
        self._stop_timers()
        self.over = True
        self._line.ended(self)


def _voice(plan: Behaviour) -> Iterator[bytes]:
    spoken = itertools.cycle(tone.sine(plan.hertz))
    if plan.voice == "tone":
        return spoken
    frames = {"human": WORD_FRAMES, "machine": GREETING_FRAMES, "silent": 0}[plan.voice]
    return itertools.chain(itertools.islice(spoken, frames), itertools.repeat(tone.SILENCE))
