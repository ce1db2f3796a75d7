"""A round as a decision knew it, built again from the decision's facts and stored evidence. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telephony.rules.revisit import Past, Round, Verdict, not_longer_ago
from telephony.rules.verdict import RING_FLOOR, Evidence, Finding, Kind, Outcome, digest, judge
from telephony.store.audited import EvidenceRows
from telephony.store.revisits import Tick

Call = Any
"""A row of `attempts`."""


@dataclass(frozen=True)
class Facts:
    """What a decision rested on besides the evidence (`decisions.facts`, which wrote it).

    `mono` and `boot` are the decision's moment by the clock that nobody can set, where it was stored.
    """

    numbers: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    attempts: tuple[str, ...]
    last_evidence: int
    others: tuple[Past, ...]
    rating: Verdict | None
    called_back_at: datetime | None
    no_disturb: frozenset[str]
    mono: float | None
    boot: str


def facts_from(plain: Mapping[str, Any]) -> Facts | None:
    """Return stored facts, or None if they cannot be read."""
    try:
        return _facts_from(plain)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _facts_from(plain: Mapping[str, Any]) -> Facts:
    called_back_at = plain["called_back_at"]
    return Facts(
        numbers=tuple(plain["numbers"]),
        opened_at=datetime.fromisoformat(plain["opened_at"]),
        due_at=datetime.fromisoformat(plain["due_at"]),
        attempts=tuple(plain["attempts"]),
        last_evidence=int(plain["last_evidence"]),
        others=tuple(_past_from(each) for each in plain["others"]),
        rating=None if plain["rating"] is None else Verdict(plain["rating"]),
        called_back_at=None if called_back_at is None else datetime.fromisoformat(called_back_at),
        no_disturb=frozenset(plain["no_disturb"]),
        mono=plain.get("mono"),
        boot=plain.get("boot", ""),
    )


def _past_from(plain: Sequence[Any]) -> Past:
    attempt_id, number, started_at, ended_at, outcome, counts, alerted = plain
    times = datetime.fromisoformat(started_at), datetime.fromisoformat(ended_at)
    return Past(attempt_id, number, *times, Outcome(outcome), counts, alerted)


def told_until(rows: EvidenceRows, last: int | None) -> list[Evidence]:
    """Return the evidence up to a row, all of it if `last` is None."""
    return [each for row_id, each in rows if last is None or row_id <= last]


def judged_by(told: Sequence[Evidence], stored: str | None) -> Sequence[Evidence] | None:
    """Return the evidence that a call was judged by, whose digest is stored: all but what came late."""
    counts = range(len(told), -1, -1)
    return next((told[:count] for count in counts if digest(told[:count]) == stored), None)


def first_of(told: Sequence[Evidence], kind: Kind) -> Evidence | None:
    """Return the evidence of a kind that was stored first."""
    return next((each for each in told if each.kind == kind), None)


def floor_of(told: Sequence[Evidence], ring_floor: float) -> float:
    """Return the seconds that this ring had to last: stored as it was sent, else those of the rules given."""
    sent = first_of(told, Kind.SENT)
    own = sent.data.get(RING_FLOOR) if sent else None
    return float(own) if isinstance(own, int | float) else ring_floor


def finding_of(told: Sequence[Evidence], ring_floor: float) -> Finding:
    """Return what evidence proves."""
    return judge(told, floor_of(told, ring_floor))


def past_of(call: Call, told: Sequence[Evidence], found: Finding, tick: Tick | None) -> Past:
    """Return a call of the round as the rules see it; store.revisits builds it so from the judged row."""
    sent = first_of(told, Kind.SENT)
    started_at = sent.at if sent else call.reserved_at
    ended_at = found.ended_at or call.latest_end_at or started_at
    hangup = first_of(told, Kind.HANGUP)
    if tick is not None and hangup is not None and hangup.mono is not None and hangup.boot == tick.boot:
        ended_at = not_longer_ago(ended_at, tick.at, tick.mono - hangup.mono)
    return Past(call.id, call.number, started_at, ended_at, found.outcome, found.counts, found.alerted)


@dataclass(frozen=True)
class Again:
    """A round built again; `rating` is what the evidence of its calls says."""

    round: Round
    rating: Verdict | None


def again(
    at: datetime,
    facts: Facts,
    calls: Mapping[str, Call],
    told: Mapping[str, Sequence[Evidence]],
    ring_floor: float,
) -> Again:
    """Build the round of a decision made at an instant from its facts and the evidence of its calls."""
    tick = Tick(at, facts.mono, facts.boot) if facts.mono is not None and facts.boot else None
    found = {each: finding_of(told[each], ring_floor) for each in facts.attempts}
    ratings = [one.rating for one in found.values() if one.rating is not None]
    revisit = Round(
        numbers=facts.numbers,
        opened_at=facts.opened_at,
        due_at=facts.due_at,
        attempts=tuple(past_of(calls[each], told[each], one, tick) for each, one in found.items()),
        others=facts.others,
        rating=facts.rating,
        called_back_at=facts.called_back_at,
        no_disturb=facts.no_disturb,
    )
    return Again(revisit, Verdict(ratings[-1]) if ratings else None)
