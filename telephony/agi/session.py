"""What an entry of the dialplan says to a call: pyst2's AGI vocabulary, the traps of pyst2 0.5.1 closed.

An entry reads as straight-line calls: each writes one line and waits for its answer (conversation.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asterisk import agi as pyst2

from telephony.agi.conversation import VALUE, Conversation
from telephony.errors import AGIHangup, EncodingRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

# the entries' names for what can go wrong: only this module imports pyst2
AGIError, AGIAppError, AGIDBError = pyst2.AGIError, pyst2.AGIAppError, pyst2.AGIDBError
AGIUnknownError, AGIUsageError = pyst2.AGIUnknownError, pyst2.AGIUsageError
AGIInvalidCommand = pyst2.AGIInvalidCommand

MAX_COMMAND = 2047  # bytes with the newline: Asterisk's fgets takes what is beyond for the next command
_DONE = b"200 result=1\n"


class _Quoted(bytes):
    """An argument in its outgoing form; only `_quote` makes one, so an entry cannot bring its own."""


def quote(value: object) -> bytes:
    r"""Return one argument as Asterisk's parse_args reads it back: in quotes, with \ and " escaped.

    Raises EncodingRefusedError for CR, LF and NUL, which end a command, and for what is no text or number.
    """
    if isinstance(value, str) and value.isprintable() and "\\" not in value and '"' not in value:
        return b'"%b"' % value.encode()  # most arguments
    if isinstance(value, int):
        return b'"%d"' % value
    if not isinstance(value, (str, float)):
        raise EncodingRefusedError(f"an AGI argument must be text or a number, not {type(value).__name__}")
    try:
        raw = str(value).encode()
    except UnicodeEncodeError:
        raise EncodingRefusedError("an AGI argument must be text that UTF-8 can carry") from None
    if b"\n" in raw or b"\r" in raw or b"\0" in raw:
        raise EncodingRefusedError("an AGI argument must not hold a line break or NUL")
    return b'"%b"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def parse_result(answer: bytes) -> dict[str, tuple[str, str]]:
    """Return the fields of a `200` line as pyst2 does: {"result": (value, data), "endpos": (value, "")}.

    Takes time linear in the answer's length. Raises AGIUnknownError if it is no such line.
    """
    text = answer.decode("utf-8", "backslashreplace")
    if not text.startswith("200 result=") or text.find("\n") != len(text) - 1:
        raise AGIUnknownError(f"the switch gave an answer that is none ({len(answer)} bytes)")
    head, _, tail = text[11:-1].partition(" (")
    data, _, more = tail.partition(")")
    value, _, rest = head.partition(" ")
    fields = {"result": (value, data)}
    for word in f"{rest} {more}".split():
        key, equals, value = word.partition("=")
        if equals:
            fields.setdefault(key, (value, ""))
    return fields


class Session(Conversation, pyst2.AGI):  # type: ignore[misc]  # pyst2 ships no types
    """One call's conversation; made by the server and used only inside the greenlet of its entry.

    `env` holds the agi_ variables, `send` writes bytes, `close` ends the connection.
    Every command raises AGIHangup once the caller has gone (hangup line, end of file, reset, 511), an
    AGIError if the switch refused it, EncodingRefusedError if it cannot be sent; then nothing was sent.
    Times are milliseconds, as in AGI. Digits come back as text, "" for none.
    """

    def __init__(self, env: dict[str, str], send: Callable[[bytes], None], close: Callable[[], None]) -> None:
        # not pyst2's own __init__: it installs a signal handler and reads a blocking file
        Conversation.__init__(self, send, close)
        self._get_agi_env(env)
        self.call_id = self.env.get("agi_uniqueid", "")

    def test_hangup(self) -> None:
        """Raise AGIHangup if the caller has gone, AGIUnknownError if the conversation was broken off."""
        if self._fault:
            raise AGIUnknownError(self._fault)
        if self.hung_up:
            raise AGIHangup("the caller has gone")

    def send_command(self, command: str, *args: object) -> None:
        """Write one command, every argument quoted; trailing empty ones are options that were not given."""
        words = [arg if type(arg) is _Quoted else quote(arg) if arg != "" else b"" for arg in args]
        while words and not words[-1]:
            words.pop()
        self._write(b" ".join([command.encode(), *(word or b'""' for word in words)]) + b"\n")

    def _write(self, line: bytes, *, value: bool = False) -> None:
        self.test_hangup()
        self._check_greenlet()
        if len(line) > MAX_COMMAND or line.find(b"\n") != len(line) - 1:
            raise EncodingRefusedError(f"an AGI command must be one line of at most {MAX_COMMAND} bytes")
        self._ask(line, value=value)

    def readline(self) -> bytes:
        """Switch to the reactor until the answer is there; return it with its newline."""
        answer = self._wait()
        while answer and answer[:4] == b"100 ":
            answer = answer.partition(b"\n")[2]
            if not answer and not self.hung_up:
                self.answering = True
                answer = self._wait()
        if not answer:
            self.test_hangup()
            raise AGIHangup("the caller has gone")
        return answer

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:  # noqa: ARG002 - pyst2's own
        """Wait for the answer of the command just sent and return its fields (see `parse_result`)."""
        return self._judge(self.readline())

    def _judge(self, answer: bytes) -> dict[str, tuple[str, str]]:
        code = answer[:3]
        if code == b"511":  # no more commands for this call
            self.hung_up = True
            self.test_hangup()
        if code in {b"510", b"520"}:
            kind = AGIInvalidCommand if code == b"510" else AGIUsageError
            raise kind(answer[4:].decode("utf-8", "backslashreplace").strip())
        try:
            fields = parse_result(answer)
        except AGIUnknownError as nonsense:
            self.break_off(str(nonsense))
            raise
        if fields["result"][0] == "-1":
            self._failed(hangup=fields["result"][1] == "hangup")
        return fields

    def _failed(self, *, hangup: bool) -> None:
        """Tell a hangup from a failure, both -1: after a hangup one more question gets HANGUP or 511."""
        self.hung_up = self.hung_up or hangup
        self._write(b"CHANNEL STATUS\n")
        if (alive := self.readline()) != b"200 result=-1\n":
            self._judge(alive)
        raise AGIAppError("the switch answered -1: the application failed, or a file is missing")

    # from here on: pyst2's methods that were wrong, slow or without types

    def _get_agi_env(self, env: dict[str, str] | None = None) -> None:
        self.env: dict[str, str] = env or {}  # the server has read it

    def _quote(self, string: object) -> bytes:
        return _Quoted(quote(string))

    def _ask_value(self, command: bytes, *args: object) -> str | None:
        """Ask for a value; return all between the outermost parentheses, or None if there are none."""
        self._write(b"%b %b\n" % (command, b" ".join(map(quote, args))), value=True)
        answer = self.readline()
        if answer.startswith(VALUE) and answer.endswith(b")\n"):
            return answer[len(VALUE) : -2].decode("utf-8", "backslashreplace")
        self._judge(answer)
        return None

    def get_variable(self, name: str) -> str:
        r"""Return a channel variable or function, "" if it is not set; what is no UTF-8 becomes \xNN."""
        return self._ask_value(b"GET VARIABLE", name) or ""

    def get_full_variable(self, name: str, channel: str | None = None) -> str:
        """Return an expression such as ${CDR(start)} evaluated by the switch, on this or another channel."""
        return self._ask_value(b"GET FULL VARIABLE", name, *([channel] if channel else ())) or ""

    def set_variable(self, name: str, value: object) -> None:
        """Set a channel variable or function."""
        self._tell(b"SET VARIABLE %b %b\n" % (quote(name), quote(value)))

    def _tell(self, line: bytes) -> None:
        self._write(line)
        if (answer := self.readline()) != _DONE:
            self._judge(answer)

    def stream_file(self, filename: str, escape_digits: Any = "", sample_offset: int = 0) -> str:
        """Play a prompt; return the digit that interrupted it, or ""."""
        return self._digit("STREAM FILE", filename, self._process_digit_list(escape_digits), sample_offset)

    def wait_for_digit(self, timeout: int = pyst2.DEFAULT_TIMEOUT) -> str:
        """Wait at most `timeout` ms (-1: for ever) for a digit and return it, or ""."""
        return self._digit("WAIT FOR DIGIT", timeout)

    def record_file(  # noqa: PLR0913, PLR0917 - pyst2's own signature
        self, filename: str, format: str = "gsm", escape_digits: Any = "#",  # noqa: A002
        timeout: int = pyst2.DEFAULT_RECORD, offset: int = 0, beep: str = "beep", silence: int = 0,
    ) -> str:  # fmt: skip
        """Record until an escape digit, `timeout` ms or `silence` s; return the digit, or ""."""
        extra = [word for word in (beep, silence and f"s={silence}") if word]  # "" would beep, too
        keys = self._process_digit_list(escape_digits)
        return self._digit("RECORD FILE", filename, format, keys, timeout, offset, *extra)

    def _digit(self, command: str, *args: object) -> str:
        result, why = self.execute(command, *args)["result"]
        if result == "0" or why == "timeout":  # RECORD FILE gives any number with a timeout (seen: 54919)
            return ""
        if len(result) < 4 and result.isascii() and result.isdecimal():  # noqa: PLR2004 - one byte
            return chr(int(result))
        raise AGIError("the switch gave no digit where one was due")

    def verbose(self, message: str, level: int = 1) -> None:
        """Write a line to the switch's console at verbosity 1 to 4."""
        self._tell(b"VERBOSE %b %b\n" % (quote(message), quote(level)))

    def say_datetime(self, seconds: int, escape_digits: Any = "", format: str = "", zone: str = "") -> Any:  # noqa: A002
        """Say an instant; an empty format is Asterisk's own (pyst2 sent the zone in its place)."""
        return super().say_datetime(seconds, escape_digits, format or (zone and "ABdY 'digits/at' IMp"), zone)

    def channel_status(self, channel: str = "") -> int:
        """Return a channel's state, 6 for up, or -1 if no other channel of that name is there."""
        try:
            return int(super().channel_status(channel))
        except ValueError:
            raise AGIError("the switch gave no channel state where one was due") from None

    def database_get(self, family: str, key: str) -> str:
        """Return an entry of the switch's database. Raises AGIDBError if there is none."""
        value = self._ask_value(b"DATABASE GET", family, key)
        if value is None:
            raise AGIDBError("no such entry in the switch's database")
        return value

    def database_deltree(self, family: str, key: str = "") -> None:
        """Delete a family or a part of it. Asterisk's 0 means done here, and pyst2 raised for it."""
        self.execute("DATABASE DELTREE", family, key)

    def exec_command(self, command: str, *args: object) -> str:
        """Run an application, return its result; refuse an argument with a comma (`appexec` takes those)."""
        if any("," in str(arg) for arg in args):
            raise EncodingRefusedError("an application's argument must not hold a comma")
        result: str = self.execute("EXEC", command, ",".join(map(str, args)))["result"][0]
        if result == "-2":
            raise AGIAppError("the switch has no such application")
        return result
