"""The register of who called on a leader day and was not reached: called back, or handed to a unit (Art. 6).

A call back that was answered settles an entry by itself: it is read from the ledger each time. What the
ledger cannot know a person puts down here, once, and a call back only with the call that proves it.
"""

from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.errors import NotAllowedError
from telephony.leader.day_calls import DayCalls
from telephony.rules.leader_register import CALLED_BACK, HANDED_TO_UNIT, OWED
from telephony.store import leader_calls as rows
from telephony.store import leader_evidence
from telephony.store.database import Database
from telephony.store.dispatches import tell_platform
from telephony.store.leader_calls import NOT_CERTIFIED, LeaderCallView
from telephony.store.leader_days import played
from telephony.store.returns import RULES
from telephony.store.units import Directory
from telephony.texts import forms, say

How = Literal["called_back", "handed_to_unit", "noted"]


class Register:
    """Shows a day's calls and settles those that were not reached; `tell` wakes who waits for events."""

    def __init__(self, config: Config, database: Database, clock: Clock, tell: Callable[[], None]) -> None:
        self._calls, self._clock = DayCalls(config, database, clock, tell), clock
        self._directory = Directory(config.units)

    def calls(self, day_id: int) -> Deferred[list[LeaderCallView]]:
        """Fire with all calls of a day, in order; fail with UnknownThingError."""
        return self._calls.listed(day_id)

    def entries(self, day_id: int) -> Deferred[list[LeaderCallView]]:
        """Fire with the calls that keep a day from being certified: empty, nobody is owed anything."""
        return self._calls.open_entries(day_id)

    def settle(  # noqa: PLR0913, PLR0917 - what is written down
        self,
        call_id: str,
        by: str,
        how: How,
        unit: str | None = None,
        case_number: str | None = None,
        evidence_call: str | None = None,
        note: str | None = None,
    ) -> Deferred[LeaderCallView]:
        """Put down, once, what became of a citizen who was not reached; until the day is certified.

        `called_back` needs a call to that citizen that an agent and the citizen talked in; without
        `evidence_call` it is looked for. `handed_to_unit` needs a unit, and tells the case platform;
        who was settled by the ledger alone may be settled so, as when a voicemail had answered. `noted` needs
        a note, and is enough only where nobody can be called or an agent of ours helped them already.
        Raise UnknownThingError, NotAllowedError.
        """

        def work(connection: sa.Connection, call: LeaderCallView, _: Seat) -> None:
            _check_owed(call, how)
            now = self._clock.now()
            said: dict[str, Any] = {"settled": how, "settled_note": note, "case_number": case_number}
            if how == CALLED_BACK:
                said["settled_call"] = self._proof(connection, call, evidence_call)
            elif how == HANDED_TO_UNIT:
                said["unit"] = self._unit(connection, unit)
                told = {"day": call.day_id, "call_id": call_id, "unit": said["unit"], "by": by, "at": now}
                told |= {"case_number": case_number, "summary": call.summary, "note": note}
                if not played(connection, call.day_id):
                    tell_platform(connection, now, "leader_handed_to_unit", told)
            else:
                _check_note(call, note)
            rows.settle(connection, call_id, **said, settled_by=by, settled_at=now)
            rows.tell(connection, call_id, "settled", now, by, **said)

        return self._calls.change(call_id, NOT_CERTIFIED, work)

    def _proof(self, connection: sa.Connection, call: LeaderCallView, given: str | None) -> str:
        """Return the call that proves a call back; raise NotAllowedError without one."""
        number = call.caller_number
        if number is None:
            raise NotAllowedError(say("leader.number_withheld", id=call.call_id))
        placed = leader_evidence.placed_to(connection, {number}, self._clock.now()).get(number, [])
        found = [each.id for each in leader_evidence.since(placed, call.ended_at)]
        if given is not None and given not in found:
            raise NotAllowedError(say("leader.no_proof", call=given))
        if not found:
            raise NotAllowedError(say("leader.not_called_back", id=call.call_id))
        return given or found[0]

    def _unit(self, connection: sa.Connection, unit: str | None) -> str:
        if unit is None:
            raise NotAllowedError(say("leader.needs_unit"))
        return self._directory.find(connection, unit).code


def _check_owed(call: LeaderCallView, how: How) -> None:
    """Raise NotAllowedError unless somebody is still to say what became of this citizen.

    What settled by itself may still be handed to a unit: no ledger tells a voicemail from a citizen.
    """
    if call.settled_by == RULES and how == HANDED_TO_UNIT:
        return
    if call.settled is not None:
        raise NotAllowedError(say("leader.settled_already", id=call.call_id))
    if call.standing not in OWED:
        names = forms(f"leader_standing.{call.standing}")
        raise NotAllowedError(say("leader.not_owed", id=call.call_id, **names))
    if call.ended_at is None:
        raise NotAllowedError(say("leader.still_on_line", id=call.call_id))


def _check_note(call: LeaderCallView, note: str | None) -> None:
    if not call.may_be_noted:
        raise NotAllowedError(say("leader.note_not_enough", id=call.call_id))
    if not note:
        raise NotAllowedError(say("leader.needs_note"))
