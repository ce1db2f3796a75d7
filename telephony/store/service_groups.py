"""What the service figures are told by: total, number, queue, centre, agent, hour, day, and what sets apart.

Two ways of counting fill it, the database's sums and the events one by one, and are compared by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from telephony.clock import SHANGHAI
from telephony.rules.service_figures import Sums

GROUPS = ("apart", "numbers", "queues", "centres", "agents", "hours", "days")
Group = dict[str | None, Sums]


@dataclass(frozen=True)
class Place:
    """Where a call came in, and the outage or storm that it came in, or ''."""

    number: str | None
    queue: str | None
    centre: str | None
    apart: str


@dataclass
class Summed:
    """Sums by name of the group; `centres_of` says of each agent which centre's it is."""

    centres_of: Mapping[str, str]
    total: Sums = field(default_factory=Sums)
    apart: Group = field(default_factory=dict)
    numbers: Group = field(default_factory=dict)
    queues: Group = field(default_factory=dict)
    centres: Group = field(default_factory=dict)
    agents: Group = field(default_factory=dict)
    hours: Group = field(default_factory=dict)
    days: Group = field(default_factory=dict)
    by_hour: dict[str, Sums] = field(default_factory=dict)

    def at_place(self, place: Place, sums: Sums) -> None:
        """Add calls that came in, where they did."""
        self.total.add(sums)
        _of(self.apart, place.apart).add(sums)
        _of(self.numbers, place.number).add(sums)
        _of(self.queues, place.queue).add(sums)
        _of(self.centres, place.centre).add(sums)

    def placed(self, agent: str | None, sums: Sums) -> None:
        """Add what is an agent's centre's, and no number's or queue's: time, and calls that we placed."""
        self.total.add(sums)
        _of(self.centres, self.centres_of.get(agent or "")).add(sums)

    def of_agent(self, agent: str | None, sums: Sums) -> None:
        """Add what is an agent's."""
        _of(self.agents, agent).add(sums)

    def at_hour(self, hour: str, sums: Sums) -> None:
        """Add what belongs to an hour of UTC, '2026-11-23 04'; `tell_hours` has to follow."""
        found = self.by_hour.get(hour)
        if found is None:
            self.by_hour[hour] = found = Sums()
        found.add(sums)

    def tell_hours(self) -> "Summed":
        """Fill in hours of the day and days of Shanghai, once, when all has been added; return this."""
        for hour, sums in self.by_hour.items():
            at = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC).astimezone(SHANGHAI)
            _of(self.hours, f"{at:%H}").add(sums)
            _of(self.days, f"{at:%Y-%m-%d}").add(sums)
        self.by_hour.clear()
        return self


def _of(group: Group, name: str | None) -> Sums:
    return group.setdefault(name, Sums())
