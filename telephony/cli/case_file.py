"""A file of cases: one row a case."""

import re
from pathlib import Path
from typing import Any

from telephony.cli import row_file
from telephony.cli.row_file import Form, Row

COLUMNS = {
    "case_number": ("诉求编号", "工单编号"),
    "numbers": ("联系电话", "电话"),
    "subject": ("主题",),
    "category": ("类别",),
    "district": ("区县",),
    "unit": ("承办单位",),
    "channel": ("渠道",),
    "round": ("轮次",),
    "confidential": ("保密",),
}
"""What a column is called: its English name, or one of these."""
_YES_NO = {
    **dict.fromkeys(("是", "yes", "true", "1"), True),
    **dict.fromkeys(("否", "no", "false", "0"), False),
}
"""How people fill in a column of yes and no; anything else is told to them."""
_BETWEEN = re.compile(r"[;；,，、/\s]+")


def read(path: Path) -> list[Row]:
    """Return the rows of a file; raise ConfigError that names the line if it cannot be read as a whole."""
    form = Form(COLUMNS, "case_number", _value, "cases", {"numbers": []})
    return row_file.once(row_file.read(path, form), form.key)


def _value(key: str, text: str) -> Any:
    if key == "numbers":
        return [row_file.dialled(number) for number in _BETWEEN.split(text) if number]
    if key == "confidential":
        return _YES_NO.get(text.lower(), text)
    return int(text) if key == "round" and re.fullmatch("[0-9]{1,4}", text) else text
