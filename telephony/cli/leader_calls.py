"""Calls of leader days at a terminal (Art. 6): screen, hand over, put down what came of each, settle."""

from typing import Annotated, Any, Literal

import typer

from telephony.cli import show
from telephony.logs import mask
from telephony.texts import forms, say, word

DayId = Annotated[int, typer.Argument(metavar="DAY", min=1, help=say("option.day_of_calls"))]
Call = Annotated[str, typer.Argument(metavar="CALL", help=say("option.call"))]
InScope = Annotated[bool, typer.Option("--in-scope/--out-of-scope", help=say("option.in_scope"))]
Summary = Annotated[str, typer.Option(help=say("option.leader_summary"))]
MaybeSummary = Annotated[str | None, typer.Option("--summary", help=say("option.leader_summary"))]
By = Annotated[str, typer.Option(default_factory=show.operator, help=say("option.by"))]
Unit = Annotated[str | None, typer.Option(help=say("option.unit_code"))]
Case = Annotated[str | None, typer.Option(help=say("option.case"))]
Evidence = Annotated[str | None, typer.Option("--call", help=say("option.evidence_call"))]
Note = Annotated[str | None, typer.Option(help=say("option.note"))]
Result = Annotated[Literal["on_the_spot", "dispatched"], typer.Argument(help=say("option.leader_result"))]
How = Annotated[
    Literal["called_back", "handed_to_unit", "noted"], typer.Option(help=say("option.leader_settled"))
]
SECONDS = ("wait_seconds", "agent_seconds", "leader_seconds")
COLUMNS = (
    *("call", "caller", "leader_entered", "leader_standing", "leader_wait", "leader_agents"),
    *("leader_talk", "leader_summary", "leader_result", "unit", "case", "by", "note"),
)


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of leader days."""
    app.command("calls", help=say("help.leader_days_calls"))(calls)
    app.command("register", help=say("help.leader_days_register"))(register)
    app.command("screen", help=say("help.leader_days_screen"))(screen)
    app.command("hand-over", help=say("help.leader_days_hand_over"))(hand_over)
    app.command("to-normal", help=say("help.leader_days_to_normal"))(to_normal)
    app.command("result", help=say("help.leader_days_result"))(result)
    app.command("settle", help=say("help.leader_days_settle"))(settle)


def calls(day: DayId, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print all calls of a day."""
    found = show.client().get(f"leader-days/{day}/calls")
    _listed(word("title.leader_calls"), found, whole=show_numbers, as_json=as_json)


def register(day: DayId, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print whom a day still owes an answer."""
    found = show.client().get(f"leader-days/{day}/register")
    _listed(word("title.leader_register"), found, whole=show_numbers, as_json=as_json)


def screen(call: Call, *, in_scope: InScope, summary: Summary, by: By, as_json: show.Json = False) -> None:
    """Put down what a citizen wants of the leader."""
    _put_down(call, "screen", {"in_scope": in_scope, "summary": summary, "by": by}, as_json=as_json)


def hand_over(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Give a citizen to the leader."""
    _given(call, "hand-over", by, as_json=as_json)


def to_normal(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Give a citizen to the agents of every day."""
    _given(call, "to-normal", by, as_json=as_json)


def result(  # noqa: PLR0913 - the command's own options
    call: Call,
    came_of: Result,
    *,
    by: By,
    unit: Unit = None,
    case: Case = None,
    summary: MaybeSummary = None,
    as_json: show.Json = False,
) -> None:
    """Put down what came of the leader's talk."""
    body = {"result": came_of, "by": by, "unit": unit, "case_number": case, "summary": summary}
    _put_down(call, "result", body, as_json=as_json)


def settle(  # noqa: PLR0913 - the command's own options
    call: Call,
    *,
    how: How,
    by: By,
    unit: Unit = None,
    case: Case = None,
    evidence: Evidence = None,
    note: Note = None,
    as_json: show.Json = False,
) -> None:
    """Put down what became of somebody who was not reached."""
    body = {"how": how, "by": by, "unit": unit, "case_number": case, "evidence_call": evidence, "note": note}
    _put_down(call, "settle", body, as_json=as_json)


def _put_down(call: str, what: str, body: dict[str, Any], *, as_json: bool) -> None:
    found = show.client().send("POST", f"leader-calls/{show.name(call)}/{what}", body)
    if as_json:
        show.document(found)
        return
    show.line(say("leader.put_down", id=found["call_id"], **forms(f"leader_standing.{found['standing']}")))


def _given(call: str, what: str, by: str, *, as_json: bool) -> None:
    found = show.client().send("POST", f"leader-calls/{show.name(call)}/{what}", {"by": by})
    if as_json:
        show.document(found)
        return
    show.line(say(f"leader_handed.{found['how']}"))


def _listed(title: str, found: list[dict[str, Any]], *, whole: bool, as_json: bool) -> None:
    if as_json:
        show.document(found)
        return
    show.table(title, COLUMNS, [_row(each, whole=whole) for each in found])


def _row(each: dict[str, Any], *, whole: bool) -> tuple[object, ...]:
    note = each["settled_note"] or each["settled_call"]
    return (
        each["call_id"],
        show.person(each["caller_number"], whole=whole),
        show.moment(each["entered_at"]),
        word(f"leader_standing.{each['standing']}"),
        *(round(each[name]) for name in SECONDS),
        each["summary"] if whole else mask(each["summary"] or ""),
        word(f"leader_result.{each['result']}") if each["result"] else "",
        each["unit"],
        each["case_number"],
        show.who(each["settled_by"] or each["result_by"] or each["screened_by"]),
        note if whole else mask(note or ""),
    )
