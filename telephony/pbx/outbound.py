"""Outbound calls over AMI: what is asked of the switch, and what it tells of a call of ours.

Every channel of ours has an id that we chose (ChannelId), so an event is ours by its prefix.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.pbx import snapshot
from telephony.pbx.agent_ring import AgentRing
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message, dial_number, variable_header
from telephony.pbx.queues import TECHNOLOGY
from telephony.pbx.reading import number_of, time_of
from telephony.pbx.snapshot import Channel
from telephony.rules.verdict import Datum, Kind

PREFIX = "rv-"
"""With which the id of each call of the dialer begins."""
Told = Callable[[str, str, datetime, Mapping[str, Datum]], None]


class Outbound:
    """Places calls and turns the switch's events into evidence."""

    def __init__(self, ami: AMIClient, clock: Clock, caller_number: str) -> None:
        self._ami, self._clock, self._caller = ami, clock, caller_number
        self._told: Told | None = None
        self.agents = AgentRing(ami, caller_number)
        """What rings agents before citizens."""
        self._foreign: dict[str, str] = {}

    def start(self, told: Told) -> None:
        """Hand all evidence of our calls to `told` from now on."""
        self._told = told
        subscribe = self._ami.subscribe
        subscribe(["DialState"], self._dial_state)
        subscribe(["DialEnd"], self._dial_end)
        subscribe(["Newstate"], self._new_state)
        subscribe(["OriginateResponse"], self._response)
        subscribe(["HangupRequest"], self._released)
        subscribe(["Hangup"], self._hangup)
        subscribe(["Newchannel"], self._new_channel)

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def others_on(self, trunk: str) -> int:
        """Return how many channels of a trunk carry calls that are not ours."""
        return Counter(self._foreign.values())[trunk]

    def originate(  # noqa: PLR0913 - what a call is made of
        self,
        call_id: str,
        *,
        number: str,
        trunk: str,
        context: str,
        seconds: float,
        words: Mapping[str, str] | None = None,
    ) -> Deferred[Message]:
        """Ring a number over a trunk; an answered call enters `context`. Fires when the switch has the order.

        `words` are variables that the dialplan reads there.

        Fails as AMIClient.action; raise EncodingRefusedError for what is no number, before anything is sent.
        """
        return self._originate(
            call_id,
            f"{TECHNOLOGY}{dial_number(number)}@{trunk}",
            context,
            seconds,
            {"HOTLINE_ATTEMPT": call_id, **(words or {})},
        )

    def ring_agent(
        self, call_id: str, agent: str, *, citizen: str, trunk: str, seconds: float
    ) -> Deferred[Message]:
        """Ring an agent; who answers is connected with the citizen (context `person-call`)."""
        variables = {"HOTLINE_CITIZEN": dial_number(citizen), "HOTLINE_TRUNK": trunk}
        channel = f"{TECHNOLOGY}{dial_number(agent)}"
        return self._originate(call_id, channel, "person-call", seconds, variables)

    def _originate(
        self, call_id: str, channel: str, context: str, seconds: float, variables: Mapping[str, str]
    ) -> Deferred[Message]:
        headers: list[tuple[str, str | int]] = [
            ("Channel", channel),
            ("Context", context),
            ("Exten", "start"),
            ("Priority", 1),
            ("Timeout", round(seconds * 1000)),
            ("CallerID", f"<{self._caller}>"),
            ("ChannelId", call_id),
            ("Async", "true"),
        ]
        headers += [variable_header(name, value) for name, value in variables.items()]
        return self._ami.action("Originate", headers, action_id=f"originate-{call_id}")

    def living(self) -> Deferred[Mapping[str, str]]:
        """Return the state of every live channel by id; counts anew what others hold."""

        def taken(channels: list[Channel]) -> Mapping[str, str]:
            self._foreign = {c.leg_id: c.endpoint for c in channels if not c.leg_id.startswith(PREFIX)}
            return {channel.leg_id: channel.state for channel in channels}

        return snapshot.channels(self._ami).addCallback(taken)

    def _dial_state(self, message: Message) -> None:
        status = message.get("DialStatus")
        if status in {"RINGING", "PROGRESS"}:
            self._tell(message, message.get("DestUniqueid"), Kind.ALERTING, {"status": status})

    def _dial_end(self, message: Message) -> None:
        data = {"status": message.get("DialStatus")}
        self._tell(message, message.get("DestUniqueid"), Kind.DIAL_END, data)

    def _new_state(self, message: Message) -> None:
        if message.get("ChannelStateDesc") == "Up":
            self._tell(message, message.get("Uniqueid"), Kind.UP, {})

    def _response(self, message: Message) -> None:
        reason = number_of(message.get("Reason"))
        self._tell(message, message.get("Uniqueid"), Kind.RESPONSE, {"reason": reason})

    def _released(self, message: Message) -> None:
        self._tell(message, message.get("Uniqueid"), Kind.RELEASED, _causes(message))

    def _hangup(self, message: Message) -> None:
        self._foreign.pop(message.get("Uniqueid"), None)
        self._tell(message, message.get("Uniqueid"), Kind.HANGUP, _causes(message))

    def _new_channel(self, message: Message) -> None:
        leg_id = message.get("Uniqueid")
        if not leg_id.startswith(PREFIX):
            self._foreign[leg_id] = snapshot.endpoint_of(message.get("Channel"))

    def _tell(self, message: Message, call_id: str, kind: str, data: Mapping[str, Datum]) -> None:
        if call_id.startswith(PREFIX) and self._told is not None:
            self._told(call_id, kind, time_of(message, self._clock), data)


def _causes(message: Message) -> dict[str, Datum]:
    return {"cause": number_of(message.get("Cause")), "sip_code": number_of(message.get("TechCause"))}
