"""Units that are asked with a switch that only notes what it is told, and a clock that a test moves."""

from datetime import timedelta

import sqlalchemy as sa
from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock as Timer

from telephony.callback.simulate.world import Life, Memory, SimulatedStore
from telephony.config_load import load
from telephony.errors import SwitchRefusedError
from telephony.paths import PROJECT
from telephony.pbx.conference import Ended
from telephony.rules.duty import Contact
from telephony.rules.units import Unit
from telephony.store.tables import alarms, events
from telephony.store.threeway_tables import asks, dispatches, invitations, three_ways
from telephony.store.units import Directory
from telephony.threeway.answers import Answers
from telephony.threeway.asking import Asking
from telephony.threeway.bringing import Bringing
from telephony.threeway.commands import Commands
from telephony.threeway.conversations import Conversations
from telephony.threeway.hearing import Hearing
from telephony.threeway.starting import DEMO, Start, Starting
from telephony.threeway.watch import Watch
from tests.fakes import NOON, FakeClock
from tests.unit.store.ledger import put_call, put_leg

CONFIG = load(PROJECT / "config")
RULES = CONFIG.threeway
CALLS = {"1795420886.1": "8001", "1795420886.2": "8002", "1795420886.3": "8003"}
CALL, OTHER_CALL, DEMO_CALL = CALLS
BUSY, NO_ANSWER, REJECTED, VACANT = Ended(17, 486), Ended(19, 480), Ended(21, 603), Ended(1, 404)
NORMAL = Ended(16, None)


class FakeLine:
    """Takes every order; `told` holds each as a tuple, `refuses` the names of those that fail."""

    def __init__(self):
        self.told, self.refuses, self.is_up, self.variables = [], set(), True, []

    def start(self, listener):
        self.listener = listener

    def move(self, _room, move):
        return self._note("move", move.leg_id, move.place.name, *[move.say] * bool(move.say))

    def move_both(self, _room, first, second):
        return self._note("move_both", first.leg_id, first.place.name, second.leg_id, second.place.name)

    def ring(self, _room, ring, _variables):
        return self._note("ring", ring.leg_id, ring.number, ring.place.name, ring.seconds)

    def announce(self, _room, _leg_id, prompts):
        return self._note("announce", *prompts)

    def hang_up(self, leg_id):
        return self._note("hang_up", leg_id)

    def set_variable(self, leg_id, name, value):
        self.variables.append((leg_id, name, value))
        return succeed(None)

    def mute(self, _room, leg_id, *, muted):
        return self._note("mute", leg_id, muted)

    def _note(self, *told):
        self.told.append(told)
        return fail(SwitchRefusedError("no such channel")) if told[0] in self.refuses else succeed(None)


class NobodySpeaks:
    """Prompts that are never made."""

    def __init__(self):
        self.texts = []

    def speak(self, text):
        self.texts.append(text)
        return succeed("cases/case-1")

    def forget(self, _prompt):
        """There is nothing to remove."""


