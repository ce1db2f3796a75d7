"""Whose head should take calls next, as people read it: the counts of the store, the rules, and names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from telephony.clock import SHANGHAI
from telephony.config import Config
from telephony.leader.duty_views import LeaderName, Suggestion, Topic
from telephony.rules.leader_topics import (
    Candidate,
    Hot,
    Spans,
    Suggested,
    TopicRules,
    Topics,
    What,
    Wish,
    ranked,
    suggest,
)
from telephony.rules.units import Unit
from telephony.store.leader_topics import Counts, Weeks
from telephony.texts import say

MOST = 10
"""Of each kind so many topics are told, the hottest."""
OF_CITY = "city"


@dataclass(frozen=True)
class Known:
    """What a suggestion rests on: counts by centre, when each leader sat, and the directory of units."""

    weeks: Weeks
    counts: Mapping[str, Counts]
    sat: Mapping[str, datetime]
    units: Sequence[Unit]


class Suggesting:
    """Makes suggestions for the centres of a configuration."""

    def __init__(self, config: Config, rules: TopicRules) -> None:
        self._config, self._rules = config, rules
        seats = config.leader_days.seats
        self._lines = {queue for seat in seats for queue in (seat.queue, seat.screening_queue)}

    def candidates(self, centre: str, sat: Mapping[str, datetime]) -> list[Candidate]:
        """Return who may sit in a centre's hall, in the order of leaders.yaml."""
        leaders = [each for each in self._config.real_leaders if each.centre == centre]
        return [
            Candidate(each.code, each.kind, each.unit, each.district, sat.get(each.code)) for each in leaders
        ]

    def name(self, code: str | None) -> LeaderName | None:
        """Return a leader's name and post; None for one whom leaders.yaml does not have."""
        leader = self._config.leaders.get(code or "")
        if leader is None:
            return None
        return LeaderName(code=leader.code, name=leader.name, post=leader.post, kind=leader.kind)

    def of(self, centre: str, known: Known) -> Suggestion:
        """Return the suggestion for a centre."""
        counts = known.counts.get(centre) or Counts()
        topics = self._topics(counts, known.units)
        labels = self._labels(known.units)
        candidates = self.candidates(centre, known.sat)
        found = suggest(self._config.centres[centre].level, topics, candidates, self._rules)
        sat_at = known.sat.get(found.leader or "")
        return Suggestion(
            centre=centre,
            leader=self.name(found.leader),
            because=found.wish.because,
            of=found.wish.of,
            sat_at=sat_at and sat_at.astimezone(SHANGHAI),
            reasons=self._reasons(found, topics, labels, known),
            since=known.weeks.middle.astimezone(SHANGHAI),
            until=known.weeks.until.astimezone(SHANGHAI),
            topics=_told(topics, labels),
        )

    def _topics(self, counts: Counts, units: Sequence[Unit]) -> Topics:
        # Who waits for a leader says nothing of what about; and a leader's own key is in no menu.
        queues: dict[str | None, Spans] = {
            name: spans for name, spans in counts.queues.items() if name not in self._lines
        }
        keys: dict[str | None, Spans] = {
            f"{number} {key}": spans
            for (number, key), spans in counts.keys.items()
            if number in self._config.numbers and key in self._config.numbers[number].keys
        }
        return Topics(
            queues=ranked(queues, self._rules),
            keys=ranked(keys, self._rules),
            units=ranked(counts.units, self._rules),
            districts=ranked(counts.districts, self._rules),
            below_city=frozenset(unit.code for unit in units if unit.level != OF_CITY),
        )

    def _labels(self, units: Sequence[Unit]) -> dict[tuple[What, str], str]:
        config = self._config
        keys = [(number, key, led) for number in config.numbers.values() for key, led in number.keys.items()]
        return {
            **{("queue", queue.name): queue.label for queue in config.queues.values()},
            **{("key", f"{number.number} {key}"): f"{number.name} {led.name}" for number, key, led in keys},
            **{("unit", unit.code): unit.name for unit in units},
        }

    def _reasons(
        self, found: Suggested, topics: Topics, labels: Mapping[tuple[What, str], str], known: Known
    ) -> list[str]:
        weeks, units = self._config.leader_days.hot_weeks, topics.units

        def about(wish: Wish) -> dict[str, object]:
            ranking = topics.districts if wish.kind == "district_leader" else units
            share = next((each.share for each in ranking.hot if each.name == wish.of), 0.0)
            name = labels.get(("unit", wish.of or ""), wish.of)
            return {"of": name, "share": f"{share:.0%}", "weeks": weeks}

        counted = {"counted": f"{units.total:g}", "fewest": f"{self._rules.fewest:g}"}
        lines = [say(f"leader_without.{wish.kind}", **about(wish)) for wish in found.without]
        lines.append(say(f"leader_because.{found.wish.because}", **about(found.wish), **counted))
        return [*lines, *self._when(found, known)]

    def _when(self, found: Suggested, known: Known) -> list[str]:
        leader = self.name(found.leader)
        if leader is None:
            return []
        at = known.sat.get(leader.code)
        if at is None:
            return [say("leader_sat.never", name=leader.name)]
        when = "to_come" if at > known.weeks.until else "last"
        return [say(f"leader_sat.{when}", name=leader.name, day=f"{at.astimezone(SHANGHAI):%Y-%m-%d}")]


def _told(topics: Topics, labels: Mapping[tuple[What, str], str]) -> list[Topic]:
    found: list[tuple[What, Sequence[Hot]]] = [
        ("queue", topics.queues.hot),
        ("key", topics.keys.hot),
        ("unit", topics.units.hot),
        ("district", topics.districts.hot),
    ]
    return [
        Topic(what=what, label=labels.get((what, each.name), each.name), hot=each)
        for what, hot in found
        for each in hot[:MOST]
    ]
