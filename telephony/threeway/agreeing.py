"""Agrees with the switch: after a start, after a reconnect, and now and then, because an event may be lost.

What we hold is compared with a snapshot of every channel: who has gone is noted as gone, who is in another
place is moved, whoever belongs to nobody is ended (`reaper.py`).

A snapshot is older than what came after it. So a difference counts only if what we hold was the same before
the switch was asked, and if the next snapshot, a second later, shows it again: an order that has just been
taken may not have a channel yet, and a move that has just been sent may not be done.
"""

from collections.abc import Generator, Hashable, Iterator, Mapping
from typing import Any

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks

from telephony.clock import Delayed
from telephony.errors import HotlineError, SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.conference import Ended, Place
from telephony.pbx.snapshot import Channel
from telephony.rules.asking import Asked
from telephony.threeway.answers import Answers
from telephony.threeway.bringing import Bringing
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations, quietly
from telephony.threeway.people import GONE, LEAVING, PRESENT, RINGING, Ask, Invitation, Person
from telephony.threeway.reaper import Reaper

LOST = "interrupted"
"""Why a conversation ended of which the switch knows nobody any more: it died."""
AGAIN = 1.0
"""Seconds until the second look at a difference."""
APART = 0.9
"""Seconds that lie between two looks at least for the second to count: others may look at any time."""
_PLACES = {place.value: place for place in Place}
_SAME = {Place.AGENT_TOLD: Place.AGENT_IN, Place.UNIT_ENTERS: Place.UNIT_IN}
"""Places that lead on to another by themselves."""
_UP, _RINGING = "Up", "Ringing"
log = structlog.get_logger()


class _Sight:
    """One snapshot, with what we held when it was asked for, and what the one before left in doubt."""

    def __init__(
        self,
        living: Mapping[str, Channel],
        held: Mapping[str, Hashable],
        doubted: Mapping[Hashable, float],
        now: float,
    ) -> None:
        self.living, self._held, self._before, self._now = living, held, doubted, now
        self.doubted: dict[Hashable, float] = {}
        """What is in doubt, since when by the monotonic clock."""

    def sure(self, leg_id: str, now: Hashable, what: Hashable) -> bool:
        """Tell whether a difference of a leg counts; if not it is in doubt, unless we hold something new."""
        if self._held.get(leg_id) != now:
            return False
        doubt = (leg_id, now, what)
        since = self._before.get(doubt, self._now)
        if self._now - since >= APART:
            return True
        self.doubted[doubt] = since
        return False


