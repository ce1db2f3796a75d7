"""A verdict becomes a decision: written with all that it rests on, and with what follows from it.

Decisions are only ever added. A later one may supersede an earlier one; what a revisit shows is the last.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.call_story import Happening
from telephony.rules.revisit import FOR_PEOPLE, Conclusion, Past, Round, Verdict
from telephony.rules.verdict import digest
from telephony.store import attempts as attempt_rows
from telephony.store import calls as call_rows
from telephony.store import revisits as revisit_rows
from telephony.store.outbound_tables import decisions, outbox, revisits, work_items
from telephony.store.revisits import Tick
from telephony.store.tables import UtcTime, cases, insert_once, inserted_id

BY_RULES = "rules"
BY_SURVEY = "survey"
UNATTENDED = frozenset({BY_RULES, BY_SURVEY})
"""Who decides with no agent there to take care of the case: what is for people then goes on the work list."""
_DECIDE = decisions.insert()
_DECIDED = (
    revisits.update()
    .where(revisits.c.id == sa.bindparam("of"))
    .values(
        verdict=sa.bindparam("new_verdict"),
        decided_at=sa.bindparam("now", type_=UtcTime),
        next_at=None,
        ready=False,
    )
)
_REDO = (
    cases.update()
    .where(cases.c.case_number == sa.bindparam("of"), cases.c.round == sa.bindparam("old"))
    .values(round=sa.bindparam("new"), updated_at=sa.bindparam("now", type_=UtcTime))
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Who decides, when, under which rules, and which earlier decision that makes void."""

    tick: Tick
    rules_version: str
    decided_by: str = BY_RULES
    supersedes: int | None = None


def decide(
    connection: sa.Connection, row: sa.Row[Any], revisit: Round, concluded: Conclusion, ground: Ground
) -> None:
    """Write a decision, the revisit's verdict, the work item, the redo, the outbox and the event.

    All in the caller's transaction: they are there together or not at all.
    """
    now = ground.tick.at
    decision_id = _insert(connection, row, revisit, concluded, ground)
    connection.execute(_DECIDED, {"of": row.id, "new_verdict": concluded.verdict.value, "now": now})
    attempt_rows.cancel_of(connection, revisit_rows.CAMPAIGN, row.id)
    if ground.supersedes is not None or ground.decided_by != BY_RULES:
        revisit_rows.close_item(connection, row.id, now, ground.decided_by, concluded.verdict)
    if concluded.verdict in FOR_PEOPLE and ground.decided_by in UNATTENDED and not row.demo:
        item = {"revisit_id": row.id, "kind": concluded.verdict.value, "why": concluded.why}
        connection.execute(insert_once(connection.dialect.name, work_items), {**item, "opened_at": now})
    told = {"case": row.case_number, "round": row.round, "verdict": concluded.verdict.value}
    _tell(connection, "revisit_decided", f"revisit_decided:{decision_id}", now, told)
    if concluded.verdict is Verdict.DISSATISFIED:
        _redo(connection, row, now)
    elif row.verdict == Verdict.DISSATISFIED:
        _no_redo(connection, row, now)


def _insert(
    connection: sa.Connection, row: sa.Row[Any], revisit: Round, concluded: Conclusion, ground: Ground
) -> int:
    told = attempt_rows.told(connection, [past.id for past in revisit.attempts])
    pair = (*concluded.attempts[-2:], None, None)
    values = {
        "revisit_id": row.id,
        "verdict": concluded.verdict.value,
        "at": ground.tick.at,
        "decided_by": ground.decided_by,
        "why": concluded.why,
        "first_attempt": pair[0],
        "second_attempt": pair[1],
        "rules_version": ground.rules_version,
        "digest": digest(told.all),
        "facts": facts(revisit, told.last, ground.tick),
        "supersedes": ground.supersedes,
    }
    return inserted_id(connection.execute(_DECIDE, values))


def facts(revisit: Round, last_evidence: int, tick: Tick) -> dict[str, Any]:
    """Return what a decision rests on besides the evidence of its attempts, as plain values."""
    return {
        "numbers": list(revisit.numbers),
        "opened_at": revisit.opened_at.isoformat(),
        "due_at": revisit.due_at.isoformat(),
        "attempts": [past.id for past in revisit.attempts],
        "last_evidence": last_evidence,
        "others": [_plain(past) for past in revisit.others],
        "rating": revisit.rating,
        "called_back_at": revisit.called_back_at.isoformat() if revisit.called_back_at else None,
        "no_disturb": sorted(revisit.no_disturb),
        "mono": tick.mono,
        "boot": tick.boot,
    }


def _plain(past: Past) -> list[Any]:
    times = (past.started_at.isoformat(), past.ended_at.isoformat())
    return [past.id, past.number, *times, past.outcome.value, past.counts, past.alerted]


def _redo(connection: sa.Connection, row: sa.Row[Any], now: datetime) -> None:
    """Open the case's next round: the unit has to do better and reply again."""
    new = {"of": row.case_number, "old": row.round, "new": row.round + 1, "now": now}
    if connection.execute(_REDO, new).rowcount:
        told = {"case": row.case_number, "round": row.round + 1}
        _tell(connection, "redo", f"redo:{row.id}:{now.timestamp()}", now, told)


def _no_redo(connection: sa.Connection, row: sa.Row[Any], now: datetime) -> None:
    """Take a redo back: the citizen corrected the answer before the unit has replied again."""
    if revisit_rows.round_of(connection, row.case_number, row.round + 1) is not None:
        return
    old = {"of": row.case_number, "old": row.round + 1, "new": row.round, "now": now}
    if connection.execute(_REDO, old).rowcount:
        told = {"case": row.case_number, "round": row.round + 1}
        _tell(connection, "redo_withdrawn", f"redo_withdrawn:{row.id}:{now.timestamp()}", now, told)


def _tell(
    connection: sa.Connection, topic: str, key: str, now: datetime, payload: Mapping[str, str | int]
) -> None:
    """Tell the platform (outbox) and the pages (event) in one transaction with what happened."""
    out = {"at": now, "topic": topic, "key": key, "payload": dict(payload)}
    connection.execute(insert_once(connection.dialect.name, outbox), out)
    call_rows.append(connection, [(None, Happening(now, topic, key, data=payload))])


def note(connection: sa.Connection, now: datetime, kind: str, **data: str | int | None) -> None:
    """Append an event that nobody outside has to be told of."""
    call_rows.append(connection, [(None, Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data=data))])


def last_by(connection: sa.Connection, revisit_id: int) -> str | None:
    """Return who made the decision in force."""
    query = sa.select(decisions.c.decided_by).where(decisions.c.revisit_id == revisit_id)
    return connection.scalar(query.order_by(decisions.c.id.desc()).limit(1))


def last_of(connection: sa.Connection, revisit_ids: Sequence[int]) -> dict[int, int]:
    """Return the decision in force for each revisit that has one."""
    query = (
        sa.select(decisions.c.revisit_id, sa.func.max(decisions.c.id))
        .where(decisions.c.revisit_id.in_(revisit_ids))
        .group_by(decisions.c.revisit_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
