"""Open revisits: which are due, and all that the rules need to know of each.

The cost of a scan does not grow with the number of open revisits: those whose time has come are marked
`ready` in the order of their times, and picked from an index in the order of their urgency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from telephony.rules.revisit import Past, Round, Verdict, not_longer_ago
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import CHINA
from telephony.store.attempts import CANCELLED
from telephony.store.outbound_tables import (
    LIVE,
    LIVE_STATES,
    attempts,
    dialer,
    no_disturb,
    revisits,
    rule_sets,
    work_items,
)
from telephony.store.tables import UtcTime, insert_new, insert_once

CAMPAIGN = "revisit"
STILL = timedelta(seconds=1)
"""A call that is under way ends no sooner than this: nobody else may ring its number."""
PROMOTED = 64
"""Rows that become ready in one scan at most: a band that opens with many due ones takes several."""

_NOW = sa.bindparam("now", type_=UtcTime)
_SINCE = sa.bindparam("since", type_=UtcTime)
_IDS: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
_NUMBERS: sa.BindParameter[list[str]] = sa.bindparam("numbers", expanding=True)
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
# In the words of the partial indexes: only then are they used.
_WAITING = sa.text("verdict IS NULL AND NOT ready AND NOT demo")
_READY = sa.text("verdict IS NULL AND ready AND NOT demo")
_DEMO = sa.text("verdict IS NULL AND demo")
_OPEN = sa.text("verdict IS NULL")

_DUE = (
    sa.select(revisits.c.id)
    .where(_WAITING, revisits.c.next_at <= _NOW)
    .order_by(revisits.c.next_at, revisits.c.due_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)  # another service has them in hand
)
_PROMOTE = revisits.update().where(revisits.c.id.in_(_DUE.scalar_subquery()), _WAITING).values(ready=True)
_ANY_QUIET = sa.exists(sa.select(no_disturb.c.number)).label("any_quiet")
_URGENCY = (revisits.c.due_at, revisits.c.latest_at, revisits.c.id)
_PICK = (
    sa.select(revisits, _ANY_QUIET)
    .where(_READY)
    .order_by(*_URGENCY)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_ONE = sa.select(revisits).where(revisits.c.id == sa.bindparam("id")).with_for_update()
_DEMOS = sa.select(revisits).where(_DEMO, revisits.c.next_at <= _NOW).with_for_update(skip_locked=True)
_OVERDUE = (
    sa.select(revisits)
    .where(_OPEN, revisits.c.due_at <= _NOW, revisits.c.next_at.is_not(None))
    .order_by(revisits.c.due_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_WAKE = sa.select(
    sa.select(sa.func.min(revisits.c.next_at, type_=UtcTime)).where(_WAITING).scalar_subquery(),
    sa.select(sa.func.min(revisits.c.due_at, type_=UtcTime))
    .where(_OPEN, revisits.c.due_at > _NOW)
    .scalar_subquery(),
    # Without the order SQLite looks through all open ones.
    sa.select(revisits.c.id).where(_READY).order_by(*_URGENCY).limit(1).scalar_subquery(),
)
_IN_A_CALL = sa.exists(
    sa.select(attempts.c.id)
    .where(attempts.c.campaign == CAMPAIGN, attempts.c.task_id == revisits.c.id)
    .where(sa.text(f"attempts.{LIVE}"))
)
_EARLIER_OPEN = sa.select(revisits.c.id).where(
    revisits.c.case_number == sa.bindparam("of"),
    revisits.c.round < sa.bindparam("round"),
    revisits.c.verdict.is_(None),
)
_SCHEDULE = (
    revisits.update()
    .where(revisits.c.id == sa.bindparam("of"), revisits.c.verdict.is_(None), ~_IN_A_CALL)
    .values(
        next_at=sa.bindparam("next", type_=UtcTime),
        latest_at=sa.bindparam("latest", type_=UtcTime),
        ready=False,
    )
)
_TAKEN = {"next_at": None, "ready": False}
_TAKE_ONE = revisits.update().where(revisits.c.id == sa.bindparam("of")).values(**_TAKEN)
_TAKE_MANY = revisits.update().where(revisits.c.id.in_(_IDS)).values(**_TAKEN)
_COLUMNS = (
    *(attempts.c.id, attempts.c.task_id, attempts.c.number, attempts.c.started_at, attempts.c.ended_at),
    *(attempts.c.latest_end_at, attempts.c.reserved_at, attempts.c.state, attempts.c.counts),
    *(attempts.c.alerted, attempts.c.rating, attempts.c.ended_mono, attempts.c.boot, attempts.c.campaign),
)


def _calls(task: sa.ColumnElement[bool], number: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query for the attempts of some rounds, and for others of late to the same numbers."""
    of_round = sa.and_(attempts.c.campaign == CAMPAIGN, task)
    # One that is under way is of late, even if the clock was put forward by a day meanwhile.
    of_late = sa.or_(attempts.c.reserved_at >= _SINCE, sa.text(f"attempts.{LIVE}"))
    to_number = sa.and_(number, of_late)
    query = sa.select(*_COLUMNS).where(sa.or_(of_round, to_number), attempts.c.state != CANCELLED)
    return query.order_by(attempts.c.reserved_at, attempts.c.id)


