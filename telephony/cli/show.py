"""What the command prints: one JSON document, or tables with phone numbers masked."""

import getpass
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from telephony.cli.client import Client
from telephony.clock import SHANGHAI
from telephony.logs import mask, visible
from telephony.paths import Paths
from telephony.texts import catalogue, say, word

Json = Annotated[bool, typer.Option("--json", help=say("option.json"))]
ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help=say("option.show_numbers"))]
WIDE = 200
"""Columns where the output is no terminal."""


def client() -> Client:
    """Return a client for the installation that the environment names."""
    return Client.of(Paths.from_environment())


def document(data: Any) -> None:
    """Print one JSON document and nothing else."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def line(text: str) -> None:
    """Print a line; nothing in it can move the cursor."""
    typer.echo(visible(text))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; `columns` are keys below `column.` in the catalogue."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(Text(word(f"column.{column}")), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else WIDE).print(shown)


def cell(value: object) -> str:
    """Return a value as a table shows it: nothing for None, a dot after which a list goes on."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " · ".join(cell(item) for item in value)
    return visible(f"{value:g}" if isinstance(value, float) else str(value))


def moment(text: str | None) -> str:
    """Return the API's time as '11-23 16:00:05' in Shanghai."""
    return datetime.fromisoformat(text).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S") if text else ""


def person(number: str | None, *, whole: bool) -> str:
    """Return a citizen's number, masked unless it may be shown whole."""
    return (number or "") if whole else mask(number or "")


def who(name: str | None) -> str:
    """Return who did something: a name as it was given, what the service did by itself in words."""
    key = f"by.{name}"
    return word(key) if key in catalogue() else name or ""


def name(text: str) -> str:
    """Return a name as a part of an address: nothing in it leads elsewhere."""
    return quote(text, safe="")


def reason(text: str) -> str:
    """Return why the rules decided so in both languages; what a person wrote as it is."""
    key = "why." + re.sub(r"[^a-z]+", "_", text)
    return word(key) if key in catalogue() else text


def operator() -> str:
    """Return who sits at the terminal, for whoever does not say."""
    try:
        return getpass.getuser()[:40]
    except (KeyError, OSError):
        return "terminal"


def instant(text: str | None) -> str | None:
    """Return a time for the API; one without a zone is Shanghai's. A wrong one is a usage error."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(say("option.no_time", text=visible(text))) from error
    return (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).isoformat()
