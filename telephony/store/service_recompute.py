"""The service figures counted a second time, in Python, from the events of each call and agent.

The table `calls` says only which calls there are, which is the simulated citizen's, and what was rated. All
else is told again from the append-only events, and from the legs as the journal told of them. What differs
from the database's own sums is named, not mended.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.service_figures import (
    CallFacts,
    Sums,
    by_hour,
    micros,
    sums_of,
)
from telephony.store.service_report import Summed, apart_of
from telephony.store.service_spells import NOT_THERE
from telephony.store.service_sums import EPOCH, Scope
from telephony.store.tables import agents, calls, events, legs

LONGEST = timedelta(hours=49)
"""A day, whatever its borders: each event is read, so that a month would take minutes."""
SLACK = timedelta(minutes=1)
"""How far the row of a call may lie from its first leg."""
_PAGE = 500


@dataclass
class _Told:
    """One call as its events and legs tell it."""

    facts: CallFacts
    agents_there: list[str] = field(default_factory=list)
    talked: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrap_up_us: int = 0


def recompute(
    connection: sa.Connection,
    scope: Scope,
    numbers: Mapping[str, str],
    centres: Mapping[str, str],
    now: datetime,
) -> Summed:
    """Return the sums of the scope; `numbers` says each number's centre, `centres` each agent's."""
    calls_told = _calls(connection, scope, numbers, now)
    wrap_ups, states, hours = _spells(connection, scope, now)
    found = Summed(Sums(), {}, {}, {}, {}, {}, {}, {})
    for call_id, told in calls_told.items():
        told.wrap_up_us = wrap_ups[call_id]
        _count(found, told, scope)
    for agent, of_agent in states.items():
        mine = _of(found.agents, agent)
        mine.wrap_up_us = of_agent["wrap_up"]
        for sums in (mine, found.total, _of(found.centres, centres.get(agent))):
            sums.states_us.update(of_agent)
    for hour, of_hour in hours.items():
        at = (EPOCH + timedelta(hours=hour)).astimezone(SHANGHAI)
        _of(found.hours, f"{at:%H}").states_us.update(of_hour)
        _of(found.days, f"{at:%Y-%m-%d}").states_us.update(of_hour)
    found.total.rings_missed = sum(sums.rings_missed for sums in found.agents.values())
    return found


def differences(first: Summed, second: Summed) -> Iterator[str]:
    """Name each sum in which the two differ: group, sum, and both values. Returns are not compared."""
    for name in Summed.__dataclass_fields__:
        one, other = getattr(first, name), getattr(second, name)
        pairs = {"": (one, other)} if name == "total" else _pairs(one, other)
        for group, (a, b) in pairs.items():
            for what in Sums.__dataclass_fields__:
                mine, yours = _plain(getattr(a, what)), _plain(getattr(b, what))
                if what != "returns" and mine != yours:
                    yield f"{name} {group or ''} {what}: {mine} / {yours}"


def _plain(value: Any) -> Any:
    return (
        {name: count for name, count in sorted(value.items()) if count}
        if isinstance(value, Counter)
        else value
    )


def _pairs(one: Mapping[Any, Sums], other: Mapping[Any, Sums]) -> dict[Any, tuple[Sums, Sums]]:
    return {name: (one.get(name, Sums()), other.get(name, Sums())) for name in (*one, *other)}


def _of(found: Any, name: str | None) -> Sums:
    sums: Sums = found.setdefault(name, Sums())
    return sums


def _count(found: Summed, told: _Told, scope: Scope) -> None:
    facts = told.facts
    sums = sums_of(replace(facts, talk_us=sum(told.talked.values())), scope.rules)
    sums.wrap_up_us = told.wrap_up_us
    at = facts.arrived_at.astimezone(SHANGHAI)
    groups: tuple[tuple[Any, str | None], ...] = (
        (found.apart, apart_of(facts.arrived_at, scope)),
        (found.numbers, facts.number),
        (found.queues, facts.queue),
        (found.centres, facts.centre),
        (found.hours, f"{at:%H}"),
        (found.days, f"{at:%Y-%m-%d}"),
    )
    for group, name in groups:
        _of(group, name).add(sums)
    found.total.add(sums)
    of_agent = replace(sums, talk_us=0, wrap_up_us=0)
    _of(found.agents, facts.agent).add(of_agent)
    for agent, talked in told.talked.items():
        _of(found.agents, agent).talk_us += talked
    for agent, missed in told.missed.items():
        _of(found.agents, agent).rings_missed += missed


def _calls(
    connection: sa.Connection, scope: Scope, numbers: Mapping[str, str], now: datetime
) -> dict[str, _Told]:
    near = sa.and_(calls.c.arrived_at >= scope.since - SLACK, calls.c.arrived_at < scope.until + SLACK)
    rating = calls.c.rating if "rating" in calls.c else sa.null()
    columns = (calls.c.id, calls.c.caller_number, calls.c.arrived_at, rating.label("rating"))
    known = sa.select(*columns).where(near, calls.c.direction == "inbound")
    rows = [row for row in connection.execute(known) if row.caller_number != scope.demo_caller]
    told = {row.id: _Told(CallFacts(arrived_at=row.arrived_at, rating=row.rating)) for row in rows}
    ids = sorted(told)
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        of_legs = sa.select(legs).where(legs.c.call_id.in_(page))
        for leg in connection.execute(of_legs):
            _leg(told[leg.call_id], leg, now)
        of_events = sa.select(events).where(events.c.call_id.in_(page)).order_by(events.c.at, events.c.id)
        for event in connection.execute(of_events):
            _event(told[event.call_id], event, numbers)
    return {
        call_id: each for call_id, each in told.items() if scope.since <= each.facts.arrived_at < scope.until
    }


def _leg(told: _Told, leg: Any, now: datetime) -> None:
    if leg.role == "citizen":
        told.facts = replace(told.facts, arrived_at=min(told.facts.arrived_at, leg.started_at))
    elif leg.role == "agent" and leg.bridged_at is not None:
        told.talked[leg.party] += micros((leg.ended_at or now) - leg.bridged_at)
    elif leg.role == "agent" and leg.ended_at is not None:
        told.missed[leg.party] += 1


def _event(told: _Told, event: Any, numbers: Mapping[str, str]) -> None:
    facts, data = told.facts, event.data
    if event.kind == "arrived":
        number = facts.number or data.get("number") or None
        told.facts = replace(facts, number=number, centre=facts.centre or numbers.get(number or ""))
    elif event.kind == "routed" and data.get("action") == "queue" and facts.queued_at is None:
        told.facts = replace(facts, queue=data["queue"])
    elif event.kind == "queued":
        told.facts = replace(facts, queue=data["queue"], queued_at=facts.queued_at or event.at)
    elif event.kind in {"answered", "agent_joined"} and event.agent:
        told.agents_there.append(event.agent)
        told.facts = replace(facts, agent=event.agent, answered_at=facts.answered_at or event.at)
    elif event.kind == "agent_left" and event.agent in told.agents_there:
        told.agents_there.remove(event.agent)
        if told.agents_there and facts.ended_at is None:
            told.facts = replace(facts, agent=told.agents_there[-1])
    elif event.kind == "ended":
        told.facts = replace(facts, ended_at=event.at, outcome=data.get("outcome"))


def _spells(
    connection: sa.Connection, scope: Scope, now: datetime
) -> tuple[Counter[str], dict[str, Counter[str]], dict[int, Counter[str]]]:
    """Return microseconds: wrap-up by call, and states by agent and by hour since 1970."""
    wrap_ups: Counter[str] = Counter()
    states: dict[str, Counter[str]] = {}
    hours: dict[int, Counter[str]] = {}
    end = min(scope.until, max(now, scope.since))
    for agent, state, call_id, begins, ends in _stretches(connection, scope, end):
        begins_us, ends_us = micros(begins - EPOCH), micros(ends - EPOCH)
        if ends_us <= begins_us:
            continue
        states.setdefault(agent, Counter())[state] += ends_us - begins_us
        if state == "wrap_up" and call_id:
            wrap_ups[call_id] += ends_us - begins_us
        for hour, part in by_hour(begins_us, ends_us) if state != NOT_THERE else ():
            hours.setdefault(hour, Counter())[state] += part
    return wrap_ups, states, hours


def _stretches(
    connection: sa.Connection, scope: Scope, end: datetime
) -> Iterable[tuple[str, str, str | None, datetime, datetime]]:
    for agent in connection.scalars(sa.select(agents.c.number)).all():
        mine = sa.select(events).where(events.c.kind == "agent", events.c.agent == agent, events.c.at < end)
        at, state, call_id = scope.since, None, None
        for event in connection.execute(mine.order_by(events.c.at, events.c.id)):
            if event.at >= scope.since:
                if state is not None:
                    yield agent, state, call_id, at, event.at
                at = event.at
            state, call_id = event.data["to"], event.call_id if event.at >= scope.since else None
        if state is not None:
            yield agent, state, call_id, at, end


def is_short_enough(since: datetime, until: datetime) -> bool:
    """Tell whether a time may be counted again from its events."""
    return until - since <= LONGEST
