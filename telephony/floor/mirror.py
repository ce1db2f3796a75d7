"""Keeps app_queue's members as the store says, over AMI."""

from collections.abc import Iterable

import structlog
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.agent import Agent
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.queues import ABSENT, Actual, Membership, held, members, queues_of, to_do

log = structlog.get_logger()


class QueueMirror:
    """Sends only what differs from what the switch holds; a reconnect reads that anew."""

    def __init__(self, ami: AMIClient) -> None:
        self._ami = ami
        self._actual: Actual = {}

    def learn(self, status: Iterable[Message]) -> list[str]:
        """Take an answer to QueueStatus for the truth; return the agents found in it."""
        self._actual = members(status)
        return list(self._actual)

    def apply(self, agent: Agent) -> Deferred[None]:
        """Bring one agent's memberships to what its state asks for; fires when the switch has answered."""
        queues = queues_of(agent.number, agent.config.skills)
        return self._send(agent.number, queues, agent.membership)

    def remove(self, number: str) -> Deferred[None]:
        """Take somebody out of all queues who is no agent (any more)."""
        return self._send(number, {}, ABSENT)

    def _send(self, number: str, queues: dict[str, int], wanted: Membership) -> Deferred[None]:
        if not self._ami.is_up:
            return succeed(None)  # the snapshot after the reconnect will do it
        actions = list(to_do(number, queues, wanted, self._actual.get(number, {})))
        self._actual[number] = held(queues, wanted)
        sent = [
            self._ami.action(name, headers).addErrback(_refused, number, name) for name, headers in actions
        ]
        return DeferredList(sent).addCallback(lambda _: None)


def _refused(failure: Failure, agent: str, action: str) -> None:
    failure.trap(SwitchRefusedError, SwitchUnavailableError)
    log.warning("queue_member_not_changed", agent=agent, action=action, why=str(failure.value))
