"""The monthly obligation (Art. 6): who is due in which month, reminders, and whose head should come.

Nothing of it is held in memory: each look takes it from the store, so a restart forgets and repeats nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.clock import SHANGHAI, Clock
from telephony.config import Config
from telephony.errors import UnknownThingError
from telephony.leader.duty_views import CentreDuties, DayOfMonth, MonthView, Suggestion
from telephony.leader.suggesting import Known, Suggesting
from telephony.rules.leader_day import (
    ANNOUNCED,
    HELD,
    PLANNED,
    DayRules,
    Duty,
    Held,
    day_of,
    duty,
    month_bounds,
    months_around,
    remind_at,
    reminds,
)
from telephony.rules.leader_topics import TopicRules, in_turn
from telephony.store import leader_days as day_rows
from telephony.store import leader_duties as rows
from telephony.store import leader_topics
from telephony.store.database import Database
from telephony.store.leader_duties import DUE, MISSED, DayRow, Raise, Settling
from telephony.store.leader_topics import Weeks
from telephony.store.units import Directory
from telephony.texts import say

LOOK_SECONDS = 60.0
ENDED_MONTHS, COMING_MONTHS = 2, 2
"""Months that are watched: a service that was off as one ended tells of it afterwards, and with 31 days of
notice and of reminding a reminder falls into the second month before."""
OF_CITY = "city"
_DONE = frozenset({"held", "announced", "missed", "unrecorded"})
"""How a month stands when a reminder of it is of no use any more."""
_BEST = {state: place for place, states in enumerate((HELD, ANNOUNCED, {PLANNED})) for state in states}
log = structlog.get_logger()


class Duties:
    """What each centre owes; `tell` is called when alarms have changed. `changed` lets the next tick look."""

    def __init__(
        self,
        config: Config,
        database: Database,
        clock: Clock,
        tell: Callable[[], None],
        topics: TopicRules | None = None,
    ) -> None:
        self._config, self._database, self._clock, self._tell = config, database, clock, tell
        self._suggesting = Suggesting(config, topics or TopicRules())
        self._directory = Directory(config.units)
        days = config.leader_days
        self._rules = DayRules(days.notice_days, timedelta(minutes=days.minutes))
        self._looked: float | None = None
        self._looking = False

    def overview(self, months_back: int, months_ahead: int) -> Deferred[list[CentreDuties]]:
        """Return what every centre owes in these months and in the present one; fail with BusyError."""
        months = months_around(day_of(self._clock.now()), months_back, months_ahead)
        return self._database.report(partial(self._overview, months=months, now=self._clock.now()))

    def suggest(self, centre: str) -> Deferred[Suggestion]:
        """Return whose head should come to a centre next; fail with BusyError. Raise UnknownThingError."""
        if centre not in self._config.centres:
            known = ", ".join(self._config.centres)
            raise UnknownThingError(say("leader.no_centre", centre=centre, known=known))
        now = self._clock.now()
        return self._database.report(lambda store: self._suggesting.of(centre, self._known(store, now)))

    def changed(self) -> None:
        """Let the next tick look at the store: a day was announced, put off or cancelled."""
        self._looked = None

    def tick(self) -> Deferred[None]:
        """Look at the store, at most once a minute: raise what is due, take back what is not any more."""
        now = self._clock.monotonic()
        rests = self._looked is not None and now - self._looked < LOOK_SECONDS
        if self._looking or rests:
            return succeed(None)
        self._looked, self._looking = now, True
        work = partial(self._look, now=self._clock.now())
        found: Deferred[Any] = self._database.read(work)
        return found.addCallback(self._settle).addBoth(self._has_looked)

    def _settle(self, found: Settling) -> Deferred[None]:
        if not found.raised and not found.over:
            return succeed(None)
        # Looked at again where nobody writes meanwhile: a notice may have gone out between the two, and
        # another service on the same store may have seen the same.
        now = self._clock.now()

        def work(connection: sa.Connection) -> None:
            day_rows.alone(connection)
            rows.settle(connection, self._look(connection, now), now)

        return self._database.write(work).addCallback(lambda _: self._tell())

    def _has_looked(self, result: Failure | None) -> None:
        self._looking = False
        if isinstance(result, Failure):
            log.error("leader_duties_not_seen", why=repr(result.value))

    def _look(self, connection: sa.Connection, now: datetime) -> Settling:
        """Return which alarms are to be raised and taken back, and are not yet."""
        raised, over = [], []
        undone = rows.undone(connection)
        for centre, found in self._duties(connection, now):
            subject, (_, ended) = f"{centre} {found.month}", month_bounds(found.month)
            if reminds(found, now, self._config.leader_days.remind_days):
                # Reminded once, and again if the notice that was out has been taken back.
                since = remind_at(found, self._config.leader_days.remind_days)
                raised.append(Raise(DUE, subject, max(since, undone.get(centre, since))))
            if found.state in _DONE:
                over.append((DUE, subject))
            if found.state == "missed":
                raised.append(Raise(MISSED, subject, ended))
            else:
                over.append((MISSED, subject))
        return rows.open_settling(connection, Settling(raised, over))

    def _duties(self, connection: sa.Connection, now: datetime) -> Iterator[tuple[str, Duty]]:
        months = months_around(day_of(now), ENDED_MONTHS, COMING_MONTHS)
        days, since = self._days(connection, months), rows.recorded_since(connection) or now
        for centre in self._config.centres:
            for month in months:
                yield centre, duty(month, _held(days[centre, month]), now, self._rules, since)

    @staticmethod
    def _days(connection: sa.Connection, months: Sequence[str]) -> Mapping[tuple[str, str], list[DayRow]]:
        found: defaultdict[tuple[str, str], list[DayRow]] = defaultdict(list)
        first, last = month_bounds(months[0]), month_bounds(months[-1])
        for row in rows.days(connection, first[0], last[1]):
            found[row.centre, f"{row.starts_at:%Y-%m}"].append(row)
        return found

    def _known(self, connection: sa.Connection, now: datetime) -> Known:
        """Return what suggestions rest on."""
        span = timedelta(weeks=self._config.leader_days.hot_weeks)
        centres = self._config.centres.values()
        home = next((each.code for each in centres if each.level == OF_CITY), "")
        demo = self._config.hotline.demo.caller_number
        weeks = Weeks(now - 2 * span, now - span, now, home, demo)
        units = self._directory.all(connection)
        midnight = datetime.combine(day_of(now), datetime.min.time(), SHANGHAI)
        sat = rows.last_sat(connection, midnight.astimezone(UTC))
        return Known(weeks, leader_topics.counts(connection, weeks, units), sat, units)

    def _overview(
        self, connection: sa.Connection, months: Sequence[str], now: datetime
    ) -> list[CentreDuties]:
        known, days = self._known(connection, now), self._days(connection, months)
        since = rows.recorded_since(connection) or now
        found = []
        for centre in self._config.centres:
            duties = [duty(month, _held(days[centre, month]), now, self._rules, since) for month in months]
            found.append(self._centre(centre, duties, days, known))
        return found

    def _centre(
        self,
        centre: str,
        duties: Sequence[Duty],
        days: Mapping[tuple[str, str], Sequence[DayRow]],
        known: Known,
    ) -> CentreDuties:
        due = dict(self._due(centre, [each.month for each in duties if each.state == "due"], known))
        months = [self._month(each, days[centre, each.month], due.get(each.month)) for each in duties]
        return CentreDuties(
            centre=centre,
            name=self._config.centres[centre].name,
            obstacles=self._obstacles(centre),
            missed=[each.month for each in duties if each.state == "missed"],
            months=months,
        )

    def _due(self, centre: str, months: Sequence[str], known: Known) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield who is due in months without a day: what citizens call about speaks for the first alone."""
        leader = self._suggesting.of(centre, known).leader if months else None
        if leader is None:
            return
        yield months[0], (leader.code, "topics")
        rest = in_turn(self._suggesting.candidates(centre, known.sat), [leader.code], len(months) - 1)
        for month, code in zip(months[1:], rest, strict=True):
            yield month, (code, "turn")

    def _month(self, found: Duty, days: Sequence[DayRow], due: tuple[str, str] | None) -> MonthView:
        if found.state in {"held", "announced", "planned"}:
            due = min(days, key=_rank).leader, "day"
        leader = self._suggesting.name(due[0]) if due else None
        return MonthView(
            month=found.month,
            state=found.state,
            leader=leader,
            leader_by=due[1] if due and leader else None,
            notify_before=found.notify_before,
            remind_at=remind_at(found, self._config.leader_days.remind_days),
            days=[self._day(day) for day in days],
        )

    def _day(self, day: DayRow) -> DayOfMonth:
        leader = self._suggesting.name(day.leader)
        name = leader.name if leader else None
        return DayOfMonth(id=day.id, leader=day.leader, name=name, state=day.state, starts_at=day.starts_at)

    def _obstacles(self, centre: str) -> list[str]:
        has = {
            "leader.no_seat": any(seat.centre == centre for seat in self._config.halls),
            "leader.no_leader": any(each.centre == centre for each in self._config.real_leaders),
        }
        return [say(key, centre=centre) for key, is_so in has.items() if not is_so]


def _rank(day: DayRow) -> tuple[int, float]:
    """Return which day of a month speaks for it: the furthest in its course, and of equals the later."""
    return _BEST.get(day.state, len(_BEST)), -day.starts_at.timestamp()


def _held(days: Sequence[DayRow]) -> list[Held]:
    return [Held(day.state, day.starts_at) for day in days]
