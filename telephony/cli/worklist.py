"""What people do after the dialer: the work list, calls from it, results, numbers, who is left in peace."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.registers import Citizen, Until
from telephony.cli.revisits import After, Case, Limit, newest_of
from telephony.logs import mask
from telephony.texts import forms, say, word

no_disturb = typer.Typer(help=say("help.no_disturb"), no_args_is_help=True)
Kind = Annotated[str | None, typer.Option(help=say("option.kind"))]
Agent = Annotated[str, typer.Option(help=say("option.agent"))]
Result = Annotated[str, typer.Argument(metavar="RESULT", help=say("option.result"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Note = Annotated[str | None, typer.Option(help=say("option.note"))]
CallId = Annotated[str | None, typer.Option("--call", help=say("option.call"))]
Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER...", help=say("option.numbers"))]
Reason = Annotated[str, typer.Option(help=say("option.quiet"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline revisits`."""
    app.command(help=say("help.worklist"))(worklist)
    app.command(help=say("help.revisit_call"))(call)
    app.command(help=say("help.revisit_result"))(result)
    app.command(help=say("help.revisit_correct"))(correct)
    app.add_typer(no_disturb, name="no-disturb")


def worklist(
    *,
    kind: Kind = None,
    limit: Limit = 50,
    after: After = None,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print what waits for a person, the longest waiting first."""
    found = show.client().get("revisits/worklist", kind=kind, limit=limit, after=after)
    if as_json:
        show.document(found)
        return
    columns = ("id", "opened", "verdict", "why", "case", "round", "unit", "numbers", "due")
    show.table(word("title.work"), columns, [_work(each, whole=show_numbers) for each in found])


def call(case: Case, *, agent: Agent, as_json: show.Json = False) -> None:
    """Ring the agent first, then the citizen."""
    client = show.client()
    revisit = newest_of(client, case)
    placed = client.send("POST", f"revisits/{revisit['id']}/call", {"agent": agent})
    if as_json:
        show.document(placed)
        return
    show.line(say("revisit.calling", case=case, agent=agent, call=placed["call_id"]))


def result(  # noqa: PLR0913 - the command's own words
    case: Case,
    found: Result,
    *,
    by: By,
    note: Note = None,
    call_id: CallId = None,
    as_json: show.Json = False,
) -> None:
    """Record what a person found; it closes the entry of the work list."""
    body = {"result": found, "by": by, "note": note, "call_id": call_id}
    _changed(show.client(), case, "result", body, as_json=as_json)


def correct(case: Case, numbers: Numbers, *, by: By, as_json: show.Json = False) -> None:
    """Give the revisit other numbers, in the order of trying; it goes on with them."""
    _changed(show.client(), case, "numbers", {"numbers": numbers, "by": by}, as_json=as_json)


def _changed(client: Client, case: str, what: str, body: dict[str, Any], *, as_json: bool) -> None:
    revisit = client.send("POST", f"revisits/{newest_of(client, case)['id']}/{what}", body)
    if as_json:
        show.document(revisit)
        return
    verdict = forms(f"verdict.{revisit['verdict'] or 'open'}")
    show.line(say("revisit.is", case=revisit["case_number"], round=revisit["round"], **verdict))


@no_disturb.command("list", help=say("help.no_disturb_list"))
def entries(*, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print every number that no machine may call."""
    found = show.client().get("no-disturb")
    if as_json:
        show.document(found)
        return
    rows = [
        (
            show.person(each["number"], whole=show_numbers),
            each["reason"] if show_numbers else mask(each["reason"]),
            show.moment(each["added_at"]),
            show.moment(each["expires_at"]),
        )
        for each in found
    ]
    show.table(word("title.no_disturb"), ("called", "reason", "added", "expires"), rows)


@no_disturb.command(help=say("help.no_disturb_add"))
def add(number: Citizen, *, reason: Reason, until: Until = None, as_json: show.Json = False) -> None:
    """Let the dialer call a number no more."""
    body = {"reason": reason, "expires_at": show.instant(until)}
    entry = show.client().send("PUT", f"no-disturb/{show.name(number)}", body)
    if as_json:
        show.document(entry)
        return
    show.line(say("no_disturb.added", number=show.person(number, whole=False)))


@no_disturb.command(help=say("help.no_disturb_remove"))
def remove(number: Citizen) -> None:
    """Let it be called again."""
    show.client().send("DELETE", f"no-disturb/{show.name(number)}")
    show.line(say("no_disturb.removed", number=show.person(number, whole=False)))


def _work(item: Any, *, whole: bool) -> tuple[object, ...]:
    revisit = item["revisit"]
    return (
        item["id"],
        show.moment(item["opened_at"]),
        word(f"verdict.{item['kind']}"),
        show.reason(item["why"]),
        revisit["case_number"],
        revisit["round"],
        revisit["unit"],
        [show.person(number, whole=whole) for number in revisit["numbers"]],
        show.moment(revisit["due_at"]),
    )
