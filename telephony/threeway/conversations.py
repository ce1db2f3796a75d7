"""All conversations under way: each change is stored, then acted upon by what the state then asks for.

Acting compares where everybody belongs with where the switch has them, so it may be done again at any time:
after a change, after a reconnect, after a restart.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.errors import SwitchRefusedError, SwitchUnavailableError, UnknownThingError
from telephony.pbx.conference import PREFIX, Conference, Move, Place
from telephony.rules.call_story import Datum, Happening
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store import threeway as rows
from telephony.store.threeway_tables import asks, invitations, participants, three_ways
from telephony.texts import say
from telephony.threeway.conversation import Conversation
from telephony.threeway.people import GONE, LEAVING, Person
from telephony.threeway.places import misplaced
from telephony.threeway.storing import Store, Storing, Work

BOTH = 2
LAST_AGENT = "HOTLINE_THREEWAY_AGENT"
SOON = 0.2
"""Seconds within which an event that is on its way has come."""
_GOODBYE = {"agent": Place.AGENT_DISMISSED, "supervisor": Place.AGENT_DISMISSED, "unit": Place.UNIT_DISMISSED}
log = structlog.get_logger()


class Conversations:
    """The registry; `news` wakes who waits for events, `worker` names this installation."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        database: Store,
        line: Conference,
        clock: Clock,
        timer: Timer,
        worker: str,
        news: Callable[[], None],
    ) -> None:
        self.database, self.line, self.clock, self.timer, self.worker = database, line, clock, timer, worker
        self._news = news
        self._live: dict[int, Conversation] = {}
        self._storing = Storing(database, timer, self._stored)
        epoch = uuid.uuid4().hex[:12]
        self._legs = map(f"{PREFIX}{epoch}-{{:08d}}".format, itertools.count(1))
        self._keys = map(f"threeway:{epoch}:{{}}".format, itertools.count(1))
        self.after_acting: Callable[[Conversation], None] = lambda _: None
        """Called after each acting: who asks units looks whom to ring."""
        self.on_refused: Callable[[], object] = lambda: None
        """Called a moment after the switch would not move somebody."""
        self.on_forgotten: Callable[[Conversation], None] = lambda _: None
        """Called when a conversation is over and none of its channels lives."""
        self.at_point: Callable[[str], None] = lambda _: None
        """Called at each point of the commit order with its name: of a test, the service dies there."""

    def new_leg(self) -> str:
        """Return an id for a channel of ours: never given before, and all of one length."""
        return next(self._legs)

    def new_key(self) -> str:
        """Return a key for an event, by which it is stored once."""
        return next(self._keys)

    def add(self, conversation: Conversation) -> None:
        """Take up a conversation that the store holds."""
        self._live[conversation.about.id] = conversation

    def all(self) -> list[Conversation]:
        """Return what is under way."""
        return list(self._live.values())

    def find(self, reference: str) -> Conversation:
        """Return a live conversation by its own id or its call's. Raise UnknownThingError."""
        for conversation in self._named(reference):
            return conversation
        raise UnknownThingError(say("threeway.unknown", id=reference))

    def under_way(self, reference: str) -> Conversation | None:
        """Return it as `find` does, unless the citizen is back in the queue: then it is past."""
        return next((each for each in self._named(reference) if each.state != "returned"), None)

    def of_leg(self, leg_id: str) -> Conversation | None:
        """Return the conversation that a channel belongs to; of two, the one that is not over."""
        for conversation in self._newest_first():
            if leg_id in conversation.people or conversation.ask_of(leg_id):
                return conversation
        return None

    def settle(self, conversation: Conversation, also: Work | None = None) -> Deferred[None]:
        """Store what changed, with `also` in the same transaction; then act. Fires when it is stored.

        What the store refuses is kept and tried again (`storing.py`); until then nobody is moved.
        """
        conversation.check_empty()
        conversation.finish(self.clock.now(), "ended")
        conversation.points += [f"after_{what}" for what, _ in conversation.told]
        changed, told = self._changes(conversation), self._events(conversation)
        over, now = conversation.over, self.clock.now()
        alarms, conversation.alarms = conversation.alarms, []

        def work(connection: sa.Connection) -> None:
            rows.save(connection, changed)
            call_rows.append(connection, told)
            for kind in alarms:
                agent_rows.raise_alarm(connection, now, kind, conversation.about.call_id)
            if also is not None:
                also(connection)
            if over and conversation.about.kind == "coordination":
                call_rows.close_unattended(connection, conversation.about.call_id, now)

        if not changed and not told and also is None:
            self.act(conversation)
            return succeed(None)
        return self._storing.store(conversation.about.id, work)

    def settled(self, conversation: Conversation) -> None:
        """Settle where nobody waits for it."""
        quietly(self.settle(conversation), "settle")

    def act(self, conversation: Conversation) -> None:
        """Bring everybody where they belong; what is over and without a channel is forgotten."""
        if not self.line.is_up or conversation.unseen or not self.is_stored(conversation):
            return  # the next snapshot does it, or the commit
        self._tell_agent(conversation)
        self._act(conversation)
        self._announce(conversation)
        self.after_acting(conversation)
        self._give_back(conversation)
        done = conversation.over and not any(conversation.legs())
        if done and self._live.pop(conversation.about.id, None) is not None:
            self.on_forgotten(conversation)

    def mute(self, conversation: Conversation, person: Person) -> None:
        """Tell the switch whether somebody is heard; again whenever a muted party comes into the room."""
        muted = self.line.mute(conversation.about.room, person.leg_id, muted=person.muted)
        quietly(muted, "mute")

    def is_stored(self, conversation: Conversation) -> bool:
        """Tell whether the store holds all of a conversation."""
        return not self._storing.holds(conversation.about.id)

    def later(self, seconds: float, what: Callable[..., Any], *args: Any) -> Delayed:
        """Call something later."""
        return self.timer.callLater(seconds, what, *args)

    def stop(self) -> None:
        """Try nothing again: what the switch then holds is found at the next start."""
        self._storing.stop()

    def _stored(self, reference: int) -> None:
        self._news()
        conversation = self._live.get(reference)
        if conversation is None or not self.is_stored(conversation):
            return
        points, conversation.points = conversation.points, []
        for point in points:
            self.at_point(point)
        self.act(conversation)

    def _named(self, reference: str) -> Iterator[Conversation]:
        return (
            each for each in self._newest_first()
            if reference in {str(each.about.id), each.about.call_id}
        )  # fmt: skip

    def _newest_first(self) -> list[Conversation]:
        return sorted(self._live.values(), key=lambda each: (each.over, -each.about.id))

    def _give_back(self, conversation: Conversation) -> None:
        """Let go of a citizen who is on the way to the queue: in a next conversation it is another party."""
        citizen = conversation.citizen
        if conversation.over and citizen is not None and citizen.at is Place.ALONE:
            citizen.state, citizen.since = GONE, self.clock.now()
            self.settled(conversation)

    def _tell_agent(self, conversation: Conversation) -> None:
        """Let the citizen's channel know who has the citizen now: the dialplan asks them first."""
        agent, citizen = conversation.agent, conversation.citizen
        if citizen is not None and agent is not None and agent != conversation.known_agent:
            conversation.known_agent = agent
            quietly(self.line.set_variable(citizen.leg_id, LAST_AGENT, agent), "tell")

    def _announce(self, conversation: Conversation) -> None:
        prompts, conversation.announced = conversation.announced, []
        if prompts and not conversation.over:
            announced = self.line.announce(conversation.about.room, self.new_leg(), prompts)
            quietly(announced, "announce")

    def _moves(self, conversation: Conversation) -> list[tuple[Person, Place | None]]:
        people = conversation.people.values()
        leaving = [(each, None) for each in people if each.state == LEAVING and not each.sent_off]
        return [*misplaced(conversation.state, people), *leaving]

    def _act(self, conversation: Conversation) -> None:
        moves, room = self._moves(conversation), conversation.about.room
        if moves:
            self.at_point("before_moving")
        # Who talk with each other in the queue's bridge go together: one alone would end the other's call.
        fresh = [each for each in moves if each[0].at is None and each[0].role in {"citizen", "agent"}]
        if len(fresh) == BOTH and all(place for _, place in fresh):
            first, second = (_move(person, place) for person, place in fresh if place)
            self._watched(self.line.move_both(room, first, second))
            moves = [each for each in moves if each not in fresh]
        for person, place in moves:
            self._send(room, person, place)

    def _send(self, room: str, person: Person, place: Place | None) -> None:
        goodbye = _GOODBYE.get(person.role) if person.word and person.at is not None else None
        if place is not None:
            self._watched(self.line.move(room, _move(person, place)))
            return
        person.sent_off = True
        if goodbye is None:
            quietly(self.line.hang_up(person.leg_id), "hang up")
        else:
            quietly(self.line.move(room, Move(person.leg_id, goodbye, person.word)), "goodbye")

    def _watched(self, moved: Deferred[Any]) -> None:
        """Look at the switch if a move is refused: somebody has gone of whom we have not heard."""

        def refused(failure: Failure) -> Failure:
            if failure.check(SwitchRefusedError):
                self.later(SOON, self.on_refused)
            return failure

        quietly(moved.addErrback(refused), "move")

    def _changes(self, conversation: Conversation) -> dict[sa.Table, list[dict[str, Any]]]:
        changed: dict[sa.Table, list[dict[str, Any]]] = {}
        for table, key, row in _rows(conversation):
            if conversation.saved.get(key) != row:
                conversation.saved[key] = row
                changed.setdefault(table, []).append(row)
        return changed

    def _events(self, conversation: Conversation) -> list[tuple[str | None, Happening]]:
        told, conversation.told = conversation.told, []
        now, about = self.clock.now(), conversation.about
        return [
            (about.call_id, _event(now, next(self._keys), conversation, what, data)) for what, data in told
        ]


