"""Notices of known incidents at a terminal: on, off, and how many callers each answered."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import say, word

app = typer.Typer(help=say("help.notices"))
OurNumber = Annotated[str, typer.Argument(metavar="NUMBER", help=say("option.our_number"))]
NoticeId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.notice"))]
Text = Annotated[str | None, typer.Option(help=say("option.notice_text"))]
Prompt = Annotated[str | None, typer.Option(help=say("option.notice_prompt"))]
Until = Annotated[str, typer.Option(metavar="TIME", help=say("option.until_by_itself"))]
Why = Annotated[str | None, typer.Option(help=say("option.why"))]
By = Annotated[str, typer.Option(default_factory=show.operator, help=say("option.by"))]
All = Annotated[bool, typer.Option("--all", help=say("option.all_notices"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
COUNTS = ("heard", "left", "went_on", "cut_short")
COLUMNS = ("id", "called", "says", "starts", "until", "state", *COUNTS, "by", "why")


@app.callback(invoke_without_command=True)
def standing(context: typer.Context) -> None:
    """Print the notices that are on, unless a command follows."""
    if context.invoked_subcommand is None:
        entries()


@app.command("list", help=say("help.notices_list"))
def entries(*, everything: All = False, limit: Limit = 100, as_json: show.Json = False) -> None:
    """Print notices, the newest first."""
    found = show.client().get("notices", ended=str(everything).lower(), limit=limit)
    if as_json:
        show.document(found)
    else:
        _table(found)


@app.command("show", help=say("help.notices_show"))
def one(notice_id: NoticeId, *, as_json: show.Json = False) -> None:
    """Print one notice."""
    found = show.client().get(f"notices/{notice_id}")
    if as_json:
        show.document(found)
    else:
        _table([found])


@app.command(help=say("help.notices_on"))
def on(  # noqa: PLR0913 - the command's own options
    number: OurNumber,
    *,
    until: Until,
    by: By,
    text: Text = None,
    prompt: Prompt = None,
    why: Why = None,
    as_json: show.Json = False,
) -> None:
    """Let the callers of a number hear a notice until its end."""
    body = {"text": text, "prompt": prompt, "until": show.instant(until), "why": why, "by": by}
    found = show.client().send("PUT", f"notices/{show.name(number)}", body)
    if as_json:
        show.document(found)
        return
    show.line(say("notice.is_on", number=found["number"], until=show.moment(found["ends_at"])))


@app.command(help=say("help.notices_off"))
def off(number: OurNumber, *, by: By, as_json: show.Json = False) -> None:
    """End a notice before its time."""
    found = show.client().send("POST", f"notices/{show.name(number)}/off", {"by": by})
    if as_json:
        show.document(found)
        return
    counts = {name: found[name] for name in COUNTS}
    show.line(say("notice.is_off", number=found["number"], **counts))


def _table(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            each["id"],
            each["number"],
            each["text"] or each["prompt"],
            show.moment(each["starts_at"]),
            show.moment(each["off_at"] or each["ends_at"]),
            word("notice_state.on" if each["is_on"] else "notice_state.over"),
            *(each[name] for name in COUNTS),
            each["by"],
            each["why"],
        )
        for each in found
    ]
    show.table(word("title.notices"), COLUMNS, rows)
