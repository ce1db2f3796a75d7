"""Conversations of several parties over AMI: who is moved where, who is rung, what is said to all.

A place is a context of asterisk-conf/extensions.d/46-threeway.conf, its extension is the room's number.
A leg is known by its channel's Uniqueid, which AMI takes wherever it takes a channel's name (measured), but
for ConfbridgeMute.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from twisted.internet.defer import Deferred, succeed

from telephony.clock import Clock
from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message, dial_number, variable_header
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.reading import number_of, time_of
from telephony.pbx.snapshot import Channel

PREFIX = "tw-"
"""With which the id of each channel begins that we add to a conversation."""


class Place(StrEnum):
    """Where a party is."""

    CITIZEN_IN = "threeway-citizen"
    CITIZEN_WAITS = "threeway-citizen-waits"
    ALONE = "threeway-alone"
    AGENT_IN = "threeway-agent"
    AGENT_ASKS = "threeway-agent-asks"
    AGENT_TOLD = "threeway-agent-told"
    AGENT_DISMISSED = "threeway-agent-dismissed"
    UNIT_ASKED = "threeway-unit-asked"
    UNIT_ENTERS = "threeway-unit-recorded"
    UNIT_IN = "threeway-unit"
    UNIT_WAITS = "threeway-unit-waits"
    UNIT_DISMISSED = "threeway-unit-dismissed"


@dataclass(frozen=True)
class Move:
    """A leg goes to a place; `say` is the prompt that is said there, if the place says one."""

    leg_id: str
    place: Place
    say: str = ""


@dataclass(frozen=True)
class Ring:
    """A channel that we add: its id, whom it rings, where who answers goes, for how many seconds it rings."""

    leg_id: str
    number: str
    place: Place
    seconds: float
    trunk: str = ""
    """Empty for an agent's phone."""


@dataclass(frozen=True)
class Ended:
    """How a channel ended: Q.850 cause, and SIP's status where there was one."""

    cause: int | None
    sip_code: int | None


Alerted = Callable[[str, datetime], None]
Gone = Callable[[str, datetime, Ended], None]


@dataclass(frozen=True)
class Listener:
    """What is told of channels, each with the switch's own time; `alerted` and `up` only of ours."""

    alerted: Alerted
    up: Alerted
    gone: Gone
    not_sent: Callable[[str], None]
    """The order was taken, but no channel came of it."""
    came_in: Callable[[str], None]
    """A leg entered a room."""
    came_out: Callable[[str], None]
    """A citizen's leg left a room though nobody moved it: it goes on where the dialplan leads."""
    released: Callable[[str], None]
    """The far end, or the network, is ending a leg: its Hangup follows."""


