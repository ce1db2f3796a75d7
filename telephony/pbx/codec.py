"""The one encoder and decoder of AMI's text: refuses what has no safe form, reads whatever comes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from telephony.errors import EncodingRefusedError

Headers = Sequence[tuple[str, str | int]] | Mapping[str, str | int]

LINE_LIMIT = 1022
"""Bytes of one AMI line without its CR LF. Asterisk 22.10.1 refuses the whole action for a longer line, and
at 1023 answers the end of that line as one more, empty action (measured)."""

HEADER_LIMIT = 127
"""Headers of one action, Action and ActionID included: what a message of Asterisk surely holds."""

MESSAGE_LIMIT = 1 << 20
"""Bytes of one received message; a longer one is dropped and counted."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_ACTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}")
_DIAL_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_FORBIDDEN = re.compile(r"[\r\n\0]")
_ESCAPED_IN_VARIABLE = re.compile(r'[,"\\()\[\]]')
_RESERVED = frozenset({"action", "actionid"})

_LINE_END = b"\r\n"
_BLANK = b"\r\n\r\n"
_GREETING = b"Asterisk Call Manager/"
_EVENT = b"\r\nEvent: "


def check_text(value: str, limit: int) -> str:
    """Return `value` if it fits in `limit` bytes of UTF-8 and has no CR, LF or NUL.

    The error never repeats the value: it may be a secret or a phone number.
    Raises EncodingRefusedError.
    """
    if _FORBIDDEN.search(value):
        raise EncodingRefusedError("A value with a line break or a NUL has no safe form for Asterisk.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as broken:
        raise EncodingRefusedError("A value holds half of a surrogate pair and is not text.") from broken
    if size > limit:
        raise EncodingRefusedError(f"A value of {size} bytes is too long for Asterisk; at most {limit} fit.")
    return value


def dial_number(text: str) -> str:
    """Return `text` if it is a phone number fit for a dial string: 3 to 20 ASCII digits after an optional +.

    Raises EncodingRefusedError, without the text in it.
    """
    if not _DIAL_NUMBER.fullmatch(text):
        raise EncodingRefusedError("This is not a phone number: 3 to 20 digits, with an optional + in front.")
    return text


def variable_header(name: str, value: str) -> tuple[str, str]:
    r"""Return the `Variable` header that sets one channel variable, as Originate reads it.

    Asterisk splits that header at commas and eats quotes and backslashes, so these get a backslash.
    Raises EncodingRefusedError for a name that is no variable name (at most two leading _ to inherit).
    """
    if not _VARIABLE.fullmatch(name):
        raise EncodingRefusedError("This is not the name of a channel variable.")
    return "Variable", f"{name}={_ESCAPED_IN_VARIABLE.sub(_with_backslash, value)}"


def _with_backslash(found: re.Match[str]) -> str:
    return "\\" + found[0]


def encode_action(name: str, action_id: str, headers: Headers = ()) -> bytes:
    """Return the bytes of one AMI action; a header name may occur several times.

    Raises EncodingRefusedError for names outside the grammar, a header that would replace Action or ActionID,
    values with CR, LF or NUL, and lines or actions longer than Asterisk reads.
    """
    if not _NAME.fullmatch(name):
        raise EncodingRefusedError("This is not the name of an AMI action.")
    if not _ACTION_ID.fullmatch(action_id):
        raise EncodingRefusedError("An ActionID is 1 to 80 letters, digits and . _ : / -")
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"Action: {name}", f"ActionID: {action_id}", *_header_lines(pairs)]
    if len(lines) > HEADER_LIMIT:
        raise EncodingRefusedError(f"An action has at most {HEADER_LIMIT} headers, not {len(lines)}.")
    return "\r\n".join(chain(lines, ("", ""))).encode()


def _header_lines(pairs: Iterable[tuple[str, str | int]]) -> Iterable[str]:
    for header, value in pairs:
        if not _NAME.fullmatch(header) or header.lower() in _RESERVED:
            raise EncodingRefusedError("This is not a header name that an AMI action may carry.")
        yield check_text(f"{header}: {value}", LINE_LIMIT)


