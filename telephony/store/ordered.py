"""Legs that we order ourselves, such as a unit's: the row is there before the switch hears of the leg."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from telephony.rules.call_story import ORDERED, Party, Role
from telephony.store.tables import insert_once
from telephony.store.threeway_tables import ordered_legs

_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_LEGS = sa.select(ordered_legs).where(ordered_legs.c.id.in_(_IDS))


def order(  # noqa: PLR0913, PLR0917 - a row's own columns
    connection: sa.Connection, leg_id: str, call_id: str, role: Role, party: str, now: datetime
) -> None:
    """Enter a leg that is about to be dialled; commit it first. Ordered again, it stays as it was."""
    row = {"id": leg_id, "call_id": call_id, "role": role, "party": party, "ordered_at": now}
    connection.execute(insert_once(connection.dialect.name, ordered_legs), [row])


def places(connection: sa.Connection, leg_ids: Iterable[str]) -> dict[str, tuple[str, Party]]:
    """Return call and party of those of these legs that we ordered; without any it asks nothing."""
    ours = sorted({leg_id for leg_id in leg_ids if leg_id.startswith(ORDERED)})
    if not ours:
        return {}
    rows = connection.execute(_LEGS, {"ids": ours})
    return {row.id: (row.call_id, Party(row.role, row.party)) for row in rows}
