"""Conversations for tests: in any state, with anybody, over a line and a store that do what a test says."""

from collections import deque
from types import SimpleNamespace

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock as Timer

from telephony import config_load
from telephony.paths import PROJECT
from telephony.store.tables import metadata
from telephony.store.threeway_tables import three_ways
from telephony.threeway.answers import Answers
from telephony.threeway.asking import Asking
from telephony.threeway.bringing import Bringing
from telephony.threeway.commands import Commands
from telephony.threeway.conversation import About, Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.people import Invitation, Person
from telephony.threeway.places import wanted
from telephony.threeway.watch import Watch
from tests.fakes import NOON, FakeClock

RULES = config_load.load(PROJECT / "config").threeway
CALL = "1795420886.1"
PEOPLE = {
    "citizen": ("citizen-leg", "citizen", "13800000001"),
    "agent": ("agent-leg", "agent", "8001"),
    "unit": ("unit-leg", "unit", "water"),
    "second": ("second-leg", "unit", "gas"),
    "supervisor": ("supervisor-leg", "supervisor", "8003"),
}


def about(kind="three_way"):
    return About(1, CALL, kind, "city", None, "", "13800000001", None, False, False, NOON)


def conversation_in(state, *names, moved=True):
    """Return a conversation in a state, everybody where they belong; not `moved`: as it begins."""
    conversation = Conversation(about(), "8001")
    conversation.machine.restore(state)
    for name in names:
        leg_id, role, party = PEOPLE[name]
        person = conversation.people[leg_id] = Person(leg_id, role, party, NOON)
        person.at = wanted(state, person) if moved else None
    return conversation


def invite(conversation, unit="water", *, emergency=False):
    """Let a unit be asked."""
    of_this = (f"1-{unit}", unit, unit, "consult", (("值班", "13700000001"),), NOON, "8001", emergency)
    invitation = conversation.invitations[of_this[0]] = Invitation(*of_this)
    return invitation


def leave(conversation, name):
    """Let somebody's channel end."""
    conversation.gone(conversation.people[PEOPLE[name][0]], NOON)


def told(conversation):
    """What happened, by its name."""
    return [what for what, _ in conversation.told]


class Line:
    """A switch that notes each order as a tuple, into a list that a store may share."""

    def __init__(self, done):
        self.is_up, self.done = True, done

    def start(self, listener):
        self.listener = listener

    def move(self, _room, move):
        return self._note("move", move.leg_id, move.place.name, *filter(None, [move.say]))

    def move_both(self, _room, first, second):
        return self._note("move_both", first.leg_id, first.place.name, second.leg_id, second.place.name)

    def hang_up(self, leg_id):
        return self._note("hang_up", leg_id)

    def announce(self, _room, _leg_id, prompts):
        return self._note("announce", *prompts)

    def set_variable(self, _leg_id, _name, _value):
        return succeed(None)

    def mute(self, _room, leg_id, *, muted):
        return self._note("mute" if muted else "unmute", leg_id)

    def ring(self, _room, ring, _variables):
        return self._note("ring", ring.number)

    def _note(self, *words):
        self.done.append(words)
        return succeed(None)


class Shelf:
    """A store in memory in which a change waits until the test commits it, or lets it be refused."""

    def __init__(self, done):
        self.done, self._waiting = done, deque()
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            row = {"id": 1, "call_id": CALL, "kind": "three_way", "state": "new", "matter": ""}
            row |= {"confidential": False, "demo": False, "worker": "worker", "started_at": NOON}
            connection.execute(three_ways.insert().values(**row))

    def write(self, work, *, urgent):
        assert urgent, "people wait for it"
        fired = Deferred()
        self._waiting.append((work, fired))
        return fired

    def commit(self):
        """Store the change that has waited longest."""
        work, fired = self._waiting.popleft()
        with self.engine.begin() as connection:
            result = work(connection)
        self.done.append(("stored", self.state))
        fired.callback(result)

    def refuse(self):
        """Fail, as on a full disk."""
        self._waiting.popleft()[1].errback(OSError("disk full"))

    @property
    def waiting(self):
        return len(self._waiting)

    @property
    def state(self):
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(three_ways.c.state))


class Careless:
    """A store that takes everything at once and keeps nothing, for tests that try very many ways."""

    waiting = 0

    @staticmethod
    def write(_work, *, urgent):
        assert urgent, "people wait for it"
        return succeed(None)


class Around:
    """The registry with one conversation, and in `done` what was stored and ordered, in that order."""

    def __init__(self, conversation, store=None):
        self.done = []
        self.line, self.store = Line(self.done), store or Shelf(self.done)
        self.clock, self.timer = FakeClock(), Timer()
        self.all = Conversations(self.store, self.line, self.clock, self.timer, "worker", lambda: None)
        self.phones = Phones()
        asking = Asking(self.all, RULES)
        self.bringing = Bringing(self.all, self.phones, self.phones.states, 20)
        self.commands = Commands(self.all, asking, self.bringing)
        Watch(self.all, Answers(self.all, asking), self.bringing).start()
        self.conversation = conversation
        self.all.add(conversation)

    def do(self, what):
        """Give the machine an input, and settle; return what fires."""
        self.conversation.do(what)
        return self.all.settle(self.conversation)

    def command(self, what, *args, **wish):
        """Let somebody command something; return what fires."""
        return getattr(self.commands, what)(self.conversation, *args, **wish, by="8001")

    def commit_all(self):
        """Store whatever waits, and what comes of it."""
        while self.store.waiting:
            self.store.commit()

    def answer(self, number):
        """Let an agent whom we ring answer."""
        [person] = [each for each in self.conversation.people.values() if each.party == number]
        self.bringing.answered(self.conversation, person)
        self.commit_all()

    def come_in(self, number):
        """Let an agent who has answered come into the room."""
        [person] = [each for each in self.conversation.people.values() if each.party == number]
        self.bringing.came_in(self.conversation, person)
        self.commit_all()


class Phones:
    """The roster as far as a conversation needs it: each agent's state, and a note of what it is told."""

    def __init__(self):
        self.states, self.told = {"8001": "talking", "8002": "ready", "8003": "paused"}, []

    def one(self, number):
        return SimpleNamespace(state=self.states[number])

    def offered(self, number, _call_id, _leg_id):
        self.told.append(("offered", number))

    def connected(self, number, _call_id, _leg_id):
        self.told.append(("connected", number))

    def ring_ended(self, number, _leg_id, *, withdrawn):
        self.told.append(("ring_ended", number, withdrawn))