def _move(person: Person, place: Place) -> Move:
    """Return the move, and take it for done: what comes of it the next snapshot tells."""
    before, person.at = person.at, place
    if before is Place.UNIT_ASKED and place is Place.UNIT_IN:
        return Move(person.leg_id, Place.UNIT_ENTERS)  # it was let in, but never heard of it: it is recorded
    if place is not Place.AGENT_IN or not person.word:
        return Move(person.leg_id, place)
    word, person.word = person.word, ""
    return Move(person.leg_id, Place.AGENT_TOLD, word)


def _rows(conversation: Conversation) -> Iterator[tuple[sa.Table, str, dict[str, Any]]]:
    reference = conversation.about.id
    for person in conversation.people.values():
        yield participants, person.leg_id, person.row() | {"three_way_id": reference}
    for invitation in conversation.invitations.values():
        yield invitations, invitation.id, invitation.row() | {"three_way_id": reference}
        for ask in invitation.asks.values():
            yield asks, f"ask {ask.leg_id}", ask.row() | {"invitation_id": invitation.id}
    yield three_ways, "", conversation.row()


def _event(
    now: datetime, key: str, conversation: Conversation, what: str, data: Mapping[str, Datum]
) -> Happening:
    known: dict[str, Datum] = {"three_way": conversation.about.id, "what": what, "state": conversation.state}
    return Happening(now, "threeway", key, conversation.agent, {**known, **data})


def quietly(sent: Deferred[Any], what: str) -> None:
    """Do something nobody waits for; what goes wrong is found again by the next look at the switch."""

    def failed(failure: Failure) -> None:
        # The channel has gone, of which its Hangup tells, or the switch has: the next snapshot tells.
        known = failure.check(SwitchRefusedError, SwitchUnavailableError)
        (log.warning if known else log.error)("threeway_not_done", what=what, why=repr(failure.value))

    sent.addErrback(failed)
