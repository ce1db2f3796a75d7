"""A file of rows, as an office has it: CSV from Excel in China or elsewhere, or JSON."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telephony.errors import ConfigError
from telephony.logs import visible
from telephony.texts import say

LARGEST_BODY = 60_000
"""Bytes of one request; the service takes a little more."""
MOST_ROWS = 500
SEPARATOR = ", "
_FIXED_LINE = re.compile(r"(0[0-9]{2,3})-([0-9]{7,8})")
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""How Excel keeps the digits of a number: ="13800000001"."""


@dataclass(frozen=True)
class Row:
    """One thing as the API takes it, where it stands, and what is wrong with it before anybody is asked."""

    line: int
    body: Any
    why: str = ""

    @property
    def size(self) -> int:
        """Return the bytes that it takes in a request, at most; raise ValueError for what none can hold."""
        text = json.dumps(self.body, ensure_ascii=False, allow_nan=False)
        return len(text.encode()) + len(SEPARATOR)

    def named(self, key: str) -> str | None:
        """Return what the row says under a key, if it is text."""
        name = self.body.get(key) if isinstance(self.body, dict) else None
        return name if isinstance(name, str) else None


@dataclass(frozen=True)
class Form:
    """What a file holds.

    Each column's English name with its others; the column that no file can be without; what a cell is to
    the API; the key under which JSON may hold the list; and what an empty row of CSV says.
    """

    columns: Mapping[str, tuple[str, ...]]
    key: str
    value: Callable[[str, str], Any]
    list_key: str
    blank: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """Return every name that a column may have, with its English one."""
        return {name: key for key, others in self.columns.items() for name in (key, *others)}


def read(path: Path, form: Form) -> list[Row]:
    """Return the rows of a file; raise ConfigError that names the line if it cannot be read as a whole."""
    try:
        text = _text(path, path.read_bytes())
    except OSError as error:
        raise _problem(path, 1, say("file.unreadable", why=error.strerror)) from error
    if path.suffix.lower() == ".json":
        return _of_json(path, text, form)
    return list(_of_csv(path, text, form))


def once(rows: list[Row], key: str) -> list[Row]:
    """Mark what would overwrite an earlier row of the same `key`, and what no request can hold."""
    first: dict[str, int] = {}
    checked = []
    for row in rows:
        name = row.named(key)
        if row.why:
            checked.append(row)
        elif unfit := _unfit(row):
            checked.append(Row(row.line, {}, unfit))
        elif name in first:
            checked.append(Row(row.line, row.body, say("rows.double", name=name, line=first[name])))
        else:
            checked.append(row)
            if name is not None:
                first[name] = row.line
    return checked


def dialled(number: str) -> str:
    """Return a fixed line's number without the hyphen behind its area code; any other as it is."""
    return _FIXED_LINE.sub(r"\1\2", number)


def batches(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the rows in requests that the service takes."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == MOST_ROWS or size + row.size > LARGEST_BODY):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row.size
    if batch:
        yield batch


def _unfit(row: Row) -> str:
    """Return why no request can hold a row, or nothing."""
    try:
        return say("rows.too_large") if row.size > LARGEST_BODY else ""
    except ValueError:
        return say("rows.no_text")


def _text(path: Path, content: bytes) -> str:
    """Decode UTF-8 with or without a mark, or what Excel writes in China (GB18030)."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _problem(path, 1, say("rows.encoding"))


def _of_json(path: Path, text: str, form: Form) -> list[Row]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _problem(path, error.lineno, say("rows.no_json", why=error.msg)) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond all measure
        raise _problem(path, 1, say("rows.no_json", why=error)) from error
    found = found.get(form.list_key) if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise _problem(path, 1, say("rows.no_list", name=form.list_key))
    return [Row(place, row) for place, row in enumerate(found, 1)]


def _of_csv(path: Path, text: str, form: Form) -> Iterator[Row]:
    head = text.partition("\n")[0]
    delimiter = "\t" if "\t" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        keys = _keys(path, next(reader, []), form)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(line, keys, cells, form)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _problem(path, line, say("rows.no_csv", why=error)) from error


def _keys(path: Path, head: list[str], form: Form) -> list[str]:
    names, known = [name.strip() for name in head], form.names
    unknown = [name for name in names if name not in known]
    if unknown or form.key not in {known[name] for name in names}:
        told = {key: f"{key}/{others[0]}" for key, others in form.columns.items()}
        named = ", ".join(name or '""' for name in unknown) or told[form.key]
        raise _problem(path, 1, say("rows.columns", names=named, known=", ".join(told.values())))
    keys = [known[name] for name in names]
    if len(set(keys)) < len(keys):
        raise _problem(path, 1, say("rows.double_column"))
    return keys


def _row(line: int, keys: list[str], cells: list[str], form: Form) -> Row:
    body = dict(form.blank)
    for key, cell in zip(keys, cells, strict=False):
        value = cell.strip()
        quoted = _AS_TEXT.fullmatch(value)
        value = quoted[1].strip() if quoted else value
        if value:
            body[key] = form.value(key, value)
    more = any(cell.strip() for cell in cells[len(keys) :])
    return Row(line, body, say("rows.cells", most=len(keys)) if more else "")


def _problem(path: Path, line: int, text: str) -> ConfigError:
    return ConfigError(f"{visible(str(path))}:{line}: {visible(text)}")
