"""Coordination conferences at a terminal (Art. 12): called together, and the roll in them.

All else is done by the commands of three-way calls: they are conversations like those.
"""

from typing import Annotated

import typer

from telephony.cli import show
from telephony.cli.threeway import OURSELVES, By, Call, Case, Matter, told
from telephony.texts import say

Chair = Annotated[str, typer.Option("--agent", help=say("option.chair"))]
Lead = Annotated[str, typer.Option(help=say("option.lead"))]
Supporting = Annotated[list[str] | None, typer.Option("--with", help=say("option.supporting"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline threeway`."""
    app.command(help=say("help.conference"))(conference)
    app.command("roll-call", help=say("help.roll_call"))(roll_call)


def conference(  # noqa: PLR0913 - the command's own words
    *,
    agent: Chair,
    lead: Lead,
    supporting: Supporting = None,
    matter: Matter = "",
    case: Case = None,
    by: By = OURSELVES,
    as_json: show.Json = False,
) -> None:
    """Call a conference together."""
    body = {"agent": agent, "lead": lead, "supporting": supporting or [], "by": by}
    about = {"matter": matter, "case_number": case}
    told(show.client().send("POST", "threeway/coordination", {**body, **about}), as_json=as_json)


def roll_call(call: Call, *, by: By = OURSELVES, as_json: show.Json = False) -> None:
    """Call the roll."""
    found = show.client().send("POST", f"threeway/{show.name(call)}/roll-call", {"by": by})
    if as_json:
        show.document(found)
        return
    roll = found["roll_calls"][-1]
    names = {name: ", ".join(roll[name]) or "–" for name in ("present", "absent")}
    show.line(say("threeway.roll", **names))
