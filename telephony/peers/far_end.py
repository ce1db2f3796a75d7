"""The simulated carrier: takes any number of calls at once, each as the called number's script says.

Written by hand: a script for each number, changed while a call is live, is what SIPp cannot do.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from telephony.errors import SwitchUnavailableError, UnknownThingError
from telephony.peers import tone
from telephony.peers.ear import Samples
from telephony.peers.far_end_call import OK, Address, Behaviour, Call
from telephony.peers.ports import PATIENCE_SECONDS
from telephony.peers.sip_message import Message

NO_SUCH_CALL, NO_SUCH_METHOD = 481, 501
TOLD_EVENTS = 20
NO_SUCH_NUMBER = Behaviour(alerting=None, ring_ms=0, final=404)


class FarEnd:
    """A carrier at one UDP port: plan what its numbers do, start it, wait for what happens.

    Numbers without a plan do as `default` says.
    """

    def __init__(self, address: str, port: int, folder: Path, *, default: Behaviour = NO_SUCH_NUMBER) -> None:
        self.port = port
        self.events: list[list[str]] = []
        self._folder, self._default = folder, default
        self._plans: dict[str, tuple[int, Sequence[Behaviour]]] = {}
        self._taken: Counter[str] = Counter()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._line = _Line(self, self._loop, address, port)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def plan(self, number: str, behaviours: Sequence[Behaviour]) -> None:
        """Say what the next calls of a number meet, one entry a call; the last one repeats."""
        self._plans[number] = (self._taken[number], behaviours)

    def start(self) -> Self:
        """Listen; raises OSError if somebody else does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._line.open(), self._loop).result()
        return self

    def stop(self) -> None:
        """Close the port; calls in progress fall silent."""
        self._loop.call_soon_threadsafe(self._line.close)
        self._thread.join()

    def answer(self, number: str) -> None:
        """Answer the number's last call, which rings."""
        self._command(number, Call.answer)

    def reject(self, number: str, status: int) -> None:
        """End the number's last call, which rings, with this SIP status."""
        self._command(number, lambda call: call.reject(status))

    def hang_up(self, number: str) -> None:
        """End the number's last call, which is answered."""
        self._command(number, Call.hang_up)

    def press(self, number: str, keys: str, delay_ms: int = 0) -> None:
        """Press keys in the number's last call, `delay_ms` from now."""
        self._command(number, lambda call: call.press(keys, delay_ms))

    def wait_event(
        self, name: str, timeout: float = PATIENCE_SECONDS, nth: int = 1, *, number: str = ""
    ) -> list[str]:
        """Block for the nth of these, of one number or of all, and return its words.

        `invited NUMBER CALLER`, `alerting NUMBER STATUS`, `answered NUMBER`, `rejected NUMBER STATUS`,
        `cancelled NUMBER` by the switch, `far-end-bye NUMBER` from the switch, `hung-up NUMBER` by us, and
        `ended NUMBER` once nothing more comes and `heard` is written.
        """
        deadline = time.monotonic() + timeout
        with self._news:
            while len(found := self._found(name, number)) < nth:
                if not self._news.wait(deadline - time.monotonic()):
                    last = [" ".join(words) for words in self.events[-TOLD_EVENTS:]]
                    raise SwitchUnavailableError(f"the far end: no {name} {number}; {last}")
        return found[nth - 1]

    def heard(self, number: str, nth: int = 1) -> Path:
        """Return the WAV file of what the number's nth call has heard; none, if nothing came."""
        return self._folder / f"{number}-{nth}.wav"

    def hears(self, number: str, milliseconds: int | None = 300) -> Samples:
        """Return what the number's last call has just heard, as 16-bit samples; None: from the first on.

        Where nothing came there is silence, as in a call that is not answered yet. Raises UnknownThingError
        before the number's first call.
        """
        return tone.decode(self._last_call(number).hears(milliseconds))

    def pieces(self, number: str) -> list[tuple[float, bytes]]:
        """Return what the number's last call has heard: each packet's time (time.time) and its A-law."""
        return self._last_call(number).pieces()

    def happened(self, *words: str) -> None:
        """Note an event, from whatever thread."""
        with self._news:
            self.events.append(list(words))
            self._news.notify_all()

    def next_call(self, number: str) -> tuple[Behaviour, Path]:
        """Return what the call that comes now is to do, and where to keep what it hears."""
        first, behaviours = self._plans.get(number, (0, [self._default]))
        behaviour = behaviours[min(self._taken[number] - first, len(behaviours) - 1)]
        self._taken[number] += 1
        return behaviour, self.heard(number, self._taken[number])

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _found(self, name: str, number: str) -> list[list[str]]:
        return [words for words in self.events if words[0] == name and number in {"", words[1]}]

    def _command(self, number: str, command: Callable[[Call], None]) -> None:
        self._loop.call_soon_threadsafe(command, self._last_call(number))

    def _last_call(self, number: str) -> Call:
        call = self._line.latest.get(number)
        if call is None:
            raise UnknownThingError(f"the far end has had no call for {number}")
        return call

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Line(asyncio.DatagramProtocol):
    """The port, in its own thread: hands each packet to its call."""

    def __init__(self, far_end: FarEnd, loop: asyncio.AbstractEventLoop, address: str, port: int) -> None:
        self.address, self.port = address, port
        self.latest: dict[str, Call] = {}
        self.happened = far_end.happened
        self._next_call, self._loop = far_end.next_call, loop
        self._calls: dict[str, Call] = {}
        self._transport: Any = None

    async def open(self) -> None:
        """Take the port."""
        where = (self.address, self.port)
        self._transport, _ = await self._loop.create_datagram_endpoint(lambda: self, where)

    def close(self) -> None:
        """Leave the port and stop the loop."""
        for call in self._calls.values():
            call.abandon()
        self._transport.close()
        self._loop.call_soon(self._loop.stop)  # only once the port is closed

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take one packet."""
        message = Message.parse(data)
        if message is None:
            return
        call = self._calls.get(message.get("call-id"))
        if call is not None and not (call.over and message.method == "INVITE"):
            call.received(message)
        elif message.method == "INVITE":
            self._invited(message, addr)
        elif message.method not in {"ACK", "SIP/2.0"}:
            status = {"OPTIONS": OK, "BYE": NO_SUCH_CALL, "CANCEL": NO_SUCH_CALL}
            answer = message.response(status.get(message.method, NO_SUCH_METHOD), tag="line")
            self.send(answer, addr)

    def send(self, data: bytes, to: Address) -> None:
        """Send one packet."""
        self._transport.sendto(data, to)

    def later(self, milliseconds: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `what` later, unless the handle is cancelled."""
        return self._loop.call_later(milliseconds / 1000, what)

    def ended(self, call: Call) -> None:
        """Put away what the call has heard, which takes too long for this thread."""
        self._loop.run_in_executor(None, self._put_away, call)

    def _put_away(self, call: Call) -> None:
        call.put_away()
        self.happened("ended", call.number)

    def _invited(self, invite: Message, source: Address) -> None:
        behaviour, heard = self._next_call(invite.called)
        call = Call(self, invite, source, behaviour, heard)
        name = invite.get("call-id")
        self._calls[name] = self.latest[call.number] = call
        call.start()
