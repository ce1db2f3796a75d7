"""Revisits as a campaign of the dialer (Art. 16, 17): whom to call now, and what a call's verdict means.

Only here do two calls that rang out become `deemed_satisfied`; no other campaign has that rule.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.callback.campaign import Candidate
from telephony.callback.decisions import Ground, decide, last_of
from telephony.rules.planner import Planner
from telephony.rules.revisit import RATED, Conclusion, Next, Round, describe
from telephony.rules.verdict import Finding
from telephony.store import revisits as rows
from telephony.store.revisits import CAMPAIGN, Tick

SCAN = 64
"""Rows looked at in one go."""
MOST_SCANS = 8
"""Goes in one transaction: many that wait for a later band must not hold up the store."""
SOON = timedelta(seconds=1)


class Revisits:
    """The campaign; `planner` holds the rules in force, `version` names them.

    `demo` are the rules of demonstrations, which are called at any hour; without them there are none.
    """

    name = CAMPAIGN
    entry = "survey"
    deems = True

    def __init__(self, planner: Planner, version: str, demo: Planner | None = None) -> None:
        self.planner, self.version, self.demo = planner, version, demo
        self.ring_floor = float(planner.rules.ring_floor)
        self.guard = planner.rules.guard.total_seconds()
        self.rests: Callable[[], bool] = lambda: False
        """Whether no revisit is to be dialled now although it may be; demonstrations are, and what is overdue
        is decided. Asked in a thread of the store."""
        self._more = False
        self._deadline: datetime | None = None
        """The next deadline: before it nothing can be overdue."""

    def candidates(self, connection: sa.Connection, tick: Tick, limit: int) -> list[Candidate]:
        """Return calls that may start now, nearest deadline first; decide what is overdue."""
        due = self._deadline is None or tick.at >= self._deadline
        self._more = due and self._decide_overdue(connection, tick)
        found = self._demonstrations(connection, tick, limit) if self.demo else []
        if not self._in_a_window(tick.at) or len(found) >= limit:
            return found
        rows.promote(connection, tick.at)
        if self.rests():
            return found
        for _ in range(MOST_SCANS):
            wanted = limit - len(found)
            picked = rows.pick(connection, wanted)
            known = self._rounds(connection, picked, tick)
            taken = {candidate.number for candidate in found}
            for row in picked:
                if known[row.id].number in taken:
                    self._stand_back(connection, row, tick)
                else:
                    found += self._consider(connection, row, known[row.id], tick)
                    taken |= {candidate.number for candidate in found}
            rows.take(connection, [candidate.task_id for candidate in found])
            if len(picked) < wanted or len(found) >= limit:
                return found
        self._more = True
        return found

    def _stand_back(self, connection: sa.Connection, row: sa.Row[Any], tick: Tick) -> None:
        """Look again later: the citizen is about to be called about another case."""
        later = tick.at + max(self.planner.rules.number_gap, SOON)
        rows.schedule(connection, row.id, later, row.latest_at)

    def _demonstrations(self, connection: sa.Connection, tick: Tick, limit: int) -> list[Candidate]:
        due = rows.demos(connection, tick.at)
        known = self._rounds(connection, due, tick)
        found = [each for row in due for each in self._consider(connection, row, known[row.id], tick)]
        rows.take(connection, [candidate.task_id for candidate in found[:limit]])
        return found[:limit]

    def look_after(self, connection: sa.Connection, tick: Tick) -> None:
        """Decide what is overdue."""
        self._decide_overdue(connection, tick)

    def let_go(self, connection: sa.Connection, task_id: int, tick: Tick) -> datetime | None:
        """Plan anew what was not called after all."""
        row = rows.one(connection, task_id)
        if row is None or row.verdict is not None:
            return None
        return self.advance(connection, row, self._rounds(connection, [row], tick)[row.id], tick)

    def settled(self, connection: sa.Connection, task_id: int, found: Finding, tick: Tick) -> datetime | None:
        """Decide, or plan the next call; what the citizen said outdoes a verdict of the rules."""
        row = rows.one(connection, task_id)
        if row is None or (row.verdict is not None and (found.rating is None or row.verdict in RATED)):
            return None
        gap = self.planner.rules.number_gap
        revisit = rows.rounds(connection, [row], tick, gap, with_undisturbed=False)[row.id]
        if row.verdict is None:
            return self.advance(connection, row, revisit, tick)
        void = last_of(connection, [row.id]).get(row.id)
        step = self.planner_of(row).step(tick.at, revisit)
        if isinstance(step, Conclusion):
            decide(connection, row, revisit, step, Ground(tick, self.version_of(row), supersedes=void))
        return None

    def wake_at(self, connection: sa.Connection, tick: Tick) -> datetime | None:
        """Return when there may be something to do: a window opens, a call is due, a deadline passes."""
        if self._more:
            return tick.at + SOON
        waiting, deadline, ready = rows.wake_at(connection, tick.at)
        self._deadline = deadline
        opening = self._opening(tick.at)
        first = max(waiting, opening) if waiting else None
        again = opening if ready and opening > tick.at else None  # else the next free channel is the moment
        return min((at for at in (first, deadline, again) if at is not None), default=None)

    def begin(self, connection: sa.Connection, tick: Tick) -> None:
        """Store the rules under their version, plan anew if they changed, and whatever was forgotten."""
        if self.demo is not None:
            rows.keep_rules(connection, self.demo.rules.version, describe(self.demo.rules), tick.at)
        if rows.begin(connection, self.version, describe(self.planner.rules), tick.at):
            rows.plan_all_anew(connection, tick.at)
        for row in rows.forgotten(connection):
            self.advance(connection, row, self._rounds(connection, [row], tick)[row.id], tick)

    def advance(
        self, connection: sa.Connection, row: sa.Row[Any], revisit: Round, tick: Tick
    ) -> datetime | None:
        """Decide an open revisit or plan its next call; return when that may be placed."""
        return self._apply(connection, row, revisit, self.planner_of(row).step(tick.at, revisit), tick)

    def _apply(
        self, connection: sa.Connection, row: sa.Row[Any], revisit: Round, step: Conclusion | Next, tick: Tick
    ) -> datetime | None:
        if isinstance(step, Conclusion):
            decide(connection, row, revisit, step, Ground(tick, self.version_of(row)))
            return None
        rows.schedule(connection, row.id, step.at, step.latest_at)
        return step.at

    def _consider(
        self, connection: sa.Connection, row: sa.Row[Any], revisit: Round, tick: Tick
    ) -> list[Candidate]:
        step = self.planner_of(row).step(tick.at, revisit)
        if isinstance(step, Next) and step.at <= tick.at:
            return [Candidate(row.id, step.number, step.window, self._start_by(step, row.due_at))]
        self._apply(connection, row, revisit, step, tick)
        return []

    def planner_of(self, row: sa.Row[Any]) -> Planner:
        """Return the rules that hold for a revisit."""
        return self.demo if row.demo and self.demo is not None else self.planner

    def version_of(self, row: sa.Row[Any]) -> str:
        """Return the version of the rules that hold for a revisit."""
        return self.demo.rules.version if row.demo and self.demo is not None else self.version

    def _start_by(self, step: Next, due_at: datetime) -> datetime:
        return min(step.window.closes, due_at) - self.planner.rules.guard

    def _decide_overdue(self, connection: sa.Connection, tick: Tick) -> bool:
        late = rows.overdue(connection, tick.at, SCAN)
        known = self._rounds(connection, late, tick)
        for row in late:
            self.advance(connection, row, known[row.id], tick)
        return len(late) == SCAN

    def _rounds(
        self, connection: sa.Connection, picked: Sequence[sa.Row[Any]], tick: Tick
    ) -> dict[int, Round]:
        return rows.rounds(connection, picked, tick, self.planner.rules.number_gap)

    def _in_a_window(self, now: datetime) -> bool:
        return self._opening(now) <= now

    def _opening(self, now: datetime) -> datetime:
        """Return now if a call may start now, else when the next window opens."""
        return self.planner.opening(now) or now + timedelta(days=1)