# Of one revisit with one number by far the most: a list of parameters costs more than it looks.
_CALLS_OF_ONE = _calls(attempts.c.task_id == sa.bindparam("id"), attempts.c.number == sa.bindparam("number"))
_CALLS_OF_MANY = _calls(attempts.c.task_id.in_(_IDS), attempts.c.number.in_(_NUMBERS))
_UNDISTURBED = sa.select(no_disturb.c.number).where(
    sa.or_(no_disturb.c.expires_at.is_(None), no_disturb.c.expires_at > _NOW)
)
_ONE_UNDISTURBED = _UNDISTURBED.where(no_disturb.c.number == sa.bindparam("number"))
_MANY_UNDISTURBED = _UNDISTURBED.where(no_disturb.c.number.in_(_NUMBERS))


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment by both clocks: `mono` in seconds, comparable within one `boot` of the machine."""

    at: datetime
    mono: float
    boot: str


def promote(connection: sa.Connection, now: datetime, limit: int = PROMOTED) -> None:
    """Mark as ready those whose time has come."""
    connection.execute(_PROMOTE, {"now": now, "limit": limit})


def pick(connection: sa.Connection, limit: int) -> list[sa.Row[Any]]:
    """Return the most urgent ready ones; on PostgreSQL no other service gets them before we commit."""
    return list(connection.execute(_PICK, {"limit": limit}))


def demos(connection: sa.Connection, now: datetime) -> list[sa.Row[Any]]:
    """Return the demonstrations that are due."""
    return list(connection.execute(_DEMOS, {"now": now}))


def overdue(connection: sa.Connection, now: datetime, limit: int) -> list[sa.Row[Any]]:
    """Return open ones whose deadline has passed and that are not in a call."""
    return list(connection.execute(_OVERDUE, {"now": now, "limit": limit}))


def wake_at(connection: sa.Connection, now: datetime) -> tuple[datetime | None, datetime | None, bool]:
    """Return when the next waiting one becomes ready, the next deadline after now, and if one is ready."""
    waiting, deadline, ready = connection.execute(_WAKE, {"now": now}).one()
    return waiting, deadline, ready is not None


def schedule(connection: sa.Connection, revisit_id: int, next_at: datetime, latest_at: datetime) -> None:
    """Plan the next call of an open revisit; one that is in a call is planned when that is over."""
    connection.execute(_SCHEDULE, {"of": revisit_id, "next": next_at, "latest": latest_at})


def take(connection: sa.Connection, revisit_ids: Sequence[int]) -> None:
    """Take these off the plan: a call of each is under way."""
    if len(revisit_ids) == 1:
        connection.execute(_TAKE_ONE, {"of": revisit_ids[0]})
    elif revisit_ids:
        connection.execute(_TAKE_MANY, {"ids": list(revisit_ids)})


def rounds(
    connection: sa.Connection,
    rows: Sequence[sa.Row[Any]],
    tick: Tick,
    gap: timedelta,
    *,
    with_undisturbed: bool = True,
) -> dict[int, Round]:
    """Return what the rules need to know of these revisits, by id.

    `gap` is how long a call about another case of a citizen matters. Who must not be disturbed need not be
    asked where only the next call is planned: it is asked again before that is placed.
    """
    numbers = sorted({number for row in rows for number in row.numbers})
    with_undisturbed = with_undisturbed and any(getattr(row, "any_quiet", True) for row in rows)
    since = min(datetime.combine(tick.at.astimezone(CHINA).date(), time(), CHINA), tick.at - gap)
    calls = _calls_of(connection, [row.id for row in rows], numbers, since)
    quiet = _undisturbed(connection, numbers, tick.at) if with_undisturbed else frozenset()
    return {row.id: _round(row, calls, quiet, tick) for row in rows}


def _calls_of(
    connection: sa.Connection, ids: Sequence[int], numbers: Sequence[str], since: datetime
) -> Sequence[sa.Row[Any]]:
    if len(ids) == len(numbers) == 1:
        return connection.execute(_CALLS_OF_ONE, {"id": ids[0], "number": numbers[0], "since": since}).all()
    wanted = {"ids": list(ids), "numbers": list(numbers), "since": since}
    return connection.execute(_CALLS_OF_MANY, wanted).all() if ids else []


def begin(connection: sa.Connection, version: str, parameters: Mapping[str, Any], now: datetime) -> bool:
    """Store a set of rules under its version; return True if the open ones were planned by another."""
    keep_rules(connection, version, parameters, now)
    insert_new(connection, dialer, {"id": 1, "paused": False, "rules_version": version})
    other = sa.or_(dialer.c.rules_version.is_(None), dialer.c.rules_version != version)
    changed = connection.execute(dialer.update().where(other).values(rules_version=version))
    return changed.rowcount > 0


def keep_rules(connection: sa.Connection, version: str, parameters: Mapping[str, Any], now: datetime) -> None:
    """Store a set of rules under its version, for whoever recomputes a decision."""
    new = {"version": version, "parameters": dict(parameters), "since": now}
    connection.execute(insert_once(connection.dialect.name, rule_sets), new)


def plan_all_anew(connection: sa.Connection, now: datetime) -> None:
    """Let every open revisit be looked at again, by rules that are new."""
    waiting = sa.and_(revisits.c.verdict.is_(None), revisits.c.next_at.is_not(None))
    connection.execute(revisits.update().where(waiting).values(next_at=now, ready=False))


def forgotten(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Return open revisits that are neither planned nor in a call: a crash in an unlucky moment left them."""
    in_a_call = (
        sa.select(attempts.c.id)
        .where(attempts.c.campaign == CAMPAIGN, attempts.c.task_id == revisits.c.id)
        .where(attempts.c.state.in_(LIVE_STATES))
    )
    query = sa.select(revisits).where(_OPEN, revisits.c.next_at.is_(None), ~sa.exists(in_a_call))
    return list(connection.execute(query))


