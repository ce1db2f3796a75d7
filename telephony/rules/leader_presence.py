"""How long a leader was really there: seated and available or talking, breaks left out (Art. 6). Pure.

Two things say so together: the agent's state, kept as spells, and the seat's softphone, kept as stretches in
which it was registered or in use. Everything is counted in whole microseconds, so that parts add up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

THERE = frozenset({"ready", "ringing", "talking"})
"""The agent's states that count; a pause is a break, and whoever works after a call takes none."""
PAUSED, WRAP_UP = "paused", "wrap_up"
SLACK = timedelta(minutes=10)
"""With less than this to spare a day is told of: one short break more, and it cannot be mended."""
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Presence:
    """Seconds of a day, between its opening and its closing, or now. The parts add up to that time.

    `there`: seated, and available or talking, which is what Art. 6 asks for. `paused`: breaks. `away`: the
    seat's phone was not there, or the leader not logged in. `wrap_up`: work after a call, if it has any.
    """

    there: float
    paused: float
    away: float
    wrap_up: float = 0.0


@dataclass(frozen=True, slots=True)
class Spell:
    """An agent's state from a time on, until the next spell; `ends_at` is None of the one that goes on."""

    begins_at: datetime
    ends_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the seat's phone was there; `ended_at` is None while it is."""

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether the least time can still be reached, in seconds.

    `missing` is what is left of it, 0 once it is reached. `slack` is how long the leader may still rest, if
    the line is open until the announced end; below 0 the least time cannot be reached by then. `by` is when
    it is reached without another break. `extend_to` is the full minute to which the end has to be put off
    for that, None where the announced end is late enough. `warns`: less than `SLACK` is left.
    """

    missing: float
    slack: float
    by: datetime
    extend_to: datetime | None
    warns: bool

    @property
    def reachable(self) -> bool:
        """Whether the least time is, or can be, reached by the announced end."""
        return self.extend_to is None


def presence(
    spells: Iterable[Spell], stretches: Iterable[Stretch], since: datetime, until: datetime
) -> Presence:
    """Return the seconds between two instants, by what the leader did; all 0 if there is no time between.

    Neither spells nor stretches need an order. Of spells that overlap the later one holds from its beginning
    on; what no spell or no stretch covers is away.
    """
    there_at = _joined((each.began_at, each.ended_at or until) for each in stretches)
    sums = dict.fromkeys(("there", PAUSED, WRAP_UP), 0)
    for begins, ends, state in _in_turn(spells, until):
        kind = "there" if state in THERE else state
        if kind in sums:
            sums[kind] += sum(
                _overlap(max(begins, since), min(ends, until), came, went) for came, went in there_at
            )
    length = max(0, (until - since) // _MICROSECOND)
    away = length - sum(sums.values())
    there, paused, wrap_up = (micros / 1_000_000 for micros in sums.values())
    return Presence(there, paused, away / 1_000_000, wrap_up)


def outlook(found: Presence, now: datetime, ends_at: datetime, least: timedelta) -> Outlook:
    """Return whether `least` can be reached by `ends_at`, or by when the end would have to be put off.

    After the announced end, while a last call is under way, the time until now has counted already.
    """
    missing = max(timedelta(), least - timedelta(seconds=found.there))
    by = now + missing
    slack = max(ends_at, now) - by
    needed = None if slack >= timedelta() else _full_minute(by)
    return Outlook(
        missing.total_seconds(), slack.total_seconds(), by, needed, bool(missing) and slack < SLACK
    )


def mended_end(found: Outlook) -> datetime:
    """Return the full minute to which the end is put off at best: the least time is reached with slack."""
    return _full_minute(found.by + SLACK)


def _in_turn(spells: Iterable[Spell], until: datetime) -> Iterator[tuple[datetime, datetime, str]]:
    """Yield begin, end and state of spells, none of them over the beginning of the next."""
    ordered = sorted(spells, key=_place)
    for spell, following in pairwise(ordered):
        ends = following.begins_at if spell.ends_at is None else min(spell.ends_at, following.begins_at)
        yield spell.begins_at, ends, spell.state
    if ordered:
        yield ordered[-1].begins_at, ordered[-1].ends_at or until, ordered[-1].state


def _place(spell: Spell) -> tuple[datetime, bool, datetime]:
    # Of those of one instant the ones that did not last come first.
    return spell.begins_at, spell.ends_at is None, spell.ends_at or spell.begins_at


def _joined(times: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return times that do not overlap: an instant counts once, also after a clock was set back."""
    found: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(times):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        elif ends > begins:
            found.append((begins, ends))
    return found


def _overlap(begins: datetime, ends: datetime, came: datetime, went: datetime) -> int:
    return max(0, (min(ends, went) - max(begins, came)) // _MICROSECOND)


def _full_minute(at: datetime) -> datetime:
    over = timedelta(seconds=at.second, microseconds=at.microsecond)
    return at if not over else at - over + _MINUTE
