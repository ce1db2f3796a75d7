"""Leader hotline days at a terminal (领导接线日, Art. 6): plan, announce and hold them; their notices."""

from datetime import date, datetime
from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.clock import SHANGHAI
from telephony.rules.bands import parse_band
from telephony.texts import say, word

app = typer.Typer(help=say("help.leader_days"), no_args_is_help=True)
DayId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.leader_day"))]
By = Annotated[str, typer.Option(default_factory=show.operator, help=say("option.by"))]
Seat = Annotated[str, typer.Option(metavar="CODE", help=say("option.leader_seat"))]
NewSeat = Annotated[str | None, typer.Option("--seat", metavar="CODE", help=say("option.leader_seat"))]
Leader = Annotated[str, typer.Option(metavar="CODE", help=say("option.leader"))]
NewLeader = Annotated[str | None, typer.Option("--leader", metavar="CODE", help=say("option.leader"))]
On = Annotated[str, typer.Option(metavar="DAY", help=say("option.leader_on"))]
NewOn = Annotated[str | None, typer.Option("--on", metavar="DAY", help=say("option.leader_on"))]
Hours = Annotated[str | None, typer.Option(metavar="HH:MM-HH:MM", help=say("option.leader_hours"))]
Scope = Annotated[str, typer.Option(help=say("option.leader_scope"))]
NewScope = Annotated[str | None, typer.Option("--scope", help=say("option.leader_scope"))]
Topic = Annotated[list[str] | None, typer.Option(metavar="QUEUE", help=say("option.leader_topic"))]
Second = Annotated[str | None, typer.Option("--second", help=say("option.leader_second"))]
Reason = Annotated[str, typer.Option(help=say("option.why"))]
MaybeReason = Annotated[str | None, typer.Option("--reason", help=say("option.leader_cancel"))]
Why = Annotated[str | None, typer.Option(help=say("option.leader_why"))]
Until = Annotated[str, typer.Option(metavar="TIME", help=say("option.leader_until"))]
Centre = Annotated[str | None, typer.Option(metavar="CODE", help=say("option.centre"))]
State = Annotated[str | None, typer.Option(help=say("option.leader_state"))]
Since = Annotated[str | None, typer.Option("--from", metavar="TIME", help=say("option.since"))]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help=say("option.until"))]
Limit = Annotated[int, typer.Option(min=1, max=1000, help=say("option.limit"))]
Nth = Annotated[int | None, typer.Option(min=1, help=say("option.leader_nth"))]
Ics = Annotated[bool, typer.Option("--ics", help=say("option.ics"))]
COLUMNS = ("id", "centre", "leader", "seat", "state", "starts", "until", "scope", "reason")
NOTICES = ("notice_number", "state", "published", "leader", "when", "reason", "by")
COMING = ("notice_number", "centre", "leader", "state", "when", "scope", "calls_to")


@app.command(help=say("help.leader_days_add"))
def add(  # noqa: PLR0913 - the command's own options
    *,
    seat: Seat,
    leader: Leader,
    on: On,
    scope: Scope,
    by: By,
    hours: Hours = None,
    topic: Topic = None,
    second: Second = None,
    as_json: show.Json = False,
) -> None:
    """Plan a day."""
    body = {"seat": seat, "leader": leader, "scope": scope, "topics": topic or [], "by": by, "reason": second}
    _told(show.client().send("POST", "leader-days", {**body, **_times(on, hours)}), as_json=as_json)


@app.command(help=say("help.leader_days_change"))
def change(  # noqa: PLR0913 - the command's own options
    day_id: DayId,
    *,
    by: By,
    seat: NewSeat = None,
    leader: NewLeader = None,
    on: NewOn = None,
    hours: Hours = None,
    scope: NewScope = None,
    topic: Topic = None,
    second: Second = None,
    as_json: show.Json = False,
) -> None:
    """Plan a day anew that nobody was told of."""
    if hours is not None and on is None:
        raise typer.BadParameter(say("leader.hours_on"))
    wish = {"seat": seat, "leader": leader, "scope": scope, "topics": topic or None, "reason": second}
    times = {} if on is None else _times(on, hours)
    _told(show.client().send("PATCH", f"leader-days/{day_id}", {"by": by, **wish, **times}), as_json=as_json)


@app.command(help=say("help.leader_days_publish"))
def publish(day_id: DayId, *, by: By, as_json: show.Json = False) -> None:
    """Announce a day."""
    _order(day_id, "publish", {"by": by}, as_json=as_json)


@app.command(help=say("help.leader_days_postpone"))
def postpone(  # noqa: PLR0913 - the command's own options
    day_id: DayId,
    *,
    on: On,
    reason: Reason,
    by: By,
    hours: Hours = None,
    second: Second = None,
    as_json: show.Json = False,
) -> None:
    """Put a day off, and announce that."""
    body = {"by": by, "reason": reason, "second": second, **_times(on, hours)}
    _order(day_id, "postpone", body, as_json=as_json)


@app.command(help=say("help.leader_days_substitute"))
def substitute(day_id: DayId, *, leader: Leader, reason: Reason, by: By, as_json: show.Json = False) -> None:
    """Let another leader sit, and announce that."""
    _order(day_id, "substitute", {"leader": leader, "reason": reason, "by": by}, as_json=as_json)


