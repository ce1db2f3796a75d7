"""The waiting room over AMI: whose turn it is, is moved to the agent; who was answered, and who has gone.

A place is a context of asterisk-conf/extensions.d/25-waiting.conf; a citizen is known by the channel's
Uniqueid.
"""

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred

from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.snapshot import Channel

WAITS, TURN, RINGS, BACK = "waiting", "waiting-turn", "waiting-ring", "waiting-back"
LEAVING = frozenset({"let-go", "1", "move"})
"""Extensions of `waiting` in which somebody is told that we call back, and let go; or asks for that; or is on
the way to another queue, where they ask in a moment."""
BY_SWITCH = ("inbound", "by-switch")
"""Context and extension of who waits in app_queue because the service was silent."""
SOMEWHERE = "00"
"""The extension in `waiting-back`: it says nothing."""


@dataclass(frozen=True)
class Listener:
    """What is told: an agent rings for a citizen, by the channel's id, or is heard; a channel is gone."""

    rung: Callable[[str, str], None]
    connected: Callable[[str, str], None]
    gone: Callable[[str], None]


class WaitingLine:
    """Moves those who wait."""

    def __init__(self, ami: AMIClient) -> None:
        self._ami = ami

    def start(self, listener: Listener) -> None:
        """Tell `listener` from now on."""

        def told(to: Callable[[str, str], None]) -> Callable[[Message], None]:
            return lambda message: to(
                message.get("Uniqueid"), message.get("Interface").removeprefix(TECHNOLOGY)
            )

        self._ami.subscribe(["AgentCalled"], told(listener.rung))
        self._ami.subscribe(["AgentConnect"], told(listener.connected))
        self._ami.subscribe(["Hangup"], lambda message: listener.gone(message.get("Uniqueid")))

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def ring(self, leg_id: str, agent: str) -> Deferred[Message]:
        """Let an agent ring for a citizen; fails as AMIClient.action, also if the citizen has gone."""
        return self._move(leg_id, TURN, agent)

    def take_back(self, leg_id: str) -> Deferred[Message]:
        """Let a citizen who waits in app_queue come into the room; fails as `ring`."""
        return self._move(leg_id, BACK, SOMEWHERE)

    def _move(self, leg_id: str, context: str, exten: str) -> Deferred[Message]:
        headers: list[tuple[str, str | int]] = [
            ("Channel", leg_id),
            ("Context", context),
            ("Exten", exten),
            ("Priority", 1),
        ]
        return self._ami.action("Redirect", headers)


def in_room(channel: Channel) -> bool:
    """Tell whether somebody waits in the room, or an agent rings for them."""
    return channel.context in {WAITS, TURN, RINGS, BACK}


def leaves(channel: Channel) -> bool:
    """Tell whether somebody in the room is being let go, or asks to be."""
    return channel.context == WAITS and channel.exten in LEAVING


def by_switch(channels: list[Channel]) -> list[str]:
    """Return the ids of those who wait in app_queue and for whom nobody rings, none of whom has an agent."""
    legs = [channel.call_id for channel in channels]
    return [
        channel.leg_id
        for channel in channels
        if (channel.context, channel.exten) == BY_SWITCH and legs.count(channel.call_id) == 1
    ]
