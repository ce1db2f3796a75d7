"""Revisits at a terminal: lists, one whole, its plan."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.cli.client import Client, RefusedError
from telephony.logs import mask
from telephony.texts import say, word

app = typer.Typer(help=say("help.revisits"))
Case = Annotated[str, typer.Argument(metavar="CASE", help=say("option.case"))]
State = Annotated[str | None, typer.Option(help=say("option.revisit_state"))]
VerdictOption = Annotated[str | None, typer.Option("--verdict", help=say("option.verdict"))]
Unit = Annotated[str | None, typer.Option(help=say("option.unit"))]
District = Annotated[str | None, typer.Option(help=say("option.district"))]
Category = Annotated[str | None, typer.Option(help=say("option.category"))]
CaseOption = Annotated[str | None, typer.Option("--case", help=say("option.case"))]
DueBefore = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.due_before"))]
Since = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.since"))]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.until"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
After = Annotated[int | None, typer.Option(metavar="ID", min=1, help=say("option.after"))]
COLUMNS = ("id", "case", "round", "unit", "numbers", "replied", "due", "next", "verdict", "decided")
OF_ATTEMPT = ("started", "ended", "called", "band", "outcome", "counts", "ring", "sip", "cause", "rating")


@app.callback(invoke_without_command=True)
def revisits(  # noqa: PLR0913 - the command's own words
    context: typer.Context,
    *,
    state: State = None,
    verdict: VerdictOption = None,
    unit: Unit = None,
    district: District = None,
    category: Category = None,
    case: CaseOption = None,
    due_before: DueBefore = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    after: After = None,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print revisits, unless a command for one of them follows."""
    if context.invoked_subcommand is not None:
        return
    wanted = {"state": state, "verdict": verdict, "unit": unit, "district": district, "category": category}
    times = {"due_before": show.instant(due_before), "since": show.instant(since)}
    page = {"until": show.instant(until), "limit": limit, "after": after}
    found = show.client().get("revisits", case=case, **wanted, **times, **page)
    if as_json:
        show.document(found)
        return
    show.table(word("title.revisits"), COLUMNS, [row_of(each, whole=show_numbers) for each in found])


@app.command("show", help=say("help.revisit_show"))
def show_rounds(case: Case, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print the rounds of a case with calls, evidence, decisions, ratings and work."""
    found = show.client().get(f"cases/{show.name(case)}/revisits")
    if as_json:
        show.document(found)
        return
    for each in found:
        show_revisit(each, whole=show_numbers)


@app.command(help=say("help.revisit_plan"))
def plan(case: Case, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Say in words when the case is called next and why not earlier, or why not at all."""
    client = show.client()
    found = client.get(f"revisits/{newest_of(client, case)['id']}/plan")
    if as_json:
        show.document(found)
        return
    for text in found["words"]:
        show.line(text if show_numbers else mask(text))


def newest_of(client: Client, case: str) -> Any:
    """Return the newest revisit of a case; raise RefusedError if there is none."""
    found = client.get("revisits", case=case, limit=1)
    if not found:
        raise RefusedError(404, say("revisit.none_of_case", case=case))
    return found[0]


def show_revisit(revisit: Any, *, whole: bool) -> None:
    """Print a round as tables."""
    show.table(word("title.revisit"), COLUMNS, [row_of(revisit, whole=whole)])
    show.line(f"{word('column.contact')}: {revisit['contact'] if whole else mask(revisit['contact'])}")
    calls = revisit["attempts"]
    show.table(word("title.attempts"), OF_ATTEMPT, [_attempt(each, whole=whole) for each in calls])
    for call in calls:
        rows = [_evidence(each, whole=whole) for each in call["evidence"]]
        show.table(f"{word('title.evidence')} {call['id']}", ("at", "kind", "detail"), rows)
    decisions = [_decision(each, whole=whole) for each in revisit["decisions"]]
    columns = ("id", "at", "verdict", "by", "why", "attempts", "rules", "supersedes")
    show.table(word("title.decisions"), columns, decisions)
    ratings = [_rating(each, whole=whole) for each in revisit["ratings"]]
    show.table(word("title.ratings"), ("at", "rating", "by", "call", "note"), ratings)
    work = [
        (
            word(f"verdict.{each['kind']}"),
            show.moment(each["opened_at"]),
            show.moment(each["closed_at"]),
            show.who(each["closed_by"]),
        )
        for each in revisit["work"]
    ]
    show.table(word("title.work"), ("verdict", "opened", "closed", "by"), work)


def row_of(revisit: Any, *, whole: bool) -> tuple[object, ...]:
    """Return a revisit as a row below COLUMNS."""
    times = (show.moment(revisit[name]) for name in ("replied_at", "due_at", "next_at"))
    return (
        revisit["id"],
        revisit["case_number"],
        revisit["round"],
        revisit["unit"],
        [show.person(number, whole=whole) for number in revisit["numbers"]],
        *times,
        word(f"verdict.{revisit['verdict'] or 'open'}"),
        show.moment(revisit["decided_at"]),
    )


def _attempt(attempt: Any, *, whole: bool) -> tuple[object, ...]:
    return (
        show.moment(attempt["started_at"]),
        show.moment(attempt["ended_at"]),
        show.person(attempt["number"], whole=whole),
        attempt["band"],
        word(f"outcome.{attempt['state']}"),
        word("column.counts") if attempt["counts"] else "",
        attempt["ring_seconds"],
        attempt["sip_code"],
        attempt["cause"],
        word(f"verdict.{attempt['rating']}") if attempt["rating"] else "",
    )


def _evidence(evidence: Any, *, whole: bool) -> tuple[str, ...]:
    said = ", ".join(f"{name}={value}" for name, value in evidence["data"].items() if value is not None)
    return show.moment(evidence["at"]), evidence["kind"], said if whole else mask(said)


def _decision(decision: Any, *, whole: bool) -> tuple[object, ...]:
    attempts = [each for each in (decision["first_attempt"], decision["second_attempt"]) if each]
    return (
        decision["id"],
        show.moment(decision["at"]),
        word(f"verdict.{decision['verdict']}"),
        show.who(decision["decided_by"]),
        show.reason(decision["why"] if whole else mask(decision["why"])),
        attempts,
        decision["rules_version"],
        decision["supersedes"],
    )


def _rating(rating: Any, *, whole: bool) -> tuple[object, ...]:
    note = rating["note"] or ""
    said = (show.moment(rating["at"]), word(f"verdict.{rating['rating']}"))
    return (*said, show.who(rating["given_to"]), rating["call_id"], note if whole else mask(note))
