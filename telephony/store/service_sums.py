"""The sums of the service figures, taken by the database in two statements: calls, and agents' time.

A call is counted where it arrived. Every instant is compared in whole microseconds, so that both databases
and `telephony.rules.service_figures` agree to the last digit. Nothing here writes; a month of 310,000 calls
is a few seconds of a reader's thread (docs/benchmarks.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import MICRO, NAMED, Fate, Rules, Sums, counts
from telephony.rules.service_figures import micros as micros_since
from telephony.store.tables import UtcTime, calls, legs

GROUPS = ("hour", "number", "queue", "centre", "apart", "fate")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Scope:
    """Of which calls: arrived from `since` on and before `until`; never the simulated citizen's.

    `apart` names spans of time that are shown apart as well, such as outages; they do not overlap.
    """

    since: datetime
    until: datetime
    demo_caller: str
    rules: Rules
    apart: Sequence[tuple[str, Span]] = ()


@dataclass(frozen=True)
class Row:
    """Calls that share hour (UTC), number, queue, centre and what sets them apart, summed."""

    hour: datetime
    number: str | None
    queue: str | None
    centre: str | None
    apart: str
    sums: Sums


@dataclass
class Taken:
    """All that the database was asked for."""

    rows: list[Row] = field(default_factory=list)
    agents: dict[str | None, Sums] = field(default_factory=dict)
    minutes: dict[tuple[datetime, str], tuple[int, int]] = field(default_factory=dict)


def take_calls(connection: sa.Connection, scope: Scope, now: datetime) -> Taken:
    """Return the sums of calls; what goes on at `now` is measured up to then."""
    taken = Taken()
    for row in connection.execute(_calls(connection, scope, now)):
        _put_calls(taken, row)
    return taken


def micros(connection: sa.Connection, at: Any) -> sa.ColumnElement[int]:
    """Return an instant as whole microseconds since 1970, exactly: julianday() rounds to milliseconds."""
    if isinstance(at, datetime):
        return sa.literal(micros_since(at - EPOCH), sa.BigInteger)
    if connection.dialect.name != "sqlite":
        return sa.cast(sa.extract("epoch", at) * MICRO, sa.BigInteger)
    text = sa.type_coerce(at, sa.String)
    whole = sa.func.unixepoch(sa.func.substr(text, 1, 19), type_=sa.Integer)
    return whole * MICRO + sa.cast(sa.func.substr(text, 21, 6), sa.Integer)


def text_of(connection: sa.Connection, at: Any, length: int) -> sa.ColumnElement[str]:
    """Return an instant's first `length` letters in UTC, '2026-11-23 04:00': 13 for the hour."""
    if connection.dialect.name == "sqlite":
        return sa.func.substr(sa.type_coerce(at, sa.String), 1, length, type_=sa.String)
    form = "YYYY-MM-DD HH24:MI"[: length + (2 if length > 11 else 0)]  # noqa: PLR2004 - HH24 is two letters longer
    return sa.func.to_char(sa.func.timezone("UTC", at), form, type_=sa.String)


