"""The dialer at a terminal: how it is, pause and resume."""

import getpass
from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import say, word

Reason = Annotated[str, typer.Option(help=say("option.pause_dialer"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline revisits`."""
    app.command(help=say("help.dialer_pause"))(pause)
    app.command(help=say("help.dialer_resume"))(resume)
    app.command(help=say("help.dialer_status"))(status)


def pause(*, reason: Reason, as_json: show.Json = False) -> None:
    """Place no more calls; those under way end by themselves."""
    body = {"reason": reason, "by": getpass.getuser()}
    _tell(show.client().send("POST", "revisits/pause", body), as_json=as_json)


def resume(*, as_json: show.Json = False) -> None:
    """Place calls again."""
    _tell(show.client().send("POST", "revisits/resume"), as_json=as_json)


def status(*, as_json: show.Json = False) -> None:
    """Say how the dialer is; status 1 when it is paused or cannot dial."""
    found = show.client().get("revisits/dialer")
    _tell(found, as_json=as_json)
    raise typer.Exit(1 if found["paused"] or found["asleep"] or not found["ready"] else 0)


def _tell(found: Any, *, as_json: bool) -> None:
    if as_json:
        show.document(found)
        return
    if found["paused"]:
        since = show.moment(found["changed_at"])
        show.line(say("dialer.paused", reason=found["reason"], by=found["changed_by"], since=since))
    elif not found["ready"]:
        show.line(say("dialer.not_ready"))
    else:
        show.line(say(f"dialer.{found['asleep'] or 'dials'}"))
    show.line(say("dialer.channels", under_way=found["under_way"], channels=found["channels"]))
    show.line(say("dialer.rules", version=found["rules_version"] or "–"))
    rows = [
        (each["name"], word("trunk.resting" if each["resting"] else "trunk.good")) for each in found["trunks"]
    ]
    show.table(word("title.trunks"), ("name", "state"), rows)
