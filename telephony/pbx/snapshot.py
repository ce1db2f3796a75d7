"""What the switch holds right now: taken after every reconnect, because AMI replays nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from twisted.internet.defer import Deferred

from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.queues import TECHNOLOGY


@dataclass(frozen=True)
class Channel:
    """A live channel; `endpoint` is `8001` for `PJSIP/8001-0000002a`, `state` Up, Ringing and others.

    `context` and `exten` say where in the dialplan it is.
    """

    endpoint: str
    state: str
    leg_id: str
    call_id: str
    name: str = ""
    context: str = ""
    exten: str = ""


_PHONES = dict.fromkeys(("UNAVAILABLE", "INVALID", "UNKNOWN"), "unreachable") | {"NOT_INUSE": "registered"}


def channels(ami: AMIClient) -> Deferred[list[Channel]]:
    """Ask for every live channel."""
    return ami.list_action("CoreShowChannels").addCallback(lambda rows: [_channel(row) for row in rows])


def by_leg(ami: AMIClient) -> Deferred[dict[str, Channel]]:
    """Return every live channel by its id; fails as `channels`."""
    return channels(ami).addCallback(lambda found: {channel.leg_id: channel for channel in found})


def phones(ami: AMIClient) -> Deferred[dict[str, str]]:
    """Ask which endpoints' phones are there: `registered`, `in_use` or `unreachable`."""
    return ami.list_action("DeviceStateList").addCallback(_phones)


def phone(device: str, state: str) -> tuple[str, str] | None:
    """Return endpoint and whether its phone is there, or None for a device that is no phone.

    A phone that is `in_use` is registered as well: it has a call of any kind, or rings.
    """
    if not device.startswith(TECHNOLOGY):
        return None
    return device.removeprefix(TECHNOLOGY), _PHONES.get(state, "in_use")


def ask_phone(ami: AMIClient, endpoint: str) -> Deferred[Message]:
    """Let the switch ask a phone whether it is there: news of it comes as that of any phone, if there is any.

    After its own restart a switch knows where phones are, and takes each for unreachable until it asks it:
    by itself it does so within `qualify_frequency` seconds.
    """
    return ami.action("PJSIPQualify", [("Endpoint", endpoint)])


def _phones(rows: Iterable[Message]) -> dict[str, str]:
    known = (phone(row.get("Device"), row.get("State")) for row in rows)
    return dict(pair for pair in known if pair is not None)


def endpoint_of(channel: str) -> str:
    """Return `8001` for `PJSIP/8001-0000002a`."""
    return channel.removeprefix(TECHNOLOGY).rpartition("-")[0]


def _channel(row: Message) -> Channel:
    get = row.get
    name = get("Channel")
    ids = (get("Uniqueid"), get("Linkedid"))
    return Channel(endpoint_of(name), get("ChannelStateDesc"), *ids, name, get("Context"), get("Exten"))
