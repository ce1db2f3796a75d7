"""Stand-ins for what the doors are handed: they note what they are asked as tuples."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock as Timer

from telephony.building.rooms import Rooms
from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Times
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.rules_in_force import rules_of, version_of
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.floor.health import Component
from telephony.floor.views import AgentView
from telephony.floor.waiting_view import WaitingView
from telephony.rules.planner import Planner

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

    @property
    def ready_agents(self):
        return frozenset(number for number, agent in self.agents.items() if agent.state == "ready")

    def one(self, number):
        if number not in self.agents:
            raise UnknownThingError(f"no agent {number}")
        return self.agents[number]

    def command(self, number, what, reason, by, why=None):
        self.commands.append((number, what, reason, by) if why is None else (number, what, reason, by, why))
        if self.refusal is not None:
            return fail(self.refusal)
        self.agents[number] = replace(self.one(number), state=self.STATES[what], reason=reason)
        return succeed(self.agents[number])

    def offered(self, number, call_id, leg_id):
        self.commands.append(("offered", number, call_id, leg_id))

    def connected(self, number, call_id, leg_id):
        self.commands.append(("connected", number, call_id, leg_id))

    def ring_ended(self, number, leg_id, *, withdrawn):
        self.commands.append(("ring_ended", number, leg_id, withdrawn))


class FakeHealth:
    """Parts that work unless `broken` names them."""

    def __init__(self):
        self.broken = set()

    def components(self):
        names = ("asterisk", "database", "journal", "agi")
        return {name: Component(name not in self.broken, f"{name} detail") for name in names}


class FakeDialer:
    """A dialer that notes when it is woken, and by when."""

    def __init__(self):
        self.open, self.asleep, self.woken = True, "", []
        self.channels = Channels(Limits({"carrier": 30}, 20, 0.5, 5, 5, 60), lambda _: 0)

    def wake(self):
        self.woken.append("now")

    def wake_by(self, at):
        self.woken.append(at)


class FakePersonCalls:
    """Calls by people that are placed at once; `refusal` is what the next one fails with."""

    def __init__(self):
        self.calls, self.refusal = [], None

    def call(self, revisit_id, agent):
        self.calls.append((revisit_id, agent))
        return succeed("pc-1") if self.refusal is None else fail(self.refusal)


class FakeOutbound:
    """The real rounds by the real rules; a dialer and a line that only note what they are asked."""

    def __init__(self, config, clock):
        self.times = Times(clock, None, "boot")
        self.planner = Planner(rules_of(config.revisits), config.calendar)
        self.campaign = Revisits(self.planner, version_of(config.revisits))
        self.rounds = Rounds(self.campaign, timedelta(days=config.revisits.voidable_days))
        self.dialer, self.person_calls = FakeDialer(), FakePersonCalls()
        self.turns = FakePersonCalls()

    def replied(self, connection, case_number, at, contact):
        self.rounds.reply(connection, Reply(case_number, at, contact), self.times.tick())


class FakeSupervision:
    """Supervision that is done at once for 8005; `refusal` is what the next order fails with."""

    def __init__(self):
        self.orders, self.refusal = [], None

    def check(self, number):
        if number != "8005":
            raise NotAllowedError(f"{number} is no supervisor")

    def take_part(self, call_id, by, mode):
        return self._done(str(mode), call_id, by)

    def take_over(self, call_id, by):
        return self._done("take-over", call_id, by)

    def leave(self, call_id, by):
        return self._done("stop", call_id, by)

    def _done(self, *words):
        self.orders.append(words)
        return succeed(1) if self.refusal is None else fail(self.refusal)


class FakeLine:
    """A switch that does what it is told and says nothing; `is_up` as a test sets it."""

    def __init__(self):
        self.is_up, self.told, self.listener = True, [], None

    def start(self, listener):
        self.listener = listener

    def living(self):
        return succeed({})

    def __getattr__(self, what):
        if what not in {"move", "move_both", "ring", "announce", "hang_up", "set_variable", "mute"}:
            raise AttributeError(what)

        def note(*words, **more):
            self.told.append((what, *words, *more.values()))
            return succeed({})

        return note


class FakeRecorder:
    """A switch that silences at once; `refusal` is what the next orders fail with."""

    def __init__(self):
        self.silent, self.refusal = set(), None

    def silence(self, legs, *, silent):
        if self.refusal is not None:
            return fail(self.refusal)
        self.silent = self.silent | set(legs) if silent else self.silent - set(legs)
        return succeed(None)


class FakeRefusalLine:
    """A switch that moves who is to hear why a matter is refused, and says nothing."""

    def __init__(self):
        self.told, self.channels = [], {}

    def explain(self, leg_id, kind):
        self.told.append((leg_id, kind))
        return succeed({})

    def living(self):
        return succeed(self.channels)


class FakeSpoken:
    """Prompts that are spoken at once, under one name."""

    def speak(self, _text):
        return succeed("spoken/1")

    def forget(self, _name):
        pass


def fake_rooms(config, database, line, clock, roster, tell, replies):
    """Return the real three-way side over a switch that says nothing by itself."""
    rooms = Rooms(config, database, line, clock, Timer(), roster, FakeSpoken(), "worker", tell, replies)
    rooms._watch.start()
    return rooms


class NoCallBacks:
    """Revisits of a city in which nobody calls back."""

    def called_back(self, _connection, _number, _call_id, _at):
        return []


class FakeSounds:
    """Sounds of notices that are made at once; `refusal` is what the next one fails with."""

    def __init__(self):
        self.made, self.kept, self.refusal = [], None, None

    def name(self, text):
        return f"notices/{text}"

    def is_there(self, text):
        return text in self.made

    def make(self, text):
        if self.refusal is not None:
            return fail(self.refusal)
        self.made.append(text)
        return succeed(None)

    def keep_only(self, texts):
        self.kept = list(texts)


class FakeWaiting:
    """A waiting room in which those wait whom a test puts there."""

    def __init__(self):
        self.guests = []

    def views(self):
        return list(self.guests)


def waiting_view(call_id="1.1", **values):
    known = {"queue": "city-12345", "number": "13800001234", "priority": 0, "position": 1, "since": NOON}
    known |= {"expected_seconds": 90, "preferred": None, "agent": None}
    return WaitingView(call_id, **(known | values))
