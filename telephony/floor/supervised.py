"""A supervisor on a call: plain values with their row."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.pbx.supervision import Mode
from telephony.rules.call_story import Datum, Happening

RINGING, LISTENING, TAKING, WAITING, TAKEN, OVER = (
    "ringing",
    "listening",
    "taking",
    "waiting",
    "taken",
    "over",
)
"""Rung; on the call in some mode; a take-over is stored, but not ordered yet; it is ordered; the citizen is
with the supervisor; the supervisor has gone."""
_STORED = ("state", "mode", "answered_at", "taken_at", "ended_at", "ended_why")
DIGITS = 8


@dataclass
class Supervised:
    """One supervision; `changes` is stored, `told` gathers what happened until it is stored."""

    id: int
    call_id: str
    supervisor: str
    agent: str
    leg_id: str
    agent_leg: str
    citizen_leg: str
    mode: Mode
    ordered_at: datetime
    since: float = 0.0
    """When the switch was told something last, by the monotonic clock; not stored."""
    state: str = RINGING
    answered_at: datetime | None = None
    taken_at: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    told: list[Happening] = field(default_factory=list)
    wanted: Mode | None = None
    """A mode that is being stored: the switch is told of it after the commit."""
    inside: set[str] = field(default_factory=set)
    """Who of supervisor and citizen has entered the room; not stored."""

    @property
    def room(self) -> str:
        """Return the number of the room of a take-over: longer than a three-way call's, so never the same."""
        return f"9{self.id:0{DIGITS}d}"

    @property
    def both_inside(self) -> bool:
        """Whether supervisor and citizen are in the room."""
        return {self.leg_id, self.citizen_leg} <= self.inside

    @property
    def barges(self) -> bool:
        """Whether the citizen hears the supervisor, or is about to."""
        return (self.wanted or self.mode) is Mode.BARGE

    def note(self, at: datetime, key: str, what: str, by: str, why: str | None = None) -> None:
        """Note what was done; it is stored, and told as the event `key`, with the next `row`."""
        self.changes.append({"at": at.isoformat(), "what": what, "by": by, "why": why})
        data: dict[str, Datum] = {"supervision": self.id, "supervisor": self.supervisor, "state": self.state}
        data |= {"what": what, "by": by, "why": why}
        self.told.append(Happening(at, "supervision", key, self.agent, data))

    def row(self) -> dict[str, Any]:
        """Return what of the row may change."""
        changed = {name: getattr(self, name) for name in _STORED}
        return {**changed, "mode": (self.wanted or self.mode).value, "changes": list(self.changes)}

    def whole_row(self, worker: str) -> dict[str, Any]:
        """Return the row of a new one."""
        names = ("call_id", "supervisor", "agent", "leg_id", "agent_leg", "citizen_leg", "ordered_at")
        return {**{name: getattr(self, name) for name in names}, **self.row(), "worker": worker}


def restored(row: sa.Row[Any]) -> Supervised:
    """Return what the store holds."""
    own = ("id", "call_id", "supervisor", "agent", "leg_id", "agent_leg", "citizen_leg", "ordered_at")
    found = Supervised(**{name: getattr(row, name) for name in own}, mode=Mode(row.mode))
    found.state, found.answered_at, found.taken_at = row.state, row.answered_at, row.taken_at
    found.changes = list(row.changes)
    return found
