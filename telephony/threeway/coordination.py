"""Coordination conferences (Art. 12): units that disagree, the centre in the chair, nobody's citizen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.errors import HotlineError, NotAllowedError, SwitchUnavailableError
from telephony.rules.units import EMERGENCY, Unit
from telephony.spoken import SpokenPrompts, speakable
from telephony.store import calls as call_rows
from telephony.store import threeway as rows
from telephony.store.units import Directory
from telephony.texts import say
from telephony.threeway.asking import Asking, Wish
from telephony.threeway.bringing import Bringing
from telephony.threeway.conversation import About, Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.people import Invitation
from telephony.threeway.starting import Starting

CALL_PREFIX = "cf-"
"""With which the id of a conference begins in the ledger of calls."""
SPEAKING_SECONDS = 120
"""After which the prompt of a roll call has been said: its file is removed."""


@dataclass(frozen=True, kw_only=True)
class Summons:
    """Who is called together: the agent in the chair, the lead unit and the supporting ones, over what."""

    chair: str
    lead: str
    supporting: Sequence[str]
    by: str
    matter: str = ""
    case_number: str | None = None
    centre: str | None = None


class Coordination:
    """Calls a conference together, and the roll in it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it is put together from, once
        self,
        conversations: Conversations,
        asking: Asking,
        bringing: Bringing,
        starting: Starting,
        directory: Directory,
        spoken: SpokenPrompts,
    ) -> None:
        self._all, self._asking, self._bringing = conversations, asking, bringing
        self._starting, self._directory, self._spoken = starting, directory, spoken

    def start(self, wanted: Summons) -> Deferred[Conversation]:
        """Call a conference together; fires when it is stored and everybody is being rung.

        Raise UnknownThingError for a unit or an agent that does not exist; NotAllowedError for a unit named
        twice, an emergency service, an agent in a call; SwitchUnavailableError.
        """
        if not self._all.line.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))
        self._bringing.check_free(wanted.chair)
        codes = [wanted.lead, *wanted.supporting]
        now = self._all.clock.now()
        call_id = CALL_PREFIX + self._all.new_leg()

        def begin(connection: sa.Connection) -> tuple[About, list[Unit]]:
            units = [self._directory.find(connection, code) for code in codes]
            _check(units)
            call_rows.open_conference(connection, call_id, now, wanted.centre, self._all.worker)
            return self._about(connection, wanted, call_id, now), list(units)

        def begun(found: tuple[About, list[Unit]]) -> Deferred[Conversation]:
            about, units = found
            conversation = Conversation(about, wanted.chair)
            conversation.do("meet", wanted.by)
            for part, unit in zip(["lead", *["supporting"] * len(units)], units, strict=False):
                wish = Wish("at_once", wanted.by, now, part)
                self._asking.invite(conversation, unit, self._starting.numbers(unit, now), wish)
            self._all.add(conversation)
            try:
                chair = self._bringing.bring(conversation, "agent", wanted.chair, wanted.by)
            except HotlineError:  # in a call by now: nobody is called together without a chair
                conversation.do("end", wanted.by)
                self._all.settled(conversation)
                raise
            return chair.addCallback(lambda _: conversation)

        return self._all.database.write(begin, urgent=True).addCallback(begun)

    def call_roll(self, conversation: Conversation, by: str) -> Deferred[None]:
        """Note who of the invited is there and who is not, and say it to all in the room."""
        if conversation.state != "meeting":
            raise NotAllowedError(say("threeway.no_roll"))
        there = {each.party for each in conversation.those("unit")}
        invited = _once(conversation.invitations.values())
        present = [each for each in invited if each.unit in there]
        absent = [each for each in invited if each.unit not in there]
        chairs = [each.party for each in (*conversation.those("agent"), *conversation.those("supervisor"))]
        here, missing = [*chairs, *(each.unit for each in present)], [each.unit for each in absent]
        row = {
            "three_way_id": conversation.about.id,
            "at": self._all.clock.now(),
            "called_by": by,
            "present": here,
            "absent": missing,
        }
        conversation.note("roll_called", by=by, present=len(here), absent=len(missing))

        def spoken(prompt: str | None) -> Deferred[None]:
            conversation.announced += ["threeway-roll-call", *filter(None, [prompt])]
            self._all.later(SPEAKING_SECONDS, self._spoken.forget, prompt)
            return self._all.settle(conversation, partial(rows.enter_roll_call, row=row))

        return self._spoken.speak(roll(present, absent)).addCallback(spoken)

    def _about(self, connection: sa.Connection, wanted: Summons, call_id: str, now: datetime) -> About:
        case = wanted.case_number
        told: dict[str, Any] = {
            "call_id": call_id,
            "kind": "coordination",
            "centre": wanted.centre,
            "case_number": case,
            "matter": wanted.matter or (case and rows.subject_of(connection, case)) or "",
            "citizen_name": None,
            "confidential": False,
            "demo": False,
            "started_at": now,
        }
        row = told | {"state": "new", "agent": wanted.chair, "worker": self._all.worker}
        return About(id=rows.begin(connection, row), citizen_number=None, **told)


def roll(present: Sequence[Invitation], absent: Sequence[Invitation]) -> str:
    """Return the roll as it is spoken: the lead unit first, and of each whether it is there."""
    there = {each.id for each in present}
    names = sorted((*present, *absent), key=lambda each: each.part != "lead")
    words = (f"{speakable(each.name)}，{'到' if each.id in there else '未到'}" for each in names)
    return "。".join(words) + "。"


def _once(invitations: Any) -> list[Invitation]:
    """Return one invitation for each unit: the last, for one that was asked again, with its first part."""
    found: dict[str, Invitation] = {}
    for each in invitations:
        before = found.get(each.unit)
        found[each.unit] = replace(each, part=before.part) if before else each
    return list(found.values())


def _check(units: Sequence[Unit]) -> None:
    codes = [unit.code for unit in units]
    for unit in units:
        if codes.count(unit.code) > 1:
            raise NotAllowedError(say("threeway.unit_twice", unit=unit.code))
        if unit.kind == EMERGENCY:
            raise NotAllowedError(say("threeway.no_emergency", unit=unit.code))
