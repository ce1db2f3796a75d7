"""What citizens call about, and so whose head should take their calls next (Art. 6). Pure.

Two spans of the same length are compared: the last weeks, and as many before them. Nothing is guessed: a unit
or a district leads only by a share of everything that was counted, what names none included.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from telephony.rules.leader_day import Kind, Level

CITY: Level = "city"
What = Literal["queue", "key", "unit", "district"]
Because = Literal["unit", "district", "spread", "county", "next_best", "too_little", "nobody"]
DIGITS = 4


@dataclass(frozen=True, slots=True)
class TopicRules:
    """By what is judged what is hot, and when one is clearly ahead.

    The weights say how much a case counts, an urging of one (催办) and a revisit that ended dissatisfied: who
    asks again or was not helped weighs more than who asks. Below `fewest` (weighed) nothing is concluded. One
    is clearly ahead with at least `share` of everything and at least `lead` times the next one's weight.
    """

    case: float = 1
    urging: float = 1
    dissatisfied: float = 2
    fewest: float = 20
    share: float = 0.25
    lead: float = 1.5


@dataclass(slots=True)
class Tally:
    """What was counted in one span: calls of a queue or a key, the rest of a unit or a district."""

    calls: int = 0
    cases: int = 0
    urgings: int = 0
    dissatisfied: int = 0


@dataclass(slots=True)
class Spans:
    """What was counted in the last weeks, and in the weeks before them."""

    last: Tally = field(default_factory=Tally)
    before: Tally = field(default_factory=Tally)


Counted = Mapping[str | None, Spans]
"""By name; None holds what names none."""


@dataclass(frozen=True, kw_only=True)
class Hot:
    """A queue, a menu key, a unit or a district, and how much it weighs.

    `share` is of everything of its kind, 0 to 1, what names none included. `change` is against the weeks
    before: 0.5 is half as much again, None where there was nothing before.
    """

    name: str
    calls: int
    cases: int
    urgings: int
    dissatisfied: int
    weight: float
    share: float
    before: float
    change: float | None


@dataclass(frozen=True)
class Ranking:
    """What is hot, the hottest first; `total` is the weight of all, what names none included."""

    total: float
    hot: Sequence[Hot]


@dataclass(frozen=True)
class Topics:
    """What is hot at a centre. `below_city` names the units among them that are no unit of the city."""

    queues: Ranking
    keys: Ranking
    units: Ranking
    districts: Ranking
    below_city: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may sit in a hall; `sat_at` is the last session, or the one to come, None without any."""

    code: str
    kind: Kind
    unit: str | None = None
    district: str | None = None
    sat_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose leader should come, and why; `of` is a unit's code or name, or a district."""

    kind: Kind | None
    of: str | None
    because: Because


@dataclass(frozen=True, slots=True)
class Suggested:
    """Who should come. `without` are the better wishes for which no leader is configured, the best first."""

    leader: str | None
    wish: Wish
    without: tuple[Wish, ...] = ()


def weigh(tally: Tally, rules: TopicRules) -> float:
    """Return how much it weighs: calls where calls were counted, else cases and what came of them."""
    of_cases = tally.cases * rules.case + tally.urgings * rules.urging
    return tally.calls + of_cases + tally.dissatisfied * rules.dissatisfied


def ranked(counted: Counted, rules: TopicRules) -> Ranking:
    """Return what is hot in the last weeks, by weight and then by name."""
    total = sum(weigh(spans.last, rules) for spans in counted.values())
    hot = [
        _hot(name, spans, total, rules)
        for name, spans in counted.items()
        if name is not None and weigh(spans.last, rules) > 0
    ]
    return Ranking(total, sorted(hot, key=lambda each: (-each.weight, each.name)))


def ahead(ranking: Ranking, rules: TopicRules) -> Hot | None:
    """Return what is clearly ahead of all others, None where nothing is or too little was counted."""
    if ranking.total < rules.fewest or not ranking.hot:
        return None
    first = ranking.hot[0]
    second = ranking.hot[1].weight if len(ranking.hot) > 1 else 0.0
    leads = first.weight >= rules.share * ranking.total and first.weight >= rules.lead * second
    return first if leads else None


def suggest(level: Level, topics: Topics, candidates: Sequence[Candidate], rules: TopicRules) -> Suggested:
    """Return whose leader should take calls next; among several, who sat longest ago, or never.

    A unit that is none of the city's is its district's matter, unless a leader is configured as its head.
    """
    without: list[Wish] = []
    for wish in _wishes(level, topics, {each.unit for each in candidates}, rules):
        if fit := [each for each in candidates if _fits(each, wish)]:
            instead = without and wish.because == "spread"
            meant = replace(wish, because="next_best") if instead else wish
            return Suggested(longest_ago(fit).code, meant, tuple(without))
        if wish.kind is not None:
            without.append(wish)
    return Suggested(None, Wish(None, None, "nobody"), tuple(without))


def longest_ago(candidates: Sequence[Candidate]) -> Candidate:
    """Return who sat longest ago, who never did before all others; of equals the first in the list."""
    return min(candidates, key=lambda each: 0.0 if each.sat_at is None else each.sat_at.timestamp())


def in_turn(candidates: Sequence[Candidate], after: Iterable[str], count: int) -> list[str]:
    """Return who comes in turn in so many months, if those of `after` come first, in this order."""
    order: list[str] = []
    rest = list(candidates)
    while rest:
        rest.remove(found := longest_ago(rest))
        order.append(found.code)
    for code in after:
        if code in order:
            order.remove(code)
            order.append(code)
    return [order[number % len(order)] for number in range(count)] if order else []


def _hot(name: str, spans: Spans, total: float, rules: TopicRules) -> Hot:
    weight, before = weigh(spans.last, rules), weigh(spans.before, rules)
    return Hot(
        name=name,
        calls=spans.last.calls,
        cases=spans.last.cases,
        urgings=spans.last.urgings,
        dissatisfied=spans.last.dissatisfied,
        weight=weight,
        share=round(weight / total, DIGITS),
        before=before,
        change=round(weight / before - 1, DIGITS) if before else None,
    )


def _wishes(level: Level, topics: Topics, headed: AbstractSet[str | None], rules: TopicRules) -> list[Wish]:
    """Return whose leader should come, the best wish first; of units in `headed` a head is configured."""
    if level != CITY:
        return [Wish("county_leader", None, "county")]
    if topics.units.total < rules.fewest:
        return [Wish(None, None, "too_little")]
    wishes = []
    if (unit := ahead(topics.units, rules)) is not None and unit.name not in topics.below_city - headed:
        wishes.append(Wish("unit_head", unit.name, "unit"))
    if (district := ahead(topics.districts, rules)) is not None:
        wishes.append(Wish("district_leader", district.name, "district"))
    return [*wishes, Wish("city_government", None, "spread"), Wish(None, None, "next_best")]


def _fits(candidate: Candidate, wish: Wish) -> bool:
    if wish.kind is None:
        return True
    led = {"unit_head": candidate.unit, "district_leader": candidate.district}.get(wish.kind)
    return candidate.kind == wish.kind and led == wish.of
