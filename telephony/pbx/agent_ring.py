"""Rings an agent before somebody else is rung for them, over AMI (extensions.d/47-returns.conf).

Every such leg has an id that we chose (ChannelId) and stored first.
"""

from typing import Protocol

from twisted.internet.defer import Deferred

from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message, dial_number
from telephony.pbx.leg_news import LegNews, watch
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.snapshot import Channel

PREFIX = "ra-"
"""With which the id of each such leg begins."""
CONTEXT = "return-agent"
DISPLAY = "return"
"""What an agent's phone shows as the caller's name: what it is."""


class Listener(Protocol):
    """Who is told what became of such legs."""

    def alerted(self, leg_id: str) -> None:
        """Take note that the agent's phone rings."""
        ...

    def up(self, leg_id: str, channel: str) -> None:
        """Take note that the agent has answered; `channel` is the channel's name."""
        ...

    def gone(self, leg_id: str) -> None:
        """Take note that the leg is over, or never came to be."""
        ...


class AgentRing:
    """Rings agents and lets them go."""

    def __init__(self, ami: AMIClient, caller_number: str) -> None:
        self._ami, self._caller = ami, caller_number

    def start(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        watch(self._ami, PREFIX, LegNews(listener.alerted, listener.up, listener.gone, listener.gone))

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def ring(self, leg_id: str, agent: str, seconds: float) -> Deferred[Message]:
        """Ring an agent, who hears what it is and then waits; fires when the switch has the order."""
        headers: list[tuple[str, str | int]] = [
            ("Channel", f"{TECHNOLOGY}{dial_number(agent)}"),
            ("Context", CONTEXT),
            ("Exten", "start"),
            ("Priority", 1),
            ("Timeout", round(seconds * 1000)),
            ("CallerID", f"{DISPLAY} <{self._caller}>"),
            ("ChannelId", leg_id),
            ("Async", "true"),
        ]
        return self._ami.action("Originate", headers, action_id=f"originate-{leg_id}")

    def hang_up(self, leg_id: str) -> Deferred[Message]:
        """Let an agent's phone ring no more."""
        return self._ami.action("Hangup", [("Channel", leg_id), ("Cause", 16)])

    def tell_not_reached(self, leg_id: str) -> Deferred[Message]:
        """Tell a waiting agent that the citizen was not reached, and hang up."""
        where = (("Channel", leg_id), ("Context", CONTEXT), ("Exten", "nobody"), ("Priority", 1))
        return self._ami.action("Redirect", where)

    def living(self) -> Deferred[dict[str, Channel]]:
        """Return every live channel by its id."""
        return snapshot.by_leg(self._ami)
