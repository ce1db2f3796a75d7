"""What others may know of the floor, as plain values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AgentView:
    """An agent as shown: `after` is what comes after the call, `phone` the softphone's registration."""

    number: str
    name: str
    centre: str
    state: str
    reason: str | None
    since: datetime
    wrap_up_until: datetime | None
    missed_rings: int
    call_id: str | None
    after: str | None
    phone: str
