"""The ledger at a terminal: calls, one call, queues, events."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import typer

from telephony.cli import refusals, show
from telephony.cli.client import LONGEST_POLL, Client
from telephony.logs import mask
from telephony.texts import say, word

COLUMNS = ("arrived", "id", "called", "caller", "queue", "agent", "state", "outcome", "wait", "talk", "marks")
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
Number = Annotated[str | None, typer.Option(help=say("option.number"))]
Queue = Annotated[str | None, typer.Option(help=say("option.queue"))]
Centre = Annotated[str | None, typer.Option(help=say("option.centre"))]
Agent = Annotated[str | None, typer.Option(help=say("option.agent"))]
State = Annotated[str | None, typer.Option(help=say("option.state"))]
Since = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.since"))]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.until"))]
CallId = Annotated[str, typer.Argument(metavar="ID", help=say("option.call"))]
Follow = Annotated[bool, typer.Option("--follow", "-f", help=say("option.follow"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    group = typer.Typer(help=say("help.calls"))
    group.callback(invoke_without_command=True)(calls)
    group.command(help=say("help.calls_refuse"))(refusals.refuse)
    app.add_typer(group, name="calls")
    app.command(help=say("help.refusals"))(refusals.refusals)
    app.command(help=say("help.call"))(call)
    app.command(help=say("help.queues"))(queues)
    app.command(help=say("help.events"))(events)


def calls(  # noqa: PLR0913 - the command's own words
    context: typer.Context,
    *,
    limit: Limit = 20,
    number: Number = None,
    queue: Queue = None,
    centre: Centre = None,
    agent: Agent = None,
    state: State = None,
    since: Since = None,
    until: Until = None,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print calls, the newest first, unless a command for one of them follows."""
    if context.invoked_subcommand is not None:
        return
    wanted = {"number": number, "queue": queue, "centre": centre, "agent": agent, "state": state}
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("calls", limit=limit, **wanted, **times)
    if as_json:
        show.document(found)
        return
    show.table(word("title.calls"), COLUMNS, [_row(each, whole=show_numbers) for each in found])


def call(call_id: CallId, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print one call with its legs and events."""
    found = show.client().get(f"calls/{quote(call_id, safe='')}")
    if as_json:
        show.document(found)
    else:
        show_call(found, whole=show_numbers)


def show_call(found: Any, *, whole: bool) -> None:
    """Print a call as tables."""
    show.table(word("title.call"), COLUMNS, [_row(found, whole=whole)])
    for name in ("route_reason", "recording", "ended_by", "rating"):
        text = found[name] or ""
        show.line(f"{word(f'column.{name}')}: {text if whole else mask(text)}")
    if found["urging"] is not None:
        urging = found["urging"]
        told = {"case": urging["case_number"], "nth": urging["nth"], "before": show.moment(urging["before"])}
        show.line(say("call.urges", **told))
    if found["leader"] is not None and found["leader"]["summary"] is not None:
        summary = found["leader"]["summary"]
        show.line(say("call.for_leader", summary=summary if whole else mask(summary)))
    legs = [
        (
            leg["role"],
            leg["party"],
            *(show.moment(leg[name]) for name in ("started_at", "bridged_at", "ended_at")),
        )
        for leg in found["legs"]
    ]
    show.table(word("title.legs"), ("role", "party", "started", "bridged", "ended"), legs)
    _presence(found)
    rows = [_event(event, whole=whole) for event in found["events"]]
    show.table(word("title.events"), ("event_id", "at", "kind", "call", "agent", "detail"), rows)


def _presence(found: Any) -> None:
    """Print who was with whom, if anybody was, and how long each agent talked."""
    if not found["segments"]:
        return
    rows = [
        (
            show.moment(segment["started_at"]),
            show.moment(segment["ended_at"]),
            segment["seconds"],
            [_party(each) for each in segment["parties"]],
            segment["file"],
            segment["offset"],
        )
        for segment in found["segments"]
    ]
    show.table(
        word("title.presence"), ("started", "ended", "seconds", "present", "recording", "offset"), rows
    )
    for agent, seconds in found["talk_seconds_by_agent"].items():
        show.line(say("call.talked", agent=agent, seconds=f"{seconds:g}"))


def _party(each: Any) -> str:
    role = word(f"role.{each['role']}")
    return f"{role} {each['party']}"


def queues(*, as_json: show.Json = False) -> None:
    """Print how queues and numbers do today."""
    found = show.client().get("queues")
    if as_json:
        show.document(found)
        return
    figures = ("offered", "answered", "abandoned", "waiting", "talking", "mean_wait_seconds")
    of_queues = [
        (each["name"], each["label"], each["agents_ready"], *(each["today"][name] for name in figures))
        for each in found["queues"]
    ]
    columns = ("offered", "answered", "abandoned", "waiting", "talking", "mean_wait")
    show.table(
        f"{word('title.queues')} {found['day']}", ("queue", "name", "agents_ready", *columns), of_queues
    )
    of_numbers = [
        (each["number"], each["name"], *(each["today"][name] for name in figures))
        for each in found["numbers"]
    ]
    show.table(f"{word('title.numbers')} {found['day']}", ("called", "name", *columns), of_numbers)


def events(
    *,
    follow: Follow = False,
    limit: Limit = 50,
    show_numbers: show.ShowNumbers = False,
    as_json: show.Json = False,
) -> None:
    """Print the newest events; with --follow go on with each new one until Ctrl-C, a line each."""
    client = show.client()
    page = client.get("events", limit=limit)
    if not follow:
        if as_json:
            show.document(page)
            return
        rows = [_event(event, whole=show_numbers) for event in page["events"]]
        show.table(word("title.events"), ("event_id", "at", "kind", "call", "agent", "detail"), rows)
        return
    if as_json:
        raise typer.BadParameter(say("option.follow_json"))
    with suppress(KeyboardInterrupt):
        for event in _following(client, page):
            show.line("  ".join(_event(event, whole=show_numbers)))


def _following(client: Client, page: Any) -> Iterator[Any]:
    while True:
        yield from page["events"]
        page = client.poll("events", LONGEST_POLL, after=page["last"])


def _row(call: Any, *, whole: bool) -> tuple[object, ...]:
    inbound = call["direction"] == "inbound"
    return (
        show.moment(call["arrived_at"]),
        call["id"],
        show.person(call["called_number"], whole=whole or inbound),
        show.person(call["caller_number"], whole=whole),
        call["queue"],
        call["agent"],
        word(f"state.{call['state']}"),
        word(f"outcome.{call['outcome']}") if call["outcome"] else "",
        call["wait_seconds"],
        call["talk_seconds"],
        call["marks"],
    )


def _event(event: Any, *, whole: bool) -> tuple[str, ...]:
    said = ", ".join(f"{name}={value}" for name, value in event["data"].items() if value is not None)
    detail = said if whole else mask(said)
    return (
        str(event["id"]),
        show.moment(event["at"]),
        event["kind"],
        event["call_id"] or "",
        event["agent"] or "",
        detail,
    )
