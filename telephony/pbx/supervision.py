"""Supervisors on calls over AMI: they listen, whisper, barge in, and take citizens over.

The places are contexts of asterisk-conf/extensions.d/47-supervision.conf, the extension is the room's number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from twisted.internet.defer import Deferred

from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message, dial_number, variable_header
from telephony.pbx.leg_news import LegNews, watch
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.snapshot import Channel

PREFIX = "sv-"
"""With which the id of each channel begins on which a supervisor is rung."""


class Mode(StrEnum):
    """How a supervisor takes part: nobody hears a listener, only the agent a whisper, both a barge."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class Place(StrEnum):
    """Where supervisor and citizen are."""

    LISTEN = "supervision-listen"
    WHISPER = "supervision-whisper"
    BARGE = "supervision-barge"
    TAKES = "supervision-takes"
    CITIZEN = "supervision-citizen"


PLACE_OF = {Mode.LISTEN: Place.LISTEN, Mode.WHISPER: Place.WHISPER, Mode.BARGE: Place.BARGE}


@dataclass(frozen=True)
class Listener:
    """What is told of channels, by their ids; all but `came_in` only of ours."""

    alerted: Callable[[str], None]
    up: Callable[[str], None]
    gone: Callable[[str], None]
    not_sent: Callable[[str], None]
    """The order was taken, but no channel came of it."""
    came_in: Callable[[str, str], None]
    """A room, and the leg that entered it."""


class SpyLine:
    """Rings supervisors and changes how they take part."""

    def __init__(self, ami: AMIClient, caller_number: str) -> None:
        self._ami, self._caller = ami, caller_number

    def start(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listener = listener
        news = LegNews(
            listener.alerted, lambda leg_id, _: listener.up(leg_id), listener.gone, listener.not_sent
        )
        watch(self._ami, PREFIX, news)
        self._ami.subscribe(["ConfbridgeJoin"], self._joined)

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def living(self) -> Deferred[dict[str, Channel]]:
        """Return every live channel by its id."""
        return snapshot.by_leg(self._ami)

    def ring(  # noqa: PLR0913 - what an order says
        self, leg_id: str, supervisor: str, *, agent_leg: str, mode: Mode, room: str, seconds: float
    ) -> Deferred[Message]:
        """Ring a supervisor, who takes part when answering; fires when the switch has the order."""
        headers: list[tuple[str, str | int]] = [
            ("Channel", f"{TECHNOLOGY}{dial_number(supervisor)}"),
            ("Context", PLACE_OF[mode]),
            ("Exten", room),
            ("Priority", 1),
            ("Timeout", round(seconds * 1000)),
            ("CallerID", f"<{self._caller}>"),
            ("ChannelId", leg_id),
            ("Async", "true"),
            variable_header("HOTLINE_SPIED", agent_leg),
        ]
        return self._ami.action("Originate", headers, action_id=f"originate-{leg_id}")

    def change(self, leg_id: str, room: str, mode: Mode) -> Deferred[Message]:
        """Let a supervisor take part in another way; fails as AMIClient.action, also if the leg has gone."""
        return self._ami.action("Redirect", _to("", leg_id, PLACE_OF[mode], room))

    def take_over(self, room: str, leg_id: str, citizen_leg: str, agent: str) -> Deferred[Message]:
        """Move supervisor and citizen into a room; the agent's leg then ends by itself.

        The supervisor is the first: if one of the two cannot be moved, the citizen stays with the agent, or
        has gone. Fails as AMIClient.action, and with SwitchRefusedError if one of them has gone.
        """
        # The order on one connection is the order in which Asterisk does it: no need to wait for the answers.
        for name, value in (("HOTLINE_TAKER", leg_id), ("HOTLINE_THREEWAY_AGENT", agent)):
            told = self._ami.action(
                "Setvar", [("Channel", citizen_leg), ("Variable", name), ("Value", value)]
            )
            told.addErrback(lambda _: None)
        both = [*_to("", leg_id, Place.TAKES, room), *_to("Extra", citizen_leg, Place.CITIZEN, room)]
        return self._ami.action("Redirect", both)

    def hang_up(self, leg_id: str) -> Deferred[Message]:
        """End a leg; fails with SwitchRefusedError if it has gone."""
        return self._ami.action("Hangup", [("Channel", leg_id), ("Cause", 16)])

    def _joined(self, message: Message) -> None:
        self._listener.came_in(message.get("Conference"), message.get("Uniqueid"))


def _to(extra: str, leg_id: str, place: Place, room: str) -> list[tuple[str, str | int]]:
    where = (("Channel", leg_id), ("Context", place), ("Exten", room), ("Priority", 1))
    return [(f"{extra}{name}", value) for name, value in where]
