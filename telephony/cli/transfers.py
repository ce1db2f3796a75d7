"""Transfers at a terminal: give a call away, complete it, take it back, look at what came of each."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import forms, say, word

app = typer.Typer(help=say("help.transfer"), no_args_is_help=True)
Call = Annotated[str, typer.Argument(metavar="CALL", help=say("option.transfer"))]
To = Annotated[str, typer.Option("--to", help=say("option.transfer_to"))]
Attended = Annotated[bool, typer.Option("--attended", help=say("option.attended"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Live = Annotated[bool | None, typer.Option("--live/--over", help=say("option.live"))]
Agent = Annotated[str | None, typer.Option(help=say("option.agent"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
OURSELVES = "hotline"
"""Who wanted it, where the command is not told."""
COLUMNS = ("id", "call", "from_agent", "transfer_to", "mode", "state", "why", "started", "ended", "agent")


@app.command(help=say("help.transfer_start"))
def start(
    call: Call, *, to: To, attended: Attended = False, by: By = OURSELVES, as_json: show.Json = False
) -> None:
    """Give a call away."""
    mode = "attended" if attended else "blind"
    body = {"call_id": call, "to": to, "mode": mode, "by": by}
    _told(show.client().send("POST", "transfers", body), as_json=as_json)


@app.command(help=say("help.transfer_complete"))
def complete(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let the agent go."""
    _told(show.client().send("POST", f"transfers/{show.name(call)}/complete", {"by": by}), as_json=as_json)


@app.command(help=say("help.transfer_cancel"))
def cancel(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Bring the citizen back."""
    _told(show.client().send("POST", f"transfers/{show.name(call)}/cancel", {"by": by}), as_json=as_json)


@app.command("list", help=say("help.transfer_list"))
def list_transfers(
    *, live: Live = None, agent: Agent = None, limit: Limit = 20, as_json: show.Json = False
) -> None:
    """Print transfers, the newest first."""
    found = show.client().get("transfers", live=live, agent=agent, limit=limit)
    if as_json:
        show.document(found)
        return
    show.table(word("title.transfers"), COLUMNS, [_row(each) for each in found])


def _told(transfer: Any, *, as_json: bool) -> None:
    if as_json:
        show.document(transfer)
        return
    show.line(say("transfer.is", id=transfer["id"], **forms(f"transfer_state.{transfer['state']}")))


def _row(found: Any) -> tuple[object, ...]:
    return (
        found["id"],
        found["call_id"],
        found["from_agent"],
        f"{found['kind']}:{found['target']}",
        word(f"transfer_mode.{found['mode']}"),
        word(f"transfer_state.{found['state']}"),
        word(f"transfer_cause.{found['cause']}") if found["cause"] else "",
        show.moment(found["started_at"]),
        show.moment(found["ended_at"]),
        found["answered_by"] or "",
    )
