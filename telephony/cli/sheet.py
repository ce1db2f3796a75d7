"""CSV that Excel in China opens, and in which nothing is a formula."""

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from telephony.texts import say, word

Csv = Annotated[bool, typer.Option("--csv", help=say("option.csv"))]
MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the system's own encoding."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as CSV in UTF-8; `columns` are keys below `column.` in the catalogue."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([word(f"column.{column}") for column in columns])
    writer.writerows([plain(value) for value in row] for row in rows)
    sys.stdout.flush()
    typer.echo((MARK + text.getvalue()).encode(), nl=False)


def plain(value: object) -> object:
    """Return a cell that no spreadsheet runs: text that begins like a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = " · ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
