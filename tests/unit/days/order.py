"""Whether whoever is served was next: for each turn that was ordered, who was passed over, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from telephony.store.outbound_tables import LIVE_STATES, attempts
from telephony.store.tables import calls, events
from telephony.store.threeway_tables import returns
from tests.unit.days.house import TICK_SECONDS

KNOWN = timedelta(seconds=0.5)
"""After which the service knows of a return that was opened, or of a citizen who is on the line no more."""

INSTANT = 0.005
"""Seconds in which whatever is decided at once is decided."""


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits on the line, or is owed a call back."""

    id: str | int
    queue: str
    priority: int
    since: datetime
    preferred: str = ""
    helpers: frozenset = frozenset()

    def goes_before(self, other):
        """Tell whether this one is next of two who wait alike."""
        return (-self.priority, self.since) < (-other.priority, other.since)


@dataclass
class Turn:
    """Somebody for whom an agent is rung, and who waited then."""

    who: Waiting
    agent: str
    line: list
    due: list


class Order:
    """Looks at each turn once all of the same instant are given: `faults` says what was wrong."""

    def __init__(self, house):
        self._house, self._turns = house, []
        self.faults = []
        house.switch.when_ordered = self._ordered

    def _ordered(self, citizen, agent):
        line = [
            self._waiting(each) for each in self._house.switch.citizens("waiting") if "ASKS" in each.variables
        ]
        due = self._house.do(self._due)
        who = self._waiting(citizen) if citizen is not None else self._house.do(self._offered, agent)
        if not self._turns:
            self._house.switch.later(INSTANT, self._judge)
        self._turns.append(Turn(who, agent, line, due))

    def _judge(self):
        served = {turn.who.id for turn in self._turns}
        turns, self._turns = self._turns, []
        for turn in turns:
            others = [each for each in turn.line if each.id not in served and self._serves(turn.agent, each)]
            due = [each for each in turn.due if each.id not in served and self._serves(turn.agent, each)]
            if isinstance(turn.who.id, int):
                self._judge_return(turn, others, due)
            else:
                self._judge_caller(turn, others, due)

    def _judge_caller(self, turn, others, due):
        """Who is on the line passes nobody on it, and no return that is due, but for being more urgent."""
        earlier = [each for each in others if each.since < turn.who.since]
        wrong = [each for each in others if each.goes_before(turn.who)]
        wrong += [each for each in due if each.since < turn.who.since and each.priority >= turn.who.priority]
        self.faults += [f"{each.id} waits before {turn.who.id}, who gets {turn.agent}" for each in wrong]
        stored = self._house.do(self._overtaken, turn.who.id)
        self.faults += [
            f"{turn.who.id} overtook {each.id}: why?" for each in earlier if each.id not in stored
        ]

    def _judge_return(self, turn, others, due):
        """A return passes nobody who has waited as long or is more urgent, and no return before it."""
        wrong = [each for each in others if each.since <= turn.who.since or each.priority > turn.who.priority]
        wrong += [each for each in due if each.since < turn.who.since]
        self.faults += [
            f"{each.id} waits before return {turn.who.id}, which gets {turn.agent}" for each in wrong
        ]

    def _serves(self, agent, waiting):
        skills = self._house.config.agents[agent].skills
        return waiting.queue in skills or agent == waiting.preferred or not waiting.helpers.isdisjoint(skills)

    def _waiting(self, citizen):
        known = citizen.variables
        since = datetime.fromtimestamp(float(known["HOTLINE_SINCE"]), UTC)
        helpers = self._house.do(_helpers, citizen.call_id, since)
        return Waiting(
            citizen.id,
            known["HOTLINE_QUEUE"],
            int(known["QUEUE_PRIO"]),
            since,
            known["HOTLINE_AGENT"],
            helpers,
        )

    def _due(self, connection):
        """Return who is to be called back now, as far as the service must know of it."""
        now = self._house.clock.now()
        lines = connection.execute(sa.select(calls.c.caller_number, calls.c.ended_at)).all()
        busy = {number for number, ended in lines if ended is None or ended > now - KNOWN}
        busy |= set(connection.scalars(sa.select(attempts.c.number).where(attempts.c.state.in_(LIVE_STATES))))
        wanted = sa.and_(
            returns.c.closed_at.is_(None), returns.c.given_up_at.is_(None), returns.c.next_at.is_not(None)
        )
        rows = [each for each in connection.execute(_RETURNS.where(wanted)) if each.number not in busy]
        return [
            _owed(each) for each in rows if each.next_at <= now - (KNOWN + _TICK if each.tries else KNOWN)
        ]

    @staticmethod
    def _offered(connection, agent):
        """Return for whom an agent is rung who is to call back."""
        told = sa.select(events.c.data).where(events.c.kind == "return_offered", events.c.agent == agent)
        data = connection.scalars(told.order_by(events.c.id.desc()).limit(1)).one()
        return _owed(connection.execute(_RETURNS.where(returns.c.id == data["return"])).one())

    @staticmethod
    def _overtaken(connection, call_id):
        told = sa.select(events.c.data).where(events.c.kind == "overtook", events.c.call_id == call_id)
        return {each.partition(":")[0] for data in connection.scalars(told) for each in data["over"].split()}


_TICK = timedelta(seconds=TICK_SECONDS)
_RETURNS = sa.select(returns, calls.c.priority).outerjoin(calls, calls.c.id == returns.c.call_id)


def _owed(row):
    return Waiting(row.id, row.queue or "city-12345", row.priority or 0, row.since or row.opened_at)


def _helpers(connection, call_id, since):
    """Return the queues whose agents help somebody in this wait."""
    told = sa.select(events.c.data["to"].as_string())
    told = told.where(events.c.kind == "spilled", events.c.call_id == call_id, events.c.at >= since)
    return frozenset(queue for to in connection.scalars(told) for queue in to.split())
