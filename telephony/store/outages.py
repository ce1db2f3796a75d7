"""Declared outages: times that the service figures show apart, and with all the rest. Never taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.call_story import Datum, Happening
from telephony.store import calls as call_rows
from telephony.store.service_tables import outages
from telephony.store.tables import inserted_id


@dataclass(frozen=True, kw_only=True)
class OutageView:
    """A time in which the service did not work as it should, and who declared it; times are Shanghai's."""

    id: int
    starts_at: datetime
    ends_at: datetime
    why: str
    by: str
    declared_at: datetime


def declare(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection, starts_at: datetime, ends_at: datetime, why: str, by: str, now: datetime
) -> OutageView:
    """Store an outage; who declared it and when stays with it."""
    row = {"starts_at": starts_at, "ends_at": ends_at, "why": why, "by": by, "declared_at": now}
    outage_id = inserted_id(connection.execute(outages.insert().values(**row)))
    told: dict[str, Datum] = {"outage": outage_id, "why": why, "by": by}
    happening = Happening(now, "outage_declared", f"outage_declared:{outage_id}", data=told)
    call_rows.append(connection, [(None, happening)])
    return _shown({"id": outage_id, **row})


def listed(
    connection: sa.Connection, since: datetime | None = None, until: datetime | None = None
) -> list[OutageView]:
    """Return the outages that touch a time, the first first."""
    query = sa.select(outages).order_by(outages.c.starts_at, outages.c.id)
    if since is not None:
        query = query.where(outages.c.ends_at > since)
    if until is not None:
        query = query.where(outages.c.starts_at < until)
    return [_shown(dict(row)) for row in connection.execute(query).mappings()]


def _shown(row: dict[str, Any]) -> OutageView:
    times = {name: value.astimezone(SHANGHAI) for name, value in row.items() if isinstance(value, datetime)}
    return OutageView(**{**row, **times})
