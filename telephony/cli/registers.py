"""Blacklist and alarms at a terminal."""

from typing import Annotated
from urllib.parse import quote

import typer

from telephony.cli import show
from telephony.texts import say, word

blacklist = typer.Typer(help=say("help.blacklist"), no_args_is_help=True)
alarms = typer.Typer(help=say("help.alarms"))
Citizen = Annotated[str, typer.Argument(metavar="NUMBER", help=say("option.citizen"))]
Reason = Annotated[str, typer.Option(help=say("option.refusal"))]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.expires"))]
AlarmId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.alarm"))]
All = Annotated[bool, typer.Option("--all", help=say("option.all_alarms"))]


@blacklist.command("list", help=say("help.blacklist_list"))
def entries(*, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print every number that is refused."""
    found = show.client().get("blacklist")
    if as_json:
        show.document(found)
        return
    rows = [
        (
            show.person(each["number"], whole=show_numbers),
            each["reason"],
            show.moment(each["added_at"]),
            show.moment(each["expires_at"]),
            word("blacklist_state.expired" if each["expired"] else "blacklist_state.holds"),
        )
        for each in found
    ]
    show.table(word("title.blacklist"), ("caller", "reason", "added", "expires", "state"), rows)


@blacklist.command(help=say("help.blacklist_add"))
def add(number: Citizen, *, reason: Reason, until: Until = None, as_json: show.Json = False) -> None:
    """Refuse a number."""
    body = {"reason": reason, "expires_at": show.instant(until)}
    entry = show.client().send("PUT", f"blacklist/{quote(number, safe='')}", body)
    if as_json:
        show.document(entry)
        return
    until = show.moment(entry["expires_at"])
    show.line(say("blacklist.added", number=show.person(number, whole=False), until=until))


@blacklist.command(help=say("help.blacklist_remove"))
def remove(number: Citizen) -> None:
    """Accept a number again."""
    show.client().send("DELETE", f"blacklist/{quote(number, safe='')}")
    show.line(say("blacklist.removed", number=show.person(number, whole=False)))


@alarms.callback(invoke_without_command=True)
def standing(context: typer.Context, *, everything: All = False, as_json: show.Json = False) -> None:
    """Print alarms that nobody has acknowledged, unless a command for one of them follows."""
    if context.invoked_subcommand is not None:
        return
    found = show.client().get("alarms", acknowledged=str(everything).lower())
    if as_json:
        show.document(found)
        return
    rows = [
        (
            each["id"],
            show.moment(each["at"]),
            each["kind"],
            each["subject"],
            show.moment(each["acknowledged_at"]),
        )
        for each in found
    ]
    show.table(word("title.alarms"), ("event_id", "at", "kind", "subject", "acknowledged"), rows)


@alarms.command(help=say("help.alarms_ack"))
def ack(alarm_id: AlarmId, *, as_json: show.Json = False) -> None:
    """Note that somebody has seen an alarm."""
    alarm = show.client().send("POST", f"alarms/{alarm_id}/acknowledge")
    if as_json:
        show.document(alarm)
        return
    show.line(say("alarm.acknowledged", id=alarm["id"], time=show.moment(alarm["acknowledged_at"])))
