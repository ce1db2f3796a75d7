"""One FastAGI conversation: bytes out and in, and the greenlet that waits for an answer between them.

Each command writes one line, switches to the reactor's greenlet and is switched back when the answer is
there, so that a parked caller costs no thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from greenlet import getcurrent, greenlet
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

MAX_ANSWER = 65_536  # bytes; the longest real answer is a variable's value
VALUE = b"200 result=1 ("  # with which an answer begins that holds a value
_HANGUP = b"HANGUP\n"
_T = TypeVar("_T")


def _complete(answer: bytes | bytearray, *, value: bool) -> bool:
    """Say whether an answer ending with a newline is whole, by its two ends only: a drip costs little."""
    if answer.startswith(b"520-"):
        return answer.startswith(b"520 ", answer.rfind(b"\n", 0, -1) + 1)
    # a value may itself hold newlines: Asterisk sends it as it is
    return not value or not answer.startswith(VALUE) or answer.endswith(b")\n")


class Conversation:
    """What a session is made of: `send` writes bytes, `close` ends the connection.

    Whatever waits is resumed once the caller has gone or it is broken off; a command then fails.
    """

    def __init__(self, send: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self.answering = False  # a command waits for its answer
        self._send, self._close = send, close
        self._pending = bytearray()
        self._value = False  # the answer will be a value in parentheses
        self.hung_up, self._fault = False, ""  # the caller is known to have gone; why we broke off
        self._greenlet: Any = None

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in this session's greenlet until it first waits; it must let no exception out."""
        self._greenlet = greenlet(work)
        self._greenlet.switch()

    def feed(self, data: bytes) -> None:
        """Take bytes from the switch; resumes the entry when they complete an answer."""
        plain = data[:4] == b"200 " and data.find(b"\n") == len(data) - 1  # one answer, whole, and no more
        if plain and self.answering and not self._pending and (not self._value or data[-2:] == b")\n"):
            self._resume(data)
            return
        if self.hung_up:
            return
        whole: bytes | bytearray = data
        if self._pending:
            self._pending += data
            whole = self._pending
        if len(whole) > MAX_ANSWER:
            self.break_off(f"the switch sent an answer longer than {MAX_ANSWER} bytes")
        elif not self.answering or whole[:7] == _HANGUP:
            self._unasked(whole)
        elif data[-1] != 10 or not self._deliver(whole):  # noqa: PLR2004 - a newline
            self._pending = bytearray(whole) if whole is data else self._pending

    def lost(self) -> None:
        """Note that the caller has gone; a running `await_` finishes first."""
        self.hung_up = True
        if self.answering:
            self._resume(None)

    def break_off(self, why: str) -> None:
        """Close a conversation out of step: its entry gets AGIUnknownError."""
        self._fault = why
        self._close()
        self.lost()

    def _deliver(self, whole: bytes | bytearray) -> bool:
        # The answer, and after it the news, twice if the command was cut short (seen on a real switch);
        # no value can end like this.
        news = whole.endswith(b"\nHANGUP\n")
        while whole.endswith(b"\nHANGUP\n"):
            whole = whole[:-7]
        if news:
            self.hung_up = True
        elif not _complete(whole, value=self._value):
            return False
        self._pending = bytearray()
        self._resume(bytes(whole))
        return True

    def _unasked(self, whole: bytes | bytearray) -> None:
        """Between commands Asterisk says HANGUP and nothing else; more would be taken for the next answer."""
        if whole[:7] == _HANGUP:
            self.lost()
        elif _HANGUP.startswith(bytes(whole)):
            self._pending = bytearray(whole)
        else:
            self.break_off("the switch spoke without being asked")

    def _resume(self, answer: object) -> None:
        self.answering = False
        waiting = self._greenlet
        waiting.parent = getcurrent()  # whoever wakes us is where we go back to
        waiting.switch(answer)

    def await_(self, work: Deferred[_T] | Callable[[], Deferred[_T]]) -> _T:
        """Wait for a Deferred, or the one `work()` returns, and return its result or raise its failure.

        A hangup does not stop it, as committed work must finish; the next command then raises AGIHangup.
        """
        outcome: list[Any] = []
        waiting = False

        def settle(result: Any) -> None:
            outcome.append(result)
            if waiting:
                self._resume(None)

        (work() if callable(work) else work).addBoth(settle)
        if not outcome:
            self._check_greenlet()
            waiting = True
            self._greenlet.parent.switch()
        result: _T | Failure = outcome[0]
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def _check_greenlet(self) -> None:
        if getcurrent() is not self._greenlet:
            raise RuntimeError("a session is used only inside the greenlet of its entry")

    def _ask(self, line: bytes, *, value: bool) -> None:
        """Write a command; `value` says that its answer may be a value in parentheses, over several lines."""
        self._value = value
        self.answering = True
        self._send(line)

    def _wait(self) -> bytes | None:
        """Switch to the reactor until an answer is there, whole; None if the caller has gone."""
        answer: bytes | None = self._greenlet.parent.switch()
        return answer
