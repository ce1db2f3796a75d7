"""What the store knows of a caller: the facts that the route rests on."""

from datetime import datetime

import sqlalchemy as sa

from telephony.store.tables import blacklist, calls, case_numbers, cases

REACHED = ("answered", "refused")
"""Outcomes of an outbound call after which the citizen has nothing to call back about."""


def blacklisted(connection: sa.Connection, number: str, now: datetime) -> str | None:
    """Return why this number is refused, or None."""
    valid = sa.or_(blacklist.c.expires_at.is_(None), blacklist.c.expires_at > now)
    return connection.scalar(sa.select(blacklist.c.reason).where(blacklist.c.number == number, valid))


def open_cases(connection: sa.Connection, number: str) -> tuple[str, ...]:
    """Return the open cases of this number, the most recently changed first."""
    query = (
        sa.select(cases.c.case_number)
        .join(case_numbers, case_numbers.c.case_number == cases.c.case_number)
        .where(case_numbers.c.number == number, cases.c.open)
        .order_by(cases.c.updated_at.desc())
    )
    return tuple(dict.fromkeys(connection.scalars(query)))


def missed_by_us_at(connection: sa.Connection, number: str, since: datetime) -> datetime | None:
    """Return when we last called this number and did not reach it, if we have not spoken since."""
    last = connection.execute(
        sa.select(calls.c.arrived_at, calls.c.direction, calls.c.outcome)
        .where(
            calls.c.caller_number == number,
            calls.c.arrived_at >= since,
            sa.or_(calls.c.direction == "outbound", calls.c.outcome == "answered"),
        )
        .order_by(calls.c.arrived_at.desc())
        .limit(1)
    ).first()
    if last is None or last.direction != "outbound" or last.outcome in REACHED:
        return None
    return last.arrived_at  # type: ignore[no-any-return]


def known_agent(connection: sa.Connection, number: str, since: datetime) -> str | None:
    """Return the agent who last talked with this number."""
    query = (
        sa.select(calls.c.agent)
        .where(calls.c.caller_number == number, calls.c.answered_at >= since, calls.c.agent.is_not(None))
        .order_by(calls.c.answered_at.desc())
        .limit(1)
    )
    return connection.scalar(query)
