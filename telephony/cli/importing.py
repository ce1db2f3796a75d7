"""Sending the rows of a file to the service, and telling what became of each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from telephony.cli import row_file, show
from telephony.cli.client import Client
from telephony.cli.row_file import Row
from telephony.errors import HotlineError
from telephony.logs import visible
from telephony.texts import say


@dataclass(frozen=True)
class Target:
    """Where rows go, the key by which each is named, and the text that sums them up."""

    path: str
    key: str
    summary: str


@dataclass(frozen=True)
class Result:
    """What became of a row of the file; `line` is where it stands (of JSON: which one it is)."""

    line: int
    name: str | None
    stored: bool
    why: str | None


def run(file: Path, rows: list[Row], target: Target, *, as_json: bool) -> None:
    """Store the rows; each wrong one is named, keeps no right one out, and makes the exit status 1."""
    results: list[Result] = []
    try:
        _send(show.client(), rows, target, results)
    except HotlineError:
        typer.echo(_summary(target, results), err=True)
        raise
    refused = [result for result in results if not result.stored]
    if as_json:
        told = [_document(result, target) for result in results]
        show.document({"stored": len(results) - len(refused), "refused": len(refused), "rows": told})
    else:
        show.line(_summary(target, results))
    for result in refused if not as_json else ():
        text = f"{file}:{result.line}: {result.name or ''}: {result.why}"
        typer.echo(visible(text), err=True)
    raise typer.Exit(1 if refused else 0)


def _send(client: Client, rows: list[Row], target: Target, results: list[Result]) -> None:
    """Send what may be right; `results` grows with each request, so that a broken one loses nothing."""
    wrong = [Result(row.line, row.named(target.key), stored=False, why=row.why) for row in rows if row.why]
    for batch in row_file.batches([row for row in rows if not row.why]):
        told = client.send("POST", target.path, [row.body for row in batch])
        results += [
            Result(row.line, each[target.key], each["stored"], each["why"])
            for row, each in zip(batch, told["rows"], strict=True)
        ]
    results += wrong
    results.sort(key=lambda result: result.line)


def _summary(target: Target, results: list[Result]) -> str:
    stored = sum(result.stored for result in results)
    return say(target.summary, stored=stored, refused=len(results) - stored)


def _document(result: Result, target: Target) -> dict[str, Any]:
    return {"line": result.line, target.key: result.name, "stored": result.stored, "why": result.why}