class Agreeing:
    """`look` may be called at any time; a second look comes by itself where one is needed."""

    def __init__(
        self, conversations: Conversations, answers: Answers, bringing: Bringing, reaper: Reaper
    ) -> None:
        self._all, self._answers, self._bringing, self._reaper = conversations, answers, bringing, reaper
        self._doubted: Mapping[Hashable, float] = {}
        self._again: Delayed | None = None
        self._looking = False

    @inlineCallbacks
    def look(self) -> Generator[Deferred[Any], Any, None]:
        """Agree with a snapshot. Fails as AMIClient.list_action; the next look then does it."""
        if self._looking or not self._all.line.is_up:
            return
        self._looking, held = True, dict(self._holds())
        try:
            living: dict[str, Channel] = yield self._all.line.living()
        finally:
            self._looking = False
        now = self._all.clock.monotonic()
        sight = _Sight(living, held, self._doubted, now)
        for conversation in self._all.all():
            try:
                self._agree(conversation, sight)
            except HotlineError:  # of one that has come into a strange state the others must not suffer
                log.exception("threeway_not_agreed", id=conversation.about.id)
        self._doubted = sight.doubted
        if self._reaper.look(living, now, APART) or self._doubted:
            self._look_again()

    def stop(self) -> None:
        """Look no more."""
        if self._again is not None and self._again.active():
            self._again.cancel()

    def _look_again(self) -> None:
        if self._again is None or not self._again.active():
            self._again = self._all.later(AGAIN, lambda: self.look().addErrback(_not_told))

    def _holds(self) -> Iterator[tuple[str, Hashable]]:
        for conversation in self._all.all():
            for invitation in conversation.invitations.values():
                yield from ((ask.leg_id, ask.state) for ask in invitation.asks.values())
            # After the asks: of a unit that is in, it counts where it is.
            yield from ((each.leg_id, _held(each)) for each in conversation.people.values())

    def _agree(self, conversation: Conversation, sight: _Sight) -> None:
        doubts = len(sight.doubted)
        self._agree_on_people(conversation, sight)
        for invitation in list(conversation.invitations.values()):
            for ask in list(invitation.asks.values()):
                if ask.ended_at is None and ask.leg_id not in conversation.people:
                    self._agree_on_ask(conversation, invitation, ask, sight)
        conversation.unseen = conversation.unseen and len(sight.doubted) > doubts
        self._all.settled(conversation)

    def _agree_on_ask(
        self, conversation: Conversation, invitation: Invitation, ask: Ask, sight: _Sight
    ) -> None:
        channel = sight.living.get(ask.leg_id)
        if channel is None:
            if sight.sure(ask.leg_id, ask.state, "missing"):
                self._ended(conversation, ask)
        elif not ask.live:
            if sight.sure(ask.leg_id, ask.state, "stays"):  # it was told to go, and perhaps never heard it
                quietly(self._all.line.hang_up(ask.leg_id), "hang up")
        elif channel.state == _UP:
            self._answers.answered(conversation, invitation, ask, self._all.clock.now())
        elif channel.state == _RINGING:
            self._answers.alerted(conversation, ask, self._all.clock.now())

    def _ended(self, conversation: Conversation, ask: Ask) -> None:
        if ask.live and ask.state is not Asked.ACCEPTED:
            self._answers.lost(
                conversation, ask, Asked.UNKNOWN
            )  # nobody saw how: it is never the unit's miss
        else:
            self._answers.ended(conversation, ask, self._all.clock.now(), Ended(None, None))

    def _agree_on_people(self, conversation: Conversation, sight: _Sight) -> None:
        known = [each for each in conversation.people.values() if each.state != GONE]
        missing = [each for each in known if each.leg_id not in sight.living]
        gone = [each for each in missing if sight.sure(each.leg_id, _held(each), "missing")]
        if known and len(gone) == len(known) and not conversation.over:
            conversation.ended_why = LOST
            conversation.do("end")
        for person in gone:
            self._went(conversation, person)
        for person in known:
            if person.leg_id in sight.living:
                self._agree_on_person(conversation, person, sight)

    def _went(self, conversation: Conversation, person: Person) -> None:
        now = self._all.clock.now()
        if person.state == RINGING:
            self._bringing.not_reached(conversation, person)
        else:
            conversation.gone(person, now)
        if (found := conversation.ask_of(person.leg_id)) and found[1].ended_at is None:
            self._ended(conversation, found[1])

    def _agree_on_person(self, conversation: Conversation, person: Person, sight: _Sight) -> None:
        if person.state == RINGING:
            if sight.living[person.leg_id].state == _UP:
                self._bringing.answered(conversation, person)
        elif person.state == LEAVING:
            if sight.sure(person.leg_id, _held(person), "stays"):
                person.sent_off, person.word = False, ""
        elif person.present:
            self._place(conversation, person, sight)

    def _place(self, conversation: Conversation, person: Person, sight: _Sight) -> None:
        room = conversation.about.room
        place = _place_of(sight.living[person.leg_id], room)
        if place is None and person.role == "citizen" and not _never_moved(conversation, sight.living):
            self._elsewhere(conversation, person, sight)
        elif place != person.at and (conversation.unseen or sight.sure(person.leg_id, _held(person), place)):
            person.at = place
        elif place is Place.AGENT_IN:
            self._bringing.came_in(conversation, person)

    def _elsewhere(self, conversation: Conversation, citizen: Person, sight: _Sight) -> None:
        """Note that a citizen has gone on to the queue without us, and may be talking with somebody."""
        if conversation.over and citizen.at is Place.ALONE:
            return
        if not sight.sure(citizen.leg_id, _held(citizen), "elsewhere"):
            return
        if conversation.over:
            citizen.at = Place.ALONE
        else:
            conversation.note("citizen_elsewhere")
            conversation.gone(citizen, self._all.clock.now())


def _held(person: Person) -> Hashable:
    return person.state, person.at


def _place_of(channel: Channel, room: str) -> Place | None:
    """Return where a channel is, if it is in a place of this room."""
    place = _PLACES.get(channel.context) if channel.exten == room else None
    return _SAME.get(place, place) if place else None


def _never_moved(conversation: Conversation, living: Mapping[str, Channel]) -> bool:
    """Tell whether citizen and agent still talk in the queue's bridge: the agent is in no place of ours.

    So it is too of an agent who is to go while the unit is rung, as long as the citizen has not been moved.
    """
    agents = (living.get(each.leg_id) for each in conversation.those("agent", PRESENT, LEAVING))
    return any(each and each.context not in _PLACES for each in agents)


def _not_told(failure: Any) -> None:
    quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
    (log.warning if quiet else log.error)("rooms_not_settled", why=repr(failure.value))
