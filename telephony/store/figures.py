"""Figures of the day, for each queue and each number. The simulated citizen of the demo is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.call_story import ABANDONED_LATER
from telephony.store.tables import ENDED, calls, events

ABANDONED = ("abandoned", "abandoned_early", ABANDONED_LATER)
LIVE = ("arrived", "queued", "talking", "held", "rating")
"""Every state but the last, by name: 'not ended' would read the whole table."""


@dataclass(frozen=True)
class Figures:
    """Today's calls of one queue or one number.

    `offered` arrived today (in a queue: reached it), `answered` talked or talk with an agent, `abandoned`
    hung up before, or later when they had to wait again; `waiting` and `talking` are now, whenever the
    call arrived. `mean_wait_seconds` is how long the answered ones waited in the queue; None if none was.
    """

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    waiting: int = 0
    talking: int = 0
    mean_wait_seconds: float | None = None


@dataclass(frozen=True)
class DayFigures:
    """Figures of `day` (Asia/Shanghai), by queue name and by called number."""

    day: date
    queues: dict[str, Figures]
    numbers: dict[str, Figures]


def of_today(connection: sa.Connection, now: datetime, demo_caller: str) -> DayFigures:
    """Return the figures of the day in Shanghai in which `now` lies."""
    day = now.astimezone(SHANGHAI).date()
    start = datetime.combine(day, time(), SHANGHAI)
    by_queue = _grouped(connection, calls.c.queue, start, demo_caller, calls.c.queued_at.is_not(None))
    by_number = _grouped(connection, calls.c.called_number, start, demo_caller, sa.true())
    return DayFigures(day, by_queue, by_number)


def ended_after(
    connection: sa.Connection, after: int, demo_caller: str
) -> tuple[int, dict[tuple[str, str], int]]:
    """Count the ends written after event `after`, by (number, outcome); return the last event's id too."""
    last = connection.scalar(sa.select(sa.func.max(events.c.id))) or after
    query = (
        sa.select(calls.c.called_number, calls.c.outcome, sa.func.count())
        .join(events, events.c.call_id == calls.c.id)
        .where(events.c.kind == ENDED, events.c.id > after, events.c.id <= last, _no_demo(demo_caller))
        .where(calls.c.direction == "inbound")
        .group_by(calls.c.called_number, calls.c.outcome)
    )
    counts = {(number or "", outcome or ""): count for number, outcome, count in connection.execute(query)}
    return last, counts


def _grouped(
    connection: sa.Connection,
    column: sa.Column[Any],
    start: datetime,
    demo_caller: str,
    offered: sa.ColumnElement[bool],
) -> dict[str, Figures]:
    today = calls.c.arrived_at >= start
    stayed = calls.c.outcome.is_distinct_from(ABANDONED_LATER)
    answered = sa.and_(today, calls.c.answered_at.is_not(None), stayed)
    query = (
        sa.select(
            column,
            _count(sa.and_(today, offered)),
            _count(answered),
            _count(sa.and_(today, offered, calls.c.outcome.in_(ABANDONED))),
            _count(calls.c.state == "queued"),
            _count(calls.c.state.in_(("talking", "held"))),
            sa.func.avg(sa.case((answered, _waited(connection)))),
        )
        .where(sa.or_(today, calls.c.state.in_(LIVE)), column.is_not(None), _no_demo(demo_caller))
        .where(calls.c.direction == "inbound")
        .group_by(column)
    )
    return dict(_rows(connection.execute(query)))


def _rows(result: Any) -> Iterator[tuple[str, Figures]]:
    for name, offered, answered, abandoned, waiting, talking, mean in result:
        wait = None if mean is None else round(float(mean), 1)
        yield name, Figures(offered, answered, abandoned, waiting, talking, wait)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _waited(connection: sa.Connection) -> sa.ColumnElement[float]:
    if connection.dialect.name == "sqlite":
        days: Any = sa.func.julianday(calls.c.answered_at) - sa.func.julianday(calls.c.queued_at)
        return days * 86400.0  # type: ignore[no-any-return]
    waited: Any = sa.extract("epoch", calls.c.answered_at - calls.c.queued_at)
    return waited  # type: ignore[no-any-return]


def _no_demo(demo_caller: str) -> sa.ColumnElement[bool]:
    return sa.or_(calls.c.caller_number.is_(None), calls.c.caller_number != demo_caller)
