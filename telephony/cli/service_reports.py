"""Service figures and declared outages at a terminal or for a spreadsheet."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.cli.sheet import Csv, sheet
from telephony.texts import say, word

report = typer.Typer(help=say("help.reports"), no_args_is_help=True)
outages = typer.Typer(help=say("help.outages"), no_args_is_help=True)
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help=say("option.since"))]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help=say("option.until"))]
Begins = Annotated[str, typer.Option("--from", metavar="TIME", help=say("option.since"))]
Ends = Annotated[str, typer.Option("--to", metavar="TIME", help=say("option.until"))]
Why = Annotated[str, typer.Option(help=say("option.outage_why"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Recompute = Annotated[bool, typer.Option("--recompute", help=say("option.recompute"))]
PATIENCE = 120.0
"""Seconds that a year of calls may take on a small machine."""
COUNTS = (
    *("calls", "counted", "answered", "in_time", "abandoned", "abandoned_later", "abandoned_short"),
    *(
        "abandoned_early",
        "kept",
        "overflowed",
        "by_notice",
        "refused",
        "unserved",
        "interrupted",
        "failed",
        "open",
    ),
)
SHARES = ("answered_rate", "in_time_rate", "occupancy")
TIMES = (
    *("mean_wait_seconds", "longest_wait_seconds", "mean_give_up_seconds", "mean_talk_seconds"),
    *("talks", "talk_seconds", "mean_wrap_up_seconds", "wrap_up_seconds"),
    *("placed_talks", "placed_talk_seconds", "placed_wrap_up_seconds", "rings_missed"),
)
LISTS = ("ratings", "returns")
PARTS = ("total", "outside", "outages", "storms")
GROUPS = ("numbers", "queues", "centres", "agents", "hours", "days")


@report.command(help=say("help.report_service"))
def service(
    *,
    since: From = None,
    until: To = None,
    as_json: show.Json = False,
    as_csv: Csv = False,
    recompute: Recompute = False,
) -> None:
    """Print the service figures of a time, by default of today."""
    if as_json and as_csv:
        raise typer.BadParameter(say("option.one_form"))
    times = {"since": show.instant(since), "until": show.instant(until)}
    if recompute:
        _recount(show.client().get_slow("report/service/recount", PATIENCE, **times), as_json=as_json)
        return
    found = show.client().get_slow("report/service", PATIENCE, **times)
    if as_json:
        show.document(found)
    elif as_csv:
        columns = ("section", "group", *(f"s_{name}" for name in (*COUNTS, *SHARES, *TIMES, *LISTS)))
        sheet(columns, [(part, name, *_figures(each)) for part, name, each in _rows(found)])
    else:
        _tables(found)


@outages.command("add", help=say("help.outages_add"))
def add(*, since: Begins, until: Ends, why: Why, by: By, as_json: show.Json = False) -> None:
    """Declare an outage."""
    body = {"starts_at": show.instant(since), "ends_at": show.instant(until), "why": why, "by": by}
    outage = show.client().send("POST", "outages", body)
    if as_json:
        show.document(outage)
        return
    times = {"since": show.moment(outage["starts_at"]), "until": show.moment(outage["ends_at"])}
    show.line(say("outage.declared", id=outage["id"], **times))


@outages.command("list", help=say("help.outages_list"))
def entries(*, since: From = None, until: To = None, as_json: show.Json = False) -> None:
    """Print the declared outages that touch a time."""
    found = show.client().get("outages", since=show.instant(since), until=show.instant(until))
    if as_json:
        show.document(found)
        return
    _declared(found)


def _rows(found: Any) -> Iterator[tuple[str, str, Any]]:
    for part in PARTS:
        yield word(f"figure.{part}"), "", found[part]
    for part in GROUPS:
        for each in found[part]:
            yield word(f"figure.{part}"), each["group"] or word("figure.unnamed"), each


def _figures(each: Any) -> Iterator[object]:
    yield from (each[name] for name in (*COUNTS, *SHARES, *TIMES))
    yield from (_list(each[name]) for name in LISTS)


def _list(counts: Any) -> str:
    return " ".join(f"{name}={count}" for name, count in counts.items())


def _tables(found: Any) -> None:
    rules = {"seconds": f"{found['within_seconds']:g}", "target": f"{found['target']:.0%}"}
    period = {"since": show.moment(found["since"]), "until": show.moment(found["until"])}
    show.line(say("report.period", **period, **rules, short=f"{found['short_seconds']:g}"))
    for name in ("worst_24h", "worst_24h_outside"):
        show.line(f"{word(f'figure.{name}')}: {_window(found[name])}")
    _declared(found["declared"])
    rows = list(_rows(found))
    columns = ["section", "group"]
    counts = [(*row[:2], *(row[2][name] for name in COUNTS)) for row in rows]
    show.table(word("title.service_counts"), [*columns, *(f"s_{name}" for name in COUNTS)], counts)
    shares = [
        (
            *row[:2],
            *(_percent(row[2][name]) for name in SHARES),
            *(row[2][name] for name in TIMES),
            *(_list(row[2][name]) for name in LISTS),
        )
        for row in rows
    ]
    names = (*SHARES, *TIMES, *LISTS)
    show.table(word("title.service_shares"), [*columns, *(f"s_{name}" for name in names)], shares)


def _declared(found: Any) -> None:
    rows = [
        (each["id"], show.moment(each["starts_at"]), show.moment(each["ends_at"]), each["why"], each["by"])
        for each in found
    ]
    show.table(word("title.outages"), ("id", "started", "ended", "reason", "by"), rows)


def _window(window: Any) -> str:
    if window is None:
        return word("figure.no_window")
    kept = word("figure.reached" if window["reached"] else "figure.not_reached")
    return f"{window['rate']:.1%} {kept} ({show.moment(window['starts_at'])}, {window['counted']})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _recount(found: Any, *, as_json: bool) -> None:
    if as_json:
        show.document(found)
    else:
        for each in found["differences"]:
            show.line(each)
        show.line(say("report.agrees" if found["agrees"] else "report.differs"))
    if not found["agrees"]:
        raise typer.Exit(1)
