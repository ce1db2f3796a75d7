"""Whether the dialer is paused, by whom and why: one row, which every service on the database reads."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store.outbound_tables import dialer
from telephony.store.tables import insert_new


@dataclass(frozen=True)
class DialerState:
    """The pause, and the version of the rules by which calls are planned."""

    paused: bool
    reason: str | None
    changed_by: str | None
    changed_at: datetime | None
    rules_version: str | None


def state(connection: sa.Connection) -> DialerState:
    """Return the stored state; a dialer that never ran is not paused."""
    row = connection.execute(sa.select(dialer)).first()
    if row is None:
        return DialerState(paused=False, reason=None, changed_by=None, changed_at=None, rules_version=None)
    at = row.changed_at.astimezone(SHANGHAI) if row.changed_at else None
    return DialerState(row.paused, row.reason, row.changed_by, at, row.rules_version)


def pause(connection: sa.Connection, reason: str, by: str, now: datetime) -> DialerState:
    """Let no service reserve a call any more; calls under way end by themselves."""
    return _change(connection, now, by, paused=True, reason=reason)


def resume(connection: sa.Connection, by: str, now: datetime) -> DialerState:
    """Let calls be placed again."""
    return _change(connection, now, by, paused=False, reason=None)


def _change(
    connection: sa.Connection, now: datetime, by: str, *, paused: bool, reason: str | None
) -> DialerState:
    insert_new(connection, dialer, {"id": 1, "paused": False})
    values = {"paused": paused, "reason": reason, "changed_by": by, "changed_at": now}
    connection.execute(dialer.update().values(**values))
    kind = "dialer_paused" if paused else "dialer_resumed"
    happening = Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data={"reason": reason, "by": by})
    call_rows.append(connection, [(None, happening)])
    return state(connection)
