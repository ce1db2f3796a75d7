"""How units do when they are asked into calls (Art. 8): invitations in, counts out.

What is a unit's own stands apart from what is not: a number that we hold for another call, a fault of ours or
of the network, a call that was over before the unit had decided.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telephony.rules.asking import Came

NINE_TENTHS = 0.9
DIGITS = 1
PERSONS = "busy"
"""Why a unit refuses whose persons each refused for themselves: no reason was given for the whole."""
NOBODY = "nobody_on_duty"


@dataclass(frozen=True, kw_only=True)
class Invited:
    """A unit that was asked once; `seconds` from then to the acceptance, None without one.

    `reached`: somebody there pressed a key; of an emergency service, answered. `outcome` is None while it is
    being asked. `dispatched`: the matter of this three-way call was given to the unit, in 4 hours.
    """

    unit: str
    three_way_id: int
    outcome: Came | None
    reason: str | None = None
    seconds: float | None = None
    reached: bool = False
    answered_on_spot: bool = False
    dispatched: bool = False


@dataclass(frozen=True, kw_only=True)
class UnitFigures:
    """How one unit did, or all (`unit` is None).

    `asked` is the sum of accepted, refused, missed, engaged, failed, withdrawn and open. Times are seconds
    from the invitation to the key: the median, and the one that nine of ten keep within; None without any.
    `refused` is told apart by reason, and of `missed` those while nobody was on duty. `dispatched` counts
    three-way calls, however often the unit was asked in one.
    """

    unit: str | None
    asked: int
    reached: int
    accepted: int
    median_seconds: float | None
    p90_seconds: float | None
    refused: int
    refused_why: dict[str, int]
    missed: int
    nobody_on_duty: int
    engaged: int
    failed: int
    withdrawn: int
    open: int
    answered_on_spot: int
    dispatched: int


@dataclass(frozen=True)
class UnitReport:
    """The figures of each unit that was asked, by code, and of all together."""

    units: Sequence[UnitFigures]
    total: UnitFigures


def report(invited: Iterable[Invited]) -> UnitReport:
    """Return how units did."""
    by_unit: defaultdict[str, list[Invited]] = defaultdict(list)
    for each in invited:
        by_unit[each.unit].append(each)
    everything = [each for those in by_unit.values() for each in those]
    return UnitReport([_figures(unit, by_unit[unit]) for unit in sorted(by_unit)], _figures(None, everything))


def _figures(unit: str | None, invited: Sequence[Invited]) -> UnitFigures:
    outcomes = Counter(each.outcome for each in invited)
    seconds = sorted(each.seconds for each in invited if each.seconds is not None)
    refusals = Counter(each.reason or PERSONS for each in invited if each.outcome is Came.REFUSED)
    return UnitFigures(
        unit=unit,
        asked=len(invited),
        reached=sum(each.reached for each in invited),
        median_seconds=round(statistics.median(seconds), DIGITS) if seconds else None,
        p90_seconds=round(_within(seconds, NINE_TENTHS), DIGITS) if seconds else None,
        refused_why=dict(sorted(refusals.items())),
        nobody_on_duty=sum(each.outcome is Came.MISSED and each.reason == NOBODY for each in invited),
        open=outcomes[None],
        answered_on_spot=sum(each.answered_on_spot for each in invited),
        dispatched=len({(each.unit, each.three_way_id) for each in invited if each.dispatched}),
        **{came.value: outcomes[came] for came in Came},
    )


def _within(ordered: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of them does not exceed: always one that occurred."""
    return ordered[math.ceil(share * len(ordered)) - 1]