@app.command(help=say("help.leader_days_cancel"))
def cancel(day_id: DayId, *, by: By, reason: MaybeReason = None, as_json: show.Json = False) -> None:
    """Let a day not take place."""
    _order(day_id, "cancel", {"by": by, "reason": reason}, as_json=as_json)


@app.command(help=say("help.leader_days_extend"))
def extend(day_id: DayId, *, until: Until, by: By, as_json: show.Json = False) -> None:
    """Put off the end of an open day."""
    _order(day_id, "extend", {"ends_at": show.instant(until), "by": by}, as_json=as_json)


@app.command("open", help=say("help.leader_days_open"))
def open_day(day_id: DayId, *, by: By, as_json: show.Json = False) -> None:
    """Let the leader's line take calls."""
    _order(day_id, "open", {"by": by}, as_json=as_json)


@app.command("close", help=say("help.leader_days_close"))
def close_day(day_id: DayId, *, by: By, why: Why = None, as_json: show.Json = False) -> None:
    """Let the leader's line take no more calls."""
    _order(day_id, "close", {"by": by, "reason": why}, as_json=as_json)


@app.command("list", help=say("help.leader_days_list"))
def entries(  # noqa: PLR0913 - by what a list may be narrowed
    *,
    centre: Centre = None,
    state: State = None,
    since: Since = None,
    until: To = None,
    limit: Limit = 100,
    as_json: show.Json = False,
) -> None:
    """Print days by their beginning."""
    times = {"since": show.instant(since), "until": show.instant(until)}
    found = show.client().get("leader-days", centre=centre, state=state, limit=limit, **times)
    if as_json:
        show.document(found)
    else:
        _table(found)


@app.command("show", help=say("help.leader_days_show"))
def one(day_id: DayId, *, as_json: show.Json = False) -> None:
    """Print a day and what was announced of it."""
    client = show.client()
    day = client.get(f"leader-days/{day_id}")
    notices = client.get(f"leader-days/{day_id}/notices")
    if as_json:
        show.document({**day, "notices": notices})
        return
    _table([day])
    rows = [
        (
            each["content"]["number"],
            word(f"leader_state.{each['kind']}"),
            show.moment(each["published_at"]),
            _leader(each["content"]),
            each["content"]["when"],
            each["reason"],
            each["by"],
        )
        for each in notices
    ]
    show.table(word("title.leader_notices"), NOTICES, rows)


@app.command(help=say("help.leader_days_notice"))
def notice(day_id: DayId, *, nth: Nth = None, ics: Ics = False, as_json: show.Json = False) -> None:
    """Print a notice as it is published."""
    path = f"leader-days/{day_id}/notice"
    if as_json:
        show.document(show.client().get(path, form="json", nth=nth))
    elif ics:
        _as_it_is(show.client().text(path, form="ics", nth=nth))
    else:
        for line in show.client().text(path, form="text", nth=nth).splitlines():
            show.line(line)


@app.command(help=say("help.leader_days_calendar"))
def calendar(*, centre: Centre = None, ics: Ics = False, as_json: show.Json = False) -> None:
    """Print the announced sessions that are to come."""
    path = "leader-days/calendar"
    if ics:
        _as_it_is(show.client().text(path, form="ics", centre=centre))
        return
    found = show.client().get(path, form="json", centre=centre)
    if as_json:
        show.document(found)
        return
    rows = [
        (
            each["number"],
            each["centre"],
            _leader(each),
            word(f"leader_state.{each['kind']}"),
            each["when"],
            each["scope"],
            [value for value in (each["call"]["main_number"], each["call"]["own_number"]) if value],
        )
        for each in found
    ]
    show.table(word("title.leader_calendar"), COMING, rows)


def _order(day_id: int, what: str, body: dict[str, Any], *, as_json: bool) -> None:
    _told(show.client().send("POST", f"leader-days/{day_id}/{what}", body), as_json=as_json)


def _told(day: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.document(day)
    else:
        _table([day])


def _table(days: list[dict[str, Any]]) -> None:
    rows = [
        (
            *(day[name] for name in COLUMNS[:4]),
            word(f"leader_state.{day['state']}"),
            show.moment(day["starts_at"]),
            show.moment(day["ends_at"]),
            day["scope"],
            day["reason"],
        )
        for day in days
    ]
    show.table(word("title.leader_days"), COLUMNS, rows)


def _leader(content: dict[str, Any]) -> str:
    return f"{content['leader']['post']} {content['leader']['name']}"


def _times(on: str, hours: str | None) -> dict[str, str]:
    """Return the day, and its times where hours are given; a wrong one is a usage error."""
    try:
        day = date.fromisoformat(on)
        band = None if hours is None else parse_band(hours)
    except ValueError as error:
        raise typer.BadParameter(say("option.no_leader_time")) from error
    if band is None:
        return {"day": day.isoformat()}
    start, end = (datetime.combine(day, at, SHANGHAI).isoformat() for at in (band.start, band.end))
    return {"starts_at": start, "ends_at": end}


def _as_it_is(text: str) -> None:
    """Print text whose line ends are a part of it."""
    typer.echo(text.encode(), nl=False)
