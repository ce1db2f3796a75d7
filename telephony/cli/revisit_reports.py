"""Figures of revisits at a terminal or for a spreadsheet, and a sample of deemed cases to call again."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.cli.sheet import Csv, sheet
from telephony.logs import mask
from telephony.texts import say, word

By = Annotated[str, typer.Option(metavar="unit|district|category|day|all", help=say("option.report_by"))]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help=say("option.since"))]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help=say("option.until"))]
Size = Annotated[int, typer.Option(min=1, max=500, help=say("option.size"))]
Seed = Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help=say("option.seed"))]
COUNTS = (
    *("opened", "due", "decided", "in_time", "late", "reached", "rated", "satisfied", "basically_satisfied"),
    *("dissatisfied", "deemed_satisfied", "contacted_unrated", "unreachable", "number_invalid", "overdue"),
    "open",
)
SHARES = (
    *("revisit_rate", "in_time_rate", "reached_rate"),
    *("satisfaction_without_deemed", "satisfaction_with_deemed", "deemed_share"),
)
OF_CASE = ("case", "round", "unit", "district", "category", "matter", "numbers", "replied", "decided")
_NAMES = ("case_number", "round", "unit", "district", "category")


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline revisits`."""
    app.command(help=say("help.report"))(report)
    app.command(help=say("help.sample"))(sample)


def report(
    *, by: By = "unit", since: From = None, until: To = None, as_json: show.Json = False, as_csv: Csv = False
) -> None:
    """Print how the revisits went whose unit replied in a time."""
    _one_form(as_json=as_json, as_csv=as_csv)
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("revisits/report", group=by, **times)
    if as_json:
        show.document(found)
        return
    groups = [*found["groups"], found["total"]] if by != "all" else found["groups"]
    named = [(_group(each, found["total"]), each) for each in groups]
    outlier = [("", word("figure.outlier"))[each["deemed_outlier"]] for each in groups]
    # A terminal has less room than a sheet: what is due is told there.
    shown = COUNTS if as_csv else [name for name in COUNTS if name != "due"]
    counts = ["group", *(f"n_{name}" for name in shown)]
    shares = ["group", *(f"n_{name}" for name in SHARES), "outlier"]
    of_counts = [(name, *(each[key] for key in shown)) for name, each in named]
    if as_csv:
        rows = [
            (*row, *(each[key] for key in SHARES), mark)
            for row, (_, each), mark in zip(of_counts, named, outlier, strict=True)
        ]
        sheet([*counts, *shares[1:]], rows)
        return
    show.table(word("title.report_counts"), counts, of_counts)
    rows = [
        (name, *(_percent(each[key]) for key in SHARES), mark)
        for (name, each), mark in zip(named, outlier, strict=True)
    ]
    show.table(word("title.report_shares"), shares, rows)


def sample(  # noqa: PLR0913 - the command's own words
    *,
    size: Size = 20,
    seed: Seed = None,
    since: From = None,
    until: To = None,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
    as_csv: Csv = False,
) -> None:
    """Print deemed cases drawn at random, for a person to call these citizens again."""
    _one_form(as_json=as_json, as_csv=as_csv)
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("revisits/sample", size=size, seed=seed, **times)
    if as_json:
        show.document(found)
        return
    rows = [_case(each, whole=show_numbers) for each in found["cases"]]
    if as_csv:
        sheet(OF_CASE, rows)
        return
    show.table(word("title.sample"), OF_CASE, rows)
    show.line(say("sample.seed", seed=found["seed"]))


def _one_form(*, as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise typer.BadParameter(say("option.one_form"))


def _group(figures: Any, total: Any) -> str:
    if figures is total:
        return word("figure.all")
    return figures["group"] or word("figure.unnamed")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _case(case: Any, *, whole: bool) -> tuple[object, ...]:
    subject = case["subject"] or ""
    return (
        *(case[name] for name in _NAMES),
        subject if whole else mask(subject),
        " ".join(show.person(number, whole=whole) for number in case["numbers"]),
        show.moment(case["replied_at"]),
        show.moment(case["decided_at"]),
    )
