"""The service figures counted a second time, in Python, from the events of each call and agent.

The table `calls` says only which calls there are, which were placed by us, and which is the simulated
citizen's. All else is told again from the append-only events, from the legs as the journal told of them, and
of returns from the evidence of our calls. What differs from the database's own sums is named, not mended.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import CallFacts, Sums, by_hour, instant_us, micros, sums_of
from telephony.store.service_groups import GROUPS, Place, Summed
from telephony.store.service_returns_again import OF_A_RETURN, returns_again
from telephony.store.service_spells import NOT_THERE, put_hours, put_states
from telephony.store.service_sums import Scope, apart_of, worked
from telephony.store.tables import agents, calls, events, legs

LONGEST = timedelta(hours=49)
"""A day, whatever its borders: each event is read, so that a month would take minutes."""
SLACK = timedelta(minutes=1)
"""How far the row of a call may lie from its first leg."""
MICROSECOND = timedelta(microseconds=1)
_PAGE = 500


@dataclass
class _Told:
    """One call as its events and legs tell it; `came` if it came in, and was not placed by us."""

    facts: CallFacts
    came: bool
    agents_there: list[str] = field(default_factory=list)
    agents: dict[str, Sums] = field(default_factory=dict)
    wrap_ups: list[tuple[str, datetime]] = field(default_factory=list)
    owed: list[Any] = field(default_factory=list)

    def add(self, agent: str, what: str, lasted: int) -> None:
        """Add an agent's talk, wrap-up or missed ring."""
        self.agents.setdefault(agent, Sums()).add(worked(what, 1, lasted, came=self.came))


def recompute(
    connection: sa.Connection,
    scope: Scope,
    numbers: Mapping[str, str],
    centres: Mapping[str, str],
    now: datetime,
) -> Summed:
    """Return the sums of the scope; `numbers` says each number's centre, `centres` each agent's."""
    found = Summed(centres)
    told = _calls(connection, scope, numbers, now)
    _spells(connection, scope, now, told, found)
    owed = returns_again(connection, {call_id: each.owed for call_id, each in told.items()})
    for call_id, each in told.items():
        if call_id in owed:
            _at_place(found, each.facts, owed[call_id], scope)
        if each.came:
            _count(found, each, scope)
        for agent, sums in each.agents.items():
            found.of_agent(agent, sums)
            found.placed(agent, replace(sums, talks=0, talk_us=0, wrap_up_us=0))
    return found.tell_hours()


def differences(first: Summed, second: Summed) -> Iterator[str]:
    """Name each sum in which the two differ: group, sum, and both values."""
    for name in ("total", *GROUPS):
        one, other = getattr(first, name), getattr(second, name)
        pairs = {"": (one, other)} if name == "total" else _pairs(one, other)
        for group, (a, b) in pairs.items():
            for what in Sums.__dataclass_fields__:
                mine, yours = _plain(getattr(a, what)), _plain(getattr(b, what))
                if mine != yours:
                    yield f"{name} {group or ''} {what}: {mine} / {yours}"


def _plain(value: Any) -> Any:
    return (
        {name: count for name, count in sorted(value.items()) if count}
        if isinstance(value, Counter)
        else value
    )


def _pairs(one: Mapping[Any, Sums], other: Mapping[Any, Sums]) -> dict[Any, tuple[Sums, Sums]]:
    return {name: (one.get(name, Sums()), other.get(name, Sums())) for name in (*one, *other)}


def _count(found: Summed, told: _Told, scope: Scope) -> None:
    facts, each = told.facts, told.agents.values()
    sums = sums_of(replace(facts, talk_us=sum(mine.talk_us for mine in each)), scope.rules)
    sums.wrap_up_us = sum(mine.wrap_up_us for mine in each)
    _at_place(found, facts, sums, scope)
    found.of_agent(facts.agent, replace(sums, talk_us=0, wrap_up_us=0))


def _at_place(found: Summed, facts: CallFacts, sums: Sums, scope: Scope) -> None:
    place = Place(facts.number, facts.queue, facts.centre, apart_of(facts.arrived_at, scope.apart))
    found.at_place(place, sums)
    found.at_hour(f"{facts.arrived_at.astimezone(UTC):%Y-%m-%d %H}", sums)


