"""Tells of an open leader day that may end with less than the least time, while it can be mended (Art. 6)."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import SHANGHAI, Clock
from telephony.config import Config
from telephony.rules.leader_day import OPEN
from telephony.rules.leader_presence import Outlook, mended_end, outlook
from telephony.store import agents as agent_rows
from telephony.store import leader_days as day_rows
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_presence import presence_of

log = structlog.get_logger()
SHORT = "leader-day-short"
"""The kind of the alarm; its subject is the day's id."""


class _Weighed(NamedTuple):
    day: LeaderDayView
    outlook: Outlook
    told: bool
    """Whether the alarm was raised since the day was opened, acknowledged or not."""


class Shortfall:
    """One alarm for each time that a day runs short; it is taken back when that is mended.

    A day that was closed short keeps its alarm until a person acknowledges it.
    """

    def __init__(self, config: Config, database: Database, clock: Clock, tell: Callable[[], None]) -> None:
        self._least = timedelta(minutes=config.leader_days.minutes)
        self._database, self._clock, self._tell = database, clock, tell
        self._agents: dict[int, str] = {}
        self._short: dict[int, bool] = {}

    def weigh(self, opened: Mapping[int, str]) -> Deferred[None]:
        """Look at the open days, each with its seat's agent, and once more at those closed since."""
        agents, self._agents = {**self._agents, **opened}, dict(opened)
        now = self._clock.now()

        def work(connection: sa.Connection) -> list[_Weighed]:
            return [self._outlook(connection, day_id, agent, now) for day_id, agent in agents.items()]

        weighed = self._database.read(work).addCallback(self._judge, now)
        return weighed.addErrback(_not_done)

    def _outlook(self, connection: sa.Connection, day_id: int, agent: str, now: datetime) -> _Weighed:
        day = day_rows.one(connection, day_id)
        since = day.opened_at or now
        told = agent_rows.alarmed_since(connection, SHORT, str(day_id), since) is not None
        found = presence_of(connection, day, agent, now)
        return _Weighed(day, outlook(found, now, day.ends_at, self._least), told)

    def _judge(self, found: list[_Weighed], now: datetime) -> None:
        for day, seen, told in found:
            if day.played:
                continue  # nobody has to mend a demonstration
            is_open = day.state == OPEN
            short = seen.warns if is_open else bool(seen.missing)
            stands = self._short.pop(day.id, told)
            if is_open:
                self._short[day.id] = short
            if is_open and short and not stands:
                self._write(day.id, partial(_raise, day=day, seen=seen, now=now))
            elif stands and not short:
                self._write(day.id, partial(_take_back, day=day, now=now))

    def _write(self, day_id: int, work: Callable[[sa.Connection], None]) -> None:
        def failed(failure: Failure) -> None:
            self._short.pop(day_id, None)  # so that it is tried again
            _not_done(failure)

        self._database.write(work).addCallbacks(lambda _: self._tell(), failed)


def extend_command(day_id: int, seen: Outlook) -> str:
    """Return the command that mends it: the end is put off so that the least time is reached with slack."""
    end = mended_end(seen).astimezone(SHANGHAI)
    return f"hotline leader-days extend {day_id} --until {end:%Y-%m-%dT%H:%M}"


def _raise(connection: sa.Connection, *, day: LeaderDayView, seen: Outlook, now: datetime) -> None:
    day_rows.alone(connection)
    if not agent_rows.raise_alarm(connection, now, SHORT, str(day.id)):
        return  # another service on the same store saw the same, and has told of it
    seconds = {"missing": math.ceil(seen.missing), "slack": math.floor(seen.slack)}
    day_rows.tell(connection, day.id, "short", now, **seconds, mend=extend_command(day.id, seen))


def _take_back(connection: sa.Connection, *, day: LeaderDayView, now: datetime) -> None:
    agent_rows.take_back_alarms(connection, SHORT, [str(day.id)], now)


def _not_done(failure: Failure) -> None:
    # It is weighed again after some looks.
    log.error("leader_day_not_weighed", why=repr(failure.value))
