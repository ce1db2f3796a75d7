"""Cases at a terminal: import, look at one, record a unit's reply."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from telephony.cli import case_file, show
from telephony.cli.case_file import Row
from telephony.cli.client import Client
from telephony.errors import HotlineError
from telephony.logs import mask, visible
from telephony.texts import say, word

app = typer.Typer(help=say("help.cases"), no_args_is_help=True)
Case = Annotated[str, typer.Argument(metavar="CASE", help=say("option.case"))]
File = Annotated[Path, typer.Argument(metavar="FILE.csv|json", help=say("option.cases_file"))]
At = Annotated[str, typer.Option(metavar="TIME", help=say("option.replied_at"))]
Contact = Annotated[str, typer.Option(help=say("option.contact"))]
FACTS = ("subject", "category", "district", "unit", "channel", "round")


@dataclass(frozen=True)
class Result:
    """What became of a row of the file; `line` is where it stands (of JSON: which one it is)."""

    line: int
    case_number: str | None
    stored: bool
    why: str | None


@app.command("import", help=say("help.cases_import"))
def import_cases(file: File, *, as_json: show.Json = False) -> None:
    """Store the cases of a file; each wrong row is named and keeps no right one out."""
    rows = case_file.read(file)
    results: list[Result] = []
    try:
        _send(show.client(), rows, results)
    except HotlineError:
        typer.echo(_summary(results), err=True)
        raise
    refused = [result for result in results if not result.stored]
    if as_json:
        told = [vars(result) for result in results]
        show.document({"stored": len(results) - len(refused), "refused": len(refused), "rows": told})
    else:
        show.line(_summary(results))
    for result in refused if not as_json else ():
        text = f"{file}:{result.line}: {result.case_number or ''}: {result.why}"
        typer.echo(visible(text), err=True)
    raise typer.Exit(1 if refused else 0)


@app.command("show", help=say("help.cases_show"))
def show_case(case: Case, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print a case and its revisits."""
    client = show.client()
    found = client.get(f"cases/{show.name(case)}")
    rounds = client.get("revisits", case=case)
    if as_json:
        show.document({**found, "revisits": rounds})
        return
    show.table(
        word("title.case"),
        ("case", "matter", *FACTS[1:], "open", "numbers"),
        [_row(found, whole=show_numbers)],
    )
    rows = [_round(each) for each in rounds]
    show.table(word("title.revisits"), ("id", "round", "replied", "due", "verdict", "decided"), rows)


@app.command(help=say("help.cases_reply"))
def reply(case: Case, *, at: At, contact: Contact = "", as_json: show.Json = False) -> None:
    """Record a unit's completed reply, which opens a revisit (Art. 13, 16)."""
    body = {"at": show.instant(at), "contact": contact}
    revisit = show.client().send("POST", f"cases/{show.name(case)}/reply", body)
    if as_json:
        show.document(revisit)
        return
    told = {"case": revisit["case_number"], "round": revisit["round"]}
    show.line(say("case.replied", **told, due=show.moment(revisit["due_at"])))


def _send(client: Client, rows: list[Row], results: list[Result]) -> None:
    """Send what may be right; `results` grows with each request, so that a broken one loses nothing."""
    wrong = [Result(row.line, _named(row), stored=False, why=row.why) for row in rows if row.why]
    for batch in case_file.batches([row for row in rows if not row.why]):
        told = client.send("POST", "cases/import", [row.body for row in batch])
        results += [
            Result(row.line, each["case_number"], each["stored"], each["why"])
            for row, each in zip(batch, told["rows"], strict=True)
        ]
    results += wrong
    results.sort(key=lambda result: result.line)


def _named(row: Row) -> str | None:
    number = row.body.get("case_number") if isinstance(row.body, dict) else None
    return number if isinstance(number, str) else None


def _summary(results: list[Result]) -> str:
    stored = sum(result.stored for result in results)
    return say("cases.imported", stored=stored, refused=len(results) - stored)


def _row(case: Any, *, whole: bool) -> tuple[object, ...]:
    numbers = [show.person(number, whole=whole) for number in case["numbers"]]
    state = word("case_state.open" if case["open"] else "case_state.closed")
    facts = [case[name] for name in FACTS]
    if not whole:
        facts[0] = mask(facts[0] or "")
    return (case["case_number"], *facts, state, numbers)


def _round(revisit: Any) -> tuple[object, ...]:
    times = (show.moment(revisit[name]) for name in ("replied_at", "due_at"))
    verdict = word(f"verdict.{revisit['verdict'] or 'open'}")
    return (revisit["id"], revisit["round"], *times, verdict, show.moment(revisit["decided_at"]))
