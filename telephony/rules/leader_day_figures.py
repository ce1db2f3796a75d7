"""The figures of a leader hotline day as they are shown and certified, from its sums (Art. 6). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.rules.leader_figures import IN_SCOPE, OUT_OF_SCOPE, SCREENED, Fate, Span, Sums
from telephony.rules.leader_register import CALLED_BACK, DISPATCHED, HANDED_TO_UNIT, ON_THE_SPOT
from telephony.rules.service_figures import seconds


@dataclass(frozen=True, kw_only=True)
class SpanFigures:
    """How many, and how long in seconds; None where there were none."""

    count: int
    total_seconds: float
    mean_seconds: float | None
    longest_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class LeaderFigures:
    """The figures of a day.

    `offered` are the calls that were let in, the sum of all fates: `answered` by the leader, still `open`,
    `sent_off` at the end, found out of scope and not answered (`turned_away`), `to_be_called` (kept the
    place, or was let go to be called back), `gave_up`, went to an agent outside the leader's line
    (`other_agent`), ended with a screening agent (`screening_only`), and `lost` by a fault of ours.
    `screened`, in scope or out of it, and results say what people put down of them, whatever the fate.
    `standings` count the calls by what the register says of them now, `called_back` and `handed_to_unit`
    are two of these.
    """

    offered: int
    screened: int
    in_scope: int
    out_of_scope: int
    answered: int
    on_the_spot: int
    dispatched: int
    called_back: int
    handed_to_unit: int
    gave_up: int
    sent_off: int
    turned_away: int
    to_be_called: int
    other_agent: int
    screening_only: int
    lost: int
    open: int
    standings: dict[str, int]
    waits: SpanFigures
    talks: SpanFigures
    screenings: SpanFigures


def figures(sums: Sums, standings: Mapping[str, int]) -> LeaderFigures:
    """Return the figures of a day; `standings` are its calls by how they stand in the register."""
    fates, steps = sums.fates, sums.steps
    of_steps = (SCREENED, IN_SCOPE, OUT_OF_SCOPE, ON_THE_SPOT, DISPATCHED)
    of_fates = [fate.value for fate in Fate if fate is not Fate.OUT_OF_SCOPE]
    return LeaderFigures(
        offered=sum(fates.values()),
        turned_away=fates[Fate.OUT_OF_SCOPE],
        **{name: steps[name] for name in of_steps},
        **{name: fates[name] for name in of_fates},
        **{name: standings.get(name, 0) for name in (CALLED_BACK, HANDED_TO_UNIT)},
        standings=dict(sorted(standings.items())),
        waits=_shown(sums.waits),
        talks=_shown(sums.talks),
        screenings=_shown(sums.screenings),
    )


def _shown(span: Span) -> SpanFigures:
    return SpanFigures(
        count=span.count,
        total_seconds=seconds(span.total_us),
        mean_seconds=seconds(round(span.total_us / span.count)) if span.count else None,
        longest_seconds=seconds(span.longest_us) if span.count else None,
    )