class House:
    """Three agents, each in a call with a citizen, and the three-way side; rules as in production."""

    def __init__(self, *units, **rules):
        self.clock, self.timer, self.line, self.memory = FakeClock(), Timer(), FakeLine(), Memory()
        self.rules = RULES.model_copy(update=rules)
        store = SimulatedStore(Life(), self.memory)
        self.all = Conversations(store, self.line, self.clock, self.timer, "worker", lambda: None)
        self.asking = Asking(self.all, self.rules)
        directory = Directory({unit.code: unit for unit in units})
        self.starting = Starting(self.all, self.asking, directory, CONFIG.calendar)
        bringing = Bringing(self.all, None, CONFIG.agents, 20)
        self.commands = Commands(self.all, self.asking, bringing)
        self.decisions = Answers(self.all, self.asking)
        self.spoken = NobodySpeaks()
        self.hearing = Hearing(self.all, self.asking, self.decisions, self.spoken)
        Watch(self.all, self.decisions, bringing).start()
        self.memory.write(_put_calls)

    def start(self, unit="water", call_id=CALL, **wish):
        """Ask a unit into a call; return the conversation."""
        return got(self.starting.start(Start(call_id=call_id, unit=unit, by=CALLS[call_id], **wish)))

    def invite(self, conversation, unit, **wish):
        """Ask one more unit."""
        wanted = Start(call_id=conversation.about.call_id, unit=unit, by="8001", **wish)
        return got(self.starting.invite(conversation, wanted))

    def advance(self, seconds):
        """Let time pass."""
        self.clock.advance(seconds)
        self.timer.advance(seconds)

    # What the switch tells; a ring is meant by its number, and it is the last one of it.

    def leg(self, number):
        return next(told[1] for told in reversed(self.line.told) if told[0] == "ring" and told[2] == number)

    def rings(self, number):
        self.line.listener.alerted(self.leg(number), self.clock.now())

    def answers(self, number):
        self.line.listener.up(self.leg(number), self.clock.now())

    def ends(self, number, how=NORMAL):
        self.line.listener.gone(self.leg(number), self.clock.now(), how)

    def hangs_up(self, number):
        """Let who answered hang up, as the network tells it."""
        self.line.listener.released(self.leg(number))
        self.ends(number)

    def fails(self, number, how):
        """Let a number ring and come to nothing."""
        self.rings(number)
        self.ends(number, how)

    def hears(self, number):
        """Let a number answer, and its person hear the question."""
        self.rings(number)
        self.answers(number)
        return got(self.hearing.question(self.leg(number)))

    def leaves(self, leg_id):
        self.line.listener.gone(leg_id, self.clock.now(), NORMAL)

    # What came of it.

    @property
    def rung(self):
        """The numbers in the order of being rung."""
        return [told[2] for told in self.line.told if told[0] == "ring"]

    def did(self, what):
        """Return what else the switch was told, of one kind."""
        return [told[1:] for told in self.line.told if told[0] == what]

    def rows(self, table):
        return self.memory.connection.execute(sa.select(table)).all()

    @property
    def asked(self):
        """Each number that was asked, with its state as stored."""
        return [(row.number, row.state) for row in self.rows(asks)]

    @property
    def outcomes(self):
        return [(row.unit, row.outcome, row.reason) for row in self.rows(invitations)]

    @property
    def dispatched(self):
        return [(row.unit, row.why, row.due_at - row.dispatched_at) for row in self.rows(dispatches)]

    @property
    def alarms(self):
        return [(row.kind, row.subject) for row in self.rows(alarms)]

    def told(self, what):
        """Return the events of the conversation of one kind."""
        return [row.data for row in self.rows(events) if row.data.get("what") == what]

    @property
    def states(self):
        return [row.state for row in self.rows(three_ways)]


def unit(code="water", *numbers, short_code="301", kind="unit", duty=()):
    contacts = tuple(Contact(f"值班{n}", number, duty) for n, number in enumerate(numbers or ("1001",), 1))
    return Unit(code=code, short_code=short_code, name=code, level="city", kind=kind, contacts=contacts)


def police(*numbers):
    return unit("police", *(numbers or ("1110",)), short_code="110", kind="emergency")


def got(deferred):
    """Return what a Deferred that has fired came to; raise what it failed with."""
    found = []
    deferred.addBoth(found.append)
    [result] = found
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def _put_calls(connection):
    for n, (call_id, agent) in enumerate(CALLS.items()):
        ago = NOON - timedelta(minutes=1)
        marks = [DEMO] if call_id == DEMO_CALL else []
        put_call(connection, call_id, state="talking", caller_number=f"1380000000{n}", marks=marks)
        put_leg(connection, call_id, call_id, bridged_at=ago)
        put_leg(connection, f"{call_id}9", call_id, role="agent", party=agent, bridged_at=ago)
