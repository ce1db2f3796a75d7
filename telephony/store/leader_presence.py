"""The presence clock of a leader day in the store: when the seat's phone was there, and what it adds up to.

The agent's state is kept already, as spells cut from the `agent` events. Stretches are kept here: each has a
beginning, the last instant at which the phone was known to be there, and an end once it was gone. Of several
services that share the store each keeps the stretches of its own switch (`worker`), and touches no other's.
Those of one day may overlap: an instant counts once.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.rules import leader_presence as rules
from telephony.rules.leader_day import OPEN
from telephony.rules.leader_play import counted
from telephony.rules.leader_presence import Presence, Spell, Stretch
from telephony.rules.service_figures import EPOCH, instant_us
from telephony.store import leader_days as day_rows
from telephony.store.agent_spells import AGENT
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_tables import leader_stretches
from telephony.store.service_tables import agent_spells
from telephony.store.tables import events

FRESH = timedelta(seconds=2)
"""Up to this long after it was seen last the phone is taken to be there now: a few looks."""
_OF_DAY = leader_stretches.c.day_id == sa.bindparam("day")
_OURS = sa.or_(leader_stretches.c.worker.is_(None), leader_stretches.c.worker == sa.bindparam("mine"))
"""Of before stretches named their worker nobody knows whose they are: who finds one takes it up."""
_GOES_ON = sa.and_(leader_stretches.c.ended_at.is_(None), _OURS)
_ON = sa.and_(_OF_DAY, _GOES_ON)
_KEPT = (leader_stretches.c.began_at, leader_stretches.c.seen_at, leader_stretches.c.ended_at)
_STRETCHES = sa.select(*_KEPT).where(_OF_DAY).order_by(leader_stretches.c.began_at)


def presence_of(connection: sa.Connection, day: LeaderDayView, agent: str, now: datetime) -> Presence:
    """Return how long the leader was there, from the day's opening to its closing, or `now`.

    `agent` is the number of the seat's softphone. A day that was never opened has no time. Seconds are those
    of the day's own clock (telephony/rules/leader_play.py).
    """
    return _counted(connection, day, agent, now, _spells)


def recounted(connection: sa.Connection, day: LeaderDayView, agent: str, now: datetime) -> Presence:
    """Return the same from the agent's events alone, without the spells that were cut from them."""
    return _counted(connection, day, agent, now, _spells_of_events)


def begin(connection: sa.Connection, day_id: int, at: datetime, worker: str = "") -> None:
    """Begin a stretch, unless one of this worker goes on already."""
    if connection.scalar(sa.select(leader_stretches.c.id).where(_ON), _which(day_id, worker)) is None:
        row = {"day_id": day_id, "began_at": at, "seen_at": at, "worker": worker}
        connection.execute(leader_stretches.insert().values(**row))


def see(connection: sa.Connection, day_id: int, at: datetime, worker: str = "") -> None:
    """Note that the phone of the stretch that goes on is there still; if none goes on one begins."""
    _leave(connection, day_id, at, worker)
    later = leader_stretches.c.seen_at < at
    renew = leader_stretches.update().where(_ON, later).values(seen_at=at, worker=worker)
    if not connection.execute(renew, _which(day_id, worker)).rowcount:
        begin(connection, day_id, at, worker)


def end(connection: sa.Connection, day_id: int, at: datetime | None, worker: str = "") -> None:
    """End the stretch that goes on, never before it was seen last; None: there it ends."""
    if at is not None:
        _leave(connection, day_id, at, worker)
    seen = leader_stretches.c.seen_at
    gone = seen if at is None else sa.case((seen < at, sa.literal(at, seen.type)), else_=seen)
    connection.execute(leader_stretches.update().where(_ON).values(ended_at=gone), _which(day_id, worker))


def _leave(connection: sa.Connection, day_id: int, at: datetime, worker: str) -> None:
    """End a stretch that was not looked at for a while, if the phone was seen at another worker's meanwhile.

    It has moved there, so nobody knows that it was here until now: the stretch ended where it was seen last.
    """
    other = leader_stretches.alias()
    elsewhere = sa.exists().where(
        other.c.day_id == leader_stretches.c.day_id,
        other.c.worker != leader_stretches.c.worker,
        other.c.seen_at > leader_stretches.c.seen_at,
    )
    unseen = leader_stretches.c.seen_at < at - FRESH
    left = leader_stretches.update().where(_ON, unseen, elsewhere)
    connection.execute(left.values(ended_at=leader_stretches.c.seen_at), _which(day_id, worker))


def _which(day_id: int, worker: str) -> dict[str, Any]:
    return {"day": day_id, "mine": worker}


def open_days(connection: sa.Connection) -> list[LeaderDayView]:
    """Return the days that are open."""
    return day_rows.listed(connection, states=(OPEN,))


def unsettled(connection: sa.Connection, worker: str = "") -> tuple[list[LeaderDayView], dict[int, datetime]]:
    """Return the open days and those, closed by now, of which a stretch of this worker goes on.

    Beside them, by day: of each stretch that goes on the last instant at which the phone was seen.
    """
    query = sa.select(leader_stretches.c.day_id, leader_stretches.c.seen_at)
    rows = connection.execute(query.where(_GOES_ON), {"mine": worker})
    on, days = {row.day_id: row.seen_at for row in rows}, open_days(connection)
    closed = on.keys() - {day.id for day in days}
    return days + [day_rows.one(connection, day_id) for day_id in sorted(closed)], on


def _counted(
    connection: sa.Connection, day: LeaderDayView, agent: str, now: datetime, spells: Any
) -> Presence:
    if day.opened_at is None:
        return Presence(0.0, 0.0, 0.0)
    until = now if day.closed_at is None else min(now, day.closed_at)
    of_phone = [_stretch(row, now) for row in connection.execute(_STRETCHES, {"day": day.id})]
    found = rules.presence(spells(connection, agent, day.opened_at, until), of_phone, day.opened_at, until)
    parts = (found.there, found.paused, found.away, found.wrap_up)
    return Presence(*(counted(part, day.played) for part in parts))


def _stretch(row: Any, now: datetime) -> Stretch:
    # While the switch cannot be asked nobody looks, and nothing is known: it counts up to the last look.
    known = None if now - row.seen_at <= FRESH else row.seen_at
    return Stretch(row.began_at, row.ended_at or known)


def _spells(connection: sa.Connection, agent: str, since: datetime, until: datetime) -> list[Spell]:
    begins, ends = agent_spells.c.begins_us, agent_spells.c.ends_us
    inside = (begins < instant_us(until), sa.or_(ends.is_(None), ends > instant_us(since)))
    query = sa.select(begins, ends, agent_spells.c.state).where(agent_spells.c.agent == agent, *inside)
    return [Spell(_instant(row[0]), row[1] and _instant(row[1]), row[2]) for row in connection.execute(query)]


def _spells_of_events(connection: sa.Connection, agent: str, since: datetime, until: datetime) -> list[Spell]:
    mine = sa.select(events.c.at, events.c.data).where(events.c.kind == AGENT, events.c.agent == agent)
    told = connection.execute(mine.where(events.c.at < until).order_by(events.c.at, events.c.id)).all()
    ends = [*(row.at for row in told[1:]), None]
    spells = [Spell(row.at, ended, row.data["to"]) for row, ended in zip(told, ends, strict=True)]
    return [each for each in spells if each.ends_at is None or each.ends_at > since]


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