def moment(text: str) -> datetime:
    """Return the instant of such a text of at least hour and minute."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def within(scope: Scope) -> sa.ColumnElement[bool]:
    """Tell whether a row of `calls` is in the scope."""
    demo = sa.or_(calls.c.caller_number.is_(None), calls.c.caller_number != scope.demo_caller)
    arrived = calls.c.arrived_at
    return sa.and_(arrived >= scope.since, arrived < scope.until, calls.c.direction == "inbound", demo)


def apart(scope: Scope) -> sa.ColumnElement[str]:
    """Return what sets a row of `calls` apart, or nothing: the first span that its arrival lies in."""
    arrived = calls.c.arrived_at
    cases = [(sa.and_(arrived >= a, arrived < b), sa.literal(kind)) for kind, (a, b) in scope.apart]
    return sa.case(*cases, else_="") if cases else sa.literal("")


def _fate(waited: Any, rules: Rules) -> sa.ColumnElement[str]:
    outcome = calls.c.outcome
    abandoned = sa.case((waited < round(rules.short_seconds * MICRO), "abandoned_short"), else_="abandoned")
    return sa.case(
        (outcome == Fate.ABANDONED_LATER.value, Fate.ABANDONED_LATER.value),
        (calls.c.answered_at.is_not(None), Fate.ANSWERED.value),
        (calls.c.ended_at.is_(None), Fate.OPEN.value),
        (outcome == "abandoned", abandoned),
        (outcome.in_(sorted(NAMED)), outcome),
        else_=Fate.FAILED.value,
    )


def _of_each(connection: sa.Connection, scope: Scope, now: datetime) -> sa.CTE:
    """Return each call with its fate and its times."""
    us = partial(micros, connection)
    until = sa.func.coalesce(calls.c.answered_at, calls.c.ended_at)
    span = us(until) - us(sa.func.coalesce(calls.c.queued_at, calls.c.arrived_at))
    waited = sa.func.coalesce(sa.case((span > 0, span), else_=0), 0)
    rating = sa.cast(calls.c.rating, sa.String) if "rating" in calls.c else sa.null()
    rang = sa.select(
        legs.c.call_id,
        sa.func.sum(
            us(sa.func.coalesce(legs.c.ended_at, sa.bindparam("now", now, UtcTime))) - us(legs.c.bridged_at)
        ).label("talk"),
    )
    talk = (
        rang.with_only_columns(rang.selected_columns.talk)
        .where(legs.c.call_id == calls.c.id, legs.c.role == "agent", legs.c.bridged_at.is_not(None))
        .correlate(calls)
        .scalar_subquery()
    )
    return (
        sa.select(
            calls.c.id,
            text_of(connection, calls.c.arrived_at, 16).label("minute"),
            calls.c.called_number.label("number"),
            calls.c.queue,
            calls.c.centre,
            calls.c.agent,
            calls.c.queued_at,
            apart(scope).label("apart"),
            _fate(waited, scope.rules).label("fate"),
            waited.label("waited"),
            sa.func.coalesce(talk, 0).label("talk"),
            rating.label("rating"),
        )
        .where(within(scope))
        .cte("each_call")
    )


def _calls(connection: sa.Connection, scope: Scope, now: datetime) -> sa.CompoundSelect[Any]:
    each = _of_each(connection, scope, now)
    hour = sa.func.substr(each.c.minute, 1, 13, type_=sa.String)
    answered = each.c.fate == "answered"
    in_time = sa.and_(answered, each.c.waited <= round(scope.rules.within_seconds * MICRO))
    in_queue = sa.or_(answered, each.c.queued_at.is_not(None))
    sums = (
        sa.func.count(),
        sa.func.sum(sa.case((in_time, 1), else_=0)),
        sa.func.sum(each.c.waited),
        sa.func.max(sa.case((in_queue, each.c.waited), else_=0)),
        sa.func.sum(each.c.talk),
    )
    nothing = sa.literal_column("''", sa.String)
    of_group = (hour, each.c.number, each.c.queue, each.c.centre, each.c.apart, each.c.fate, each.c.rating)
    of_agent = (nothing, each.c.agent, nothing, nothing, nothing, each.c.fate, each.c.rating)
    of_minute = (each.c.minute, nothing, nothing, nothing, each.c.apart, each.c.fate, nothing)
    none = [sa.literal_column("0", sa.BigInteger)] * 4
    return sa.union_all(
        sa.select(sa.literal_column("'group'", sa.String), *of_group, *sums).group_by(*of_group),
        sa.select(sa.literal_column("'agent'", sa.String), *of_agent, *sums).group_by(
            each.c.agent, each.c.fate, each.c.rating
        ),
        sa.select(sa.literal_column("'minute'", sa.String), *of_minute, sa.func.count(), *none).group_by(
            each.c.minute, each.c.apart, each.c.fate
        ),
        _rings(connection, each, now),
    )


def _rings(connection: sa.Connection, each: sa.CTE, now: datetime) -> sa.Select[Any]:
    """Return for each agent how many rings were not answered, and the time with calls."""
    us = partial(micros, connection)
    ended = sa.func.coalesce(legs.c.ended_at, sa.bindparam("now_of_legs", now, UtcTime))
    bridged = legs.c.bridged_at.is_not(None)
    missed = sa.and_(legs.c.bridged_at.is_(None), legs.c.ended_at.is_not(None))
    nothing = sa.literal_column("''", sa.String)
    zero = sa.literal_column("0", sa.BigInteger)
    rings: sa.Select[Any] = (
        sa.select(
            *(sa.literal_column("'rings'", sa.String), nothing, legs.c.party, nothing, nothing, nothing),
            *(nothing, nothing, sa.func.sum(sa.case((missed, 1), else_=0)), zero, zero, zero),
            sa.func.sum(sa.case((bridged, us(ended) - us(legs.c.bridged_at)), else_=0)),
        )
        .join(each, each.c.id == legs.c.call_id)
        .where(legs.c.role == "agent")
        .group_by(legs.c.party)
    )
    return rings


def _put_calls(taken: Taken, row: Any) -> None:
    what, at, name, queue, centre, apart, fate, rating, count, in_time, waited, longest, talk = row
    if what == "minute":
        before = taken.minutes.get((moment(at), apart), (0, 0))
        counted, answered = (was + count * one for was, one in zip(before, counts(fate), strict=True))
        taken.minutes[moment(at), apart] = counted, answered
        return
    if what == "rings":
        sums = taken.agents.setdefault(name, Sums())
        sums.rings_missed, sums.talk_us = int(count), int(talk or 0)
        return
    sums = _sums(fate, rating, int(count), int(in_time), int(waited), int(longest), int(talk))
    if what == "group":
        taken.rows.append(Row(moment(f"{at}:00"), name, queue, centre, apart, sums))
    else:
        sums.talk_us = 0  # of several agents each has a part: it is told with the rings
        taken.agents.setdefault(name, Sums()).add(sums)


def _sums(  # noqa: PLR0913, PLR0917 - a row's own columns
    fate: str, rating: str | None, count: int, in_time: int, waited: int, longest: int, talk: int
) -> Sums:
    gave_up = fate in {Fate.ABANDONED, Fate.ABANDONED_SHORT}
    return Sums(
        fates=Counter({fate: count}),
        in_time=in_time,
        wait_us=waited if fate == "answered" else 0,
        longest_us=longest,
        gave_up_us=waited if gave_up else 0,
        talk_us=talk,
        ratings=Counter({rating: count} if rating else {}),
    )
