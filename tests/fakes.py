"""Stand-ins for what the doors are handed: they note what they are asked as tuples."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from twisted.internet.defer import fail, succeed

from telephony.errors import UnknownThingError
from telephony.floor.health import Component
from telephony.floor.views import AgentView

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai."""


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now=NOON):
        self.time = now

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    def advance(self, seconds):
        self.time += timedelta(seconds=seconds)


def agent_view(number="8001", **values):
    known = {"number": number, "name": "王芳", "centre": "city", "state": "logged_out", "reason": None}
    known |= {"since": NOON, "wrap_up_until": None, "missed_rings": 0, "call_id": None, "after": None}
    return AgentView(**(known | {"phone": "registered"} | values))


class FakeRoster:
    """Agents that do at once what they are told; `refusal` is what the next command fails with."""

    STATES = {"login": "ready", "ready": "ready", "logout": "logged_out", "pause": "paused"}  # noqa: RUF012

    def __init__(self, *agents):
        self.agents = {agent.number: agent for agent in agents or (agent_view(),)}
        self.commands = []
        self.refusal = None

    def all(self):
        return list(self.agents.values())

    def one(self, number):
        if number not in self.agents:
            raise UnknownThingError(f"no agent {number}")
        return self.agents[number]

    def command(self, number, what, reason, by):
        self.commands.append((number, what, reason, by))
        if self.refusal is not None:
            return fail(self.refusal)
        self.agents[number] = replace(self.one(number), state=self.STATES[what], reason=reason)
        return succeed(self.agents[number])


class FakeHealth:
    """Parts that work unless `broken` names them."""

    def __init__(self):
        self.broken = set()

    def components(self):
        names = ("asterisk", "database", "journal", "agi")
        return {name: Component(name not in self.broken, f"{name} detail") for name in names}
