"""Storm mode at a terminal: one command on, one off."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import say, word

app = typer.Typer(help=say("help.storm"))
Until = Annotated[str, typer.Option(metavar="TIME", help=say("option.until_by_itself"))]
Why = Annotated[str, typer.Option(help=say("option.why"))]
By = Annotated[str, typer.Option(default_factory=show.operator, help=say("option.by"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
COLUMNS = ("id", "starts", "until", "state", "by", "why")


@app.callback(invoke_without_command=True)
def standing(context: typer.Context) -> None:
    """Say whether a storm is on, unless a command follows."""
    if context.invoked_subcommand is None:
        status()


@app.command(help=say("help.storm_status"))
def status(*, as_json: show.Json = False) -> None:
    """Say whether a storm is on and until when."""
    found = show.client().get("storm")
    if as_json:
        show.document(found)
    else:
        show.line(text_of(found["storm"]))


@app.command("list", help=say("help.storm_list"))
def entries(*, limit: Limit = 100, as_json: show.Json = False) -> None:
    """Print storms, the newest first."""
    found = show.client().get("storm/past", limit=limit)
    if as_json:
        show.document(found)
        return
    rows = [
        (
            each["id"],
            show.moment(each["starts_at"]),
            show.moment(each["off_at"] or each["ends_at"]),
            word("notice_state.on" if each["is_on"] else "notice_state.over"),
            each["by"],
            each["why"],
        )
        for each in found
    ]
    show.table(word("title.storms"), COLUMNS, rows)


@app.command(help=say("help.storm_on"))
def on(*, until: Until, why: Why, by: By, as_json: show.Json = False) -> None:
    """Declare a storm until a time."""
    body = {"until": show.instant(until), "why": why, "by": by}
    found = show.client().send("PUT", "storm", body)
    if as_json:
        show.document(found)
    else:
        show.line(text_of(found["storm"]))


@app.command(help=say("help.storm_off"))
def off(*, by: By, as_json: show.Json = False) -> None:
    """End the storm before its time."""
    found = show.client().send("POST", "storm/off", {"by": by})
    if as_json:
        show.document(found)
    else:
        show.line(say("storm.is_off"))


def text_of(storm: Any) -> str:
    """Return in a line whether a storm is on, until when, and why."""
    if storm is None:
        return say("storm.none_on")
    return say("storm.is_on", until=show.moment(storm["ends_at"]), why=storm["why"])
