"""Agents at a terminal."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import forms, say, word

app = typer.Typer(help=say("help.agents"))
Agent = Annotated[str, typer.Argument(metavar="NUMBER", help=say("option.agent"))]
Reason = Annotated[str | None, typer.Option(help=say("option.reason"))]
CREDENTIALS = ("user", "password", "server", "port", "transport")


@app.callback(invoke_without_command=True)
def agents(context: typer.Context, *, as_json: show.Json = False) -> None:
    """Print all agents, unless a command for one of them follows."""
    if context.invoked_subcommand is not None:
        return
    found = show.client().get("agents")
    if as_json:
        show.document(found)
        return
    columns = ("agent", "name", "centre", "state", "reason", "since", "phone", "missed", "after")
    show.table(word("title.agents"), columns, [_row(agent) for agent in found])


@app.command(help=say("help.credentials"))
def credentials(number: Agent, *, as_json: show.Json = False) -> None:
    """Print what the agent's softphone needs."""
    found = show.client().get(f"agents/{_number(number)}/credentials")
    if as_json:
        show.document(found)
        return
    for name in CREDENTIALS:
        show.line(f"{word(f'column.{name}')}: {found[name]}")


@app.command(help=say("help.login"))
def login(number: Agent, *, as_json: show.Json = False) -> None:
    """Start work."""
    _command(number, "login", None, as_json=as_json)


@app.command(help=say("help.logout"))
def logout(number: Agent, *, as_json: show.Json = False) -> None:
    """End work."""
    _command(number, "logout", None, as_json=as_json)


@app.command(help=say("help.ready"))
def ready(number: Agent, *, as_json: show.Json = False) -> None:
    """Take calls again."""
    _command(number, "ready", None, as_json=as_json)


@app.command(help=say("help.pause"))
def pause(number: Agent, *, reason: Reason = None, as_json: show.Json = False) -> None:
    """Take no calls for a while."""
    _command(number, "pause", {"reason": reason} if reason else None, as_json=as_json)


def _command(number: str, what: str, body: dict[str, str] | None, *, as_json: bool) -> None:
    agent = show.client().send("POST", f"agents/{_number(number)}/{what}", body)
    if as_json:
        show.document(agent)
        return
    reason = f" ({agent['reason']})" if agent["reason"] else ""
    state = forms("state." + agent["state"])
    show.line(say("agent.is", number=agent["number"], name=agent["name"], reason=reason, **state))
    if agent["after"]:
        show.line(say("agent.after", **forms("state." + agent["after"])))


def _number(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise typer.BadParameter(say("option.no_number", text=show.cell(text)))
    return text


def _row(agent: Any) -> tuple[object, ...]:
    return (
        agent["number"],
        agent["name"],
        agent["centre"],
        word("state." + agent["state"]),
        agent["reason"],
        show.moment(agent["since"]),
        word("phone." + agent["phone"]),
        agent["missed_rings"],
        word("state." + agent["after"]) if agent["after"] else "",
    )
