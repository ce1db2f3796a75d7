"""A citizen and an agent who talk, units to be asked, and the three-way side in one life after another."""

from contextlib import suppress

import sqlalchemy as sa
from twisted.internet.defer import fail
from twisted.internet.task import Clock as Timer

from telephony.callback.simulate.world import Life, Memory, SimulatedStore
from telephony.errors import HotlineError, SwitchUnavailableError
from telephony.pbx.conference import Place
from telephony.store.threeway_tables import asks, three_ways
from telephony.store.units import Directory
from telephony.threeway.agreeing import AGAIN, Agreeing
from telephony.threeway.answers import Answers
from telephony.threeway.asking import Asking
from telephony.threeway.bringing import Bringing
from telephony.threeway.commands import Commands
from telephony.threeway.conversations import Conversations
from telephony.threeway.hearing import Hearing
from telephony.threeway.places import wanted
from telephony.threeway.reaper import Reaper
from telephony.threeway.recovery import Recovery
from telephony.threeway.starting import Start, Starting
from telephony.threeway.watch import Watch
from tests.fakes import FakeClock
from tests.unit.threeway.asking_house import CONFIG, NobodySpeaks, _put_calls, got, police, unit
from tests.unit.threeway.exchange import QUEUED, TALKS, Exchange, Line

CITIZEN, AGENT = "1795420886.1", "1795420886.19"
UNITS = (unit("water", "1001", "1002"), unit("gas", "2001", short_code="302"), police())


class Ready:
    """Agents whose phones may be rung at any time."""

    state = "ready"

    def one(self, _number):
        return self

    def offered(self, *_, **__):
        """Nothing follows here."""

    connected = ring_ended = offered


class Refusing(SimulatedStore):
    """A store that refuses what is written while it is full."""

    full = False

    def write(self, work, *, urgent=False):
        return fail(OSError("disk full")) if self.full else super().write(work, urgent=urgent)


