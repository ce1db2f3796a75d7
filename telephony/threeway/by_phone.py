"""What an agent does by feature codes: the phone's second line, while the citizen is on the first."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.store import threeway as rows
from telephony.texts import say
from telephony.threeway.commands import Commands
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.starting import Start, Starting


class ByPhone:
    """`unit` asks a unit by its short code, `command` does what a digit stands for."""

    def __init__(self, conversations: Conversations, starting: Starting, commands: Commands) -> None:
        self._all, self._starting = conversations, starting
        self._commands: dict[str, Callable[[Conversation, str], Deferred[Any]]] = {
            "0": commands.end,
            "1": commands.join,
            "2": lambda conversation, by: commands.hold(conversation, "citizen", by),
            "3": lambda conversation, by: commands.hold(conversation, "units", by),
            "4": lambda conversation, by: commands.drop(conversation, "units", by),
            "5": commands.leave,
        }

    def unit(self, agent: str, short_code: str) -> Deferred[Conversation]:
        """Ask a unit into the agent's call. Raise as Starting.start."""
        conversation = self._of(agent)
        if conversation is not None:
            wanted = Start(call_id=conversation.about.call_id, unit=short_code, by=agent)
            return self._starting.invite(conversation, wanted)

        def find(connection: sa.Connection) -> str:
            call_id = rows.call_of_agent(connection, agent)
            if call_id is None:
                raise NotAllowedError(say("threeway.no_call", agent=agent))
            return call_id

        def start(call_id: str) -> Deferred[Conversation]:
            return self._starting.start(Start(call_id=call_id, unit=short_code, by=agent))

        return self._all.database.read(find).addCallback(start)

    def command(self, agent: str, digit: str) -> Deferred[Any]:
        """Do what a digit stands for in the agent's conversation; raise UnknownThingError without one."""
        conversation = self._of(agent)
        if conversation is None or digit not in self._commands:
            raise UnknownThingError(say("threeway.no_call", agent=agent))
        return self._commands[digit](conversation, agent)

    def _of(self, agent: str) -> Conversation | None:
        for conversation in self._all.all():
            if not conversation.over and any(each.party == agent for each in conversation.those("agent")):
                return conversation
        return None
