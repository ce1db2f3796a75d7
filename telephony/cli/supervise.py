"""Supervisors at a terminal: on calls, and over agents' states."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import forms, say, word

app = typer.Typer(help=say("help.supervise"), no_args_is_help=True)
Call = Annotated[str, typer.Argument(metavar="CALL", help=say("option.call"))]
Agent = Annotated[str, typer.Argument(metavar="NUMBER", help=say("option.agent"))]
By = Annotated[str, typer.Option(help=say("option.supervisor"))]
Why = Annotated[str, typer.Option(help=say("option.why"))]
Reason = Annotated[str | None, typer.Option(help=say("option.reason"))]
MaybeCall = Annotated[str | None, typer.Option("--call", help=say("option.call"))]
MaybeAgent = Annotated[str | None, typer.Option("--agent", help=say("option.agent"))]
Live = Annotated[bool | None, typer.Option("--live/--over", help=say("option.live"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
COLUMNS = ("id", "call", "supervisor", "agent", "state", "mode", "started", "ended", "changes")


@app.command(help=say("help.supervise_listen"))
def listen(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Hear agent and citizen."""
    _do(call, "listen", by, as_json=as_json)


@app.command(help=say("help.supervise_whisper"))
def whisper(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Speak to the agent alone."""
    _do(call, "whisper", by, as_json=as_json)


@app.command(help=say("help.supervise_barge"))
def barge(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Speak with both."""
    _do(call, "barge", by, as_json=as_json)


@app.command("take-over", help=say("help.supervise_take_over"))
def take_over(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Take the citizen over."""
    _do(call, "take-over", by, as_json=as_json)


@app.command(help=say("help.supervise_stop"))
def stop(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Take part no more."""
    _do(call, "stop", by, as_json=as_json)


@app.command("list", help=say("help.supervise_list"))
def list_supervisions(
    *,
    call: MaybeCall = None,
    agent: MaybeAgent = None,
    live: Live = None,
    limit: Limit = 20,
    as_json: show.Json = False,
) -> None:
    """Print who took part in whose call, the newest first."""
    found = show.client().get("supervision", call=call, agent=agent, live=live, limit=limit)
    if as_json:
        show.document(found)
        return
    show.table(word("title.supervisions"), COLUMNS, [_row(each) for each in found])


@app.command(help=say("help.supervise_ready"))
def ready(number: Agent, *, by: By, why: Why, as_json: show.Json = False) -> None:
    """Order an agent to take calls again."""
    _order(number, "ready", {"by": by, "why": why}, as_json=as_json)


@app.command(help=say("help.supervise_pause"))
def pause(number: Agent, *, by: By, why: Why, reason: Reason = None, as_json: show.Json = False) -> None:
    """Order a pause."""
    _order(number, "pause", {"by": by, "why": why, "reason": reason}, as_json=as_json)


@app.command(help=say("help.supervise_logout"))
def logout(number: Agent, *, by: By, why: Why, as_json: show.Json = False) -> None:
    """Order an agent's end of work."""
    _order(number, "logout", {"by": by, "why": why}, as_json=as_json)


def _do(call: str, what: str, by: str, *, as_json: bool) -> None:
    found = show.client().send("POST", f"supervision/{show.name(call)}/{what}", {"by": by})
    if as_json:
        show.document(found)
        return
    state, mode = (forms(f"supervision.{found[name]}") for name in ("state", "mode"))
    how = {"zh": f"{state['zh']}，{mode['zh']}", "en": f"{state['en']}, {mode['en']}"}
    show.line(say("supervise.is", id=found["id"], number=found["supervisor"], **how))


def _order(number: str, what: str, body: dict[str, str | None], *, as_json: bool) -> None:
    agent = show.client().send("POST", f"supervision/agents/{show.name(number)}/{what}", body)
    if as_json:
        show.document(agent)
        return
    reason = f" ({agent['reason']})" if agent["reason"] else ""
    state = forms("state." + agent["state"])
    show.line(say("agent.is", number=agent["number"], name=agent["name"], reason=reason, **state))
    if agent["after"]:
        show.line(say("agent.after", **forms("state." + agent["after"])))


def _row(found: Any) -> tuple[object, ...]:
    changes = [
        f"{show.moment(each['at'])} {word('supervision.' + each['what'])} {each['by']}"
        for each in found["changes"]
    ]
    return (
        found["id"],
        found["call_id"],
        found["supervisor"],
        found["agent"],
        word(f"supervision.{found['state']}"),
        word(f"supervision.{found['mode']}"),
        show.moment(found["ordered_at"]),
        show.moment(found["ended_at"]),
        changes,
    )
