"""What a call has been through: its legs, what happened to it, and the records that tell of it.

The words and the shapes; call_telling.py folds the switch's journal into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ENDED = "ended"
RATING = "rating"
"""The agent has hung up, and the caller is asked how the service was (decision 0034)."""
QUEUED, TALKING, HELD = "queued", "talking", "held"
"""Waits in a queue; talks; waits in no queue, in a transfer: until two have spoken, or one has answered."""
ABANDONED_LATER = "abandoned_later"
"""Outcome of a call whose citizen was answered, had to wait again for somebody, and gave up."""
CONFERENCE = "conference"
BY_NOTICE = "by_notice"
"""Outcome of a call whose citizen heard a notice to its end and hung up: answered by it, not abandoned."""
BEGUN, HEARD, PASSED = "begun", "heard", "passed"
"""How far a notice got: it is played; it was played to its end; the citizen went on to a person."""
ORDERED = ("tw-", "sv-", "ra-")
"""With one of which the id of each leg begins that we order ourselves; the store knows whose it is."""
PLACED = "rv-"
"""With which the id of each citizen's leg begins that the dialer places: its call has the same id."""
Datum = str | int | float | None
Role = Literal["citizen", "agent", "unit", "supervisor", "other"]


@dataclass(frozen=True)
class Party:
    """Whose leg it is: `name` is a trunk, an agent's number, or a unit's code."""

    role: Role
    name: str


@dataclass(frozen=True)
class Record:
    """One line of the journal; `kind` is the switch's event type or the dialplan's own word."""

    kind: str
    at: datetime
    channel: str
    leg_id: str
    call_id: str
    extra: str = ""
    cause: int | None = None
    hangup_source: str = ""
    bridge: str = ""

    @property
    def endpoint(self) -> str:
        """Return `8001` for the channel `PJSIP/8001-0000002a`."""
        return endpoint_of(self.channel)


def endpoint_of(channel: str) -> str:
    """Return whose channel it is by its name: `8001` for `PJSIP/8001-0000002a`."""
    return channel.partition("/")[2].rpartition("-")[0]


@dataclass
class Leg:
    """One party's channel."""

    id: str
    role: Role
    party: str
    started_at: datetime
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    recording: str | None = None
    recorded_from: datetime | None = None


@dataclass(frozen=True)
class Happening:
    """One row of the append-only list; `key` makes a second telling harmless."""

    at: datetime
    kind: str
    key: str
    agent: str | None = None
    data: Mapping[str, Datum] = field(default_factory=dict)


@dataclass
class Call:
    """A call as the ledger holds it."""

    id: str
    direction: str
    state: str
    arrived_at: datetime
    called_number: str | None = None
    caller_number: str | None = None
    key: str | None = None
    centre: str | None = None
    queue: str | None = None
    route_reason: str | None = None
    agent: str | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: str | None = None
    recording: str | None = None
    notice: int | None = None
    notice_stage: str | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
