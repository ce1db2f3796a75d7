"""Who called on a leader day, what became of each, and who is still owed an answer (Art. 6)."""

from datetime import datetime

import sqlalchemy as sa

from telephony.store.leader_tables import leader_calls
from telephony.store.tables import insert_new


def enter(connection: sa.Connection, call_id: str, day_id: int, entry: str, now: datetime) -> None:
    """Note that a call was let in to a day, `screened` or `direct`; told twice it is one."""
    row = {"call_id": call_id, "day_id": day_id, "entered_at": now, "entry": entry}
    insert_new(connection, leader_calls, row)
