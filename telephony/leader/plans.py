"""What a plan of a leader day must keep: names that are known, and the rules of Art. 6, each in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from telephony.config import Config
from telephony.config_leaders import Leader, Seat
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.leader_day import (
    COUNTS,
    KINDS,
    DayRules,
    Planned,
    announced_in_time,
    first_day,
    month_bounds,
    month_of,
    plan_faults,
)
from telephony.rules.leader_play import REAL, shown_at
from telephony.store import leader_days as rows
from telephony.store.leader_days import LeaderDayView
from telephony.texts import say

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A day as somebody wants it: aware times, `seat` and `leader` by their codes in leaders.yaml.

    `topics` are queues whose callers are taken to the leader as well; `reason` says why it is a second one
    in its month. `played` is how many times faster than the real clock that of a demonstration's day is.
    """

    seat: str
    leader: str
    starts_at: datetime
    ends_at: datetime
    scope: str
    by: str
    topics: tuple[str, ...] = ()
    reason: str | None = None
    played: int = REAL


class Plans:
    """Says whether a day may be as it is wanted; asked inside the transaction that writes it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        file = config.leader_days
        self.rules = DayRules(file.notice_days, timedelta(minutes=file.minutes))

    def seat(self, code: str) -> Seat:
        """Return a seat; raise UnknownThingError with those that there are."""
        return _known("leader.unknown_seat", code, self._config.seats)

    def leader(self, code: str) -> Leader:
        """Return a leader; raise UnknownThingError with those that there are."""
        return _known("leader.unknown_leader", code, self._config.leaders)

    def check(
        self, connection: sa.Connection, wanted: Wanted, now: datetime, day_id: int | None = None
    ) -> None:
        """Raise NotAllowedError or UnknownThingError unless a day, `day_id` if it is one, may be so."""
        seat, leader = self.seat(wanted.seat), self.leader(wanted.leader)
        self._check_whose(seat, leader, played=wanted.played != REAL)
        self._check_topics(seat, wanted.topics)
        others = self._others(connection, seat.centre, wanted, day_id)
        planned = Planned(
            seat.centre,
            self._config.centres[seat.centre].level,
            leader.kind,
            leader.centre,
            shown_at(wanted.starts_at, wanted.starts_at, wanted.played),
            shown_at(wanted.ends_at, wanted.starts_at, wanted.played),
            wanted.reason or "",
        )
        months = [month_of(other.starts_at) for other in others]
        at = shown_at(now, wanted.starts_at, wanted.played)
        found = plan_faults(planned, months, at, self.rules)
        _refuse(self._in_words(key, planned, leader) for key in found)
        self.check_free(connection, wanted, day_id)

    def check_sits(self, seat_code: str, leader_code: str) -> None:
        """Raise NotAllowedError or UnknownThingError unless a leader may sit on a seat."""
        seat, leader = self.seat(seat_code), self.leader(leader_code)
        level = self._config.centres[seat.centre].level
        self._check_whose(seat, leader, played=seat_code == self._config.hotline.demo.leader.seat)
        if leader.centre != seat.centre or leader.kind not in KINDS[level]:
            raise NotAllowedError(self._wrong_hall(seat.centre, leader))

    def check_free(self, connection: sa.Connection, wanted: Wanted, day_id: int | None) -> None:
        """Raise NotAllowedError if the seat or the leader has another session at that time."""
        centre = self.seat(wanted.seat).centre
        for other in self._others(connection, centre, wanted, day_id):
            same = other.seat == wanted.seat or other.leader == wanted.leader
            if same and other.starts_at < wanted.ends_at and wanted.starts_at < other.ends_at:
                raise NotAllowedError(say("leader.overlaps", id=other.id))

    def check_announced(self, now: datetime, starts_at: datetime) -> None:
        """Raise NotAllowedError if fewer full days than Art. 6 asks for lie between now and a session."""
        if not announced_in_time(now, starts_at, self.rules):
            first = first_day(now, self.rules)
            raise NotAllowedError(say("leader.late_notice", days=self.rules.notice_days, first=first))

    @staticmethod
    def _others(
        connection: sa.Connection, centre: str, wanted: Wanted, day_id: int | None
    ) -> list[LeaderDayView]:
        # Of the month alone: a session never goes over midnight. What is played is no month's session; of two
        # that are played at once one only is opened.
        if wanted.played:
            return []
        first, following = month_bounds(month_of(wanted.starts_at))
        found = rows.listed(connection, centre=centre, states=COUNTS, since=first, until=following)
        return [each for each in found if each.id != day_id and not each.played]

    def _check_whose(self, seat: Seat, leader: Leader, *, played: bool) -> None:
        """Raise NotAllowedError unless a real day has nothing, and one that is played all, of the demo's."""
        demo = self._config.hotline.demo.leader
        if (seat.code == demo.seat) != played or (leader.code == demo.leader) != played:
            raise NotAllowedError(say("leader.demo_only", seat=demo.seat, leader=demo.leader))

    def _check_topics(self, seat: Seat, topics: Iterable[str]) -> None:
        number = self._config.numbers.get(seat.main_number or "")
        led_to = {target.queue: target.name for target in number.keys.values()} if number else {}
        for topic in topics:
            _known("leader.unknown_topic", topic, led_to)

    def _in_words(self, key: str, planned: Planned, leader: Leader) -> str:
        if key == "leader.wrong_hall":
            return self._wrong_hall(planned.centre, leader)
        minutes = self.rules.least.total_seconds() / 60
        return say(key, minutes=f"{minutes:g}", month=month_of(planned.starts_at))

    def _wrong_hall(self, centre: str, leader: Leader) -> str:
        level = self._config.centres[centre].level
        fit = [
            each.code
            for each in self._config.real_leaders
            if each.centre == centre and each.kind in KINDS[level]
        ]
        return say("leader.wrong_hall", leader=leader.code, centre=centre, codes=", ".join(fit))


def _known(key: str, code: str, among: Mapping[str, T]) -> T:
    if code not in among:
        raise UnknownThingError(say(key, code=code, codes=", ".join(among) or "–"))
    return among[code]


def _refuse(faults: Iterable[str]) -> None:
    texts = list(faults)
    if texts:
        raise NotAllowedError("\n".join(texts))
