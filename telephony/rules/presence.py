"""Who was with whom, told from stays in bridges: who is in the same bridge at the same time hear each other.

A call of more than two parties is cut wherever somebody comes or goes. One part of it may talk in one bridge
while another talks in a second one: a citizen with an agent, say, and two units with each other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from telephony.rules.call_story import Role

NO_GAP = timedelta(milliseconds=50)
"""Shorter absences of all are none: a switch that moves channels needs a moment."""
_ORDER: Mapping[str, int] = {"citizen": 0, "agent": 1, "unit": 2, "supervisor": 3, "other": 4}
_HOLDERS: Mapping[str, int] = {"citizen": 0, "unit": 1, "supervisor": 2, "agent": 3, "other": 4}
"""Whose file is listened to first: the citizen's has everything that the citizen heard."""


@dataclass(frozen=True)
class Stay:
    """One stay of a leg in a bridge; `left_at` is None while it lasts."""

    leg_id: str
    role: Role
    party: str
    bridge: str
    entered_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True)
class Present:
    """One leg that was there."""

    leg_id: str
    role: Role
    party: str


@dataclass(frozen=True)
class Recording:
    """What one leg heard and said, in a file that begins at `recorded_from`."""

    file: str
    recorded_from: datetime


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which the same legs, of two parties at least, were together in one bridge.

    `parties` are in the order citizen, agents, units, supervisors. `file` is the recording that holds the
    stretch, `offset` the seconds from its beginning; both are None where nobody who was there was recorded.
    """

    started_at: datetime
    ended_at: datetime
    bridge: str
    parties: tuple[Present, ...]
    file: str | None = None
    offset: float | None = None

    @property
    def seconds(self) -> float:
        """Return how long it lasted, to the millisecond."""
        return _seconds(self.ended_at - self.started_at)


def segments(
    stays: Iterable[Stay], now: datetime, recordings: Mapping[str, Recording] | None = None
) -> list[Segment]:
    """Return who was together when, by time; stays that last are measured up to `now`.

    `recordings` is by leg. Two segments overlap only if their bridges differ.
    """
    by_bridge: dict[str, list[Stay]] = defaultdict(list)
    for stay in closed(stays, now):
        by_bridge[stay.bridge].append(stay)
    found = [segment for inside in by_bridge.values() for segment in _joined(_cut(inside))]
    found.sort(key=lambda segment: (segment.started_at, segment.bridge))
    return [_with_file(segment, recordings or {}) for segment in found]


def talk_seconds(together: Iterable[Segment], legs: Collection[str]) -> float:
    """Return the seconds in which one of these legs, all of one party, shared a bridge with another party.

    To the millisecond; an instant in which two of the legs talk counts once.
    """
    mine = [segment for segment in together if any(each.leg_id in legs for each in segment.parties)]
    total, until = timedelta(), None
    for segment in sorted(mine, key=lambda each: each.started_at):
        start = segment.started_at if until is None else max(until, segment.started_at)
        total += max(timedelta(), segment.ended_at - start)
        until = segment.ended_at if until is None else max(until, segment.ended_at)
    return _seconds(total)


def closed(stays: Iterable[Stay], now: datetime) -> list[Stay]:
    """Return the stays in time, each with its end: no leg is in two bridges, and none leaves before it came.

    Where the switch did not tell of an exit, the leg's next stay ends the one before, or `now`.
    """
    by_leg: dict[str, list[Stay]] = defaultdict(list)
    for stay in sorted(stays, key=lambda stay: (stay.entered_at, stay.leg_id)):
        by_leg[stay.leg_id].append(stay)
    ends = {id(a): b.entered_at for of_one in by_leg.values() for a, b in pairwise(of_one)}
    found = [
        replace(stay, left_at=_end(stay, now, ends.get(id(stay))))
        for of_one in by_leg.values()
        for stay in of_one
    ]
    return sorted(found, key=lambda stay: (stay.entered_at, stay.leg_id))


def _end(stay: Stay, now: datetime, next_one: datetime | None) -> datetime:
    left = stay.left_at or now
    return max(stay.entered_at, left if next_one is None else min(left, next_one))


def _cut(inside: Sequence[Stay]) -> Iterator[Segment]:
    """Cut one bridge's time wherever a leg comes or goes."""
    edges = sorted({edge for stay in inside for edge in (stay.entered_at, stay.left_at) if edge})
    for start, end in pairwise(edges):
        there = [s for s in inside if s.entered_at <= start and s.left_at is not None and s.left_at >= end]
        if len({(stay.role, stay.party) for stay in there}) > 1:
            yield Segment(start, end, inside[0].bridge, _in_order(there))


def _in_order(there: Iterable[Stay]) -> tuple[Present, ...]:
    legs = {Present(stay.leg_id, stay.role, stay.party) for stay in there}
    return tuple(sorted(legs, key=lambda each: (_ORDER[each.role], each.party, each.leg_id)))


def _joined(pieces: Iterable[Segment]) -> list[Segment]:
    found: list[Segment] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and last.parties == piece.parties and piece.started_at - last.ended_at < NO_GAP:
            found[-1] = replace(last, ended_at=piece.ended_at)
        else:
            found.append(piece)
    return found


def _with_file(segment: Segment, recordings: Mapping[str, Recording]) -> Segment:
    for each in sorted(segment.parties, key=lambda each: (_HOLDERS[each.role], each.party, each.leg_id)):
        recording = recordings.get(each.leg_id)
        if recording is not None and recording.recorded_from <= segment.started_at:
            offset = _seconds(segment.started_at - recording.recorded_from)
            return replace(segment, file=recording.file, offset=offset)
    return segment


def _seconds(length: timedelta) -> float:
    return round(length.total_seconds(), 3)
