"""A citizen is told why a matter is not accepted: a place of asterisk-conf/extensions.d/49-refusal.conf."""

from twisted.internet.defer import Deferred

from telephony.pbx import snapshot
from telephony.pbx.ami import AMIClient
from telephony.pbx.codec import Message
from telephony.pbx.snapshot import Channel
from telephony.rules.refusals import Refusal, place_of

PLACE = "refusal"
PLACES = frozenset({PLACE, "refusal-spoken"})
"""Contexts in which the citizen hears it, or is about to."""


class RefusalLine:
    """Moves citizens over AMI; the agent's leg then ends by itself."""

    def __init__(self, ami: AMIClient) -> None:
        self._ami = ami

    def explain(self, leg_id: str, kind: Refusal) -> Deferred[Message]:
        """Move a citizen to the explanation; fails as AMIClient.action, also if the leg has gone."""
        where: list[tuple[str, str | int]] = [
            ("Channel", leg_id),
            ("Context", PLACE),
            ("Exten", f"4{place_of(kind)}"),
            ("Priority", 1),
        ]
        return self._ami.action("Redirect", where)

    def living(self) -> Deferred[dict[str, Channel]]:
        """Return every live channel by its id."""
        return snapshot.by_leg(self._ami)
