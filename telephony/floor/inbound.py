"""The route of an inbound call: gather facts, decide, store the decision, then tell the switch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config, Number
from telephony.errors import UnknownThingError
from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from telephony.rules import routing
from telephony.rules.call_story import Datum, Happening
from telephony.rules.routing import Facts, Incident, LeaderLine, NumberFacts, Plan
from telephony.store import calls as call_rows
from telephony.store import leader_calls, routing_facts, urgings
from telephony.store.database import Database


@dataclass(frozen=True)
class Arrival:
    """A call as the dialplan presents it; `caller` is empty if the number was withheld or is no number."""

    call_id: str
    number: str
    caller: str
    key: str


class CallBacks(Protocol):
    """Revisits, as far as a call that comes in concerns them (telephony.callback)."""

    def called_back(
        self, connection: sa.Connection, number: str, call_id: str, at: datetime
    ) -> Sequence[int]:
        """Note that a citizen called us; return the revisits concerned, the most urgent first."""
        ...


Incidents = Callable[[sa.Connection, str, datetime], Incident | None]
"""Which incident the callers of a number are told of now (telephony.floor.notices)."""

Leaders = Callable[[str, str, str, datetime], LeaderLine | None]
"""To which leader's line a number, the key pressed and the queue chosen by both lead now
(telephony.leader.line); asked in another thread."""


def nothing_known(_connection: sa.Connection, _number: str, _now: datetime) -> Incident | None:
    """Return that there is nothing to tell."""
    return None


def no_leader(_number: str, _key: str, _queue: str, _now: datetime) -> LeaderLine | None:
    """Return that no leader takes calls."""
    return None


class Inbound:
    """Routes citizens' calls."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        roster: Roster,
        pulse: Pulse,
        call_backs: CallBacks,
        incident_of: Incidents = nothing_known,
        leader_of: Leaders = no_leader,
    ) -> None:
        self._call_backs, self._incident_of, self._leader_of = call_backs, incident_of, leader_of
        self._numbers = {n.number: _number_facts(n) for n in config.numbers.values()}
        self._routing, self._demo = config.hotline.routing, config.hotline.demo
        self._agents = frozenset(config.agents)
        self._parameters = routing.Parameters(
            self._routing.priority_open_case,
            self._routing.priority_missed_by_us,
            self._demo.queue,
            config.revisits.priority_called_back,
            self._demo.line.number,
            config.demo_hall_number,
            config.hotline.default_queue,
        )
        self._database, self._clock, self._roster, self._pulse = database, clock, roster, pulse

    def route(self, arrival: Arrival) -> Deferred[Plan]:
        """Decide where a call goes; fires when the decision is committed. Raise UnknownThingError."""
        if arrival.number not in self._numbers:
            raise UnknownThingError(f"number {arrival.number} is not in numbers.yaml")
        now = self._clock.now()
        ready = self._roster.ready_agents

        def work(connection: sa.Connection) -> Plan:
            plan = routing.decide(self._facts(connection, arrival, now, ready), self._parameters)
            decision = self._decision(arrival, plan)
            call_rows.route(connection, arrival.call_id, now, decision, self._roster.worker)
            call_rows.append(connection, [(arrival.call_id, _routed(arrival, plan, now))])
            if plan.urged:
                urgings.note(connection, arrival.call_id, plan.urged, now)
            if plan.leader is not None:
                leader_calls.enter(connection, arrival.call_id, plan.leader.day, plan.leader.entry, now)
            return plan

        def tell(plan: Plan) -> Plan:
            self._pulse.beat()
            return plan

        return self._database.write(work, urgent=True).addCallback(tell)

    def _facts(
        self, connection: sa.Connection, arrival: Arrival, now: datetime, ready: frozenset[str]
    ) -> Facts:
        number, caller = self._numbers[arrival.number], arrival.caller
        incident = self._incident_of(connection, arrival.number, now)
        chosen = number.keys.get(arrival.key, number.queue)
        leader = self._leader_of(arrival.number, arrival.key, chosen, now)
        if not caller:
            return Facts(number, arrival.key, incident=incident, leader=leader)
        missed_since = now - timedelta(hours=self._routing.missed_by_us_hours)
        known_since = now - timedelta(days=self._routing.known_agent_days)
        known = routing_facts.of_caller(connection, caller, now, missed_since, known_since)
        return Facts(
            number,
            arrival.key,
            blacklisted=known.blacklisted,
            open_cases=known.open_cases,
            missed_by_us_at=known.missed_by_us_at,
            known_agent=known.known_agent if known.known_agent in self._agents else None,
            known_agent_ready=known.known_agent in ready,
            demo=caller == self._demo.caller_number,
            incident=incident,
            leader=leader,
            revisit=str(
                next(iter(self._call_backs.called_back(connection, caller, arrival.call_id, now)), "")
            ),
        )

    def _decision(self, arrival: Arrival, plan: Plan) -> dict[str, Any]:
        return {
            "called_number": arrival.number,
            "caller_number": arrival.caller or None,
            "key": arrival.key or None,
            "centre": self._numbers[arrival.number].centre,
            "queue": plan.queue if plan.action == "queue" else None,
            "priority": plan.priority,
            "marks": list(plan.marks),
            "route_reason": plan.reason,
        }


def _routed(arrival: Arrival, plan: Plan, now: datetime) -> Happening:
    data: dict[str, Datum] = {
        "action": plan.action,
        "queue": plan.queue,
        "priority": plan.priority,
        "preferred_agent": plan.agent,
        "marks": " ".join(plan.marks),
        "urges": plan.urged or None,
        "reason": plan.reason,
    }
    if plan.incident is not None:
        data["notice"] = plan.incident.id
    if plan.leader is not None:
        data["leader_day"] = plan.leader.day
    return Happening(now, "routed", f"{arrival.call_id}:routed", None, data)


def _number_facts(number: Number) -> NumberFacts:
    keys = {key: target.queue for key, target in number.keys.items()}
    return NumberFacts(number.number, number.centre, number.queue, number.priority, keys)