def _calls(
    connection: sa.Connection, scope: Scope, numbers: Mapping[str, str], now: datetime
) -> dict[str, _Told]:
    near = sa.and_(calls.c.arrived_at >= scope.since - SLACK, calls.c.arrived_at < scope.until + SLACK)
    columns = (calls.c.id, calls.c.direction, calls.c.caller_number, calls.c.arrived_at)
    rows = connection.execute(sa.select(*columns).where(near)).all()
    told = {
        row.id: _Told(CallFacts(arrived_at=row.arrived_at), came=row.direction == "inbound")
        for row in rows
        if row.caller_number != scope.demo_caller
    }
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
    if leg.role == "citizen" and told.came:
        told.facts = replace(told.facts, arrived_at=min(told.facts.arrived_at, leg.started_at))
    elif leg.role == "agent" and leg.bridged_at is not None:
        told.add(leg.party, "talk", micros((leg.ended_at or now) - leg.bridged_at))


def _event(told: _Told, event: Any, numbers: Mapping[str, str]) -> None:
    if event.kind == "agent":
        _change(told, event)
    elif event.kind in OF_A_RETURN:
        told.owed.append(event)
    elif event.kind == "rated":
        told.facts = replace(told.facts, rating=event.data["key"])
    else:
        _course(told, event, numbers)


def _course(told: _Told, event: Any, numbers: Mapping[str, str]) -> None:
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


def _change(told: _Told, event: Any) -> None:
    if event.data.get("ring") == "missed":
        told.add(event.agent, "missed", 0)
    if event.data["to"] == "wrap_up":
        told.wrap_ups.append((event.agent, event.at))


def _spells(
    connection: sa.Connection, scope: Scope, now: datetime, told: Mapping[str, _Told], found: Summed
) -> None:
    """Add agents' time by state to `found`, and to each call the wrap-ups after it, whenever they were."""
    hours: dict[int, Counter[str]] = {}
    until = min(scope.until, max(now, scope.since))
    wrapped: dict[str, list[datetime]] = {}
    for each in told.values():
        for agent, at in each.wrap_ups:
            wrapped.setdefault(agent, []).append(at)
    there = set(connection.scalars(sa.select(agents.c.number)))
    for agent in there | wrapped.keys():
        states: Counter[str] = Counter()
        times = wrapped.get(agent, [])
        # A clock that was set back may have put a wrap-up before its call.
        first = min([scope.since, *times])
        upto = max([until, *(at + MICROSECOND for at in times)])
        for state, call_id, begins, ends in _stretches(connection, agent, first, upto):
            if state == "wrap_up" and call_id is not None and call_id in told:
                told[call_id].add(agent, "wrap_up", max(0, micros((ends or now) - begins)))
            span = instant_us(max(begins, scope.since)), instant_us(min(ends or until, until))
            if span[0] >= span[1] or agent not in there:
                continue
            states[state] += span[1] - span[0]
            for hour, part in by_hour(*span) if state != NOT_THERE else ():
                hours.setdefault(hour, Counter())[state] += part
        put_states(found, agent, states)
    put_hours(found, hours)


def _stretches(
    connection: sa.Connection, agent: str, since: datetime, until: datetime
) -> Iterable[tuple[str, str | None, datetime, datetime | None]]:
    """Yield state, call, begin and end of what touches the time: of earlier events only the last is read."""
    mine = sa.select(events).where(events.c.kind == "agent", events.c.agent == agent)
    forward, backward = (events.c.at, events.c.id), (events.c.at.desc(), events.c.id.desc())
    before = connection.execute(mine.where(events.c.at < since).order_by(*backward).limit(1)).all()
    inside = mine.where(events.c.at >= since, events.c.at < until).order_by(*forward)
    after = connection.execute(mine.where(events.c.at >= until).order_by(*forward).limit(1)).all()
    last = None
    for event in (*before, *connection.execute(inside), *after):
        if last is not None:
            yield last.data["to"], last.call_id, last.at, event.at
        last = event
    if last is not None and not after:
        yield last.data["to"], last.call_id, last.at, None


def is_short_enough(since: datetime, until: datetime) -> bool:
    """Tell whether a time may be counted again from its events."""
    return until - since <= LONGEST
