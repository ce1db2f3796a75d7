"""The sums of the calls of the service figures, taken by the database in one statement.

A call is counted where it arrived. Every instant is compared in whole microseconds, so that both databases
and `telephony.rules.service_figures` agree to the last digit. Nothing here writes; a month of 310,000 calls
is a few seconds of the reports' own thread (docs/benchmarks.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import MICRO, NAMED, Fate, Rules, Sums, counts, instant_us
from telephony.store.service_groups import Place, Summed
from telephony.store.service_tables import agent_spells
from telephony.store.tables import UtcTime, calls, legs

Span = tuple[datetime, datetime]
Minutes = dict[tuple[datetime, str], tuple[int, int]]
"""By minute and what sets it apart: calls that are counted, and those that were answered."""
_NOTHING = sa.literal_column("''", sa.String)
_ZERO = sa.literal_column("0", sa.BigInteger)
# Literal: the condition of a partial index has to be recognised.
_WRAP_UP = agent_spells.c.state == sa.literal_column("'wrap_up'")
_MISSED = agent_spells.c.ring == sa.literal_column("'missed'")
_TALKED = sa.and_(legs.c.role == sa.literal_column("'agent'"), legs.c.bridged_at.is_not(None))


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


def take_calls(connection: sa.Connection, scope: Scope, now: datetime, into: Summed) -> Minutes:
    """Add up the calls, and agents' time with them; what goes on at `now` is measured up to then."""
    minutes: Minutes = {}
    for row in connection.execute(_calls(connection, scope, now)):
        _put(into, minutes, row)
    return minutes


def micros(connection: sa.Connection, at: Any) -> sa.ColumnElement[int]:
    """Return an instant as whole microseconds since 1970, exactly: julianday() rounds to milliseconds."""
    if isinstance(at, datetime):
        return sa.literal(instant_us(at), sa.BigInteger)
    if connection.dialect.name != "sqlite":
        return sa.cast(sa.extract("epoch", at) * MICRO, sa.BigInteger)
    text = sa.type_coerce(at, sa.String)
    whole = sa.func.unixepoch(sa.func.substr(text, 1, 19), type_=sa.Integer)
    return whole * MICRO + sa.cast(sa.func.substr(text, 21, 6), sa.Integer)


