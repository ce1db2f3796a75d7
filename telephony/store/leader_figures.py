"""The calls of a leader day as the ledger has them, for its figures and its certificate (Art. 6).

Whether the citizen has spoken with the leader is what the register says, which looks at who shared a bridge:
in an attended hand-over the leader is asked first, and the citizen may have gone by then.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.leader_figures import Talk, Told
from telephony.rules.revisit import RATED, Verdict
from telephony.store import leader_calls
from telephony.store.leader_calls import LeaderCallView
from telephony.store.leader_calls import Line as Seat
from telephony.store.leader_tables import leader_calls as rows
from telephony.store.leader_tables import leader_days
from telephony.store.outbound_tables import revisits
from telephony.store.returns import RULES
from telephony.store.tables import calls, legs

_SAID = (*sorted(RATED), Verdict.DEEMED_SATISFIED)
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_QUEUED = sa.select(calls.c.id, calls.c.queued_at).where(calls.c.id.in_(_IDS))
_TALKS = (
    sa.select(legs.c.call_id, legs.c.party, legs.c.bridged_at, legs.c.ended_at)
    .where(legs.c.call_id.in_(_IDS), legs.c.role == "agent", legs.c.bridged_at.is_not(None))
    .order_by(legs.c.bridged_at, legs.c.id)
)


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
    """A call that was let in: as the register has it, and as the figures need it."""

    view: LeaderCallView
    told: Told


def calls_of_day(connection: sa.Connection, day_id: int, seat: Seat, now: datetime) -> list[DayCall]:
    """Return the calls that a day let in, the first first."""
    views = leader_calls.listed(connection, day_id, seat, now)
    ids = {"ids": [view.call_id for view in views]}
    talks: dict[str, list[Talk]] = defaultdict(list)
    for row in connection.execute(_TALKS, ids) if views else ():
        talks[row.call_id].append(Talk(row.party, row.bridged_at, row.ended_at))
    queued = {row.id: row.queued_at for row in connection.execute(_QUEUED, ids)} if views else {}
    return [
        DayCall(view, _told(view, queued.get(view.call_id), tuple(talks[view.call_id]))) for view in views
    ]


def hold(connection: sa.Connection, day_id: int) -> None:
    """Let nobody write of a day's calls until the transaction ends: its certificate is being made."""
    connection.execute(sa.select(leader_days.c.id).where(leader_days.c.id == day_id).with_for_update())


def certificate(connection: sa.Connection, day_id: int) -> dict[str, Any]:
    """Return what was frozen as a day was certified, nothing of one that was not."""
    found = connection.scalar(sa.select(leader_days.c.certificate).where(leader_days.c.id == day_id))
    return dict(found or {})


def satisfaction(connection: sa.Connection, day_id: int) -> Satisfaction:
    """Return what is known by now of how satisfied the citizens of a day's cases are."""
    mine = sa.select(rows.c.case_number).where(rows.c.day_id == day_id, rows.c.case_number.is_not(None))
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


def _told(view: LeaderCallView, queued_at: datetime | None, talks: tuple[Talk, ...]) -> Told:
    by_people = view.settled_by != RULES
    return Told(
        entry=view.entry,
        entered_at=view.entered_at,
        queued_at=queued_at,
        ended_at=view.ended_at,
        outcome=view.outcome,
        talks=talks,
        spoke=view.leader_at is not None,
        screened=view.screened_at is not None,
        in_scope=view.in_scope,
        sent_off_at=view.sent_off_at,
        result=view.result,
        settled=view.settled if by_people else None,
    )
