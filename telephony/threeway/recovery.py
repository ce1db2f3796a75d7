"""Takes up at a start what the store holds: what is not over, and what is, but somebody has not gone yet.

Nobody is moved until it has been compared with the switch (`agreeing.py`): meanwhile the voices went on.
"""

from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.errors import UnknownThingError
from telephony.rules.asking import Asked, Came
from telephony.store import threeway as rows
from telephony.store.threeway import Stored
from telephony.store.units import Directory
from telephony.threeway.agreeing import LOST
from telephony.threeway.asking import Asking
from telephony.threeway.conversation import About, Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.people import Ask, Invitation, Person
from telephony.threeway.starting import Starting

NEW = "new"


class Recovery:
    """Makes conversations of what is stored."""

    def __init__(
        self, conversations: Conversations, asking: Asking, starting: Starting, directory: Directory
    ) -> None:
        self._all, self._asking = conversations, asking
        self._starting, self._directory = starting, directory

    def begin(self) -> Deferred[None]:
        """Take up this installation's conversations that are not done with; the switch is asked later."""

        def read(connection: sa.Connection) -> list[Conversation]:
            return [self._taken_up(connection, each) for each in rows.open_ones(connection, self._all.worker)]

        def take(found: list[Conversation]) -> None:
            for conversation in found:
                self._all.add(conversation)
                if conversation.state == NEW:
                    self._never_began(conversation)
                for invitation in conversation.open_invitations():
                    self._asking.watch(conversation, invitation)

        return self._all.database.read(read).addCallback(take)

    def _never_began(self, conversation: Conversation) -> None:
        """Close what was entered before we died, and no more: citizen and agent know nothing of it."""
        conversation.ended_why = LOST
        conversation.do("ask")
        conversation.do("end")
        self._all.settled(conversation)

    def _taken_up(self, connection: sa.Connection, stored: Stored) -> Conversation:
        row = stored.row
        about = About(
            id=row.id,
            call_id=row.call_id,
            kind=row.kind,
            centre=row.centre,
            case_number=row.case_number,
            matter=row.matter,
            citizen_number=stored.citizen_number,
            citizen_name=row.citizen_name,
            confidential=row.confidential,
            demo=row.demo,
            started_at=row.started_at,
        )
        conversation = Conversation(about, row.agent, ended_at=row.ended_at, ended_why=row.ended_why)
        conversation.unseen = row.state != NEW
        conversation.machine.restore(row.state)
        conversation.people = {each.leg_id: _person(each) for each in stored.participants}
        for each in stored.invitations:
            conversation.invitations[each.id] = self._invitation(connection, each, stored)
        return conversation

    def _invitation(self, connection: sa.Connection, row: sa.Row[Any], stored: Stored) -> Invitation:
        try:
            unit = self._directory.find(connection, row.unit)
            name, emergency = unit.name, unit.kind == "emergency"
            numbers = tuple((each.name, each.number) for each in self._starting.numbers(unit, row.invited_at))
        except UnknownThingError:  # removed from the directory meanwhile: nobody more of it is rung
            name, emergency, numbers = row.unit, row.emergency, ()
        invitation = Invitation(
            row.id, row.unit, name, row.mode, numbers, row.invited_at, row.invited_by, emergency, row.part
        )
        invitation.outcome = Came(row.outcome) if row.outcome else None
        invitation.decided_at, invitation.reason, invitation.leg_id = row.decided_at, row.reason, row.leg_id
        invitation.asks = {each.leg_id: _ask(each) for each in stored.asks if each.invitation_id == row.id}
        return invitation


def _person(row: sa.Row[Any]) -> Person:
    return Person(row.leg_id, row.role, row.party, row.since, row.state, row.held, row.muted)


def _ask(row: sa.Row[Any]) -> Ask:
    known = {name: value for name, value in row._mapping.items() if name in Ask.__dataclass_fields__}  # noqa: SLF001 - SQLAlchemy's public accessor
    return Ask(**known | {"state": Asked(row.state)})