def not_negative(connection: sa.Connection, lasted: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Return a length of time, 0 for less: a clock may have been set back. None stays none in SQLite only."""
    larger = sa.func.max if connection.dialect.name == "sqlite" else sa.func.greatest
    return larger(lasted, _ZERO, type_=sa.BigInteger)


def minute_of(connection: sa.Connection, at: Any) -> sa.ColumnElement[str]:
    """Return the minute of an instant in UTC: '2026-11-23 04:00'."""
    if connection.dialect.name == "sqlite":
        return sa.func.substr(sa.type_coerce(at, sa.String), 1, 16, type_=sa.String)
    return sa.func.to_char(sa.func.timezone("UTC", at), "YYYY-MM-DD HH24:MI", type_=sa.String)


def within(scope: Scope) -> sa.ColumnElement[bool]:
    """Tell whether a row of `calls` is of the scope's time, whoever called whom."""
    demo = sa.or_(calls.c.caller_number.is_(None), calls.c.caller_number != scope.demo_caller)
    return sa.and_(calls.c.arrived_at >= scope.since, calls.c.arrived_at < scope.until, demo)


def apart(scope: Scope) -> sa.ColumnElement[str]:
    """Return what sets a row of `calls` apart, or nothing: the first span that its arrival lies in."""
    arrived = calls.c.arrived_at
    cases = [(sa.and_(arrived >= a, arrived < b), sa.literal(kind)) for kind, (a, b) in scope.apart]
    return sa.case(*cases, else_="") if cases else _NOTHING


def apart_of(arrived: datetime, spans: Sequence[tuple[str, Span]]) -> str:
    """Return the same of an instant."""
    return next((kind for kind, (since, until) in spans if since <= arrived < until), "")


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
    """Return each call with its fate and its times; `came` is 1 of those that came in."""
    us = partial(micros, connection)
    until = sa.func.coalesce(calls.c.answered_at, calls.c.ended_at)
    lasted = not_negative(connection, us(until) - us(sa.func.coalesce(calls.c.queued_at, calls.c.arrived_at)))
    waited = sa.case((until.is_(None), _ZERO), else_=lasted)
    talk = sa.select(sa.func.sum(_talk(connection, now))).where(_TALKED, legs.c.call_id == calls.c.id)
    wrap_up = sa.select(sa.func.sum(_wrap_up(connection, now)))
    wrap_up = wrap_up.where(_WRAP_UP, agent_spells.c.call_id == calls.c.id)
    return (
        sa.select(
            calls.c.id,
            minute_of(connection, calls.c.arrived_at).label("minute"),
            calls.c.called_number.label("number"),
            calls.c.queue,
            calls.c.centre,
            calls.c.agent,
            sa.case((calls.c.direction == "inbound", "1"), else_="0").label("came"),
            sa.case((calls.c.queued_at.is_not(None), 1), else_=0).label("queued"),
            apart(scope).label("apart"),
            _fate(waited, scope.rules).label("fate"),
            waited.label("waited"),
            sa.func.coalesce(talk.correlate(calls).scalar_subquery(), 0).label("talk"),
            sa.func.coalesce(wrap_up.correlate(calls).scalar_subquery(), 0).label("wrap_up"),
            calls.c.rating,
        )
        .where(within(scope))
        .cte("each_call")
    )


def _talk(connection: sa.Connection, now: datetime) -> sa.ColumnElement[int]:
    until = sa.func.coalesce(legs.c.ended_at, sa.bindparam(None, now, UtcTime))
    return micros(connection, until) - micros(connection, legs.c.bridged_at)


def _wrap_up(connection: sa.Connection, now: datetime) -> sa.ColumnElement[int]:
    """Return how long a wrap-up lasted, whether before the end of the scope or after it."""
    ends = sa.func.coalesce(agent_spells.c.ends_us, micros(connection, now))
    return not_negative(connection, ends - agent_spells.c.begins_us)


def _calls(connection: sa.Connection, scope: Scope, now: datetime) -> sa.CompoundSelect[Any]:
    each = _of_each(connection, scope, now)
    came = each.c.came == "1"
    answered = each.c.fate == "answered"
    in_time = sa.and_(answered, each.c.waited <= round(scope.rules.within_seconds * MICRO))
    in_queue = sa.or_(answered, each.c.queued == 1)
    sums = (
        sa.func.count(),
        sa.func.sum(sa.case((in_time, 1), else_=0)),
        sa.func.sum(each.c.waited),
        sa.func.max(sa.case((in_queue, each.c.waited), else_=0)),
        sa.func.sum(each.c.talk),
        sa.func.sum(each.c.wrap_up),
    )
    of_place = (each.c.number, each.c.queue, each.c.centre, each.c.agent, each.c.apart)
    of_minute = (each.c.minute, each.c.apart)
    fates = (each.c.fate, each.c.rating)
    minute = (each.c.minute, *(_NOTHING,) * 3, each.c.apart)
    return sa.union_all(
        _section("place", *of_place, *fates, *sums).where(came).group_by(*of_place, *fates),
        _section("minute", *minute, *fates, *sums).where(came).group_by(*of_minute, *fates),
        _of_agents("talk", each, legs.c.party, _talk(connection, now))
        .join(legs, legs.c.call_id == each.c.id)
        .where(_TALKED),
        _of_agents("wrap_up", each, agent_spells.c.agent, _wrap_up(connection, now))
        .join(agent_spells, agent_spells.c.call_id == each.c.id)
        .where(_WRAP_UP),
        _of_agents("missed", each, agent_spells.c.agent, _ZERO)
        .join(agent_spells, agent_spells.c.call_id == each.c.id)
        .where(_MISSED),
    )


def _section(what: str, *columns: Any) -> sa.Select[Any]:
    return sa.select(sa.literal_column(f"'{what}'", sa.String), *columns)


def _of_agents(what: str, each: sa.CTE, agent: Any, lasted: sa.ColumnElement[int]) -> sa.Select[Any]:
    """Return what agents did in calls that came in, and in those that we placed: how often, and how long."""
    columns = (*(_NOTHING,) * 3, agent, _NOTHING, each.c.came, _NOTHING, sa.func.count(), *(_ZERO,) * 3)
    section = _section(what, *columns, sa.func.sum(lasted), _ZERO)
    return section.select_from(each).group_by(agent, each.c.came)


def _put(into: Summed, minutes: Minutes, row: Any) -> None:
    what, first, queue, centre, agent, apart_as, fate, rating, *numbers = row
    if what == "place":
        sums = _sums(fate, rating, *map(int, numbers))
        into.at_place(Place(first, queue, centre, apart_as), sums)
        into.of_agent(agent, replace(sums, talk_us=0, wrap_up_us=0))  # of several agents each has a part
    elif what == "minute":
        at = datetime.fromisoformat(first).replace(tzinfo=UTC)
        counted, answered = minutes.get((at, apart_as), (0, 0))
        one = counts(fate)
        minutes[at, apart_as] = counted + one[0] * numbers[0], answered + one[1] * numbers[0]
        into.at_hour(first[:13], _sums(fate, rating, *map(int, numbers)))
    else:
        _put_work(into, agent, worked(what, int(numbers[0]), int(numbers[4]), came=fate == "1"))


def _put_work(into: Summed, agent: str | None, sums: Sums) -> None:
    into.of_agent(agent, sums)
    of_all = replace(sums, talks=0, talk_us=0, wrap_up_us=0)  # told with the calls
    into.placed(agent, of_all)


def worked(what: str, count: int, lasted: int, *, came: bool) -> Sums:
    """Return an agent's talks, wrap-ups or missed rings in calls that came in, or that we placed."""
    match what, came:
        case "talk", True:
            return Sums(talks=count, talk_us=lasted)
        case "wrap_up", True:
            return Sums(wrap_up_us=lasted)
        case "missed", True:
            return Sums(rings_missed=count)
        case "talk", False:
            return Sums(placed_talks=count, placed_talk_us=lasted)
        case "wrap_up", False:
            return Sums(placed_wrap_up_us=lasted)
        case _:
            return Sums()


def _sums(  # noqa: PLR0913, PLR0917 - a row's own columns
    fate: str,
    rating: str | None,
    count: int,
    in_time: int,
    waited: int,
    longest: int,
    talk: int,
    wrap_up: int,
) -> Sums:
    gave_up = fate in {Fate.ABANDONED, Fate.ABANDONED_SHORT}
    return Sums(
        fates=Counter({fate: count}),
        in_time=in_time,
        wait_us=waited if fate == "answered" else 0,
        longest_us=longest,
        gave_up_us=waited if gave_up else 0,
        talk_us=talk,
        wrap_up_us=wrap_up,
        ratings=Counter({rating: count} if rating else {}),
    )
