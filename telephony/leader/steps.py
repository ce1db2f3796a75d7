"""What each command of a leader day asks, and what it changes: checked here, written by leader/days.py.

A method here reads and changes nothing: it may be asked before a transaction, and is asked again inside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.config import Config
from telephony.errors import NotAllowedError
from telephony.leader.machine import after
from telephony.leader.notice import Content, content_of
from telephony.leader.plans import Plans, Wanted
from telephony.rules.leader_day import ANNOUNCED, OPEN, PLANNED, day_of, month_of
from telephony.rules.leader_play import announced_at
from telephony.store import leader_days as rows
from telephony.store.leader_days import LeaderDayView, on_its_clock
from telephony.texts import say

EARLY = timedelta(minutes=60)
"""So long before its beginning a day may be opened: the leader is there, and citizens call already."""
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Step:
    """A command, checked: the day as it was read, what changes, and the notice that tells of it."""

    day: LeaderDayView
    command: str
    by: str
    values: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    notice: Content | None = None
    announced_at: datetime | None = None
    """When the notice went out by the clock of a day that is played; None: now."""


class Steps:
    """Checks commands; each raises UnknownThingError or NotAllowedError where it may not be."""

    def __init__(self, config: Config) -> None:
        self._config, self._plans = config, Plans(config)

    def planned(self, connection: sa.Connection, now: datetime, *, wanted: Wanted) -> dict[str, Any]:
        """Return the row of a day that is planned."""
        self._plans.check(connection, wanted, now)
        return {**self._row(wanted), "created_at": now, "state": PLANNED}

    def change(
        self, connection: sa.Connection, now: datetime, *, day_id: int, by: str, values: dict[str, Any]
    ) -> Step:
        """Plan a day anew: `values` are fields of Wanted, each as it is to be."""
        day = _able(connection, day_id, "change")
        wanted = replace(_plan_of(day), **{"reason": _kept_reason(day, values), **values})
        self._plans.check(connection, wanted, now, day.id)
        return Step(day, "change", by, self._row(wanted))

    def publish(self, connection: sa.Connection, now: datetime, *, day_id: int, by: str) -> Step:
        """Announce a day: what a plan must keep is asked again, and the days of notice (Art. 6)."""
        day = _able(connection, day_id, "publish")
        self._plans.check(connection, _plan_of(day), now, day.id)
        self._plans.check_announced(now, day.starts_at)
        return self._with_notice(Step(day, "publish", by), connection, now)

    def publish_played(
        self, connection: sa.Connection, now: datetime, *, day_id: int, by: str, full_days: int
    ) -> Step:
        """Announce a day that is played, by its own clock so many full days before it: asked as of any."""
        day = _able(connection, day_id, "publish")
        if not day.played:
            raise NotAllowedError(say("leader.not_played", id=day_id))
        announced = announced_at(day.starts_at, full_days)
        self._plans.check(connection, _plan_of(day), now, day.id)
        self._plans.check_announced(announced, on_its_clock(day).starts_at)
        step = Step(day, "publish", by, announced_at=announced)
        return self._with_notice(step, connection, announced)

    def postpone(  # noqa: PLR0913 - what a postponement consists of
        self,
        connection: sa.Connection,
        now: datetime,
        *,
        day_id: int,
        starts_at: datetime,
        ends_at: datetime,
        by: str,
        reason: str,
        second: str | None,
    ) -> Step:
        """Put a day off, with as many days of notice as the first time."""
        day = _able(connection, day_id, "postpone")
        if starts_at <= day.starts_at:
            raise NotAllowedError(say("leader.not_later"))
        values: dict[str, Any] = {"starts_at": starts_at, "ends_at": ends_at}
        values["reason"] = second or _kept_reason(day, values)
        self._plans.check(connection, replace(_plan_of(day), **values), now, day.id)
        self._plans.check_announced(now, starts_at)
        return self._with_notice(Step(day, "postpone", by, values, reason), connection, now)

    def substitute(  # noqa: PLR0913 - what a substitution consists of
        self, connection: sa.Connection, now: datetime, *, day_id: int, leader: str, by: str, reason: str
    ) -> Step:
        """Let another leader sit, until the session would be over."""
        day = _able(connection, day_id, "substitute")
        self._plans.check_sits(day.seat, leader)
        if leader == day.leader:
            raise NotAllowedError(say("leader.same", leader=leader))
        if now >= day.ends_at:
            raise NotAllowedError(say("leader.past"))
        self._plans.check_free(connection, replace(_plan_of(day), leader=leader), day.id)
        return self._with_notice(Step(day, "substitute", by, {"leader": leader}, reason), connection, now)

    def cancel(
        self, connection: sa.Connection, now: datetime, *, day_id: int, by: str, reason: str | None
    ) -> Step:
        """Let a day not take place; what was announced is taken back by a notice, which says why."""
        day = _able(connection, day_id, "cancel")
        step = Step(day, "cancel", by, {}, reason)
        if day.state not in ANNOUNCED:
            return step
        if not reason:
            raise NotAllowedError(say("leader.cancel_why"))
        return self._with_notice(step, connection, now)

    @staticmethod
    def open(connection: sa.Connection, now: datetime, *, day_id: int, by: str) -> Step:
        """Let a line take calls: from EARLY before the beginning on, until the end."""
        day = _able(connection, day_id, "open")
        if now < day.starts_at - EARLY:
            raise NotAllowedError(say("leader.too_early", at=_moment(day.starts_at - EARLY)))
        if now >= day.ends_at:
            raise NotAllowedError(say("leader.too_late", at=_moment(day.ends_at)))
        for other in rows.listed(connection, seat=day.seat, states=[OPEN]):
            raise NotAllowedError(say("leader.seat_taken", id=other.id))
        return Step(day, "open", by, {"opened_at": now, "opened_by": by})

    def extend(
        self, connection: sa.Connection, now: datetime, *, day_id: int, ends_at: datetime, by: str
    ) -> Step:
        """Put off an open day's end: later than it was, and than now, and never over midnight."""
        day = _able(connection, day_id, "extend")
        if ends_at <= (least := max(day.ends_at, now)):
            raise NotAllowedError(say("leader.no_longer", at=_moment(least)))
        if day_of(ends_at - _MOMENT) != day_of(day.starts_at):
            raise NotAllowedError(say("leader.two_days"))
        self._plans.check_free(connection, replace(_plan_of(day), ends_at=ends_at), day.id)
        return Step(day, "extend", by, {"ends_at": ends_at})

    @staticmethod
    def close(connection: sa.Connection, now: datetime, *, day_id: int, by: str, why: str | None) -> Step:
        """Let a line take no more calls; before the end only with a reason."""
        day = _able(connection, day_id, "close")
        if now < day.ends_at and not why:
            raise NotAllowedError(say("leader.close_why", at=_moment(day.ends_at)))
        return Step(day, "close", by, {"closed_at": now, "closed_by": by, "closed_why": why}, why)

    def _row(self, wanted: Wanted) -> dict[str, Any]:
        centre = self._plans.seat(wanted.seat).centre
        return {**vars(wanted), "topics": list(wanted.topics), "centre": centre}

    def _with_notice(self, step: Step, connection: sa.Connection, now: datetime) -> Step:
        day, kind = step.day, after(step.day.state, step.command)
        earlier = rows.notices(connection, day.id)
        content = content_of(
            on_its_clock(replace(day, **step.values)),
            self._config,
            nth=len(earlier) + 1,
            kind=kind,
            now=now,
            reason=step.reason,
            replaces=earlier[-1].content if earlier else None,
        )
        return replace(step, notice=content)


def _able(connection: sa.Connection, day_id: int, command: str) -> LeaderDayView:
    """Return a day for which a command makes sense in its state; raise where it does not."""
    day = rows.one(connection, day_id)
    after(day.state, command)
    return day


def _kept_reason(day: LeaderDayView, values: Mapping[str, Any]) -> str | None:
    """Return why a day is a second one: what was said of one month says nothing of another."""
    moves = month_of(values.get("starts_at", day.starts_at)) != month_of(day.starts_at)
    return None if moves else day.reason


def _plan_of(day: LeaderDayView) -> Wanted:
    return Wanted(
        seat=day.seat,
        leader=day.leader,
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        scope=day.scope,
        by=day.by,
        topics=tuple(day.topics),
        reason=day.reason,
        played=day.played,
    )


def _moment(at: datetime) -> str:
    return f"{rows.local(at):%m-%d %H:%M:%S}"