class Lives:
    """`begin` starts the next life of the service; the switch and the store outlive it."""

    def __init__(self):
        self.memory, self.exchange, self.clock = Memory(), Exchange(), FakeClock()
        self.memory.write(_put_calls)
        self.exchange.talk(CITIZEN, AGENT)
        self.life, self.faults, self.ended, self.die_at = Life(alive=False), [], False, ""
        self.begin()

    def begin(self):
        """Start the service, which looks at the switch if it can reach it."""
        life, self.timer = Life(), Timer()
        self.life, self.store = life, Refusing(life, self.memory)
        line = Line(life, self.exchange, self._before_order)
        self.all = Conversations(self.store, line, self.clock, self.timer, "worker", lambda: None)
        self.all.at_point = self._at_point
        self.asking = Asking(self.all, CONFIG.threeway)
        directory = Directory({each.code: each for each in UNITS})
        self.starting = Starting(self.all, self.asking, directory, CONFIG.calendar)
        bringing = Bringing(self.all, Ready(), CONFIG.agents, 20)
        self.commands = Commands(self.all, self.asking, bringing)
        answers = Answers(self.all, self.asking)
        self.hearing = Hearing(self.all, self.asking, answers, NobodySpeaks())
        self.reaper = Reaper(self.all)
        self.agreeing = Agreeing(self.all, answers, bringing, self.reaper)
        Watch(self.all, answers, bringing).start()
        got(Recovery(self.all, self.asking, self.starting, directory).begin())
        self.look()

    def die(self):
        self.life.alive, self.exchange.listener = False, None

    def advance(self, seconds):
        """Let time pass, for whoever lives."""
        self.exchange.make()
        self.clock.advance(seconds)
        if self.life.alive:
            self.timer.pump([min(1.0, seconds)] * max(1, round(seconds)))

    def look(self):
        self.agreeing.look().addErrback(lambda failure: failure.trap(SwitchUnavailableError))

    def answer_look(self):
        """Let the snapshot that was asked for first arrive."""
        life, told, found = self.exchange.asked.pop(0)
        if life.alive and self.exchange.is_up:
            told.callback(found)
        elif life.alive:
            told.errback(SwitchUnavailableError("lost"))

    def start(self, code="water", **wish):
        return self._try(lambda: self.starting.start(Start(call_id=CITIZEN, unit=code, by="8001", **wish)))

    def command(self, name, *words):
        """Do something in the conversation that is under way, if it makes sense there."""
        for conversation in self.all.all():
            self.ended |= name == "end"
            self._try(lambda each=conversation: getattr(self.commands, name)(each, *words, "8001"))

    def invite(self, code):
        wanted_ = Start(call_id=CITIZEN, unit=code, by="8001")
        for each in self.all.all():
            self._try(lambda each=each: self.starting.invite(each, wanted_))

    def press(self, leg_id, key):
        """Let the dialplan ask the service, and a unit's person press a key, as agi/entries/unit.py."""
        if not self.life.alive or self.hearing.let_in(leg_id) is None:
            return
        if self.hearing.let_in(leg_id):
            self._enter(leg_id)
        elif got(self.hearing.question(leg_id)) is None:
            self.exchange.hang_up(leg_id)
        elif key == "1":
            self.hearing.accept(leg_id).addCallbacks(
                lambda is_in: self._enter(leg_id) if is_in else self._bye(leg_id), lambda _: None
            )
        else:
            self.hearing.refuse(leg_id, "other").addCallbacks(lambda _: self._bye(leg_id), lambda _: None)

    def leave(self, leg_id):
        self.exchange.hang_up(leg_id)

    def settle(self):
        """Let every fault be over, but every event that was not told be lost; look until nothing changes."""
        self.store.full, self.exchange.is_up, self.exchange.prompt, self.die_at = False, True, True, ""
        while self.exchange.asked:
            self.answer_look()
        if not self.life.alive:
            self.begin()
        self.exchange.news.clear()
        for _ in range(6):
            self.advance(AGAIN)
            self.look()
            self.exchange.deliver_all()
        self.exchange.make()

    # What must hold.

    def strangers(self):
        """Return channels in places of conversations, or made by us, that no conversation has."""
        ours = {leg for each in self.all.all() for leg in each.legs()}
        return [
            each for each in self.exchange.channels.values() if each.leg_id not in ours and _of_ours(each)
        ]

    def misplaced(self):
        """Return who is not where the state of their conversation has them."""
        return [
            (conversation.state, person, channel)
            for conversation in self.all.all()
            for person in conversation.people.values()
            if person.present
            and (channel := self.exchange.channels.get(person.leg_id))
            and not _is_at(channel, wanted(conversation.state, person))
        ]

    def unstored(self):
        """Return the conversations whose stored state is another than the one held."""
        stored = {row.id: row.state for row in self.memory.connection.execute(sa.select(three_ways))}
        return [each.about.id for each in self.all.all() if stored[each.about.id] != each.state]

    def engaged(self):
        """Return the numbers that the store holds for engaged though no channel rings or holds them."""
        open_ = self.memory.connection.execute(sa.select(asks).where(asks.c.ended_at.is_(None)))
        return [row.number for row in open_ if row.leg_id not in self.exchange.channels]

    def _try(self, what):
        with suppress(HotlineError):
            what().addErrback(lambda failure: failure.trap(HotlineError, OSError))

    def _enter(self, leg_id):
        if leg_id in self.exchange.channels and self.life.alive:
            channel = self.exchange.channels[leg_id]
            self.exchange.move(leg_id, Place.UNIT_ENTERS, channel.exten)

    def _bye(self, leg_id):
        if leg_id in self.exchange.channels:
            self.exchange.hang_up(leg_id)

    def _at_point(self, point):
        if point == self.die_at:
            self.die()

    def _before_order(self, leg_id):
        conversation = self.all.of_leg(leg_id)
        if self.life.alive and conversation is not None and leg_id in conversation.people and self.unstored():
            self.faults.append(f"{leg_id} is moved before it is stored that {conversation.state}")


def _of_ours(channel):
    return channel.context in set(Place) or channel.leg_id.startswith("tw-")


def _is_at(channel, place):
    return channel.context == place or (place is Place.ALONE and channel.context in {QUEUED, TALKS})
