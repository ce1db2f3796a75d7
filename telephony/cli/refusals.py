"""Refused matters (Art. 4) at a terminal."""

from typing import Annotated
from urllib.parse import quote

import typer

from telephony.cli import show
from telephony.logs import mask
from telephony.rules.refusals import Refusal
from telephony.texts import say, word

CallId = Annotated[str, typer.Argument(metavar="CALL", help=say("option.call"))]
Kind = Annotated[Refusal, typer.Argument(metavar="KIND", help=say("option.refusal_kind"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Note = Annotated[str | None, typer.Option(help=say("option.note"))]
Since = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.since"))]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.until"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
COLUMNS = ("id", "at", "call", "matter_kind", "agent", "by", "outcome", "recording", "note")


def refuse(call_id: CallId, kind: Kind, *, by: By, note: Note = None, as_json: show.Json = False) -> None:
    """Refuse the matter of a live call: the citizen hears why, the agent is in the work after the call."""
    body = {"kind": kind.value, "by": by, "note": note}
    refused = show.client().send("POST", f"calls/{quote(call_id, safe='')}/refuse", body)
    if as_json:
        show.document(refused)
        return
    show.line(say("refusal.ordered", call=refused["call_id"], kind=word(f"refusal_kind.{refused['kind']}")))


def refusals(
    *,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print refused matters, the newest first, and how many of each kind."""
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("refusals", limit=limit, **times)
    if as_json:
        show.document(found)
        return
    counts = [(word(f"refusal_kind.{kind}"), count) for kind, count in found["counts"].items()]
    show.table(word("title.refusal_counts"), ("matter_kind", "count"), counts)
    rows = [
        (
            each["id"],
            show.moment(each["at"]),
            each["call_id"],
            word(f"refusal_kind.{each['kind']}"),
            each["agent"],
            each["by"],
            word(f"refusal_outcome.{each['outcome'] or 'open'}"),
            each["recording"],
            each["note"] if show_numbers else mask(each["note"] or ""),
        )
        for each in found["refusals"]
    ]
    show.table(word("title.refusals"), COLUMNS, rows)
