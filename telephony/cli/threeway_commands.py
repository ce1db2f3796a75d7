"""What is done in a three-way call, at a terminal: the words are those of the API."""

from typing import Annotated

import typer

from telephony.cli import show
from telephony.cli.threeway import OURSELVES, By, Call, told
from telephony.texts import say

Party = Annotated[str, typer.Argument(metavar="PARTY", help=say("option.party"))]
AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help=say("option.agent"))]
MaybeAgent = Annotated[str | None, typer.Option("--agent", help=say("option.back_agent"))]
UNITS = "units"


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline threeway`."""
    app.command(help=say("help.threeway_join"))(join)
    app.command(help=say("help.threeway_hold"))(hold)
    app.command(help=say("help.threeway_resume"))(resume)
    app.command(help=say("help.threeway_mute"))(mute)
    app.command(help=say("help.threeway_unmute"))(unmute)
    app.command(help=say("help.threeway_drop"))(drop)
    app.command(help=say("help.threeway_leave"))(leave)
    app.command(help=say("help.threeway_back"))(back)
    app.command(help=say("help.threeway_hand_over"))(hand_over)
    app.command(help=say("help.threeway_supervisor"))(supervisor)
    app.command(help=say("help.threeway_end"))(end)


def join(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Bring all together."""
    _do(call, "join", as_json=as_json, by=by)


def hold(call: Call, party: Party = UNITS, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let the citizen, a unit or all units hear music."""
    _do(call, "hold", as_json=as_json, party=party, by=by)


def resume(call: Call, party: Party = UNITS, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Take somebody back from the music."""
    _do(call, "resume", as_json=as_json, party=party, by=by)


def mute(call: Call, party: Party, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let the others not hear somebody."""
    _do(call, "mute", as_json=as_json, party=party, by=by)


def unmute(call: Call, party: Party, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let the others hear somebody again."""
    _do(call, "unmute", as_json=as_json, party=party, by=by)


def drop(call: Call, party: Party = UNITS, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let a unit, all units or a supervisor go."""
    _do(call, "drop", as_json=as_json, party=party, by=by)


def leave(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Let the agent go; citizen and units go on."""
    _do(call, "leave", as_json=as_json, by=by)


def back(call: Call, *, agent: MaybeAgent = None, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Ring the agent who left, or another one."""
    _do(call, "back", as_json=as_json, agent=agent, by=by)


def hand_over(call: Call, agent: AgentArgument, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Ring another agent, who takes the place of the present one."""
    _do(call, "hand-over", as_json=as_json, agent=agent, by=by)


def supervisor(call: Call, agent: AgentArgument, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Ring a supervisor, who comes in beside the agent."""
    _do(call, "supervisor", as_json=as_json, agent=agent, by=by)


def end(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """End it for everybody."""
    _do(call, "end", as_json=as_json, by=by)


def _do(call: str, what: str, *, as_json: bool, **body: str | None) -> None:
    told(show.client().send("POST", f"threeway/{show.name(call)}/{what}", body), as_json=as_json)
