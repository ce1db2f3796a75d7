"""One conversation: its machine, who takes part, whom we ask. Changed in memory, stored, then acted upon."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.pbx.conference import Place
from telephony.rules.asking import Came
from telephony.rules.call_story import Datum
from telephony.texts import forms, say
from telephony.threeway.machine import OVER, Machine, allowed
from telephony.threeway.people import GONE, LEAVING, PRESENT, RINGING, Ask, Invitation, Person

Kind = Literal["three_way", "emergency", "coordination"]
UNHOLDS = frozenset({"join", "leave", "hold_citizen", "agent_left", "citizen_left"})
"""After these no single unit stays on hold: whoever is left has somebody to speak with."""
EMERGENCY_ALONE = "emergency-alone"
"""The alarm for a citizen who waits for an emergency service without an agent: somebody has to go in."""
CITIZEN_LEFT = "threeway-citizen-left"
DIGITS = 8
"""Of a room's number: all of one length, so that none is the beginning of another."""


@dataclass(frozen=True)
class About:
    """What a conversation is about, and for whom; whoever asks a further unit may tell more."""

    id: int
    call_id: str
    kind: Kind
    centre: str | None
    case_number: str | None
    matter: str
    citizen_number: str | None
    citizen_name: str | None
    confidential: bool
    demo: bool
    started_at: datetime

    @property
    def room(self) -> str:
        """Return the conference's number; the database gives each id once."""
        return f"{self.id:0{DIGITS}d}"


