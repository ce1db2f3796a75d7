"""What the leaders' lines ask of the store: days that stand now, who waited at the end, who is in a call."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from telephony.rules.call_story import ENDED, Happening
from telephony.rules.leader_day import ANNOUNCED, CANCELLED, OPEN
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store import leader_days
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_tables import leader_calls
from telephony.store.tables import calls, legs
from telephony.store.threeway_tables import returns

SENT_OFF = "leader_sent_off"
"""The kind of the event that says that somebody waited for a leader as the day ended."""
PASSED_ON = "leader_passed_on"
"""The kind of the event that says that nobody was there for who waited for a leader on an open day."""
NOT_HELD = "leader-day-not-held"
"""The kind of the alarm: a day was announced, and its time passed without the line being open."""
REMEMBERED = timedelta(days=31)
"""Days that should have begun longer ago are nobody's concern here."""


def standing(connection: sa.Connection, now: datetime) -> list[LeaderDayView]:
    """Return the days that are open, those that are announced, and those cancelled whose time is to come."""
    announced = leader_days.listed(connection, states=ANNOUNCED | {CANCELLED}, since=now - REMEMBERED)
    still = [day for day in announced if day.state != CANCELLED or day.ends_at > now]
    return [*leader_days.listed(connection, states={OPEN}), *still]


def in_calls(connection: sa.Connection, agents: Collection[str]) -> frozenset[str]:
    """Return those of these agents who are in a call by the ledger, on whichever switch."""
    query = (
        sa.select(legs.c.party)
        .join(calls, calls.c.id == legs.c.call_id)
        .where(
            legs.c.role == "agent",
            legs.c.party.in_(list(agents)),
            legs.c.bridged_at.is_not(None),
            legs.c.ended_at.is_(None),
            calls.c.state != ENDED,
        )
    )
    return frozenset(connection.scalars(query))


def send_off(connection: sa.Connection, call_id: str, queue: str, to: str, now: datetime) -> None:
    """Note that who waited for a leader as the day ended goes on to another queue; told twice it is one."""
    waited = sa.and_(leader_calls.c.call_id == call_id, leader_calls.c.sent_off_at.is_(None))
    connection.execute(leader_calls.update().where(waited).values(sent_off_at=now))
    told = Happening(now, SENT_OFF, f"{call_id}:{SENT_OFF}:{queue}", data={"queue": queue, "to": to})
    call_rows.append(connection, [(call_id, told)])


def pass_on(connection: sa.Connection, call_id: str, queue: str, to: str, now: datetime) -> None:
    """Note that who waited where nobody was there goes on to another queue; told twice it is one."""
    told = Happening(now, PASSED_ON, f"{call_id}:{PASSED_ON}:{queue}", data={"queue": queue, "to": to})
    call_rows.append(connection, [(call_id, told)])


def owed_in(connection: sa.Connection, queues: Collection[str]) -> frozenset[str]:
    """Return those of these queues in which somebody is to be called back."""
    query = sa.select(returns.c.queue).where(returns.c.closed_at.is_(None), returns.c.queue.in_(list(queues)))
    return frozenset(connection.scalars(query.distinct()))


def alarm_not_held(connection: sa.Connection, day: LeaderDayView, now: datetime) -> None:
    """Raise the alarm of a day that was not held, once."""
    if agent_rows.alarmed_since(connection, NOT_HELD, str(day.id), day.ends_at) is None:
        agent_rows.raise_alarm(connection, now, NOT_HELD, str(day.id))
