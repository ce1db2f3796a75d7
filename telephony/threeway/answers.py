"""What comes of ringing a unit's number: what the switch tells of it, and what the unit's person says."""

from datetime import datetime

from twisted.internet.defer import Deferred, succeed

from telephony.pbx.conference import Ended, Place
from telephony.rules.asking import Asked, Came, ended_as
from telephony.threeway.asking import Asking
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations, quietly
from telephony.threeway.people import Ask, Invitation, Person

OURS = "busy"
"""The reason of a refusal that is the person's, not the unit's: the next contact is rung."""
HANGUP_SECONDS = 1.0
"""Within which the Hangup of a failed ring has come, if there was a channel at all."""


class Answers:
    """A ring that is over leads on to the next one (`asking.py`)."""

    def __init__(self, conversations: Conversations, asking: Asking) -> None:
        self._all, self._asking = conversations, asking
        self.lost = asking.lost

    # What the switch tells of a ring.

    def alerted(self, conversation: Conversation, ask: Ask, at: datetime) -> None:
        """Note that it rings."""
        if ask.state is Asked.WITHDRAWN:
            self._asking.end_late(ask)
        elif ask.state is Asked.DIALLING:
            ask.state, ask.alerted_at = Asked.RINGING, at
            self._all.settled(conversation)

    def answered(self, conversation: Conversation, invitation: Invitation, ask: Ask, at: datetime) -> None:
        """Note that somebody, or something, has answered; an emergency service is in with that."""
        if ask.state is Asked.WITHDRAWN:
            self._asking.end_late(ask)
        if ask.state not in {Asked.DIALLING, Asked.RINGING}:
            return
        ask.state, ask.answered_at = Asked.HEARING, at
        if invitation.emergency:
            quietly(self.accept(conversation, invitation, ask), "accept")
        else:
            self._all.settled(conversation)

    def ended(self, conversation: Conversation, ask: Ask, at: datetime, how: Ended) -> None:
        """Note that the channel has ended."""
        undecided = ask.live and ask.state is not Asked.ACCEPTED
        ask.ended_at, ask.cause, ask.sip_code = at, how.cause, how.sip_code
        if undecided and ask.answered_at is not None:
            # Theirs only if they heard the question and the network says that they ended it.
            ask.state = Asked.HUNG_UP if ask.questioned and ask.released else Asked.FAILED
            self._asking.tell(conversation, ask)
        elif undecided:
            alerted = ask.alerted_at is not None
            ask.state = ended_as(alerted=alerted, cause=how.cause, sip_code=how.sip_code)
            self._asking.tell(conversation, ask)
        self._all.settled(conversation)

    def not_placed(self, conversation: Conversation, ask: Ask) -> None:
        """Note that the switch says it failed: of a ring its Hangup tells more, before or after this."""
        self._all.later(HANGUP_SECONDS, self._asking.lost, conversation, ask, Asked.FAILED)

    # What the unit's person says.

    def accept(self, conversation: Conversation, invitation: Invitation, ask: Ask) -> Deferred[bool]:
        """Let a unit in; the first of several wins. Fires when it is stored, with whether it is in."""
        if not invitation.open or conversation.over or not ask.live:
            return succeed(False)
        now = self._all.clock.now()
        ask.state, ask.decided_at = Asked.ACCEPTED, now
        invitation.decide(Came.ACCEPTED, now)
        invitation.leg_id = ask.leg_id
        seconds = round((now - invitation.invited_at).total_seconds(), 1)
        conversation.note("unit_accepted", unit=invitation.unit, seconds=seconds)
        if invitation.emergency and conversation.state == "consulting":
            conversation.do("join", invitation.unit)  # the citizen was put on hold meanwhile
        others = conversation.those("unit")
        # The dialplan takes it into the room as soon as it has our answer.
        conversation.people[ask.leg_id] = Person(ask.leg_id, "unit", invitation.unit, now, at=Place.UNIT_IN)
        # While an emergency service rings or is there, the citizen is put on no music, nor is it.
        consult = invitation.mode == "consult" and not conversation.in_emergency
        conversation.do("consulted" if consult else "joined", invitation.unit)
        for unit in others if conversation.state == "consulting" else ():
            unit.held = True  # the agent speaks with the new one alone
        return self._all.settle(conversation).addCallback(lambda _: True)

    def refuse(
        self, conversation: Conversation, invitation: Invitation, ask: Ask, reason: str
    ) -> Deferred[None]:
        """Note a refusal; unless it is only this person's the unit is asked no further."""
        now = self._all.clock.now()
        if ask.live and ask.state is not Asked.ACCEPTED:
            ask.state, ask.decided_at, ask.reason = Asked.REFUSED, now, reason
            self._asking.tell(conversation, ask)
            if reason != OURS and invitation.open:
                return self._asking.decided(conversation, invitation, Came.REFUSED, reason)
        return self._all.settle(conversation)

    def silent(self, conversation: Conversation, ask: Ask) -> Deferred[None]:
        """Note that what answered pressed no key: a machine, or nobody."""
        if ask.live and ask.state is not Asked.ACCEPTED:
            ask.state, ask.decided_at = Asked.MACHINE, self._all.clock.now()
            self._asking.tell(conversation, ask)
        return self._all.settle(conversation)