class Message:
    """One response or event: the raw bytes, from which a header is read when it is asked for.

    Header names are matched exactly as Asterisk writes them, only at the start of a line and before a colon
    and a space, so no value can pass for a header. Bytes that are not UTF-8 come out as backslash escapes.
    """

    __slots__ = ("_lines",)

    def __init__(self, raw: bytes) -> None:
        self._lines = _LINE_END + raw  # so that every header, the first too, is found after a line's end

    @property
    def raw(self) -> bytes:
        """The message as received, without the blank line that ended it."""
        return self._lines[2:]

    @property
    def is_event(self) -> bool:
        """Whether this is an event; otherwise it is the response to an action."""
        return self._lines.startswith(_EVENT)

    @property
    def name(self) -> str:
        """The event's name; of a response its status, such as Success or Error."""
        lines = self._lines
        start = lines.find(b": ")
        end = lines.find(_LINE_END, 2)
        if start < 0 or 0 <= end < start:
            return ""
        return lines[start + 2 : end if end >= 0 else None].decode("utf-8", "backslashreplace")

    @property
    def action_id(self) -> str:
        """The ActionID of the action this belongs to, or an empty string."""
        return self.get("ActionID")

    @property
    def output(self) -> str:
        """The lines a Command printed."""
        return "\n".join(self.all("Output"))

    def get(self, header: str, default: str = "") -> str:
        """Return the first value of a header, or `default` if the message has no such line."""
        lines = self._lines
        needle = _NEEDLES.get(header) or _needle(header)
        start = lines.find(needle)
        if start < 0:
            return default
        start += len(needle)
        end = lines.find(_LINE_END, start)
        return lines[start : end if end >= 0 else None].decode("utf-8", "backslashreplace")

    def all(self, header: str) -> list[str]:
        """Return every value of a repeated header in the order received."""
        values = (part.partition(_LINE_END)[0] for part in self._lines.split(_needle(header))[1:])
        return [value.decode("utf-8", "backslashreplace") for value in values]

    def headers(self) -> dict[str, str]:
        """Return all headers as a plain dictionary; of a repeated one the first value, as `get` does."""
        found: dict[str, str] = {}
        for line in self.raw.decode("utf-8", "backslashreplace").split("\r\n"):
            header, colon, value = line.partition(": ")
            if colon and header not in found:
                found[header] = value
        return found

    def __repr__(self) -> str:
        return f"<Message {self.name}>"  # never the headers: they hold phone numbers


_NEEDLES: dict[str, bytes] = {}


def _needle(header: str) -> bytes:
    """Return the bytes that open a header's line; names come from our code, so this is bounded."""
    return _NEEDLES.setdefault(header, b"\r\n" + header.encode() + b": ")


class Decoder:
    """Cuts AMI's byte stream into messages, however the network has split it; holds at most `limit` bytes.

    `greeting` is the version line, known when the first message is complete; `dropped` counts over-long ones.
    """

    __slots__ = ("_edge", "_fresh", "_held", "_limit", "_size", "_skipping", "dropped", "greeting")

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self._limit = limit
        self._held: list[bytes] = []
        self._size = 0
        self._edge = b""  # the last three bytes held: a blank line may be cut anywhere
        self._skipping = False
        self._fresh = True
        self.greeting = ""
        self.dropped = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes and return the messages they complete; never raises on any bytes."""
        if _BLANK not in self._edge + data:
            self._hold(data)
            return []
        self._held.append(data)
        pieces = b"".join(self._held).split(_BLANK)
        if self._skipping:
            pieces[0] = b""
        rest = pieces.pop()
        self._held, self._size, self._edge, self._skipping = [], 0, b"", False
        self._hold(rest)
        return [Message(piece) for piece in map(self._tidy, pieces) if piece]

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        self._edge = (self._edge + data)[-3:]
        if self._skipping or self._size > self._limit + 3:  # three may belong to the blank line
            self.dropped += not self._skipping
            self._skipping = True
            self._held = [self._edge]

    def _tidy(self, piece: bytes) -> bytes:
        if len(piece) > self._limit:
            self.dropped += 1
            return b""
        piece = piece.removeprefix(_LINE_END)
        if self._fresh:
            self._fresh = False
            if piece.startswith(_GREETING):
                line, _, piece = piece.partition(_LINE_END)
                self.greeting = line.decode("utf-8", "backslashreplace")
        return piece
