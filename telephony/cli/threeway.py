"""Three-way calls at a terminal: ask a unit into a call, look at them, say what came of one."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.logs import mask
from telephony.texts import forms, say, word

app = typer.Typer(help=say("help.threeway"), no_args_is_help=True)
Call = Annotated[str, typer.Argument(metavar="CALL", help=say("option.three_way"))]
Unit = Annotated[str, typer.Argument(metavar="UNIT", help=say("option.unit_code"))]
Result = Annotated[str, typer.Argument(metavar="RESULT", help=say("option.three_way_result"))]
AtOnce = Annotated[bool, typer.Option("--at-once", help=say("option.at_once"))]
Beside = Annotated[bool, typer.Option("--beside", help=say("option.beside"))]
Matter = Annotated[str, typer.Option(help=say("option.matter"))]
Case = Annotated[str | None, typer.Option(help=say("option.case"))]
Name = Annotated[str | None, typer.Option(help=say("option.citizen_name"))]
Confidential = Annotated[bool, typer.Option("--confidential", help=say("option.confidential"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Note = Annotated[str | None, typer.Option(help=say("option.note"))]
Live = Annotated[bool | None, typer.Option("--live/--over", help=say("option.live"))]
OpenResults = Annotated[bool, typer.Option("--open-results", help=say("option.open_results"))]
Agent = Annotated[str | None, typer.Option(help=say("option.agent"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
OURSELVES = "hotline"
"""Who wanted it, where the command is not told."""
COLUMNS = ("id", "call", "three_way", "state", "agent", "case", "matter", "started", "ended", "came", "marks")


@app.command(help=say("help.threeway_start"))
def start(  # noqa: PLR0913 - the command's own words
    call: Call,
    unit: Unit,
    *,
    at_once: AtOnce = False,
    beside: Beside = False,
    matter: Matter = "",
    case: Case = None,
    name: Name = None,
    confidential: Confidential = False,
    by: By = OURSELVES,
    as_json: show.Json = False,
) -> None:
    """Ask a unit into a live call, or one more into the three-way call that is under way."""
    wish = {"call_id": call, "unit": unit, "mode": "at_once" if at_once else "consult", "beside": beside}
    about = {"matter": matter, "case_number": case, "citizen_name": name, "confidential": confidential}
    told(show.client().send("POST", "threeway", {**wish, **about, "by": by}), as_json=as_json)


@app.command("list", help=say("help.threeway_list"))
def list_three_ways(  # noqa: PLR0913 - the command's own words
    *,
    live: Live = None,
    agent: Agent = None,
    open_results: OpenResults = False,
    limit: Limit = 20,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print three-way calls and conferences, the newest first."""
    wanted = {"live": live, "agent": agent, "open_result": open_results or None, "limit": limit}
    found = show.client().get("threeway", **wanted)
    if as_json:
        show.document(found)
        return
    show.table(word("title.three_ways"), COLUMNS, [_row(each, whole=show_numbers) for each in found])


@app.command("show", help=say("help.threeway_show"))
def show_three_way(call: Call, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print one with who takes part, who was asked, and what came of it."""
    found = show.client().get(f"threeway/{show.name(call)}")
    if as_json:
        show.document(found)
        return
    show.table(word("title.three_way"), COLUMNS, [_row(found, whole=show_numbers)])
    _people(found)
    _asked(found)
    _followed(found)
    if found["note"]:
        note = found["note"] if show_numbers else mask(found["note"])
        show.line(f"{word('column.note')}: {found['result_by']}: {note}")


@app.command(help=say("help.threeway_result"))
def result(call: Call, came: Result, *, by: By, note: Note = None, as_json: show.Json = False) -> None:
    """Record what came of it, once."""
    body = {"result": came, "by": by, "note": note}
    told(show.client().send("POST", f"threeway/{show.name(call)}/result", body), as_json=as_json)


def told(three_way: Any, *, as_json: bool) -> None:
    """Print how a three-way call is after something was done with it."""
    if as_json:
        show.document(three_way)
        return
    state = forms(f"conversation.{three_way['state']}")
    show.line(say("threeway.is", id=three_way["id"], **state))
    if three_way["result"] is not None:
        came = forms(f"three_way_result.{three_way['result']}")
        show.line(say("threeway.came", id=three_way["id"], **came))
    for each in three_way["dispatches"]:
        show.line(say("threeway.dispatched", unit=each["unit"], due=show.moment(each["due_at"])))


def _row(found: Any, *, whole: bool) -> tuple[object, ...]:
    marks = [word(f"three_way_mark.{name}") for name in ("confidential", "demo") if found[name]]
    return (
        found["id"],
        found["call_id"],
        word(f"three_way_kind.{found['kind']}"),
        word(f"conversation.{found['state']}"),
        found["agent"],
        found["case_number"],
        found["matter"] if whole else mask(found["matter"]),
        show.moment(found["started_at"]),
        show.moment(found["ended_at"]),
        word(f"three_way_result.{found['result']}") if found["result"] else "",
        marks,
    )


def _people(found: Any) -> None:
    rows = [
        (
            word(f"role.{each['role']}"),
            each["party"],
            [word(f"presence.{name}") for name in (each["state"], *_marks(each))],
            show.moment(each["since"]),
        )
        for each in found["participants"]
    ]
    show.table(word("title.people"), ("role", "party", "state", "since"), rows)


def _marks(person: Any) -> list[str]:
    return [name for name in ("held", "muted") if person[name]]


def _asked(found: Any) -> None:
    rows = [
        (
            each["unit"],
            word(f"mode.{each['mode']}"),
            each["invited_by"],
            show.moment(each["invited_at"]),
            show.moment(each["decided_at"]),
            word(f"came.{each['outcome'] or 'open'}"),
            word(f"refusal.{each['reason']}") if each["reason"] else "",
        )
        for each in found["invitations"]
    ]
    columns = ("subject", "mode", "by", "invited", "settled", "outcome", "reason")
    show.table(word("title.invitations"), columns, rows)
    rung = [(each, ask) for each in found["invitations"] for ask in each["asks"]]
    show.table(
        word("title.asks"),
        ("subject", "post", "number", "outcome", "rung", "picked_up", "settled", "ended", "cause", "sip"),
        [_rung(each, ask) for each, ask in rung],
    )


def _rung(invitation: Any, ask: Any) -> tuple[object, ...]:
    times = (show.moment(ask[name]) for name in ("asked_at", "answered_at", "decided_at", "ended_at"))
    state = word(f"asked.{ask['state']}")
    return (invitation["unit"], ask["contact"], ask["number"], state, *times, ask["cause"], ask["sip_code"])


def _followed(found: Any) -> None:
    due = [
        (
            each["unit"],
            show.moment(each["dispatched_at"]),
            show.moment(each["due_at"]),
            word(f"came.{each['why']}"),
        )
        for each in found["dispatches"]
    ]
    if due:
        show.table(word("title.dispatches"), ("subject", "since", "due", "why"), due)
    called = [
        (show.moment(each["at"]), each["called_by"], each["present"], each["absent"])
        for each in found["roll_calls"]
    ]
    if called:
        show.table(word("title.roll_calls"), ("at", "by", "present", "absent"), called)
