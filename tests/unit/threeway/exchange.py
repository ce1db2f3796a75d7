"""A switch for conversations that loses, doubles and delays what it tells, under a service that dies.

What it does with channels is what 46-threeway.conf and ConfBridge do: whom the last marked party leaves comes
out of the room to the queue, and of two who talk in the queue's bridge one alone cannot be taken away.
"""

from dataclasses import dataclass, replace

from twisted.internet.defer import Deferred, fail, succeed

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.conference import Ended, Place
from telephony.pbx.snapshot import Channel
from tests.fakes import NOON

TALKS, QUEUED = "agents", "inbound"
"""Contexts: citizen and agent in the queue's bridge; a citizen who waits in the queue for a person."""
LEADS_TO = {Place.AGENT_TOLD: Place.AGENT_IN, Place.UNIT_ENTERS: Place.UNIT_IN, Place.ALONE: QUEUED}
MARKED = frozenset({Place.AGENT_IN, Place.UNIT_IN})
_NORMAL = Ended(16, None)


@dataclass(frozen=True)
class Order:
    """A ring that is taken but has no channel yet."""

    room: str
    ring: object


class Exchange:
    """`channels` live; `news` are events not told yet, `orders` and `asked` what is not answered yet."""

    def __init__(self):
        self.channels, self.news, self.orders, self.asked = {}, [], [], []
        self.is_up, self.listener = True, None
        self.prompt = True
        """Whether a snapshot is told at once, or when a test says."""

    # What people do.

    def talk(self, citizen, agent):
        """Let a citizen and an agent talk in the queue's bridge."""
        for leg_id in (citizen, agent):
            self.channels[leg_id] = Channel("", "Up", leg_id, citizen, f"PJSIP/{leg_id}", TALKS, "12315")

    def answer(self, leg_id):
        self._put(leg_id, self.channels[leg_id].context, self.channels[leg_id].exten, state="Up")
        self._tell("up", leg_id)

    def hang_up(self, leg_id):
        """End a channel, whoever wants it."""
        gone = self.channels.pop(leg_id)
        self._tell("gone", leg_id)
        if gone.context == TALKS:
            for other in [each for each, channel in self.channels.items() if channel.context == TALKS]:
                self.hang_up(other)
        self._left_alone(gone)

    # What the service orders.

    def move(self, leg_id, place, room):
        """Take a leg to a place, and on to where that leads."""
        before = self.channels[leg_id]
        if place.value.endswith("dismissed"):
            self.hang_up(leg_id)
            return
        self._put(leg_id, LEADS_TO.get(place, place), room)
        if before.context in set(Place):
            self._left_alone(before)
        if place in MARKED or place is Place.CITIZEN_IN:
            self._tell("came_in", leg_id)

    def order(self, room, ring):
        self.orders.append(Order(room, ring))

    def make(self):
        """Make the channels of what was ordered; each rings."""
        orders, self.orders = self.orders, []
        for each in orders:
            leg_id = each.ring.leg_id
            where = LEADS_TO.get(each.ring.place, each.ring.place)
            self.channels[leg_id] = Channel(
                "", "Ringing", leg_id, leg_id, f"PJSIP/{leg_id}", where, each.room
            )
            self._tell("alerted", leg_id)

    def deliver(self, count=1):
        """Tell so many events; without a service that listens they are lost."""
        told, self.news = self.news[:count], self.news[count:]
        for name, leg_id in told:
            if self.listener is not None and self.is_up:
                data = {"gone": (NOON, _NORMAL), "up": (NOON,), "alerted": (NOON,)}.get(name, ())
                getattr(self.listener, name)(leg_id, *data)

    def deliver_all(self):
        """Tell until there is nothing more to tell."""
        while self.news:
            self.deliver(len(self.news))

    def _put(self, leg_id, context, room, state=None):
        now = self.channels[leg_id]
        self.channels[leg_id] = replace(now, context=str(context), exten=room, state=state or now.state)

    def _left_alone(self, gone):
        """Let the citizen out of a room that the last marked party has left."""
        in_room = [each for each in self.channels.values() if each.exten == gone.exten]
        if gone.context in MARKED and not any(each.context in MARKED for each in in_room):
            for each in in_room:
                if each.context == Place.CITIZEN_IN:
                    self._put(each.leg_id, QUEUED, "queue")
                    self._tell("came_out", each.leg_id)

    def _tell(self, name, leg_id):
        self.news.append((name, leg_id))


class Line:
    """The exchange as one life of the service has it: once that is dead it orders nothing any more."""

    def __init__(self, life, exchange, before_order):
        self._life, self._exchange, self._before_order = life, exchange, before_order

    @property
    def is_up(self):
        return self._exchange.is_up

    def start(self, listener):
        self._exchange.listener = listener

    def living(self):
        found, told = dict(self._exchange.channels), Deferred()
        if not self._exchange.is_up:
            return fail(SwitchUnavailableError("away"))
        if self._exchange.prompt:
            return succeed(found)
        self._exchange.asked.append((self._life, told, found))
        return told

    def move(self, room, move):
        self._before_order(move.leg_id)
        return self._do(move.leg_id, lambda: self._exchange.move(move.leg_id, move.place, room))

    def move_both(self, room, first, second):
        both = [first, second]
        if any(each.leg_id not in self._exchange.channels for each in both):
            return fail(SwitchRefusedError("no such channel"))

        def together():
            for each in both:
                self._exchange.move(each.leg_id, each.place, room)

        return self._do(first.leg_id, together)

    def hang_up(self, leg_id):
        self._before_order(leg_id)
        return self._do(leg_id, lambda: self._exchange.hang_up(leg_id))

    def ring(self, room, ring, _variables):
        return self._do(None, lambda: self._exchange.order(room, ring))

    def announce(self, *_):
        return succeed(None)

    set_variable = announce

    def mute(self, *_, muted):
        return succeed(muted)

    def _do(self, leg_id, what):
        if not self._life.alive:
            return Deferred()
        if not self._exchange.is_up:
            return fail(SwitchUnavailableError("away"))
        if leg_id is not None and leg_id not in self._exchange.channels:
            return fail(SwitchRefusedError("no such channel"))
        what()
        return succeed(None)
