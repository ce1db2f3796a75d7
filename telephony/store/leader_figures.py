"""The calls of a leader day as the ledger has them, for its figures and its certificate (Art. 6).

Whether the citizen has spoken with the leader is read from the stays in bridges: in an attended hand-over the
leader is asked first, and the citizen may have gone by then. Nothing here writes.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.leader_figures import Line, Talk, Told
from telephony.rules.revisit import RATED, Verdict
from telephony.store import presence
from telephony.store.leader_tables import leader_calls, leader_days
from telephony.store.outbound_tables import revisits
from telephony.store.tables import calls, legs

_PAGE = 500
_RECORDED = ("call_id", "entered_at", "entry", "screened_by", "screened_at", "in_scope", "summary")
_RESULT = ("sent_off_at", "result", "unit", "case_number")
_SETTLED = ("settled", "settled_by", "settled_at", "settled_note")
_SAID = (*sorted(RATED), Verdict.DEEMED_SATISFIED)
_OF_CALL = ("queued_at", "ended_at", "outcome", "caller_number")


@dataclass(frozen=True, kw_only=True)
class Satisfaction:
    """What the citizens of a day's cases said later (Art. 16), by the newest round of each case.

    `deemed_satisfied` is apart, always (Art. 17). `open` are being asked; of `not_asked` there is no reply
    yet, so no revisit. `others` were reached without a rating, or not at all.
    """

    cases: int
    satisfied: int
    basically_satisfied: int
    dissatisfied: int
    deemed_satisfied: int
    others: int
    open: int
    not_asked: int


@dataclass(frozen=True)
class DayCall:
    """A call that was let in: its row of the register, and what the ledger tells of it."""

    row: Mapping[str, Any]
    told: Told


def calls_of_day(connection: sa.Connection, day_id: int, line: Line, now: datetime) -> list[DayCall]:
    """Return the calls that a day let in, the first first."""
    columns = [leader_calls.c[name] for name in (*_RECORDED, *_RESULT, *_SETTLED)]
    query = (
        sa.select(*columns, *(calls.c[name] for name in _OF_CALL))
        .outerjoin(calls, calls.c.id == leader_calls.c.call_id)
        .where(leader_calls.c.day_id == day_id)
        .order_by(leader_calls.c.entered_at, leader_calls.c.call_id)
    )
    rows = connection.execute(query).mappings().all()
    talks: dict[str, list[Talk]] = defaultdict(list)
    spoke: set[str] = set()
    ids = [row["call_id"] for row in rows]
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        _talks(connection, page, talks)
        there = presence.of_calls(connection, page, now)
        spoke |= {call_id for call_id, each in there.items() if _spoke(each, line.leader)}
    return [DayCall(row, _told(row, tuple(talks[row["call_id"]]), spoke)) for row in rows]


def certificate(connection: sa.Connection, day_id: int) -> dict[str, Any]:
    """Return what was frozen as a day was certified, nothing of one that was not."""
    found = connection.scalar(sa.select(leader_days.c.certificate).where(leader_days.c.id == day_id))
    return dict(found or {})


def satisfaction(connection: sa.Connection, day_id: int) -> Satisfaction:
    """Return what is known by now of how satisfied the citizens of a day's cases are."""
    mine = sa.select(leader_calls.c.case_number).where(
        leader_calls.c.day_id == day_id, leader_calls.c.case_number.is_not(None)
    )
    cases = set(connection.scalars(mine))
    rounds = sa.select(revisits.c.case_number, revisits.c.verdict).where(revisits.c.case_number.in_(mine))
    newest = {row.case_number: row.verdict for row in connection.execute(rounds.order_by(revisits.c.round))}
    said = list(newest.values())
    counts = {verdict.value: said.count(verdict.value) for verdict in _SAID}
    still = said.count(None)
    others = len(said) - still - sum(counts.values())
    return Satisfaction(
        cases=len(cases), **counts, others=others, open=still, not_asked=len(cases) - len(newest)
    )


def _talks(connection: sa.Connection, ids: list[str], into: dict[str, list[Talk]]) -> None:
    query = sa.select(legs).where(
        legs.c.call_id.in_(ids), legs.c.role == "agent", legs.c.bridged_at.is_not(None)
    )
    for leg in connection.execute(query.order_by(legs.c.bridged_at, legs.c.id)):
        into[leg.call_id].append(Talk(leg.party, leg.bridged_at, leg.ended_at))


def _spoke(there: presence.Presence, leader: str) -> bool:
    """Tell whether the leader and the citizen have been in one bridge."""
    for segment in there.segments:
        roles = {each.role for each in segment.parties}
        seated = any(each.role == "agent" and each.party == leader for each in segment.parties)
        if seated and "citizen" in roles:
            return True
    return False


def _told(row: Mapping[str, Any], talks: tuple[Talk, ...], spoke: set[str]) -> Told:
    return Told(
        entry=row["entry"],
        entered_at=row["entered_at"],
        queued_at=row["queued_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        talks=talks,
        spoke=row["call_id"] in spoke,
        screened=row["screened_at"] is not None,
        in_scope=row["in_scope"],
        sent_off_at=row["sent_off_at"],
        result=row["result"],
        settled=row["settled"],
    )
