"""Who began to wait, who was helped, and who was answered: what the waiting room takes up after a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.rules.waiting import Answer
from telephony.store.tables import calls, events

WAITS = "waits"
"""The kind of the event that says when, where and with what priority somebody began to wait."""

SPILLED = "spilled"
"""The kind of the event that says that somebody passed a limit, and whose agents help from there on."""

LONGEST = timedelta(hours=3)
"""Nobody is taken to have waited longer."""


@dataclass(frozen=True)
class Passed:
    """A limit that somebody passed in a queue: `step` is which, `to` the queues that help from there on."""

    queue: str
    step: int
    to: tuple[str, ...]


@dataclass(frozen=True)
class Waited:
    """A caller as last told: `number` is None where it was withheld; `called`: by us, who called them.

    `passed` are the limits passed since then (telephony.rules.overflow). `moved`: the wait began in another
    queue.
    """

    call_id: str
    queue: str
    priority: int
    since: datetime
    preferred: str
    number: str | None
    called: bool = False
    passed: tuple[Passed, ...] = ()
    moved: bool = False


@dataclass(frozen=True)
class Known:
    """What the store knows of somebody who comes in.

    `by_ledger` is the citizen's number, and whether we called it; None for a call that the ledger knows not.
    `moved`: the wait began in another queue.
    """

    by_ledger: tuple[str | None, bool] | None
    passed: tuple[Passed, ...]
    moved: bool = False


def waits_of(connection: sa.Connection, call_ids: Iterable[str]) -> list[Waited]:
    """Return what was told last of each of these calls."""
    query = (
        sa.select(events.c.call_id, events.c.data, calls.c.caller_number, calls.c.direction)
        .outerjoin(calls, calls.c.id == events.c.call_id)
        .where(events.c.kind == WAITS, events.c.call_id.in_(list(call_ids)))
        .order_by(events.c.id)
    )
    told = connection.execute(query).all()
    last = {row.call_id: row for row in told}
    moved = {row.call_id for row in told if _elsewhere(row.data, last[row.call_id].data)}
    began = {call_id: datetime.fromisoformat(row.data["since"]) for call_id, row in last.items()}
    passed = passed_of(connection, began)
    return [_waited(row, passed.get(call_id, ()), moved=call_id in moved) for call_id, row in last.items()]


def _elsewhere(told: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Tell whether a wait was told of in another queue than last, and was the same wait."""
    return bool(told["since"] == last["since"] and told["queue"] != last["queue"])


def _waited(row: Any, passed: tuple[Passed, ...], *, moved: bool) -> Waited:
    data = row.data
    return Waited(
        row.call_id,
        data["queue"],
        int(data["priority"]),
        datetime.fromisoformat(data["since"]),
        data["preferred"],
        row.caller_number,
        called=row.direction == "outbound",
        passed=passed,
        moved=moved,
    )


def known_of(connection: sa.Connection, call_id: str, since: datetime) -> Known:
    """Return what is known of who comes in and waits since then, which may be before the service began."""
    row = connection.execute(
        sa.select(calls.c.caller_number, calls.c.direction).where(calls.c.id == call_id)
    ).first()
    by_ledger = None if row is None else (row.caller_number, row.direction == "outbound")
    passed = passed_of(connection, {call_id: since}).get(call_id, ())
    told = sa.select(events.c.data).where(events.c.kind == WAITS, events.c.call_id == call_id)
    queues = {
        data["queue"] for data in connection.scalars(told) if datetime.fromisoformat(data["since"]) == since
    }
    return Known(by_ledger, passed, moved=len(queues) > 1)


def spill_key(call_id: str, kind: str, since: datetime, step: int | str) -> str:
    """Return the key of the event of a limit that somebody passed who waits since then: it is told once."""
    return f"{call_id}:{kind}:{since.timestamp():.6f}:{step}"


def passed_of(connection: sa.Connection, since: Mapping[str, datetime]) -> dict[str, tuple[Passed, ...]]:
    """Return of each of these calls which limits were passed in the wait that began then."""
    query = (
        sa.select(events.c.call_id, events.c.key, events.c.data)
        .where(events.c.kind == SPILLED, events.c.call_id.in_(list(since)))
        .order_by(events.c.id)
    )
    found: dict[str, tuple[Passed, ...]] = {}
    for row in connection.execute(query):
        stay, _, step = row.key.rpartition(":")
        if f"{stay}:" == spill_key(row.call_id, SPILLED, since[row.call_id], ""):
            passed = Passed(row.data["queue"], int(step), tuple(row.data["to"].split()))
            found[row.call_id] = (*found.get(row.call_id, ()), passed)
    return found


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
