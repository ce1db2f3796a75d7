"""Stays in bridges as people ask for them: who was with whom, in which recording, and for how long."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules import presence
from telephony.rules.call_story import CONFERENCE
from telephony.rules.presence import Present, Recording, Segment, Stay
from telephony.store.tables import legs
from telephony.store.threeway_tables import stays

_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_STAYS = (
    sa.select(stays, legs.c.role, legs.c.party, legs.c.ended_at)
    .join(legs, legs.c.id == stays.c.leg_id)
    .where(stays.c.call_id.in_(_IDS))
)


@dataclass(frozen=True, kw_only=True)
class StayView:
    """One stay of a leg in a bridge; `left_at` is None while it lasts."""

    leg_id: str
    role: str
    party: str
    bridge: str
    entered_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PresentView:
    """One leg that was there."""

    leg_id: str
    role: str
    party: str


@dataclass(frozen=True, kw_only=True)
class SegmentView:
    """A stretch in which the same parties were together; one that goes on is measured up to now.

    `file` is the recording that holds it, `offset` the seconds from the beginning of that file.
    """

    started_at: datetime
    ended_at: datetime
    seconds: float
    bridge: str
    parties: list[PresentView]
    file: str | None
    offset: float | None


@dataclass(frozen=True)
class Presence:
    """Stays and segments of one call."""

    stays: Sequence[Stay]
    segments: Sequence[Segment]

    def stay_views(self) -> list[StayView]:
        """Return the stays in their order; times are Shanghai's."""
        return [StayView(**_in_shanghai(vars(stay))) for stay in self.stays]

    def segment_views(self) -> list[SegmentView]:
        """Return the segments in their order; times are Shanghai's."""
        return [
            SegmentView(
                **_in_shanghai({**vars(segment), "parties": _present(segment.parties)}),
                seconds=segment.seconds,
            )
            for segment in self.segments
        ]

    def talked(self, direction: str) -> float | None:
        """Return the seconds in which the citizen, in a conference anybody, talked; None without any stay."""
        mine = {stay.leg_id for stay in self.stays if direction == CONFERENCE or stay.role == "citizen"}
        return presence.talk_seconds(self.segments, mine) if self.stays else None

    def talked_by_agent(self) -> dict[str, float]:
        """Return the seconds in which each agent talked with somebody, over all legs of that agent."""
        by_agent: dict[str, set[str]] = defaultdict(set)
        for stay in self.stays:
            if stay.role == "agent":
                by_agent[stay.party].add(stay.leg_id)
        return {agent: presence.talk_seconds(self.segments, mine) for agent, mine in sorted(by_agent.items())}


def of_calls(
    connection: sa.Connection,
    call_ids: Sequence[str],
    now: datetime,
    files: dict[str, Recording] | None = None,
) -> dict[str, Presence]:
    """Return the presence of each of these calls that has stays; `files` are recordings by leg."""
    by_call: dict[str, list[Stay]] = defaultdict(list)
    if call_ids:
        for row in connection.execute(_STAYS, {"ids": list(call_ids)}):
            by_call[row.call_id].append(_stay(row))
    return {
        call_id: Presence(_in_time(of_one), presence.segments(of_one, now, files))
        for call_id, of_one in by_call.items()
    }


def _stay(row: sa.Row[Any]) -> Stay:
    left = row.left_at or row.ended_at  # a leg that has hung up is in no bridge, whatever was told
    return Stay(row.leg_id, row.role, row.party or "", row.bridge, row.entered_at, left)


def _in_time(of_one: list[Stay]) -> list[Stay]:
    return sorted(of_one, key=lambda stay: (stay.entered_at, stay.leg_id))


def _present(parties: Sequence[Present]) -> list[PresentView]:
    return [PresentView(**vars(each)) for each in parties]


def _in_shanghai(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
