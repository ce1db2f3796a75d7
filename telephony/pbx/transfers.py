"""Transfers over AMI: citizen and agent go to a place of asterisk-conf/extensions.d/48-transfer.conf.

What follows there the dialplan does by itself, and tells the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.snapshot import Channel

AGENT, QUEUE, OUTSIDE, WAITS, CONSULT, BACK = (
    "transfer-agent",
    "transfer-queue",
    "transfer-outside",
    "transfer-waits",
    "transfer-consult",
    "transfer-back",
)
NUMBER, CITIZEN, LEG = "HOTLINE_TRANSFER", "HOTLINE_TRANSFER_CITIZEN", "HOTLINE_TRANSFER_LEG"
TO_AGENT, TO_QUEUE, FIRST = "HOTLINE_TRANSFER_AGENT", "HOTLINE_TRANSFER_QUEUE", "HOTLINE_TRANSFER_FIRST"
TO_OUTSIDE = "HOTLINE_TRANSFER_OUTSIDE"
"""NUMBER@TRUNK of a centre that is not on this switch."""
CANCEL = "HOTLINE_TRANSFER_CANCEL"
DIGITS = 8
"""Of a place's number at least: the dialplan's patterns ask for two."""


@dataclass(frozen=True)
class Step:
    """A leg goes to a place; variables of its channel are set before."""

    leg_id: str
    place: str
    variables: Mapping[str, str] = field(default_factory=dict)


class TransferLine:
    """Moves and hangs up the legs of transfers."""

    def __init__(self, ami: AMIClient) -> None:
        self._ami = ami

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._ami.is_up

    def living(self) -> Deferred[list[Channel]]:
        """Return every live channel."""
        return snapshot.channels(self._ami)

    def move(self, number: int, *steps: Step) -> Deferred[Message]:
        """Move one leg, or two at once that talk with each other; fails as AMIClient.action."""
        for step in steps:
            for name, value in step.variables.items():
                self.set_variable(step.leg_id, name, value)
        headers: list[tuple[str, str | int]] = []
        for extra, step in zip(("", "Extra"), steps, strict=False):
            where = (
                ("Channel", step.leg_id),
                ("Context", step.place),
                ("Exten", exten(number)),
                ("Priority", 1),
            )
            headers += [(f"{extra}{name}", value) for name, value in where]
        return self._ami.action("Redirect", headers)

    def set_variable(self, leg_id: str, name: str, value: str) -> None:
        """Set a variable of a leg's channel: of one that has gone the move, which follows, tells."""
        # The order on one connection is the order in which Asterisk does it: no need to wait for the answer.
        headers = [("Channel", leg_id), ("Variable", name), ("Value", value)]
        self._ami.action("Setvar", headers).addErrback(lambda _: None)

    def hang_up(self, leg_id: str) -> Deferred[Message]:
        """End a leg; fails with SwitchRefusedError if it has gone."""
        return self._ami.action("Hangup", [("Channel", leg_id), ("Cause", 16)])


def exten(number: int) -> str:
    """Return a transfer's number as the dialplan has it."""
    return f"{number:0{DIGITS}d}"
