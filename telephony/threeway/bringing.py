"""Agents and supervisors whom we ring into a conversation: who may be rung, and what comes of it."""

from collections.abc import Collection
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError, UnknownThingError
from telephony.pbx.conference import Place, Ring
from telephony.store.ordered import order
from telephony.texts import say
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations, quietly
from telephony.threeway.people import GONE, LEAVING, PRESENT, RINGING, Person, Role

FREE = frozenset({"ready", "paused", "wrap_up"})
"""States of an agent whose phone may be rung for a conversation."""


class AgentState(Protocol):
    """An agent as far as this needs one."""

    @property
    def state(self) -> str:
        """Return the state's name."""
        ...


class Agents(Protocol):
    """The roster, which another feature keeps (telephony.floor.roster.Roster)."""

    def one(self, number: str) -> AgentState:
        """Return one agent; raise UnknownThingError."""
        ...

    def offered(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that an agent's phone rings."""
        ...

    def connected(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that an agent is in a call."""
        ...

    def ring_ended(self, number: str, leg_id: str, *, withdrawn: bool) -> None:
        """Note that a ring was not answered."""
        ...


class Bringing:
    """Rings them; who answers is in the room. `known` are the numbers of our agents."""

    def __init__(
        self, conversations: Conversations, agents: Agents, known: Collection[str], ring_seconds: float
    ) -> None:
        self._all, self._agents, self._known, self._seconds = conversations, agents, known, ring_seconds

    def check_free(self, number: str) -> None:
        """Raise UnknownThingError for no agent of ours, NotAllowedError for one in a call."""
        if number not in self._known:
            raise UnknownThingError(say("agent.unknown", number=number))
        if self._agents.one(number).state not in FREE | {"logged_out"}:
            raise NotAllowedError(say("threeway.agent_busy", number=number))

    def bring(self, conversation: Conversation, role: Role, number: str, by: str) -> Deferred[None]:
        """Ring an agent, who is in the room when answering."""
        self.check_free(number)
        if self._rung(conversation, number):
            raise NotAllowedError(say("threeway.agent_busy", number=number))
        if conversation.over:
            raise NotAllowedError(say("threeway.over"))
        if not self._all.line.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))
        now, leg_id = self._all.clock.now(), self._all.new_leg()
        person = conversation.people[leg_id] = Person(leg_id, role, number, now, RINGING)
        conversation.note("rung", role=role, party=number, by=by)
        call_id = conversation.about.call_id
        enter = partial(order, leg_id=leg_id, call_id=call_id, role=role, party=number, now=now)
        return self._all.settle(conversation, enter).addCallback(lambda _: self._ring(conversation, person))

    def alerted(self, conversation: Conversation, person: Person) -> None:
        """Note that an agent's phone rings; of one who was let go before there was a channel, it ends."""
        if person.state == RINGING:
            self._agents.offered(person.party, conversation.about.call_id, person.leg_id)
        elif person.state == LEAVING:
            quietly(self._all.line.hang_up(person.leg_id), "hang up")

    def answered(self, conversation: Conversation, person: Person) -> None:
        """Note that an agent or a supervisor is in the room; an agent takes the place of the one before."""
        if person.state == LEAVING:
            quietly(self._all.line.hang_up(person.leg_id), "hang up")
        if person.state != RINGING:
            return
        person.state, person.since, person.at = PRESENT, self._all.clock.now(), Place.AGENT_IN
        if person.role == "supervisor" and conversation.state in {"left", "entrusted"}:
            person.role = "agent"  # nobody else of ours is with the citizen
        self._agents.connected(person.party, conversation.about.call_id, person.leg_id)
        conversation.note("party_joined", role=person.role, party=person.party)
        if person.role == "agent":
            conversation.agent = person.party
            conversation.do("agent_joined", person.party)
        self._all.settled(conversation)

    def came_in(self, conversation: Conversation, person: Person) -> None:
        """Let an agent take the place of the one before, once in the room: no citizen is alone meanwhile."""
        others = [each for each in conversation.those("agent", PRESENT, RINGING) if each is not person]
        # This is told again whenever they come in: whom they have had rung since they are here rings on.
        before = [each for each in others if each.state == PRESENT or each.since <= person.since]
        if before and person.role == "agent" and person.party == conversation.agent:
            conversation.dismiss(before, self._all.clock.now())
            self._all.settled(conversation)

    def not_reached(self, conversation: Conversation, person: Person) -> None:
        """Note that a phone of ours was not answered."""
        withdrawn = person.state != RINGING
        person.state, person.since = GONE, self._all.clock.now()
        self._agents.ring_ended(person.party, person.leg_id, withdrawn=withdrawn)
        conversation.note("not_reached", role=person.role, party=person.party)
        conversation.check_empty()
        self._all.settled(conversation)

    def _ring(self, conversation: Conversation, person: Person) -> None:
        if person.state != RINGING:  # let go while it was being stored: nobody is rung any more
            self.not_reached(conversation, person)
            return
        ring = Ring(person.leg_id, person.party, Place.AGENT_IN, self._seconds)

        def failed(failure: Failure) -> None:
            failure.trap(SwitchRefusedError, SwitchUnavailableError)
            # Without an answer it may ring all the same: the snapshot after the reconnect tells.
            if failure.check(SwitchRefusedError):
                self.not_reached(conversation, person)

        self._all.line.ring(conversation.about.room, ring, {}).addErrback(failed)

    @staticmethod
    def _rung(conversation: Conversation, number: str) -> bool:
        people = conversation.people.values()
        return any(each.party == number and each.state in {RINGING, PRESENT} for each in people)
