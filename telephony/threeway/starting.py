"""How a conversation begins: from a live call, for an emergency, as a coordination conference (Art. 12)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.errors import NotAllowedError, SwitchUnavailableError
from telephony.rules.duty import Contact, numbers_now
from telephony.rules.units import EMERGENCY, Unit
from telephony.rules.workdays import WorkCalendar
from telephony.store import threeway as rows
from telephony.store import under_way
from telephony.store.threeway import OnCall
from telephony.store.units import Directory
from telephony.texts import say
from telephony.threeway.asking import Asking, Wish
from telephony.threeway.conversation import About, Conversation, Kind
from telephony.threeway.conversations import Conversations, quietly
from telephony.threeway.people import Mode, Person

DEMO = "demo"
"""The mark of a call that `hotline demo` plays."""
CITIZEN_WAITS = frozenset({"waiting", "consulting"})
"""States in which the citizen hears music while an agent is there."""

TRANSFER = "HOTLINE_TRANSFER"
"""The variable of a citizen's channel that says which transfer a three-way call is (46-threeway.conf)."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What an agent asks for. `beside`: citizen and agent go on talking while the unit is rung.

    `entrusted`: the agent goes at once, and the citizen hears music until the unit accepts; with `beside`.
    `handed`: a transfer of the call, which is stored already, begins it.
    """

    call_id: str
    unit: str
    by: str
    mode: Mode = "consult"
    beside: bool = False
    entrusted: bool = False
    handed: bool = False
    matter: str = ""
    case_number: str | None = None
    citizen_name: str | None = None
    confidential: bool = False


@dataclass(frozen=True)
class _Begun:
    about: About
    on: OnCall
    units: Sequence[tuple[Unit, Sequence[Contact]]]


class Starting:
    """Begins conversations; units come from the `directory`, their duty hours by the `calendar`."""

    def __init__(
        self, conversations: Conversations, asking: Asking, directory: Directory, calendar: WorkCalendar
    ) -> None:
        self._all, self._asking = conversations, asking
        self._directory, self._calendar = directory, calendar

    def start(self, wanted: Start) -> Deferred[Conversation]:
        """Begin a three-way call on a live call; fires when it is stored and everybody is being moved.

        Raise UnknownThingError for a unit that does not exist, NotAllowedError if nobody talks in the call or
        something is under way on it already, SwitchUnavailableError.
        """
        if not self._all.line.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))
        now = self._all.clock.now()

        def begin(connection: sa.Connection) -> _Begun:
            unit = self._directory.find(connection, wanted.unit)
            on = rows.on_call(connection, wanted.call_id)
            if on is None:
                raise NotAllowedError(say("threeway.not_talking", id=wanted.call_id))
            if rows.live_on(connection, wanted.call_id) is not None:
                raise NotAllowedError(say("threeway.already", id=wanted.call_id))
            under_way.check(connection, wanted.call_id, but=under_way.TRANSFER if wanted.handed else None)
            if wanted.entrusted and unit.kind == EMERGENCY:
                raise NotAllowedError(say("threeway.emergency_stays"))
            about = self._about(connection, wanted, unit, on, now)
            return _Begun(about, on, [(unit, self.numbers(unit, now))])

        def begun(found: _Begun) -> Deferred[Conversation]:
            self._all.at_point("after_begun")
            conversation = _of_call(found, now)
            beside = wanted.beside or found.about.kind == "emergency"
            conversation.do("ask_beside" if beside else "ask", wanted.by)
            if wanted.entrusted:
                conversation.do("agent_cut_off", wanted.by)
                conversation.dismiss(conversation.those("agent"), now)
            # An emergency service is with the citizen as soon as it answers.
            mode: Mode = "at_once" if found.about.kind == "emergency" else wanted.mode
            for unit, numbers in found.units:
                self._asking.invite(conversation, unit, numbers, Wish(mode, wanted.by, now))
            self._all.add(conversation)
            if not wanted.handed:
                self._no_transfer(found.on.citizen_leg)
            return self._all.settle(conversation).addCallback(lambda _: conversation)

        return self._all.database.write(begin, urgent=True).addCallback(begun)

    def _no_transfer(self, citizen_leg: str) -> None:
        """Let the citizen's channel forget an earlier transfer: this wait is none of it."""
        quietly(self._all.line.set_variable(citizen_leg, TRANSFER, ""), "forget")

    def invite(self, conversation: Conversation, wanted: Start) -> Deferred[Conversation]:
        """Ask one more unit into a conversation.

        Raise as `start`, and NotAllowedError for a unit that is being asked already, or is there.
        """
        now = self._all.clock.now()

        def look(connection: sa.Connection) -> tuple[Unit, _Known]:
            unit = self._directory.find(connection, wanted.unit)
            return unit, _known(connection, conversation.about, wanted)

        def found(looked: tuple[Unit, _Known]) -> Deferred[Conversation]:
            unit, known = looked
            if unit.kind == EMERGENCY and conversation.about.kind == "coordination":
                raise NotAllowedError(say("threeway.no_emergency", unit=unit.code))
            if conversation.has_unit(unit.code):
                raise NotAllowedError(say("threeway.unit_there"))
            emergency = unit.kind == EMERGENCY
            if emergency and conversation.state in CITIZEN_WAITS:
                conversation.do("join", wanted.by)  # citizen and agent talk on while it rings
            beside = wanted.beside or emergency or conversation.awaits_emergency
            what = "ask_beside" if beside and conversation.may("ask_beside") else "ask"
            conversation.do(what, wanted.by)
            conversation.about = _told_more(conversation.about, wanted, known)
            mode: Mode = "at_once" if emergency else wanted.mode
            self._asking.invite(conversation, unit, self.numbers(unit, now), Wish(mode, wanted.by, now))
            return self._all.settle(conversation).addCallback(lambda _: conversation)

        return self._all.database.read(look).addCallback(found)

    def numbers(self, unit: Unit, now: datetime) -> list[Contact]:
        """Return whom of a unit to ring now."""
        return numbers_now(unit.contacts, now, self._calendar)

    def _about(
        self, connection: sa.Connection, wanted: Start, unit: Unit, on: OnCall, now: datetime
    ) -> About:
        kind: Kind = "emergency" if unit.kind == EMERGENCY else "three_way"
        case = wanted.case_number
        told: dict[str, Any] = {
            "call_id": wanted.call_id,
            "kind": kind,
            "centre": on.centre,
            "case_number": case,
            "matter": wanted.matter or (case and rows.subject_of(connection, case)) or "",
            "citizen_name": wanted.citizen_name,
            "confidential": wanted.confidential or rows.is_confidential(connection, case, on.citizen),
            "demo": DEMO in on.marks,
            "started_at": now,
        }
        row = told | {"state": "new", "agent": on.agent, "worker": self._all.worker}
        return About(id=rows.begin(connection, row), citizen_number=on.citizen, **told)


@dataclass(frozen=True)
class _Known:
    """What the store knows of the case that is named when a further unit is asked."""

    subject: str | None
    secret: bool


def _known(connection: sa.Connection, about: About, wanted: Start) -> _Known:
    case = wanted.case_number or about.case_number
    subject = rows.subject_of(connection, case) if case else None
    secret = wanted.confidential or rows.is_confidential(connection, case, about.citizen_number)
    return _Known(subject, secret)


def _told_more(about: About, wanted: Start, known: _Known) -> About:
    """Return what a conversation is about now: secrecy is only ever added, and nothing is forgotten."""
    return replace(
        about,
        case_number=wanted.case_number or about.case_number,
        matter=wanted.matter or about.matter or known.subject or "",
        citizen_name=wanted.citizen_name or about.citizen_name,
        confidential=about.confidential or known.secret,
    )


def _of_call(found: _Begun, now: datetime) -> Conversation:
    on = found.on
    citizen = Person(on.citizen_leg, "citizen", on.citizen or "", now)
    agent = Person(on.agent_leg, "agent", on.agent, now)
    return Conversation(found.about, on.agent, {each.leg_id: each for each in (citizen, agent)})
