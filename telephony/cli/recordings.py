"""Recordings at a terminal: the words are those of the API."""

import os
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError
from telephony.texts import say, word

PLAYER = ("play", "-q", "-t", "wav", "-")
"""sox's, to the machine's own loudspeaker."""
app = typer.Typer(help=say("help.recordings"))
RecordingId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.recording"))]
Call = Annotated[str, typer.Argument(metavar="CALL", help=say("option.call"))]
OfCall = Annotated[str | None, typer.Option("--call", help=say("option.call"))]
Kind = Annotated[str | None, typer.Option(help=say("option.recording_kind"))]
State = Annotated[str | None, typer.Option(help=say("option.recording_state"))]
Finding = Annotated[str | None, typer.Option(help=say("option.recording_finding"))]
Since = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.since"))]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.until"))]
Held = Annotated[bool, typer.Option("--held", help=say("option.held"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
By = Annotated[str, typer.Option(help=say("option.by"))]
Why = Annotated[str, typer.Option(help=say("option.why"))]
Reason = Annotated[str, typer.Option(help=say("option.pause_reason"))]
Role = Annotated[str, typer.Option(help=say("option.role"))]
To = Annotated[Path, typer.Option(metavar="FILE", help=say("option.to_file"))]
HeldUntil = Annotated[str | None, typer.Option("--until", metavar="TIME", help=say("option.hold_until"))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=say("option.dry_run"))]
Day = Annotated[str | None, typer.Option(metavar="DATE", help=say("option.strangers_of"))]
COLUMNS = ("id", "started", "call", "kind", "state", "seconds", "encrypted", "finding", "held")
SUPERVISOR = "supervisor"


@app.command("list", help=say("help.recordings_list"))
def entries(  # noqa: PLR0913 - the command's own words
    *,
    call: OfCall = None,
    kind: Kind = None,
    state: State = None,
    finding: Finding = None,
    since: Since = None,
    until: Until = None,
    held: Held = False,
    limit: Limit = 50,
    as_json: show.Json = False,
) -> None:
    """Print recordings, the newest first."""
    wanted = {"call": call, "kind": kind, "state": state, "finding": finding, "held": str(held).lower()}
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("recordings", limit=limit, **wanted, **times)
    if as_json:
        show.document(found)
        return
    show.table(word("title.recordings"), COLUMNS, [_row(each) for each in found])


@app.command("show", help=say("help.recordings_show"))
def one(recording_id: RecordingId, *, as_json: show.Json = False) -> None:
    """Print one recording with its pauses and who heard it."""
    _told(show.client().get(f"recordings/{recording_id}"), as_json=as_json)


@app.command(help=say("help.recordings_play"))
def play(recording_id: RecordingId, *, by: By, why: Why, role: Role = SUPERVISOR) -> None:
    """Play a recording on this machine."""
    with show.client().stream(f"recordings/{recording_id}/play", _asking(by, why, role)) as sound:
        try:
            player = subprocess.Popen(PLAYER, stdin=subprocess.PIPE)
        except OSError as error:
            raise NotAllowedError(say("recording.no_player", why=error.strerror)) from error
        # A player that ends early closes the pipe: its own status says why.
        with player, suppress(BrokenPipeError), player.stdin as pipe:  # type: ignore[union-attr]  # it was asked for
            for piece in sound:
                pipe.write(piece)
    if player.returncode:
        raise NotAllowedError(say("recording.no_player", why=f"sox: {player.returncode}"))


@app.command(help=say("help.recordings_export"))
def export(recording_id: RecordingId, *, to: To, by: By, why: Why) -> None:
    """Write a recording into a new file that only its owner may read."""
    asking = _asking(by, why, SUPERVISOR)
    with show.client().stream(f"recordings/{recording_id}/export", asking) as sound:
        try:
            file = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise NotAllowedError(say("recording.not_written", file=to, why=error.strerror)) from error
        with os.fdopen(file, "wb") as out:
            for piece in sound:
                out.write(piece)
    show.line(say("recording.exported", id=recording_id, file=to))


@app.command(help=say("help.recordings_pause"))
def pause(call: Call, *, by: By, reason: Reason, as_json: show.Json = False) -> None:
    """Let the recording of a live call be silent."""
    body = {"by": by, "reason": reason}
    done = show.client().send("POST", f"recordings/calls/{show.name(call)}/pause", body)
    if as_json:
        show.document(done)
        return
    until = datetime.fromisoformat(done["until"]).astimezone(SHANGHAI)
    show.line(say("recording.paused", id=call, until=f"{until:%H:%M:%S}"))


@app.command(help=say("help.recordings_resume"))
def resume(call: Call, *, by: By, as_json: show.Json = False) -> None:
    """Let a live call be recorded again."""
    done = show.client().send("POST", f"recordings/calls/{show.name(call)}/resume", {"by": by})
    if as_json:
        show.document(done)
    else:
        show.line(say("recording.resumed", id=call))


@app.command(help=say("help.recordings_hold"))
def hold(
    recording_id: RecordingId, *, by: By, why: Why, until: HeldUntil = None, as_json: show.Json = False
) -> None:
    """Keep a recording whatever its age."""
    body = {"by": by, "why": why, "until": show.instant(until)}
    _told(show.client().send("POST", f"recordings/{recording_id}/hold", body), as_json=as_json)


@app.command(help=say("help.recordings_release"))
def release(recording_id: RecordingId, *, by: By, why: Why, as_json: show.Json = False) -> None:
    """End a hold."""
    body = {"by": by, "why": why}
    _told(show.client().send("POST", f"recordings/{recording_id}/release", body), as_json=as_json)


@app.command(help=say("help.recordings_expire"))
def expire(*, by: By, why: Why, dry_run: DryRun = False, as_json: show.Json = False) -> None:
    """Delete what is old enough now, or only count it."""
    body = {"by": by, "why": why, "dry_run": dry_run}
    done = show.client().send("POST", "recordings/expire", body)
    if as_json:
        show.document(done)
    else:
        show.line(say("recording.expired", **done))


@app.command(help=say("help.recordings_verify"))
def verify(*, strangers: Day = None, as_json: show.Json = False) -> None:
    """Read every recording and compare it with what was sealed; status 1 if one is missing or damaged."""
    client = show.client()
    page: Any = {"seen": 1, "last": 0}
    seen, wrong = 0, list[Any]()
    while page["seen"]:
        page = client.send("POST", "recordings/verify", {"after": page["last"]})
        seen, wrong = seen + page["seen"], [*wrong, *page["wrong"]]
    unknown = client.get(f"recordings/strangers/{show.name(strangers)}") if strangers else []
    if as_json:
        show.document({"seen": seen, "wrong": wrong, "strangers": unknown})
    else:
        show.line(say("recording.verified", seen=seen, wrong=len(wrong)))
        rows = [(each["id"], each["call_id"], word(f"finding.{each['finding']}")) for each in wrong]
        if rows:
            show.table(word("title.recordings"), ("id", "call", "finding"), rows)
        for each in unknown:
            show.line(each)
    if wrong:
        raise typer.Exit(1)


def _asking(by: str, why: str, role: str) -> dict[str, str]:
    return {"by": by, "why": why, "role": role}


def _row(each: Any) -> tuple[object, ...]:
    return (
        each["id"],
        show.moment(each["recorded_at"]),
        each["call_id"],
        word(f"recording_kind.{each['kind']}"),
        word(f"recording_state.{each['state']}"),
        each["seconds"],
        word("column.encrypted") if each["encrypted"] else "",
        word(f"finding.{each['finding']}") if each["finding"] else "",
        each["hold_by"],
    )


def _told(found: Any, *, as_json: bool) -> None:
    if as_json:
        show.document(found)
        return
    show.table(word("title.recordings"), COLUMNS, [_row(found)])
    for name in ("sha256", "hold_why", "hold_until", "deleted_at", "deleted_by", "deleted_why"):
        if found[name]:
            said = show.who(found[name]) if name == "deleted_by" else found[name]
            show.line(f"{word(f'column.{name}')}: {said}")
    pauses = [
        (
            *(show.moment(each["started_at"]), show.moment(each["ended_at"]), each["offset"]),
            *(each["by"], each["reason"], each["ended_by"]),
        )
        for each in found["pauses"]
    ]
    columns = ("started", "ended", "offset", "by", "why", "ended_by")
    if pauses:
        show.table(word("title.recording_pauses"), columns, pauses)
    heard = [
        (show.moment(each["at"]), word(f"access.{each['what']}"), each["by"], each["role"], each["why"])
        for each in found["accesses"]
    ]
    show.table(word("title.recording_accesses"), ("at", "kind", "by", "role", "why"), heard)
