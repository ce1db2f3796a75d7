"""What becomes of channels that we ordered: each has an id of ours, with a prefix of its kind."""

from collections.abc import Callable
from dataclasses import dataclass

from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message


@dataclass(frozen=True)
class LegNews:
    """Who is told what, by the channel's id: it rings; it is answered, with the channel's name; it is over.

    `not_sent`: the order was taken, but no channel came of it.
    """

    alerted: Callable[[str], None]
    up: Callable[[str, str], None]
    gone: Callable[[str], None]
    not_sent: Callable[[str], None]


def watch(ami: AMIClient, prefix: str, news: LegNews) -> None:
    """Tell of such channels from now on."""

    def ours(message: Message, name: str = "Uniqueid") -> str:
        leg_id = message.get(name)
        return leg_id if leg_id.startswith(prefix) else ""

    def dial_state(message: Message) -> None:
        if (leg_id := ours(message, "DestUniqueid")) and message.get("DialStatus") == "RINGING":
            news.alerted(leg_id)

    def new_state(message: Message) -> None:
        if (leg_id := ours(message)) and message.get("ChannelStateDesc") == "Up":
            news.up(leg_id, message.get("Channel"))

    def hangup(message: Message) -> None:
        if leg_id := ours(message):
            news.gone(leg_id)

    def response(message: Message) -> None:
        if (leg_id := ours(message)) and message.get("Response") != "Success":
            news.not_sent(leg_id)

    ami.subscribe(["DialState"], dial_state)
    ami.subscribe(["Newstate"], new_state)
    ami.subscribe(["Hangup"], hangup)
    ami.subscribe(["OriginateResponse"], response)