class Conference:
    """Moves, rings, mutes and hangs up the legs of conversations."""

    def __init__(self, ami: AMIClient, clock: Clock, caller_number: str) -> None:
        self._ami, self._clock, self._caller = ami, clock, caller_number

    def start(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listener = listener
        self._ami.subscribe(["DialState"], self._dial_state)
        self._ami.subscribe(["Newstate"], self._new_state)
        self._ami.subscribe(["Hangup"], self._hangup)
        self._ami.subscribe(["OriginateResponse"], self._response)
        self._ami.subscribe(["HangupRequest"], lambda asked: listener.released(asked.get("Uniqueid")))
        self._ami.subscribe(["ConfbridgeJoin"], lambda joined: listener.came_in(joined.get("Uniqueid")))
        self._ami.subscribe(["ConfbridgeLeave"], self._came_out)

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def living(self) -> Deferred[dict[str, Channel]]:
        """Return every live channel by its id."""
        return snapshot.by_leg(self._ami)

    def move(self, room: str, move: Move) -> Deferred[Message]:
        """Move one leg; fails as AMIClient.action, also if the leg has gone."""
        self._say(move)
        return self._ami.action("Redirect", _to("", room, move))

    def move_both(self, room: str, first: Move, second: Move) -> Deferred[Message]:
        """Move two legs that talk with each other: one alone would end the other's call."""
        for move in (first, second):
            self._say(move)
        return self._ami.action("Redirect", [*_to("", room, first), *_to("Extra", room, second)])

    def ring(self, room: str, ring: Ring, variables: Mapping[str, str]) -> Deferred[Message]:
        """Ring somebody; fires when the switch has the order. Raise EncodingRefusedError for no number."""
        number = dial_number(ring.number)
        channel = f"{TECHNOLOGY}{number}@{ring.trunk}" if ring.trunk else f"{TECHNOLOGY}{number}"
        headers = self._order(ring.leg_id, channel, ring.place, room)
        headers.append(("Timeout", round(ring.seconds * 1000)))
        headers += [variable_header(name, value) for name, value in variables.items()]
        return self._ami.action("Originate", headers, action_id=f"originate-{ring.leg_id}")

    def announce(self, room: str, leg_id: str, prompts: list[str]) -> Deferred[Message]:
        """Say prompts, names below the folder of prompts, to all who are in a room."""
        said = "&".join(f"hotline/{prompt}" for prompt in prompts)
        headers = self._order(leg_id, f"Local/{room}@threeway-announcer/n", "threeway-announced", room)
        headers += [("Timeout", 5000), variable_header("HOTLINE_SAY", said)]
        return self._ami.action("Originate", headers, action_id=f"originate-{leg_id}")

    def hang_up(self, leg_id: str) -> Deferred[Message]:
        """End a leg; fails with SwitchRefusedError if it has gone."""
        return self._ami.action("Hangup", [("Channel", leg_id), ("Cause", 16)])

    def set_variable(self, leg_id: str, name: str, value: str) -> Deferred[Message]:
        """Set a variable of a leg's channel; the value holds what configuration and numbers hold."""
        return self._ami.action("Setvar", [("Channel", leg_id), ("Variable", name), ("Value", value)])

    def mute(self, room: str, leg_id: str, *, muted: bool) -> Deferred[Message | None]:
        """Let the others in a room not hear a leg, or hear it again."""
        action = "ConfbridgeMute" if muted else "ConfbridgeUnmute"

        def send(channels: dict[str, Channel]) -> Deferred[Message | None]:
            if leg_id not in channels:
                return succeed(None)
            headers = [("Conference", room), ("Channel", channels[leg_id].name)]
            return self._ami.action(action, headers).addCallback(lambda answer: answer)

        return self.living().addCallback(send)

    def _say(self, move: Move) -> None:
        # The order on one connection is the order in which Asterisk does it: no need to wait for the answer.
        if move.say:
            self.set_variable(move.leg_id, "HOTLINE_SAY", move.say).addErrback(lambda _: None)

    def _order(self, leg_id: str, channel: str, context: str, exten: str) -> list[tuple[str, str | int]]:
        return [
            ("Channel", channel),
            ("Context", context),
            ("Exten", exten),
            ("Priority", 1),
            ("CallerID", f"<{self._caller}>"),
            ("ChannelId", leg_id),
            ("Async", "true"),
        ]

    def _dial_state(self, message: Message) -> None:
        leg_id = message.get("DestUniqueid")
        # Not PROGRESS: that may be a carrier's announcement, and nobody has been seen to be rung.
        if leg_id.startswith(PREFIX) and message.get("DialStatus") == "RINGING":
            self._listener.alerted(leg_id, time_of(message, self._clock))

    def _new_state(self, message: Message) -> None:
        leg_id = message.get("Uniqueid")
        if leg_id.startswith(PREFIX) and message.get("ChannelStateDesc") == "Up":
            self._listener.up(leg_id, time_of(message, self._clock))

    def _hangup(self, message: Message) -> None:
        ended = Ended(number_of(message.get("Cause")), number_of(message.get("TechCause")))
        self._listener.gone(message.get("Uniqueid"), time_of(message, self._clock), ended)

    def _response(self, message: Message) -> None:
        leg_id = message.get("Uniqueid")
        if leg_id.startswith(PREFIX) and message.get("Response") != "Success":
            self._listener.not_sent(leg_id)

    def _came_out(self, message: Message) -> None:
        # Whom we move has the new place's context already when this comes (measured).
        if message.get("Context") == Place.CITIZEN_IN:
            self._listener.came_out(message.get("Uniqueid"))


def _to(extra: str, room: str, move: Move) -> list[tuple[str, str | int]]:
    where = (("Channel", move.leg_id), ("Context", move.place), ("Exten", room), ("Priority", 1))
    return [(f"{extra}{name}", value) for name, value in where]
