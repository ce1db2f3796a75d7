"""What the store knows of a caller: the facts that the route rests on, read by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.store.tables import UtcTime, blacklist, calls, case_numbers, cases

REACHED = ("answered", "refused")
"""Outcomes of an outbound call after which the citizen has nothing to call back about."""

_NUMBER = sa.bindparam("number", type_=sa.String)
_NOW = sa.bindparam("now", type_=UtcTime)
_MISSED_SINCE = sa.bindparam("missed_since", type_=UtcTime)
_KNOWN_SINCE = sa.bindparam("known_since", type_=UtcTime)

_BLACKLISTED = sa.select(blacklist.c.reason).where(
    blacklist.c.number == _NUMBER,
    sa.or_(blacklist.c.expires_at.is_(None), blacklist.c.expires_at > _NOW),
)
_OPEN_CASES = (
    sa.select(cases.c.case_number, cases.c.updated_at)
    .join(case_numbers, case_numbers.c.case_number == cases.c.case_number)
    .where(case_numbers.c.number == _NUMBER, cases.c.open)
    .order_by(cases.c.updated_at.desc())
)
_LAST_CONTACT = (
    sa.select(calls.c.direction, calls.c.outcome, calls.c.arrived_at)
    .where(
        calls.c.caller_number == _NUMBER,
        calls.c.arrived_at >= _MISSED_SINCE,
        sa.or_(calls.c.direction == "outbound", calls.c.outcome == "answered"),
    )
    .order_by(calls.c.arrived_at.desc())
    .limit(1)
)
_KNOWN_AGENT = (
    sa.select(calls.c.agent)
    .where(calls.c.caller_number == _NUMBER, calls.c.answered_at >= _KNOWN_SINCE, calls.c.agent.is_not(None))
    .order_by(calls.c.answered_at.desc())
    .limit(1)
)


def _tagged(tag: str, facts: sa.Select[Any], *columns: str) -> sa.Select[Any]:
    inner = facts.subquery()
    chosen = [inner.c[name] if name else sa.null() for name in columns]
    return sa.select(sa.literal_column(f"'{tag}'", sa.String), *chosen)


_ALL = sa.union_all(
    # The first gives the columns their types.
    _tagged("contact", _LAST_CONTACT, "direction", "outcome", "arrived_at"),
    _tagged("blacklisted", _BLACKLISTED, "reason", "", ""),
    _tagged("case", _OPEN_CASES, "case_number", "", "updated_at"),
    _tagged("agent", _KNOWN_AGENT, "agent", "", ""),
)


@dataclass(frozen=True)
class CallerFacts:
    """What we know of one number.

    `blacklisted` says why it is refused; `open_cases` has the most recently changed first; `known_agent`
    talked with it last; `missed_by_us_at` is when we last called and missed it, if we have not spoken since.
    """

    blacklisted: str | None = None
    open_cases: tuple[str, ...] = ()
    missed_by_us_at: datetime | None = None
    known_agent: str | None = None


def of_caller(
    connection: sa.Connection, number: str, now: datetime, missed_since: datetime, known_since: datetime
) -> CallerFacts:
    """Return all facts of this number."""
    wanted = {"number": number, "now": now, "missed_since": missed_since, "known_since": known_since}
    found: dict[str, list[tuple[str, str | None, datetime]]] = {}
    for tag, *fact in connection.execute(_ALL, wanted):
        found.setdefault(tag, []).append((fact[0], fact[1], fact[2]))
    open_cases = sorted(found.get("case", ()), key=lambda case: case[2], reverse=True)
    return CallerFacts(
        _first(found, "blacklisted"),
        tuple(dict.fromkeys(case for case, _, _ in open_cases)),
        _missed(*found["contact"][0]) if "contact" in found else None,
        _first(found, "agent"),
    )


def _first(found: dict[str, list[tuple[str, str | None, datetime]]], tag: str) -> str | None:
    return found[tag][0][0] if tag in found else None


def _missed(direction: str, outcome: str | None, at: datetime) -> datetime | None:
    return at if direction == "outbound" and outcome not in REACHED else None
