"""Structured logs on standard output: one line an event, phone numbers masked, no raw control characters.

What structlog, the standard library's logging (uvicorn, Alembic, asyncio), Twisted and `warnings` say all
passes through the same processors.
"""

import json
import logging
import re
import sys
from collections.abc import Container, Mapping
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner

Form = Literal["json", "text"]
SAFE_KEYS = frozenset({"timestamp", "level", "pid", "port", "event_id", "seconds", "bytes"})
"""Keys under which a long number is never a phone number."""

SHORTEST = 7
"""A run of this many digits is taken for a phone number; service numbers and extensions are shorter."""
MOBILE = 11

_CALL_ID = r"(?<![\d.])[12]\d{9}\.\d{1,9}(?!\d)"
_CHANNEL = r"(?<=-)000\d{5}(?!\d)"
_TIME = r"(?<!\d)20\d{6}T\d{6}(?!\d)"
_SPACED_MOBILE = r"1[3-9]\d(?P<gap>[- ])\d{4}(?P=gap)\d{4}(?!\d)"
_NUMBERS = re.compile(rf"(?P<keep>{_CALL_ID}|{_CHANNEL}|{_TIME})|{_SPACED_MOBILE}|\+?\d{{{SHORTEST},}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LEVELS = {
    LogLevel.debug: 10,
    LogLevel.info: 20,
    LogLevel.warn: 30,
    LogLevel.error: 40,
    LogLevel.critical: 50,
}


def mask_number(number: str) -> str:
    """Return '138****1234' for '13800001234'; a number too short to be a person's stays as it is."""
    digits = sum(character.isdigit() for character in number)
    if digits < SHORTEST:
        return number
    head, tail = (3, 4) if digits >= MOBILE else (2, 2)
    head += number.startswith("+")
    return f"{number[:head]}****{number[-tail:]}"


def mask(text: str, spared: Container[str] = ()) -> str:
    """Mask every run of digits that may be a phone number; ids of calls, times and `spared` ones stay."""
    return _NUMBERS.sub(
        lambda found: found[0] if found["keep"] or found[0] in spared else mask_number(found[0]), text
    )


def visible(text: str) -> str:
    """Write characters that could move a cursor, end a line or turn its direction as escapes."""
    return _CONTROL.sub(lambda found: _escape(found[0]), text)


def scrub(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Mask numbers in every value of the event, however deep (a structlog processor)."""
    return {key: value if key in SAFE_KEYS else _scrubbed(value) for key, value in event.items()}


def render_json(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Return the event as one line of JSON."""
    # What json leaves raw (line separators, lone surrogates) is escaped as json itself would.
    line = json.dumps(event, ensure_ascii=False)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def render_text(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Return the event as one line `time level event key=value …`."""
    head = [str(event.pop(name, "")) for name in ("timestamp", "level", "event")]
    pairs = [f"{key}={_plain(value)}" for key, value in event.items()]
    return visible(" ".join(part for part in (*head, *pairs) if part))


def processors(form: Form) -> list[Processor]:
    """Return what an event passes through, in order; the last one makes the line."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrub,
        render_json if form == "json" else render_text,
    ]


def set_up(form: Form = "text", *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (standard output); call once, before the reactor runs."""
    structlog.configure(
        processors=processors(form),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines(stream or sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[FromLogging()], level=max(level, logging.INFO), force=True)
    logging.captureWarnings(True)
    globalLogBeginner.beginLoggingTo([cast("ILogObserver", from_twisted)], redirectStandardIO=False)


class FromLogging(logging.Handler):
    """Hands records of the standard library's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record, with its traceback if it has one."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args}"
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger(source=record.name).log(level, message, exc_info=record.exc_info or None)


def from_twisted(event: LogEvent) -> None:
    """Hand an event of Twisted's own log to structlog (a log observer)."""
    failure = event.get("log_failure")
    message = formatEvent(event) or (str(failure.value) if failure else "")
    log = structlog.get_logger(source=str(event.get("log_namespace", "twisted")))
    values: dict[str, Any] = {"exception": failure.getTraceback()} if failure else {}
    log.log(_LEVELS.get(event.get("log_level"), logging.INFO), message, **values)


class _Lines:
    """Makes loggers that write whole lines and never fail: a closed pipe must not end a call."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, *_args: object) -> "_Lines":
        return self

    def msg(self, line: str) -> None:
        """Write one line."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = exception = log = msg


def _scrubbed(value: object) -> Any:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, int):
        masked = mask(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, Mapping):
        return {mask(str(key)): _scrubbed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_scrubbed(item) for item in value]
    return mask(repr(value))


def _plain(value: object) -> str:
    if isinstance(value, str) and value and not re.search(r'[\s"=\\]', value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _escape(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(character)
    return named.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004
