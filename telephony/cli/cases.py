"""Cases at a terminal: import, look at one, record a unit's reply."""

from pathlib import Path
from typing import Annotated, Any

import typer

from telephony.cli import case_file, importing, show
from telephony.cli.importing import Target
from telephony.logs import mask
from telephony.texts import say, word

app = typer.Typer(help=say("help.cases"), no_args_is_help=True)
Case = Annotated[str, typer.Argument(metavar="CASE", help=say("option.case"))]
File = Annotated[Path, typer.Argument(metavar="FILE.csv|json", help=say("option.cases_file"))]
At = Annotated[str, typer.Option(metavar="TIME", help=say("option.replied_at"))]
Contact = Annotated[str, typer.Option(help=say("option.contact"))]
CASES = Target("cases/import", "case_number", "cases.imported")
FACTS = ("subject", "category", "district", "unit", "channel", "round", "confidential")


@app.command("import", help=say("help.cases_import"))
def import_cases(file: File, *, as_json: show.Json = False) -> None:
    """Store the cases of a file; each wrong row is named and keeps no right one out."""
    importing.run(file, case_file.read(file), CASES, as_json=as_json)


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
        ("case", "matter", *FACTS[1:], "open", "numbers", "urged", "last_urged"),
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


def _row(case: Any, *, whole: bool) -> tuple[object, ...]:
    numbers = [show.person(number, whole=whole) for number in case["numbers"]]
    state = word("case_state.open" if case["open"] else "case_state.closed")
    facts = [case[name] for name in FACTS]
    facts[-1] = word("case_state.confidential") if case["confidential"] else ""
    if not whole:
        facts[0] = mask(facts[0] or "")
    urged = (case["urged"], show.moment(case["last_urged_at"]))
    return (case["case_number"], *facts, state, numbers, *urged)


def _round(revisit: Any) -> tuple[object, ...]:
    times = (show.moment(revisit[name]) for name in ("replied_at", "due_at"))
    verdict = word(f"verdict.{revisit['verdict'] or 'open'}")
    return (revisit["id"], revisit["round"], *times, verdict, show.moment(revisit["decided_at"]))
