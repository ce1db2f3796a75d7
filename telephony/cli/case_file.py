"""A file of cases, as an office has it: CSV from Excel in China or elsewhere, or JSON."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telephony.errors import ConfigError
from telephony.logs import visible
from telephony.texts import say

COLUMNS = {
    "case_number": ("诉求编号", "工单编号"),
    "numbers": ("联系电话", "电话"),
    "subject": ("主题",),
    "category": ("类别",),
    "district": ("区县",),
    "unit": ("承办单位",),
    "channel": ("渠道",),
    "round": ("轮次",),
}
"""What a column is called: its English name, or one of these."""
LARGEST_BODY = 60_000
"""Bytes of one request; the service takes a little more."""
MOST_ROWS = 500
SEPARATOR = ", "
_NAMES = {name: key for key, others in COLUMNS.items() for name in (key, *others)}
_BETWEEN = re.compile(r"[;；,，、/\s]+")
_FIXED_LINE = re.compile(r"(0[0-9]{2,3})-([0-9]{7,8})")
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""How Excel keeps the digits of a number: ="13800000001"."""


@dataclass(frozen=True)
class Row:
    """One case as the API takes it, where it stands, and what is wrong with it before anybody is asked."""

    line: int
    body: Any
    why: str = ""

    @property
    def size(self) -> int:
        """Return the bytes that it takes in a request, at most; raise ValueError for what none can hold."""
        text = json.dumps(self.body, ensure_ascii=False, allow_nan=False)
        return len(text.encode()) + len(SEPARATOR)


def read(path: Path) -> list[Row]:
    """Return the rows of a file; raise ConfigError that names the line if it cannot be read as a whole."""
    try:
        text = _text(path, path.read_bytes())
    except OSError as error:
        raise _problem(path, 1, say("file.unreadable", why=error.strerror)) from error
    rows = _of_json(path, text) if path.suffix.lower() == ".json" else list(_of_csv(path, text))
    return _checked(rows)


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


def _text(path: Path, content: bytes) -> str:
    """Decode UTF-8 with or without a mark, or what Excel writes in China (GB18030)."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _problem(path, 1, say("cases.encoding"))


def _of_json(path: Path, text: str) -> list[Row]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _problem(path, error.lineno, say("cases.no_json", why=error.msg)) from error
    except (ValueError, RecursionError) as error:  # a number or a nesting beyond all measure
        raise _problem(path, 1, say("cases.no_json", why=error)) from error
    found = found.get("cases") if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise _problem(path, 1, say("cases.no_list"))
    return [Row(place, row) for place, row in enumerate(found, 1)]


def _of_csv(path: Path, text: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    delimiter = "\t" if "\t" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        keys = _keys(path, next(reader, []))
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(line, keys, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _problem(path, line, say("cases.no_csv", why=error)) from error


def _keys(path: Path, head: list[str]) -> list[str]:
    names = [name.strip() for name in head]
    unknown = [name for name in names if name not in _NAMES]
    if unknown or "case_number" not in {_NAMES[name] for name in names}:
        known = ", ".join(f"{key}/{others[0]}" for key, others in COLUMNS.items())
        named = ", ".join(name or '""' for name in unknown) or say("cases.no_number_column")
        raise _problem(path, 1, say("cases.columns", names=named, known=known))
    keys = [_NAMES[name] for name in names]
    if len(set(keys)) < len(keys):
        raise _problem(path, 1, say("cases.double_column"))
    return keys


def _row(line: int, keys: list[str], cells: list[str]) -> Row:
    if any(cell.strip() for cell in cells[len(keys) :]):
        return Row(line, {}, say("cases.cells", most=len(keys)))
    body: dict[str, Any] = {"numbers": []}
    for key, cell in zip(keys, cells, strict=False):
        value = cell.strip()
        quoted = _AS_TEXT.fullmatch(value)
        value = quoted[1].strip() if quoted else value
        if value:
            body[key] = _value(key, value)
    return Row(line, body)


def _value(key: str, text: str) -> Any:
    if key == "numbers":
        return [_FIXED_LINE.sub(r"\1\2", number) for number in _BETWEEN.split(text) if number]
    return int(text) if key == "round" and re.fullmatch("[0-9]{1,4}", text) else text


def _checked(rows: list[Row]) -> list[Row]:
    """Mark what would overwrite an earlier row, and what no request can hold."""
    first: dict[str, int] = {}
    checked = []
    for row in rows:
        number = row.body.get("case_number") if isinstance(row.body, dict) else None
        known = first.get(number) if isinstance(number, str) else None
        if row.why:
            checked.append(row)
        elif unfit := _unfit(row):
            checked.append(Row(row.line, {}, unfit))
        elif known is not None:
            checked.append(Row(row.line, row.body, say("cases.double", case=number, line=known)))
        else:
            checked.append(row)
            if isinstance(number, str):
                first[number] = row.line
    return checked


def _unfit(row: Row) -> str:
    """Return why no request can hold a row, or nothing."""
    try:
        return say("cases.too_large") if row.size > LARGEST_BODY else ""
    except ValueError:
        return say("cases.no_text")


def _problem(path: Path, line: int, text: str) -> ConfigError:
    return ConfigError(f"{visible(str(path))}:{line}: {visible(text)}")
