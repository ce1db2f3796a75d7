"""A call is transferred to a unit: a three-way call that the agent leaves, at once or after a talk."""

from typing import Any

from twisted.internet.defer import Deferred

from telephony.errors import NotAllowedError
from telephony.texts import say
from telephony.threeway.commands import Commands
from telephony.threeway.conversation import Conversation
from telephony.threeway.conversations import Conversations
from telephony.threeway.starting import Start, Starting

RUNG = frozenset({"waiting", "pair"})
"""States in which a unit is rung and nobody of it is there: who completes leaves the rest to us."""


class Handing:
    """What transfers need of three-way calls; each fires when it is stored."""

    def __init__(self, conversations: Conversations, starting: Starting, commands: Commands) -> None:
        self._all, self._starting, self._commands = conversations, starting, commands

    def begin(self, call_id: str, unit: str, by: str, *, blind: bool) -> Deferred[Any]:
        """Ask a unit into a call, which the agent leaves at once if `blind`. Raise as Starting.start."""
        wanted = Start(
            call_id=call_id,
            unit=unit,
            by=by,
            mode="at_once" if blind else "consult",
            beside=blind,
            entrusted=blind,
            handed=True,
        )
        return self._starting.start(wanted)

    def complete(self, call_id: str, by: str) -> Deferred[None]:
        """Let the agent go: the unit has the citizen, or will when it accepts. Raise NotAllowedError."""
        conversation = self._of(call_id)
        if conversation.state in RUNG and conversation.open_invitations():
            return self._commands.entrust(conversation, by)
        return self._commands.leave(conversation, by)

    def cancel(self, call_id: str, by: str) -> Deferred[None]:
        """Let the unit go: the citizen is with the agent again, or goes back. Raise NotAllowedError."""
        conversation = self._of(call_id)
        if conversation.state == "entrusted":
            self._commands.forget(conversation, by)
            return self._all.settle(conversation)
        return self._commands.drop(conversation, "units", by)

    def has(self, call_id: str) -> bool:
        """Tell whether a three-way call is under way on a call."""
        return self._all.under_way(call_id) is not None

    def _of(self, call_id: str) -> Conversation:
        conversation = self._all.under_way(call_id)
        if conversation is None:
            raise NotAllowedError(say("threeway.over"))
        return conversation
