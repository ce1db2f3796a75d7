"""Asks units to take part: whom to ring is decided by `rules.asking`, what comes of it is stored.

Only a key lets a unit in, so an answering machine never speaks with a citizen; an emergency service, which
has people at its phones, is in as soon as it answers, and is rung until then.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.config import ThreeWayFile
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.conference import Move, Place, Ring
from telephony.rules.asking import Asked, Came, Step, came_to, step
from telephony.rules.duty import Contact
from telephony.rules.units import EMERGENCY, Unit
from telephony.store import threeway as rows
from telephony.store.ordered import order
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations, quietly
from telephony.threeway.dispatching import missed
from telephony.threeway.people import Ask, Invitation, Mode
from telephony.threeway.storing import RETRY

TAKEN = "threeway-taken"
HEARING_SECONDS = 1.0
"""Until we look again whether somebody still hears the question when the time is over."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Wish:
    """How somebody wants a unit to be asked: to speak with it first or with all; who wants it, and when."""

    mode: Mode
    by: str
    at: datetime
    part: str | None = None


class Asking:
    """Everything that concerns a unit from the invitation until it is in the room, or is not coming."""

    def __init__(self, conversations: Conversations, rules: ThreeWayFile) -> None:
        self._all, self._rules = conversations, rules
        conversations.after_acting = self.look
        self.on_invite: Callable[[Conversation], object] = lambda _: None
        """Called when a unit is about to be rung: what it will hear can be made."""

    def invite(self, conversation: Conversation, unit: Unit, numbers: Iterable[Contact], wish: Wish) -> None:
        """Begin to ask a unit; who calls settles. `numbers` are those on duty now."""
        invitation = Invitation(
            f"{conversation.about.id}-{len(conversation.invitations) + 1}",
            unit.code,
            unit.name,
            wish.mode,
            tuple((contact.name, contact.number) for contact in numbers),
            wish.at,
            wish.by,
            unit.kind == EMERGENCY,
            wish.part,
        )
        conversation.invitations[invitation.id] = invitation
        conversation.note("unit_asked", unit=unit.code, by=wish.by)
        self.watch(conversation, invitation)
        self.on_invite(conversation)

    def watch(self, conversation: Conversation, invitation: Invitation) -> None:
        """Set the limit of an invitation's time; an emergency's has none."""
        if not invitation.emergency:
            ends = invitation.invited_at + timedelta(seconds=self._rules.ask_seconds)
            left = max(0.0, (ends - self._all.clock.now()).total_seconds())
            left = min(left, self._rules.ask_seconds)  # the clock may have been set back meanwhile
            self._all.later(left, self._expired, conversation, invitation)

    def look(self, conversation: Conversation) -> None:
        """Ring whom it is time to ring; end the rings that nobody needs any more."""
        for invitation in list(conversation.invitations.values()):
            if not invitation.open:
                self._withdraw(conversation, invitation)
                continue
            due = self._step(invitation)
            if due.ring:
                self._ring(conversation, invitation, due.ring)
            elif due.over:
                self._close(conversation, invitation)

    def withdraw(self, conversation: Conversation, unit: str | None = None) -> bool:
        """Ask nobody, or one unit no more; who calls settles. Tell whether anybody was being asked."""
        asked = [each for each in conversation.open_invitations() if unit in {None, each.unit}]
        for invitation in asked:
            invitation.decide(Came.WITHDRAWN, self._all.clock.now())
        return bool(asked)

    def lost(self, conversation: Conversation, ask: Ask, state: Asked) -> None:
        """Note that no channel came of an order, or that nobody knows what became of it."""
        if ask.live:
            ask.state, ask.ended_at = state, self._all.clock.now()
            self.tell(conversation, ask)
            self._all.settled(conversation)

    # How it goes on.

    def _step(self, invitation: Invitation) -> Step:
        numbers = [number for _, number in invitation.numbers]
        asked = {**invitation.asked, **dict.fromkeys(invitation.ordered, Asked.DIALLING)}
        found = step(numbers, asked, invitation.engaged, self._rules.at_once)
        return Step(found.ring) if invitation.emergency and numbers else found

    def _ring(self, conversation: Conversation, invitation: Invitation, numbers: tuple[str, ...]) -> None:
        invitation.ordered.update(numbers)
        names = {number: name for name, number in invitation.numbers}
        now, trunk, call_id = self._all.clock.now(), self._rules.trunk, conversation.about.call_id
        exclusive = not invitation.emergency
        new = [
            Ask(self._all.new_leg(), names[number], number, trunk, now, exclusive=exclusive)
            for number in numbers
        ]

        def enter(connection: sa.Connection) -> set[str]:
            engaged = rows.engaged(connection, numbers, now) if exclusive else set[str]()
            free = [ask for ask in new if ask.number not in engaged]
            for ask in free:
                order(connection, ask.leg_id, call_id, "unit", invitation.unit, now)
            rows.order_asks(connection, (ask.row() | {"invitation_id": invitation.id} for ask in free))
            return engaged

        def ordered(engaged: set[str]) -> None:
            self._all.at_point("after_ask_ordered")
            invitation.ordered.difference_update(numbers)
            invitation.blocked = invitation.blocked or bool(engaged)
            self._wait_for(conversation, invitation, engaged)
            for ask in new:
                if ask.number not in engaged:
                    invitation.asks[ask.leg_id] = ask
                    self._dial(conversation, invitation, ask)
            if engaged and invitation.open:
                self._all.act(conversation)  # the next contact may be free

        def refused(failure: Failure) -> None:
            log.error("threeway_ask_not_stored", id=conversation.about.id, why=repr(failure.value))
            self._all.later(RETRY, self._again, conversation, invitation, numbers)

        self._all.database.write(enter, urgent=True).addCallbacks(ordered, refused)

    def _again(self, conversation: Conversation, invitation: Invitation, numbers: tuple[str, ...]) -> None:
        invitation.ordered.difference_update(numbers)
        self._all.act(conversation)

    def _dial(self, conversation: Conversation, invitation: Invitation, ask: Ask) -> None:
        if not invitation.open:  # decided while it was being stored
            ask.state, ask.ended_at = Asked.WITHDRAWN, self._all.clock.now()
            self._all.settled(conversation)
            return
        place = Place.UNIT_ENTERS if invitation.emergency else Place.UNIT_ASKED
        # An emergency service rings for as long as the network lets it.
        seconds = self._rules.ask_seconds if invitation.emergency else self._rules.ring_seconds
        ring = Ring(ask.leg_id, ask.number, place, seconds, ask.trunk)
        sent = self._all.line.ring(conversation.about.room, ring, {"HOTLINE_LEG": ask.leg_id})
        sent.addErrback(partial(self._not_sent, conversation, ask))

    def _not_sent(self, conversation: Conversation, ask: Ask, failure: Failure) -> None:
        failure.trap(SwitchRefusedError, SwitchUnavailableError)
        log.warning("threeway_not_rung", id=conversation.about.id, why=str(failure.value))
        if failure.check(SwitchRefusedError):
            self.lost(conversation, ask, Asked.FAILED)
        # Without an answer it may ring all the same: the snapshot after the reconnect tells.

    def _wait_for(self, conversation: Conversation, invitation: Invitation, numbers: Iterable[str]) -> None:
        """Look again after a while whether these numbers are free."""
        for number in numbers:
            invitation.engaged.add(number)
            pause = self._rules.emergency_rest_seconds
            self._all.later(pause, self._look_again, conversation, invitation, number)

    def _look_again(self, conversation: Conversation, invitation: Invitation, number: str) -> None:
        invitation.engaged.discard(number)
        if invitation.open:
            self._all.act(conversation)

    def tell(self, conversation: Conversation, ask: Ask) -> None:
        """Tell what became of a ring; an emergency's number is rung again after a rest."""
        found = conversation.ask_of(ask.leg_id)
        if found is None:
            return
        invitation, _ = found
        told: dict[str, Any] = {"unit": invitation.unit, "contact": ask.contact, "reason": ask.reason}
        conversation.note(f"ask_{ask.state.value}", **told)
        if invitation.emergency:
            self._wait_for(conversation, invitation, [ask.number])

    def _expired(self, conversation: Conversation, invitation: Invitation) -> None:
        if any(ask.live and ask.state is Asked.HEARING for ask in invitation.asks.values()):
            # Somebody is about to press a key: their questions end by themselves.
            self._all.later(HEARING_SECONDS, self._expired, conversation, invitation)
        elif invitation.open:
            self._close(conversation, invitation)

    def _close(self, conversation: Conversation, invitation: Invitation) -> None:
        """Nobody is left to be rung, or the time is over."""
        outcome, reason = came_to([ask.state for ask in invitation.asks.values()]), None
        if not invitation.numbers and not invitation.asks:
            outcome, reason = Came.MISSED, "nobody_on_duty"
        elif outcome is Came.ENGAGED and not invitation.blocked:
            outcome = Came.FAILED  # nobody was rung, for no reason of the unit's line
        quietly(self.decided(conversation, invitation, outcome, reason), "close")

    def decided(
        self, conversation: Conversation, invitation: Invitation, outcome: Came, reason: str | None
    ) -> Deferred[None]:
        """Tell the agent, take the citizen back to them, and start the unit's clock (Art. 8)."""
        invitation.decide(outcome, self._all.clock.now(), reason)
        conversation.note(f"unit_{outcome.value}", unit=invitation.unit, reason=reason)
        also = missed(conversation, invitation)
        if not conversation.open_invitations() and conversation.may("none_left"):
            word = "threeway-unit-refused" if outcome is Came.REFUSED else "threeway-none-reached"
            agents = conversation.those("agent")
            for agent in agents:
                if agent.at is Place.AGENT_ASKS:
                    agent.word = word
                elif agents[0] is agent:
                    conversation.announced.append(word)
            conversation.do("none_left")
        conversation.check_empty()
        return self._all.settle(conversation, also)

    def _withdraw(self, conversation: Conversation, invitation: Invitation) -> None:
        for ask in invitation.asks.values():
            if not ask.live or ask.state is Asked.ACCEPTED or ask.leg_id == invitation.leg_id:
                continue
            hearing = ask.state is Asked.HEARING
            ask.state, ask.decided_at = Asked.WITHDRAWN, self._all.clock.now()
            if hearing:
                move = Move(ask.leg_id, Place.UNIT_DISMISSED, TAKEN)
                quietly(self._all.line.move(conversation.about.room, move), "withdraw")
            else:
                quietly(self._all.line.hang_up(ask.leg_id), "withdraw")
            self._all.settled(conversation)

    def end_late(self, ask: Ask) -> None:
        """End a ring that was withdrawn before the switch had made its channel."""
        # It was not there yet when it was to end: the switch makes a channel after it has taken the order.
        quietly(self._all.line.hang_up(ask.leg_id), "withdraw")
