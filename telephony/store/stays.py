"""Stays of legs in bridges, as the journal tells of them; they are read by telephony.store.presence."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.call_story import Record
from telephony.store.calls import is_on
from telephony.store.tables import calls, insert_once, legs
from telephony.store.threeway_tables import stays

_LEAVING = frozenset({"BRIDGE_EXIT", "HANGUP", "CHAN_END"})
_OPEN = (
    sa.select(stays.c.id, stays.c.leg_id, stays.c.entered_at)
    .outerjoin(calls, calls.c.id == stays.c.call_id)
    .where(stays.c.left_at.is_(None))
)
# An exit that is told again must not end a stay that began after it.
_LEAVE = (
    stays.update()
    .where(
        stays.c.leg_id == sa.bindparam("leg"),
        stays.c.left_at.is_(None),
        stays.c.entered_at <= sa.bindparam("at"),
    )
    .values(left_at=sa.bindparam("at"))
)
_CUT_STAY = stays.update().where(stays.c.id == sa.bindparam("stay")).values(left_at=sa.bindparam("at"))
_CUT_LEG = (
    legs.update()
    .where(legs.c.id == sa.bindparam("leg"), legs.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("at"))
)


def note(connection: sa.Connection, records: Iterable[tuple[str, Record]]) -> None:
    """Write who entered and left bridges, from records with their call's id; told again changes nothing."""
    entered: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    outside: set[str] = set()
    for call_id, record in records:
        leg_id = record.leg_id
        if record.kind == "BRIDGE_ENTER" and record.bridge:
            outside.discard(leg_id)
            stay = {"call_id": call_id, "leg_id": leg_id, "bridge": record.bridge, "entered_at": record.at}
            entered.append(stay)
        elif record.kind in _LEAVING and leg_id not in outside:
            outside.add(leg_id)  # a hangup after an exit ends nothing more
            left.append({"leg": leg_id, "at": record.at})
    if entered:
        connection.execute(insert_once(connection.dialect.name, stays), entered)
    if left:
        connection.execute(_LEAVE, left)


def cut(
    connection: sa.Connection, living: frozenset[str], before: datetime, at: datetime, worker: str = ""
) -> None:
    """End, at `at`, the stays that began before `before` of legs of which the switch knows nothing any more.

    It is a worker's switch, which knows nothing of calls on others. Their legs end as well: those that
    outlived their call have nobody else to end them.
    """
    mine = connection.execute(_OPEN.where(is_on(worker)))
    dead = [row for row in mine if row.leg_id not in living and row.entered_at < before]
    if dead:
        ends = [{"stay": row.id, "leg": row.leg_id, "at": max(at, row.entered_at)} for row in dead]
        connection.execute(_CUT_STAY, [{"stay": end["stay"], "at": end["at"]} for end in ends])
        connection.execute(_CUT_LEG, [{"leg": end["leg"], "at": end["at"]} for end in ends])
