"""Returns counted a second time: what became of each by its events, and our calls by their evidence."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from telephony.rules.service_figures import Sums
from telephony.rules.verdict import Kind
from telephony.store.outbound_tables import attempts, evidence
from telephony.store.return_calls import CAMPAIGN
from telephony.store.returns import RULES

OPENED, GIVEN_UP, RESET, CLOSED = "return_opened", "return_given_up", "return_reset", "return_closed"
OF_A_RETURN = frozenset({OPENED, GIVEN_UP, RESET, CLOSED})
"""Kinds of events of the call that was lost; `return_offered` is one of the call that we place for it."""
_PAGE = 500


def returns_again(connection: sa.Connection, told: Mapping[str, Sequence[Any]]) -> dict[str, Sums]:
    """Return the returns of each lost call, by these events of it; a call without any is left out."""
    of_return: dict[int, list[Any]] = {}
    lost: dict[int, str] = {}
    for call_id, its_events in told.items():
        for event in its_events:
            of_return.setdefault(event.data["return"], []).append(event)
            if event.kind == OPENED:
                lost[event.data["return"]] = call_id
    sent = _sent(connection, sorted(lost))
    found: dict[str, Sums] = {}
    for return_id, call_id in lost.items():
        placed = sent.get(return_id, set())
        sums = Sums(returns=Counter({"asked": 1, "attempts": len(placed)}))
        sums.returns[_fate(of_return[return_id], placed)] += 1
        found.setdefault(call_id, Sums()).add(sums)
    return found


def _fate(told: Iterable[Any], placed: Collection[str]) -> str:
    fate = "open"
    for event in sorted(told, key=lambda event: event.id):  # as they were stored, whatever the clocks said
        if event.kind == CLOSED:  # one that a call of ours has closed may be begun anew
            fate = _closed(event.data, placed)
        else:
            fate = "with_people" if event.kind == GIVEN_UP else "open"
    return fate


def _closed(data: Mapping[str, Any], placed: Collection[str]) -> str:
    if data["by"] != RULES:
        return "closed_by_people"
    return "reached" if data.get("call") in placed else "called_again"


def _sent(connection: sa.Connection, return_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return the calls that the switch was to place for each return: that is evidence of its own."""
    sent: dict[int, set[str]] = {}
    for start in range(0, len(return_ids), _PAGE):
        query = (
            sa.select(attempts.c.task_id, attempts.c.id)
            .join(evidence, evidence.c.attempt_id == attempts.c.id)
            .where(attempts.c.campaign == CAMPAIGN, evidence.c.kind == Kind.SENT.value)
            .where(attempts.c.task_id.in_(return_ids[start : start + _PAGE]))
        )
        for task_id, attempt_id in connection.execute(query):
            sent.setdefault(task_id, set()).add(attempt_id)
    return sent
