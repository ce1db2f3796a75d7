"""The monthly obligation at a terminal: who is due in which month, and whose head should come (Art. 6)."""

from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.texts import say, word

SLOW = 120.0
"""Seconds: the service may be making other reports, and sums up two months of calls."""
MonthsBack = Annotated[int, typer.Option("--back", min=0, max=24, help=say("option.months_back"))]
MonthsAhead = Annotated[int, typer.Option("--ahead", min=0, max=12, help=say("option.months_ahead"))]
Centre = Annotated[str, typer.Argument(metavar="CENTRE", help=say("option.centre"))]
OF_MONTHS = (
    "centre",
    "month",
    "leader_duty",
    "due_leader",
    "duty_leader_by",
    "notify_before",
    "remind_at",
    "day_ids",
)
OF_TOPICS = (
    "topic_kind",
    "topic",
    "calls",
    "cases",
    "urgings",
    "n_dissatisfied",
    "weight",
    "share",
    "change",
)
COUNTS = ("calls", "cases", "urgings", "dissatisfied")


def add_to(app: typer.Typer) -> None:
    """Add these commands to `hotline leader-days`."""
    app.command(help=say("help.leader_days_duties"))(duties)
    app.command(help=say("help.leader_days_suggest"))(suggest)


def duties(*, back: MonthsBack = 3, ahead: MonthsAhead = 2, as_json: show.Json = False) -> None:
    """Print who is due in which month, and the months without a session."""
    found = show.client().get_slow("leader-duties", SLOW, back=back, ahead=ahead)
    if as_json:
        show.document(found)
        return
    rows = [_month(centre, month) for centre in found for month in centre["months"]]
    show.table(word("title.leader_duties"), OF_MONTHS, rows)
    for centre in found:
        if centre["missed"]:
            show.line(say("leader.missed", centre=centre["name"], months=", ".join(centre["missed"])))
        for obstacle in centre["obstacles"]:
            show.line(obstacle)


def suggest(centre: Centre, *, as_json: show.Json = False) -> None:
    """Print what citizens call about, and whose head should come next."""
    found = show.client().get_slow(f"leader-duties/suggestion/{show.name(centre)}", SLOW)
    if as_json:
        show.document(found)
        return
    show.table(word("title.leader_topics"), OF_TOPICS, map(_topic, found["topics"]))
    for reason in found["reasons"]:
        show.line(reason)
    if (leader := found["leader"]) is not None:
        show.line(say("leader.suggested", centre=found["centre"], **leader))


def _month(centre: Any, month: Any) -> tuple[object, ...]:
    leader, by = month["leader"], month["leader_by"]
    return (
        centre["name"],
        month["month"],
        word(f"leader_duty.{month['state']}"),
        leader and f"{leader['post']} {leader['name']}",
        by and word(f"leader_by.{by}"),
        show.moment(month["notify_before"]),
        show.moment(month["remind_at"]),
        [f"{day['id']} {word('leader_state.' + day['state'])}" for day in month["days"]],
    )


def _topic(topic: Any) -> tuple[object, ...]:
    hot = topic["hot"]
    change = "" if hot["change"] is None else f"{hot['change']:+.0%}"
    counts = (hot[name] or None for name in COUNTS)
    return (
        word(f"leader_topic.{topic['what']}"),
        topic["label"],
        *counts,
        hot["weight"],
        f"{hot['share']:.0%}",
        change,
    )
