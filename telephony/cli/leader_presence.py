"""How long a leader was there, at a terminal: seconds of the presence clock, and what is still missing."""

import math
from typing import Any

import typer

from telephony.cli import show
from telephony.cli.leader_days import DayId
from telephony.texts import say, word

COLUMNS = (
    "id",
    "agent",
    "state",
    "leader_opened",
    "until",
    "leader_there",
    "leader_paused",
    "leader_away",
    "leader_missing",
)


def add_to(app: typer.Typer) -> None:
    """Add this command to `hotline leader-days`."""
    app.command(help=say("help.leader_days_presence"))(presence)


def presence(day_id: DayId, *, as_json: show.Json = False) -> None:
    """Print how long the leader was there, and whether the least time can still be reached."""
    found = show.client().get(f"leader-days/{day_id}/presence")
    if as_json:
        show.document(found)
        return
    row = (
        found["day_id"],
        found["agent"],
        word(f"leader_state.{found['state']}"),
        show.moment(found["opened_at"]),
        show.moment(found["until"]),
        lasted(found["there"]),
        lasted(found["paused"]),
        lasted(found["away"] + found["wrap_up"]),
        lasted(math.ceil(found["missing"])),
    )
    show.table(word("title.leader_presence"), COLUMNS, [row])
    show.line(_outlook(found))


def lasted(seconds: float) -> str:
    """Return whole seconds, what is over cut off, as hours, minutes and seconds: 1:59:59."""
    minutes, left = divmod(math.floor(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{left:02}"


def _outlook(found: dict[str, Any]) -> str:
    missing, seen = lasted(math.ceil(found["missing"])), found["outlook"]
    if found["opened_at"] is None:
        return say("leader.presence_none")
    if not found["missing"]:
        return say("leader.presence_enough", minutes=f"{found['least'] / 60:g}")
    if seen is None:
        return say("leader.presence_short", missing=missing)
    if not seen["reachable"]:
        return say("leader.presence_late", by=show.moment(seen["by"]), mend=seen["mend"])
    slack = lasted(seen["slack"])
    if seen["mend"] is not None:
        return say("leader.presence_tight", slack=slack, mend=seen["mend"])
    return say("leader.presence_coming", by=show.moment(seen["by"]), slack=slack)
