"""Who began to wait, and who was answered: what the waiting room takes up again after a restart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.rules.waiting import Answer
from telephony.store.tables import calls, events

WAITS = "waits"
"""The kind of the event that says when, where and with what priority somebody began to wait."""

LONGEST = timedelta(hours=3)
"""Nobody is taken to have waited longer."""


@dataclass(frozen=True)
class Waited:
    """A caller as last told: `number` is None where it was withheld; `called`: by us, who called them."""

    call_id: str
    queue: str
    priority: int
    since: datetime
    preferred: str
    number: str | None
    called: bool = False


def waits_of(connection: sa.Connection, call_ids: Iterable[str]) -> list[Waited]:
    """Return what was told last of each of these calls."""
    query = (
        sa.select(events.c.call_id, events.c.data, calls.c.caller_number, calls.c.direction)
        .outerjoin(calls, calls.c.id == events.c.call_id)
        .where(events.c.kind == WAITS, events.c.call_id.in_(list(call_ids)))
        .order_by(events.c.id)
    )
    last = {row.call_id: _waited(row) for row in connection.execute(query)}
    return list(last.values())


def _waited(row: Any) -> Waited:
    data = row.data
    return Waited(
        row.call_id,
        data["queue"],
        int(data["priority"]),
        datetime.fromisoformat(data["since"]),
        data["preferred"],
        row.caller_number,
        called=row.direction == "outbound",
    )


def caller_of(connection: sa.Connection, call_id: str) -> tuple[str | None, bool] | None:
    """Return the citizen's number by the ledger, and whether we called it; None for a call it knows not."""
    row = connection.execute(
        sa.select(calls.c.caller_number, calls.c.direction).where(calls.c.id == call_id)
    ).first()
    return None if row is None else (row.caller_number, row.direction == "outbound")


def answers_since(connection: sa.Connection, since: datetime) -> list[tuple[str, Answer]]:
    """Return the queue of each call that was answered since then, with its times, the oldest first."""
    query = (
        sa.select(calls.c.queue, calls.c.queued_at, calls.c.answered_at)
        .where(
            calls.c.arrived_at >= since - LONGEST,  # only that is found by index
            calls.c.answered_at >= since,
            calls.c.queued_at.is_not(None),
            calls.c.queue.is_not(None),
        )
        .order_by(calls.c.answered_at)
    )
    return [(row.queue, Answer(row.queued_at, row.answered_at)) for row in connection.execute(query)]
