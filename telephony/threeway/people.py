"""Who takes part in a conversation, and who of a unit is asked to: plain values with their rows."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from telephony.pbx.conference import Place
from telephony.rules.asking import LIVE, Asked, Came

Role = Literal["citizen", "agent", "unit", "supervisor"]
Mode = Literal["consult", "at_once"]
RINGING, PRESENT, LEAVING, GONE = "ringing", "present", "leaving", "gone"
"""Rung by us; in the conversation; told to go, the channel still ends; without a channel."""


@dataclass
class Person:
    """One leg of the conversation; `party` is an agent's number, a unit's code, or the citizen's."""

    leg_id: str
    role: Role
    party: str
    since: datetime
    state: str = PRESENT
    held: bool = False
    muted: bool = False
    at: Place | None = None
    """Where the switch has it, as far as we know; None: in no place of ours. Not stored: the switch knows."""
    word: str = ""
    """A prompt for an agent to hear on the way, or for whoever leaves as a goodbye; not stored."""
    sent_off: bool = False
    """Whether the switch was told to end the channel; not stored: after a restart it is told again."""

    @property
    def present(self) -> bool:
        """Whether this one belongs to the conversation now."""
        return self.state == PRESENT

    def row(self) -> dict[str, Any]:
        """Return the row for the store, without the three-way call's id."""
        return {name: getattr(self, name) for name in _STORED}


_STORED = ("leg_id", "role", "party", "since", "state", "held", "muted")


@dataclass
class Ask:
    """One number of a unit, rung once."""

    leg_id: str
    contact: str
    number: str
    trunk: str
    asked_at: datetime
    state: Asked = Asked.DIALLING
    alerted_at: datetime | None = None
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    sip_code: int | None = None
    reason: str | None = None
    exclusive: bool = True
    """The number is one line; an emergency service's has many, and nobody waits for another's call."""
    questioned: bool = False
    """The person was told who calls; not stored: what is not known is no fault of theirs."""
    released: bool = False
    """The network says that their side ended it; not stored."""

    @property
    def live(self) -> bool:
        """Whether it may still come to something, or holds the number's line."""
        return self.ended_at is None and self.state in LIVE

    def row(self) -> dict[str, Any]:
        """Return the row for the store, without the invitation's id."""
        stored = (each.name for each in fields(self) if each.name not in {"questioned", "released"})
        return {name: getattr(self, name) for name in stored} | {"state": self.state.value}


@dataclass
class Invitation:
    """A unit is asked to take part: its numbers one after another, until somebody accepts."""

    id: str
    unit: str
    name: str
    mode: Mode
    numbers: tuple[tuple[str, str], ...]
    """Each contact's name and number, in the order of trying."""
    invited_at: datetime
    invited_by: str
    emergency: bool = False
    part: str | None = None
    """In a coordination conference: lead or supporting (Art. 10, 12)."""
    outcome: Came | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    leg_id: str | None = None
    asks: dict[str, Ask] = field(default_factory=dict)
    ordered: set[str] = field(default_factory=set)
    """Numbers whose ask is being stored."""
    blocked: bool = False
    """A number was held for another conversation at some time."""
    engaged: set[str] = field(default_factory=set)
    """Numbers that we ring or hold for another conversation, as far as the last look told."""

    @property
    def open(self) -> bool:
        """Whether it is not decided yet."""
        return self.outcome is None

    @property
    def asked(self) -> dict[str, Asked]:
        """Return what became of each number that was rung; of an emergency's only those that ring now."""
        asks = self.asks.values()
        return {ask.number: ask.state for ask in asks if not self.emergency or ask.live}

    def decide(self, outcome: Came, at: datetime, reason: str | None = None) -> None:
        """Close it; the first decision stays."""
        if self.outcome is None:
            self.outcome, self.decided_at, self.reason = outcome, at, reason

    def row(self) -> dict[str, Any]:
        """Return the row for the store, without the three-way call's id."""
        names = (
            *("id", "unit", "mode", "part", "emergency", "invited_at", "invited_by"),
            *("decided_at", "reason", "leg_id"),
        )
        outcome = None if self.outcome is None else self.outcome.value
        return {name: getattr(self, name) for name in names} | {"outcome": outcome}