@dataclass
class Conversation:
    """`told` gathers what happened until it is stored, each as what and its data."""

    about: About
    agent: str | None
    people: dict[str, Person] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)
    ended_at: datetime | None = None
    ended_why: str | None = None
    machine: Machine = field(default_factory=Machine)
    told: list[tuple[str, dict[str, Datum]]] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    """Prompts to be said to all in the room."""
    alarms: list[str] = field(default_factory=list)
    """Kinds of alarms to be raised when the change that led to them is stored; the call is their subject."""
    saved: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The rows that the store holds, or is being given, by their keys: only what differs is written."""
    known_agent: str | None = None
    """The agent whom the citizen's channel knows: where the dialplan takes it if it is left alone."""
    unseen: bool = False
    """Taken up from the store, and not compared with the switch yet: nobody knows where its parties are."""
    points: list[str] = field(default_factory=list)
    """Points of the commit order that the next commit reaches, for Conversations.at_point."""

    @property
    def state(self) -> str:
        """Return the state's name."""
        return str(self.machine.state())

    @property
    def over(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in OVER

    def do(self, what: str, by: str = "switch", **data: Datum) -> None:
        """Give the machine an input. Raise NotAllowedError, and change nothing, where the state has none."""
        self.check(what)
        before = self.state
        getattr(self.machine, what)()
        self.told.append((what, {"from": before, "to": self.state, "by": by, **data}))
        if what in UNHOLDS:
            self._unhold()

    def check(self, what: str) -> None:
        """Raise NotAllowedError where an input makes no sense now."""
        if not self.may(what):
            wish, state = forms(f"wish.{what}"), forms(f"conversation.{self.state}")
            both = {"zh": f"{state['zh']}，{wish['zh']}", "en": f"{state['en']}: {wish['en']}"}
            raise NotAllowedError(say("threeway.not_now", **both))

    def may(self, what: str) -> bool:
        """Tell whether an input makes sense now."""
        return what in allowed(self.state)

    def note(self, what: str, **data: Datum) -> None:
        """Tell of something that changes no state."""
        self.told.append((what, data))

    def those(self, role: str, *states: str) -> list[Person]:
        """Return the people of a role in one of these states, present ones without any."""
        wanted = states or (PRESENT,)
        return [each for each in self.people.values() if each.role == role and each.state in wanted]

    @property
    def citizen(self) -> Person | None:
        """Return the citizen while present."""
        return next(iter(self.those("citizen")), None)

    def party(self, party: str) -> Person:
        """Return who is present under a name: citizen, agent, a unit's code. Raise UnknownThingError."""
        for person in self.people.values():
            if person.present and party in {person.party, person.role}:
                return person
        raise UnknownThingError(say("threeway.nobody", party=party))

    def open_invitations(self) -> list[Invitation]:
        """Return the units that are being asked."""
        return [each for each in self.invitations.values() if each.open]

    def has_unit(self, code: str) -> bool:
        """Tell whether a unit is being asked, or is there."""
        asked = any(each.unit == code for each in self.open_invitations())
        return asked or any(each.party == code for each in self.those("unit"))

    @property
    def awaits_emergency(self) -> bool:
        """Whether an emergency service is being rung: until it answers the citizen is not left alone."""
        return any(each.emergency for each in self.open_invitations())

    @property
    def in_emergency(self) -> bool:
        """Whether an emergency service is being rung, or is there."""
        there = (self.people.get(each.leg_id or "") for each in self.invitations.values() if each.emergency)
        return self.awaits_emergency or any(each is not None and each.present for each in there)

    def ask_of(self, leg_id: str) -> tuple[Invitation, Ask] | None:
        """Return whom a leg of ours rings."""
        for invitation in self.invitations.values():
            if leg_id in invitation.asks:
                return invitation, invitation.asks[leg_id]
        return None

    def dismiss(self, people: Iterable[Person], at: datetime, word: str = "") -> None:
        """Let people go, with a prompt as goodbye; their channels end when we act."""
        for person in people:
            if person.state in {PRESENT, RINGING}:
                person.word = word if person.state == PRESENT else ""
                person.state, person.since = LEAVING, at

    def gone(self, person: Person, at: datetime) -> None:
        """Note that a channel has ended, and what that means for the others."""
        was, person.state, person.since = person.state, GONE, at
        if was == PRESENT and not self.over:
            self.note("party_left", role=person.role, party=_shown(person))
            self._lost(person.role, at)
            self._name_agent(person)
        self.check_empty()

    def take_over(self) -> bool:
        """Make a supervisor who is there the agent; tell whether there is one."""
        supervisor = next(iter(self.those("supervisor")), None)
        if supervisor is None:
            return False
        supervisor.role, self.agent = "agent", supervisor.party
        self.note("agent_is", party=supervisor.party)
        return True

    def reunite(self) -> None:
        """Take units back from hold if the one with whom the agent spoke alone has gone."""
        units = self.those("unit")
        if self.state == "consulting" and all(each.held for each in units):
            self._unhold()

    def check_empty(self) -> None:
        """End a coordination conference when nobody is there, and nobody is expected, any more."""
        if self.state == "meeting" and not any(self._somebody()):
            self.do("all_left")

    def finish(self, at: datetime, why: str) -> None:
        """Close what is open once the machine is over: nobody is asked any more, everybody leaves."""
        if not self.over or self.ended_at is not None:
            return
        self.ended_at, self.ended_why = at, self.ended_why or why
        for invitation in self.open_invitations():
            invitation.decide(Came.WITHDRAWN, at)
        staying = {"citizen"} if self.state == "returned" else set[str]()
        self.dismiss((each for each in self.people.values() if each.role not in staying), at)

    def legs(self) -> Iterator[str]:
        """Yield every channel that may live and is ours to care for: not one that the queue has again."""
        for person in self.people.values():
            if person.state != GONE and not (self.over and person.at is Place.ALONE):
                yield person.leg_id
        for invitation in self.invitations.values():
            yield from (ask.leg_id for ask in invitation.asks.values() if ask.ended_at is None)

    def row(self) -> dict[str, Any]:
        """Return what of the three-way call's own row changes."""
        return {
            "id": self.about.id,
            "state": self.state,
            "agent": self.agent,
            "case_number": self.about.case_number,
            "matter": self.about.matter,
            "citizen_name": self.about.citizen_name,
            "confidential": self.about.confidential,
            "ended_at": self.ended_at,
            "ended_why": self.ended_why,
        }

    def _lost(self, role: str, at: datetime) -> None:
        """Give the machine what follows from the last one of a role leaving."""
        if role == "citizen":
            reported = self.awaits_emergency and self.may("citizen_cut_off")
            self.do("citizen_cut_off" if reported else "citizen_left")
            self._tell_citizen_left(at)
        elif role in {"agent", "supervisor"} and not self.those("agent"):
            self._lost_agent()
        elif role == "unit" and not self.those("unit"):
            self._lost_units()
        self.reunite()
        self.finish(at, f"{role}_left")

    def _tell_citizen_left(self, at: datetime) -> None:
        if self.over:
            self.dismiss(self.people.values(), at, CITIZEN_LEFT)
        else:
            self.announced.append(CITIZEN_LEFT)

    def _lost_agent(self) -> None:
        if self.take_over():
            return  # somebody of ours is with the citizen: the conversation is theirs now
        if self.awaits_emergency:
            self.alarms.append(EMERGENCY_ALONE)
        if self.may("agent_cut_off") and self.awaits_emergency:
            self.do("agent_cut_off")
        elif self.may("agent_left"):
            self.do("agent_left")

    def _lost_units(self) -> None:
        if self.awaits_emergency and self.may("units_cut_off"):
            self.do("units_cut_off")  # it rings on, and nobody of those who wait for it is let go
            if self.state == "entrusted":
                self.alarms.append(EMERGENCY_ALONE)
        elif self.may("units_left"):
            self.do("units_left")

    def _name_agent(self, gone: Person) -> None:
        """Let another agent who is there have the conversation of one who is cut off."""
        staying = self.those("agent")
        if staying and gone.party == self.agent and not any(each.party == self.agent for each in staying):
            self.agent = staying[0].party
            self.note("agent_is", party=self.agent)

    def _somebody(self) -> Iterator[object]:
        yield from (each for each in self.people.values() if each.state in {PRESENT, RINGING})
        yield from self.open_invitations()

    def _unhold(self) -> None:
        for unit in self.those("unit"):
            unit.held = False


def _shown(person: Person) -> str | None:
    return None if person.role == "citizen" else person.party
