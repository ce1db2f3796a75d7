"""Read the journal that Asterisk writes (cel_custom, one JSON object a line).

AMI replays nothing to a reader that was away, the journal does: it is a file, and the store holds
how far it has been read. So a call that came, talked and went while the service was down is in the
ledger all the same.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telephony.rules.call_story import Record

CURRENT = "calls.json"
CHUNK = 32_768
"""Bytes read at a time, some ten calls: what a caller waits for is not kept waiting by more."""
ROTATE_AT = 64 * 1024 * 1024
LONGEST_LINE = 16_384
LARGEST_CAUSE = 999
"""Q.850's causes are at most 127; Asterisk's own stay below this."""


@dataclass(frozen=True)
class Position:
    """How far the journal has been read: which file (device and inode) and how many bytes of it."""

    file: str = ""
    offset: int = 0


@dataclass(frozen=True)
class Page:
    """Some records and the position after them; `bad_lines` were not understood and passed over."""

    records: list[Record]
    position: Position
    bad_lines: int


def read(folder: Path, position: Position) -> Page:
    """Return the next whole lines after `position`; no records means that there are none yet."""
    page = _next(folder, position)
    bad_lines = page.bad_lines
    while not page.records and page.position != position:  # nonsense only: what follows it is wanted
        position = page.position
        page = _next(folder, position)
        bad_lines += page.bad_lines
    return Page(page.records, page.position, bad_lines)


def _next(folder: Path, position: Position) -> Page:
    path, position = _file_at(folder, position)
    if path is None:
        return Page([], position, 0)
    with path.open("rb") as file:
        file.seek(position.offset)
        data = file.read(CHUNK)
    end = data.rfind(b"\n") + 1
    if end == 0 and (len(data) > LONGEST_LINE or path.name != CURRENT):
        # No line of ours is so long, and nobody ends a line in a file put aside: do not wait for it for ever.
        end = len(data)
    records = [parse(line) for line in data[:end].splitlines()]
    good = [record for record in records if record is not None]
    return Page(good, Position(position.file, position.offset + end), len(records) - len(good))


def parse(line: bytes) -> Record | None:
    """Return the record in one line, or None if it is none (a torn write, a foreign line)."""
    try:
        row = json.loads(line.decode("utf-8", "backslashreplace"))
        at = datetime.fromtimestamp(float(row["eventtime"]), UTC)
        extra = _extra(row["eventextra"])
        return Record(
            kind=_text(row["eventtype"]),
            at=at,
            channel=_text(row["channame"]),
            leg_id=_text(row["uniqueid"]),
            call_id=_text(row["linkedid"]),
            extra=_text(extra.get("extra", "")),
            cause=_cause(extra.get("hangupcause")),
            hangup_source=_text(extra.get("hangupsource", "")),
            bridge=_text(extra.get("bridge_id", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return None


def rotate(folder: Path, position: Position, now: datetime) -> None:
    """Put a large journal aside once all of it has been read; Asterisk opens a new one by itself."""
    current = folder / CURRENT
    if position.offset < ROTATE_AT or not current.exists():
        return
    status = current.stat()
    if _identity(status) == position.file and status.st_size == position.offset:
        current.rename(folder / f"calls-{now:%Y%m%dT%H%M%S}.json")


def _extra(text: str) -> dict[str, Any]:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    # What no store takes must not stand in the way of all that comes after it.
    text = str(value)
    if "\0" in text:
        raise ValueError("a NUL in the journal")
    text.encode()  # half of a surrogate pair raises
    return text


def _cause(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= LARGEST_CAUSE else None


def _file_at(folder: Path, position: Position) -> tuple[Path | None, Position]:
    current = folder / CURRENT
    files = {_identity(path.stat()): path for path in folder.glob("calls*.json")}
    path = files.get(position.file)
    if path is not None and path != current and path.stat().st_size <= position.offset:
        path = None  # a file put aside, read to its end
    if path is not None and path.stat().st_size < position.offset:
        return path, Position(position.file, 0)  # emptied, or a new file under an old one's inode
    if path is not None:
        return path, position
    if not current.exists():
        return None, position
    return current, Position(_identity(current.stat()), 0)


def _identity(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}"
