"""Missed-call returns as a campaign of the dialer: whom it may call, and what follows from a call."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from telephony.callback.campaign import Candidate
from telephony.clock import SHANGHAI
from telephony.config_returns import ReturnsFile
from telephony.rules.bands import Window, parse_band
from telephony.rules.returns import NO_DISTURB, NOT_CALLABLE, Reach, ReturnRules, after, hours
from telephony.rules.verdict import Finding
from telephony.rules.workdays import WorkCalendar
from telephony.store import agents as agent_rows
from telephony.store import return_calls as rows
from telephony.store.revisits import Tick

START_WITHIN = timedelta(seconds=10)
"""A call that was not placed by then is planned anew: the agent for whom it was may be gone."""
INSTANT = timedelta(microseconds=1)
TOO_OLD = "too_old"
FLOOD = "returns-flood"
"""The kind and the subject's word of the alarm that numbers may be forged: far more strangers than usual."""
FLOOD_WITHIN = timedelta(hours=1)


def rules_of(file: ReturnsFile) -> ReturnRules:
    """Return what returns.yaml says as rules."""
    return ReturnRules(
        tuple(map(parse_band, file.hours.working_days)),
        tuple(map(parse_band, file.hours.other_days)),
        file.attempts,
        timedelta(minutes=file.spacing_minutes),
        timedelta(hours=file.give_up_hours),
    )


@dataclass(frozen=True)
class Ready:
    """A return that may be dialled now: it is its turn. `attempt_id` is the id that its call will have.

    `by_person`: somebody has asked for it, so it is placed whatever the hour.
    """

    return_id: int
    attempt_id: str
    by_person: bool = False


class Returns:
    """telephony.callback.campaign.Campaign; `ready` asks for those whose turn it is, from any thread."""

    name = rows.CAMPAIGN
    entry = "return"
    deems = False

    def __init__(self, file: ReturnsFile, calendar: WorkCalendar, reach: Reach) -> None:
        self.rules, self._calendar, self._seconds = rules_of(file), calendar, float(file.ring_seconds)
        self._flood, self._reach = file.flood_alarm, reach
        self.ready: Callable[[], Mapping[int, Ready]] = dict

    @property
    def ring_floor(self) -> float:
        """Seconds of a whole ring."""
        return self._seconds

    @property
    def guard(self) -> float:
        """Seconds after which a call that nobody answered is ended."""
        return self._seconds

    def candidates(self, connection: sa.Connection, tick: Tick, limit: int) -> Sequence[Candidate]:
        """Return the calls of those whose turn it is, each once: what came of it decides about the next."""
        window = hours(tick.at, self.rules, self._calendar)
        # Whoever rang the agent may have done so a moment before the hours ended.
        ready = {key: each for key, each in self.ready().items() if window or each.by_person}
        used = rows.known(connection, [each.attempt_id for each in ready.values()]) if ready else ()
        ready = {key: each for key, each in ready.items() if each.attempt_id not in used}
        if not ready:
            return []
        found = rows.callable_now(connection, ready, tick.at)[:limit]
        # No forged number is dialled, whoever let it stand here.
        self._leave_to_people(connection, [(row.id, row.number) for row in found], tick)
        found = [row for row in found if self._reach.includes(row.number)]
        rows.take(connection, [row.id for row in found])
        return [self._candidate(ready[row.id], row.number, window, tick) for row in found]

    @staticmethod
    def _candidate(ready: Ready, number: str, window: Window | None, tick: Tick) -> Candidate:
        start_by = tick.at + START_WITHIN
        if window is not None and not ready.by_person:
            start_by = min(start_by, window.closes - INSTANT)
        day = tick.at.astimezone(SHANGHAI).date()
        within = window or Window(day, "", tick.at, tick.at)
        return Candidate(ready.return_id, number, within, start_by, ready.attempt_id)

    def let_go(self, connection: sa.Connection, task_id: int, tick: Tick) -> None:
        """Plan anew what was not called after all."""
        rows.plan(connection, task_id, tick.at)

    def settled(self, connection: sa.Connection, task_id: int, found: Finding, tick: Tick) -> None:
        """Plan the next call, or leave it to a person; a talk closes it, now or once the journal is read."""
        row = rows.one(connection, task_id)
        if row.closed_at is not None:
            return
        faults = max(0, rows.faults(connection, task_id) - 1)  # this one is stored already
        follows = after(found, row.tries, tick.at, self.rules, faults)
        if follows.used:
            rows.use_try(connection, task_id)
        if follows.next_at is not None:
            rows.plan(connection, task_id, follows.next_at)
        else:
            rows.give_up(connection, task_id, follows.why, tick.at)

    def wake_at(self, _connection: sa.Connection, _tick: Tick) -> None:
        """Return None: whose turn it is depends on agents, not on time."""
        return

    def look_after(self, connection: sa.Connection, tick: Tick) -> None:
        """Leave to people what is too old, and plan what was forgotten."""
        for return_id in rows.forgotten(connection):
            rows.plan(connection, return_id, tick.at)
        for return_id in rows.outdated(connection, tick.at - self.rules.give_up_after):
            rows.give_up(connection, return_id, TOO_OLD, tick.at)
        for return_id in rows.quiet(connection, tick.at):
            rows.give_up(connection, return_id, NO_DISTURB, tick.at)
        self._watch_flood(connection, tick)

    def _watch_flood(self, connection: sa.Connection, tick: Tick) -> None:
        since = tick.at - FLOOD_WITHIN
        if rows.strangers(connection, since) <= self._flood:
            return
        # One that a person has acknowledged is not raised again for the same calls.
        if agent_rows.alarmed_since(connection, FLOOD, rows.CAMPAIGN, since) is None:
            agent_rows.raise_alarm(connection, tick.at, FLOOD, rows.CAMPAIGN)

    def _leave_to_people(
        self, connection: sa.Connection, numbers: Iterable[tuple[int, str]], tick: Tick
    ) -> None:
        for return_id, number in numbers:
            if not self._reach.includes(number):
                rows.give_up(connection, return_id, NOT_CALLABLE, tick.at)

    def begin(self, connection: sa.Connection, tick: Tick) -> None:
        """Take up the stored ones at a start; what is in a call is settled by the recovery."""
        self._leave_to_people(connection, rows.planned(connection), tick)
        self.look_after(connection, tick)
