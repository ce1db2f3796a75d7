"""A file of units: one row a contact, rows of one code are one unit."""

import re
from pathlib import Path
from typing import Any

from telephony.cli import row_file
from telephony.cli.row_file import Form, Row
from telephony.texts import say

COLUMNS = {
    "code": ("代码", "单位代码"),
    "short_code": ("短号",),
    "name": ("单位名称", "单位"),
    "level": ("级别", "层级"),
    "district": ("区县",),
    "kind": ("类别",),
    "contact": ("联系人", "岗位"),
    "number": ("电话", "联系电话"),
    "duty": ("值班时间",),
}
"""What a column is called: its English name, or one of these."""
FACTS = ("short_code", "name", "level", "district", "kind")
"""What a unit's rows agree in; each may leave it to an earlier one."""
CONTACT = {"name": "contact", "number": "number", "duty": "duty"}
"""What a contact is to the service, and the column in which it stands."""
_WORDS = {
    "level": {"市": "city", "县": "county", "区": "county", "乡镇": "township", "街道": "township"}
    | {"村": "village", "社区": "village"},
    "kind": {"单位": "unit", "应急": "emergency"},
}
_BETWEEN_WINDOWS = re.compile(r"\s*[;；\n]\s*")


def read(path: Path) -> list[Row]:
    """Return a file's units; raise ConfigError that names the line if it cannot be read as a whole.

    A row that is wrong refuses its unit: with a contact missing it would be another one.
    """
    form = Form(COLUMNS, "code", _value, "units")
    rows = row_file.read(path, form)
    return row_file.once(rows if path.suffix.lower() == ".json" else _units(rows), form.key)


def _value(key: str, text: str) -> Any:
    if key == "duty":
        return [window for window in _BETWEEN_WINDOWS.split(text) if window]
    if key == "number":
        return row_file.dialled(text)
    return _WORDS.get(key, {}).get(text, text)


def _units(rows: list[Row]) -> list[Row]:
    units: dict[str | int, Row] = {}
    for row in rows:
        # A row without a code is nobody's: it stands alone, and the service says what it lacks.
        key = row.named("code") or row.line
        unit = units.get(key, Row(row.line, {"contacts": []}))
        units[key] = unit if unit.why else _joined(unit, row)
    return list(units.values())


def _joined(unit: Row, row: Row) -> Row:
    """Return the unit with a row's contact, or the row with what is wrong with it."""
    facts = {name: row.body[name] for name in ("code", *FACTS) if name in row.body}
    other = [name for name, value in facts.items() if unit.body.get(name, value) != value]
    if row.why or other:
        why = row.why or say("units.differs", columns=", ".join(other), line=unit.line)
        return Row(row.line, facts, why)
    contact = {key: row.body[name] for key, name in CONTACT.items() if name in row.body}
    return Row(unit.line, unit.body | facts | {"contacts": [*unit.body["contacts"], contact]})