def one(connection: sa.Connection, revisit_id: int) -> sa.Row[Any] | None:
    """Return one revisit's row; on PostgreSQL nobody else changes it before we commit."""
    return connection.execute(_ONE, {"id": revisit_id}).first()


def round_of(connection: sa.Connection, case_number: str, round_: int) -> int | None:
    """Return the id of a round of a case, None if no unit has replied for it yet."""
    query = sa.select(revisits.c.id).where(revisits.c.case_number == case_number, revisits.c.round == round_)
    return connection.scalar(query)


def earlier_open(connection: sa.Connection, case_number: str, round_: int) -> bool:
    """Tell whether a round of a case before this one is still open."""
    return connection.execute(_EARLIER_OPEN, {"of": case_number, "round": round_}).first() is not None


def newest_of_case(connection: sa.Connection, case_number: str) -> sa.Row[Any] | None:
    """Return the newest round of a case, or None if no unit has replied yet."""
    query = sa.select(revisits).where(revisits.c.case_number == case_number)
    return connection.execute(query.order_by(revisits.c.round.desc()).limit(1)).first()


def _undisturbed(connection: sa.Connection, numbers: Sequence[str], now: datetime) -> frozenset[str]:
    if len(numbers) == 1:
        return frozenset(connection.scalars(_ONE_UNDISTURBED, {"number": numbers[0], "now": now}))
    wanted = {"numbers": list(numbers), "now": now}
    return frozenset(connection.scalars(_MANY_UNDISTURBED, wanted)) if numbers else frozenset()


def _round(row: sa.Row[Any], calls: Sequence[sa.Row[Any]], quiet: frozenset[str], tick: Tick) -> Round:
    of_round = [each for each in calls if each.task_id == row.id and each.campaign == CAMPAIGN]
    own, numbers = {each.id for each in of_round}, frozenset(row.numbers)
    others = [each for each in calls if each.number in numbers and each.id not in own]
    ratings = [each.rating for each in of_round if each.rating is not None]
    return Round(
        numbers=tuple(row.numbers),
        opened_at=row.replied_at,
        due_at=row.due_at,
        attempts=tuple(_past(each, tick) for each in of_round if each.state not in LIVE_STATES),
        others=tuple(_past(each, tick) for each in others),
        rating=Verdict(ratings[-1]) if ratings else None,
        called_back_at=row.called_back_at,
        no_disturb=quiet & numbers,
    )


def _past(row: sa.Row[Any], tick: Tick) -> Past:
    live = row.state in LIVE_STATES
    started = row.started_at or row.reserved_at
    ended = row.ended_at or row.latest_end_at or started
    return Past(
        row.id,
        row.number,
        started,
        _not_before_it_was(ended, row, tick),
        Outcome.UNKNOWN if live else Outcome(row.state),
        row.counts,
        row.alerted,
    )


def _not_before_it_was(ended: datetime, row: sa.Row[Any], tick: Tick) -> datetime:
    """Return the end of a call, no longer ago than a clock that nobody can set says."""
    if row.state in LIVE_STATES:  # whatever its time limit said: one that talks has none
        return max(ended, tick.at + STILL)
    if row.ended_mono is None or row.boot != tick.boot or not tick.boot:
        return ended
    return not_longer_ago(ended, tick.at, tick.mono - row.ended_mono)


def close_item(connection: sa.Connection, revisit_id: int, now: datetime, by: str, result: str) -> None:
    """Close the open work item of a revisit, if there is one."""
    standing = sa.and_(work_items.c.revisit_id == revisit_id, work_items.c.closed_at.is_(None))
    closed = {"closed_at": now, "closed_by": by, "result": result}
    connection.execute(work_items.update().where(standing).values(**closed))


def open_round(connection: sa.Connection, values: Mapping[str, Any]) -> sa.Row[Any] | None:
    """Insert a revisit and return its row; None if this round of the case has one."""
    insert = _open_round(connection.dialect.name)
    return connection.execute(insert, {"demo": False, **values, "ready": False}).first()


@cache
def _open_round(dialect: str) -> Any:
    return insert_once(dialect, revisits).returning(*revisits.c)
