"""Missed-call returns at a terminal: whom to call back, and that it has been done."""

from typing import Annotated

import typer

from telephony.cli import show
from telephony.logs import mask
from telephony.texts import say, word

app = typer.Typer(help=say("help.returns"))
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
All = Annotated[bool, typer.Option("--all", help=say("option.all_returns"))]
ReturnId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.return"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Note = Annotated[str | None, typer.Option(help=say("option.note"))]
COLUMNS = ("id", "lost", "caller", "centre", "why", "call", "closed", "by", "note")


@app.callback(invoke_without_command=True)
def waiting(context: typer.Context) -> None:
    """Print whom to call back, unless a command follows."""
    if context.invoked_subcommand is None:
        entries()


@app.command("list", help=say("help.returns_list"))
def entries(
    *,
    everything: All = False,
    limit: Limit = 100,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print whom to call back, the longest waiting first."""
    found = show.client().get("returns", closed=str(everything).lower(), limit=limit)
    if as_json:
        show.document(found)
        return
    rows = [
        (
            each["id"],
            show.moment(each["opened_at"]),
            show.person(each["number"], whole=show_numbers),
            each["centre"],
            word(f"outcome.{each['why']}"),
            each["call_id"],
            show.moment(each["closed_at"]),
            each["closed_by"],
            each["note"] if show_numbers else mask(each["note"] or ""),
        )
        for each in found
    ]
    show.table(word("title.returns"), COLUMNS, rows)


@app.command(help=say("help.returns_close"))
def close(return_id: ReturnId, *, by: By, note: Note = None, as_json: show.Json = False) -> None:
    """Note that somebody has called the citizen back."""
    closed = show.client().send("POST", f"returns/{return_id}/close", {"by": by, "note": note})
    if as_json:
        show.document(closed)
        return
    show.line(say("return.closed", id=closed["id"], number=show.person(closed["number"], whole=False)))
