"""What an agent or a supervisor does in a conversation; each command is stored before anybody is moved."""

from twisted.internet.defer import Deferred

from telephony.errors import NotAllowedError
from telephony.pbx.conference import Place
from telephony.texts import say
from telephony.threeway.asking import Asking
from telephony.threeway.bringing import Bringing
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.people import Person
from telephony.threeway.places import wanted

THANKS = "threeway-thanks"
WAITING = frozenset({Place.CITIZEN_WAITS, Place.UNIT_WAITS})


class Commands:
    """One method for each command; all raise UnknownThingError and NotAllowedError, and fire when stored."""

    def __init__(self, conversations: Conversations, asking: Asking, bringing: Bringing) -> None:
        self._all, self._asking, self._bringing = conversations, asking, bringing

    def join(self, conversation: Conversation, by: str) -> Deferred[None]:
        """Bring all together in the room."""
        conversation.do("join", by)
        return self._all.settle(conversation)

    def hold(self, conversation: Conversation, party: str, by: str) -> Deferred[None]:
        """Let the citizen, one unit (by its code) or all units (`units`) hear music."""
        if party == "citizen":
            self._not_in_emergency(conversation)
            conversation.do("hold_citizen", by)
            return self._all.settle(conversation)
        units = [each for each in self._units(conversation, party) if not each.held]
        if not units:
            raise NotAllowedError(say("threeway.is_held", party=party))
        conversation.check("hold_units")
        if all(each in units or each.held for each in conversation.those("unit")):
            conversation.do("hold_units", by)
        for unit in units:
            unit.held = True
            conversation.note("held", party=unit.party, by=by)
        return self._all.settle(conversation)

    def resume(self, conversation: Conversation, party: str, by: str) -> Deferred[None]:
        """Take somebody back from the music; whoever else is on hold stays there."""
        those = conversation.those("citizen") if party == "citizen" else self._units(conversation, party)
        back = [each for each in those if wanted(conversation.state, each) in WAITING]
        if not back:
            raise NotAllowedError(say("threeway.not_held", party=party))
        staying = [each for each in conversation.those("unit") if each.held and each not in back]
        if party == "citizen" or conversation.state == "units_held":
            conversation.do("join", by)
        for person in staying:
            person.held = True
        for person in back:
            person.held = False
            conversation.note("resumed", party=_name(person), by=by)
        return self._all.settle(conversation)

    def mute(self, conversation: Conversation, party: str, by: str, *, muted: bool) -> Deferred[None]:
        """Let the others not hear somebody, wherever they go, or hear them again."""
        if conversation.over:
            raise NotAllowedError(say("threeway.over"))
        people = self._units(conversation, party) if party == "units" else [conversation.party(party)]
        for person in people:
            person.muted = muted
            conversation.note("muted" if muted else "unmuted", party=_name(person), by=by)

        def apply(_: None) -> None:
            for person in people:
                self._all.mute(conversation, person)

        return self._all.settle(conversation).addCallback(apply)

    def drop(self, conversation: Conversation, party: str, by: str) -> Deferred[None]:
        """Let one unit (by its code) go, whether it is there or being asked, or all (`units`)."""
        self._not_in_emergency(conversation)
        if party == "units":
            return self._drop_all(conversation, by)
        if self._asking.withdraw(conversation, party):
            conversation.note("dropped", party=party, by=by)
            if not conversation.open_invitations() and conversation.state == "waiting":
                conversation.do("drop_units", by)
            return self._all.settle(conversation)
        person = conversation.party(party)
        if person.role not in {"unit", "supervisor"}:
            raise NotAllowedError(say("threeway.not_droppable"))
        if person.role == "unit" and conversation.those("unit") == [person]:
            conversation.do("drop_units", by)
        return self._let_go(conversation, [person], by)

    def _drop_all(self, conversation: Conversation, by: str) -> Deferred[None]:
        units = conversation.those("unit")
        if not units and not conversation.open_invitations():
            raise NotAllowedError(say("threeway.no_unit"))
        conversation.do("drop_units", by)
        self._asking.withdraw(conversation)
        return self._let_go(conversation, units, by)

    def _let_go(self, conversation: Conversation, people: list[Person], by: str) -> Deferred[None]:
        for person in people:
            conversation.note("dropped", party=person.party, by=by)
            word = THANKS if person.role == "unit" else ""
            conversation.dismiss([person], self._all.clock.now(), word)
        conversation.reunite()
        return self._all.settle(conversation)

    def leave(self, conversation: Conversation, by: str) -> Deferred[None]:
        """Let the agent go; the citizen and the units go on, with a supervisor who is there."""
        self._not_in_emergency(conversation)
        agents = conversation.those("agent")
        if not (agents and conversation.take_over()):
            conversation.do("leave", by)
        conversation.dismiss(agents, self._all.clock.now())
        return self._all.settle(conversation)

    def entrust(self, conversation: Conversation, by: str) -> Deferred[None]:
        """Let the agent go while units are rung: the citizen hears music until one accepts, or none does."""
        self._not_in_emergency(conversation)
        if conversation.state == "waiting":
            conversation.do("join", by)
        conversation.do("agent_cut_off", by)
        conversation.dismiss(conversation.those("agent"), self._all.clock.now())
        return self._all.settle(conversation)

    def forget(self, conversation: Conversation, by: str) -> None:
        """Ask no unit any more for a citizen who waits alone and goes back to a person; who calls settles."""
        self._asking.withdraw(conversation)
        conversation.do("none_left", by)

    def end(self, conversation: Conversation, by: str) -> Deferred[None]:
        """End it for everybody."""
        self._not_in_emergency(conversation)
        conversation.do("end", by)
        conversation.ended_why = "ended_by_agent"
        return self._all.settle(conversation)

    def back(self, conversation: Conversation, agent: str | None, by: str) -> Deferred[None]:
        """Ring the agent who left, or another one; who answers is in the room."""
        who = agent or conversation.agent
        if who is None or not conversation.may("agent_joined") or conversation.those("agent"):
            raise NotAllowedError(say("threeway.not_away"))
        return self._bringing.bring(conversation, "agent", who, by)

    def hand_over(self, conversation: Conversation, agent: str, by: str) -> Deferred[None]:
        """Ring another agent, who takes the place of the present one when answering."""
        self._not_in_emergency(conversation)
        if not conversation.those("agent"):
            raise NotAllowedError(say("threeway.no_agent"))
        return self._bringing.bring(conversation, "agent", agent, by)

    def supervise(self, conversation: Conversation, agent: str, by: str) -> Deferred[None]:
        """Ring a supervisor, who comes in beside the agent."""
        return self._bringing.bring(conversation, "supervisor", agent, by)

    @staticmethod
    def _units(conversation: Conversation, party: str) -> list[Person]:
        if party != "units":
            person = conversation.party(party)
            if person.role != "unit":
                raise NotAllowedError(say("threeway.not_holdable"))
            return [person]
        units = conversation.those("unit")
        if not units:
            raise NotAllowedError(say("threeway.no_unit"))
        return units

    @staticmethod
    def _not_in_emergency(conversation: Conversation) -> None:
        if conversation.awaits_emergency:
            raise NotAllowedError(say("threeway.emergency_stays"))


def _name(person: Person) -> str:
    return person.role if person.role == "citizen" else person.party
