"""How long recordings are kept: by age and kind, unless a legal hold says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

CALL, REASON, THREE_WAY = "call", "reason", "three_way"
"""Kinds: a citizen's call, a reason spoken in a survey, a unit's side of a three-way call."""


@dataclass(frozen=True)
class Hold:
    """A legal hold; without `until` it lasts until somebody releases it."""

    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether nothing may be deleted now; at `until` itself it is over."""
        return self.until is None or now < self.until


def kind_of(role: str) -> str:
    """Return the kind of a recording by whose leg it is of."""
    return THREE_WAY if role in {"unit", "supervisor"} else CALL


def cutoffs(now: datetime, keep_days: Mapping[str, int]) -> dict[str, datetime]:
    """Return for each kind the time until which (included) a recording must have begun to be too old.

    A day is 24 hours: what began exactly `keep_days` days ago has been kept for as long as it must be.
    """
    return {kind: now - timedelta(days=days) for kind, days in keep_days.items()}


def is_due(
    recorded_at: datetime, kind: str, keep_days: Mapping[str, int], hold: Hold | None, now: datetime
) -> bool:
    """Tell whether a recording is to be deleted now; one of an unknown kind is kept."""
    limit = cutoffs(now, keep_days).get(kind)
    if limit is None or recorded_at > limit:
        return False
    return hold is None or not hold.holds(now)
