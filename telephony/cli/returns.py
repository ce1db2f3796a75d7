"""Missed-call returns at a terminal: whom to call back, and that it has been done."""

from typing import Annotated, Any

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
AgentNumber = Annotated[str, typer.Option("--agent", help=say("option.agent"))]
Since = Annotated[str | None, typer.Option("--from", metavar="TIME", help=say("option.since"))]
Until = Annotated[str | None, typer.Option("--to", metavar="TIME", help=say("option.until"))]
COLUMNS = (
    "id",
    "lost",
    "caller",
    "centre",
    "queue",
    "why",
    "state",
    "tries",
    "next",
    "call",
    "closed",
    "by",
    "note",
)
CALLS = ("call", "started", "ended", "outcome", "ring")
FIGURES = ("asked", "reached", "called_again", "closed_by_people", "with_people", "open", "attempts")


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
            each["queue"],
            word(f"outcome.{each['why']}"),
            _state(each),
            each["tries"],
            show.moment(each["next_at"]),
            each["call_id"],
            show.moment(each["closed_at"]),
            show.who(each["closed_by"]),
            each["note"] if show_numbers else mask(each["note"] or ""),
        )
        for each in found
    ]
    show.table(word("title.returns"), COLUMNS, rows)


@app.command("show", help=say("help.returns_show"))
def one(return_id: ReturnId, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print one with all its calls."""
    found = show.client().get(f"returns/{return_id}")
    if as_json:
        show.document(found)
        return
    number = show.person(found["number"], whole=show_numbers)
    why = word(f"outcome.{found['why']}")
    show.line(f"{found['id']} · {number} · {why} · {_state(found)}")
    rows = [
        (
            each["id"],
            show.moment(each["started_at"]),
            show.moment(each["ended_at"]),
            word(f"outcome.{each['state']}"),
            each["ring_seconds"],
        )
        for each in found["attempts"]
    ]
    show.table(word("title.return_calls"), CALLS, rows)


@app.command(help=say("help.returns_dial"))
def dial(return_id: ReturnId, *, agent: AgentNumber, as_json: show.Json = False) -> None:
    """Ring an agent, then the citizen."""
    placed = show.client().send("POST", f"returns/{return_id}/dial", {"agent": agent})
    if as_json:
        show.document(placed)
        return
    show.line(say("return.ringing", agent=agent, call=placed["call_id"]))


@app.command(help=say("help.returns_reset"))
def reset(return_id: ReturnId, *, by: By, as_json: show.Json = False) -> None:
    """Begin anew with all attempts."""
    begun = show.client().send("POST", f"returns/{return_id}/reset", {"by": by})
    if as_json:
        show.document(begun)
        return
    show.line(say("return.reset", id=begun["id"]))


@app.command(help=say("help.returns_report"))
def report(*, since: Since = None, until: Until = None, as_json: show.Json = False) -> None:
    """Print what became of those opened in a time."""
    found = show.client().get("returns/report", since=show.instant(since), until=show.instant(until))
    if as_json:
        show.document(found)
        return
    columns = [f"return_{name}" for name in FIGURES]
    show.table(word("title.return_report"), columns, [[found[name] for name in FIGURES]])


@app.command(help=say("help.returns_close"))
def close(return_id: ReturnId, *, by: By, note: Note = None, as_json: show.Json = False) -> None:
    """Note that somebody has called the citizen back."""
    closed = show.client().send("POST", f"returns/{return_id}/close", {"by": by, "note": note})
    if as_json:
        show.document(closed)
        return
    show.line(say("return.closed", id=closed["id"], number=show.person(closed["number"], whole=False)))


def _state(found: dict[str, Any]) -> str:
    state = word(f"return_state.{found['state']}")
    if found["state"] != "given_up":
        return state
    reason = word(f"given_up.{found['given_up_why']}")
    return f"{state}：{reason}"
