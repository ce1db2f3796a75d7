"""What must never be, checked against what really happened."""

from datetime import timedelta

import sqlalchemy as sa

from telephony.rules.bands import window_at
from telephony.rules.revisit import Verdict
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import CHINA
from telephony.store.outbound_tables import LIVE_STATES, attempts, decisions, dialer, revisits

TERMINAL = ("state", "counts", "alerted", "ring_seconds", "ended_at", "digest", "rating")
EPSILON = 0.01


class Truth:
    """Watches an installation; what has been settled once must stay as it is."""

    def __init__(self, house):
        self.house, self.rules = house, house.planner.rules
        self.settled, self.decided = {}, {}
        self.answered_to_service, self.called_back = {}, {}
        house.switch.watch = self.placed

    # While a call is being placed.

    def placed(self, call):
        row = self.row(call.id)
        task = self.house.revisit(call.task)
        assert row.state == "dialling", "a call before its commit"
        assert task.verdict is None, "a call about a case that is decided"
        paused_at = self.house.memory.connection.scalar(sa.select(dialer.c.paused))
        assert not paused_at, "a call in a pause"
        self.alone(call)
        self.in_a_band(call, task)
        self.three_hours_after_the_last(call)
        self.within_the_days_cap(call)

    def alone(self, call):
        others = [other for other in self.house.switch.live if other is not call]
        assert call.task not in {other.task for other in others}, "two live calls of one case"
        assert call.number not in {other.number for other in others}, "two live calls to one number"

    def in_a_band(self, call, task):
        window = window_at(call.wall, self.rules.bands)
        assert window is not None, "a call outside the bands"
        assert self.house.planner.calendar.is_working_day(window.day), "a call on a day off"
        ends = call.wall + timedelta(seconds=call.guard)
        assert ends <= window.closes, "a ring that outlasts its band"
        assert ends <= task.due_at, "a ring that outlasts the deadline"

    def three_hours_after_the_last(self, call):
        for earlier in self.house.switch.calls.values():
            if earlier is call or earlier.task != call.task:
                continue
            row = self.row(earlier.id)
            if row.counts or row.state in {Outcome.UNKNOWN, *LIVE_STATES}:
                apart = call.started - earlier.ended
                assert apart >= self.rules.interval.total_seconds() - EPSILON, f"{apart} s after {row.state}"

    def within_the_days_cap(self, call):
        day = call.wall.astimezone(CHINA).date()
        of_day = [
            other
            for other in self.house.switch.calls.values()
            if other.number == call.number and other.wall.astimezone(CHINA).date() == day
        ]
        tries = [other for other in of_day if self.row(other.id).state != Outcome.FAILED]
        assert len(tries) <= self.rules.daily_cap, "more tries in a day than allowed"

    # After each step.

    def check(self):
        assert not self.house.faults, self.house.faults
        rows = self.house.all(attempts)
        self.terminal_states_stay(rows)
        self.live_rows_are_alone(rows)
        self.counting_calls_rang(rows)
        self.nothing_is_lost(rows)
        for decision in self.house.all(decisions):
            self.decision_stays(decision)
            if decision.verdict == Verdict.DEEMED_SATISFIED:
                self.deemed_rightly(decision)

    def terminal_states_stay(self, rows):
        for row in rows:
            if row.state not in LIVE_STATES:
                values = tuple(getattr(row, name) for name in TERMINAL)
                assert self.settled.setdefault(row.id, values) == values, "a terminal state changed"

    def live_rows_are_alone(self, rows):
        live = [row for row in rows if row.state in LIVE_STATES]
        assert len({row.task_id for row in live}) == len({row.number for row in live}) == len(live)

    def counting_calls_rang(self, rows):
        for row in rows:
            if row.counts:
                call = self.house.switch.calls[row.id]
                assert call.rang_out(self.rules.ring_floor), "a call counts that did not ring out"

    def nothing_is_lost(self, rows):
        live = {row.task_id for row in rows if row.state in LIVE_STATES}
        for task in self.house.all(revisits, verdict=None):
            assert task.next_at is not None or task.id in live, "a case that nobody will call about"
            assert task.next_at is None or task.id not in live, "a second call planned while one is under way"

    def decision_stays(self, decision):
        assert self.decided.setdefault(decision.id, tuple(decision)) == tuple(decision)

    def deemed_rightly(self, decision):
        first, second = (
            self.house.switch.calls[each] for each in (decision.first_attempt, decision.second_attempt)
        )
        assert first.rang_out(self.rules.ring_floor)
        assert second.rang_out(self.rules.ring_floor)
        assert (first.number, first.task) == (second.number, second.task)
        assert second.started - first.ended >= self.rules.interval.total_seconds() - EPSILON
        bands = self.rules.bands
        assert window_at(first.wall, bands) != window_at(second.wall, bands)
        assert decision.at >= self.row(second.id).ended_at
        for closed in (self.answered_to_service, self.called_back):
            assert closed.get(first.task, decision.id) >= decision.id, "deemed although the path was closed"

    # What the machine knows better.

    def proved_an_answer(self, call):
        self.answered_to_service.setdefault(call.task, len(self.house.all(decisions)) + 1)

    def calls_back(self, revisit_ids):
        for each in revisit_ids:
            self.called_back.setdefault(each, len(self.house.all(decisions)) + 1)

    def all_ended(self):
        return not self.house.all(revisits, verdict=None)

    def every_case_ended(self):
        assert self.all_ended(), "a case was forgotten"
        assert not [row for row in self.house.all(attempts) if row.state in LIVE_STATES]

    def row(self, attempt_id):
        query = sa.select(attempts).where(attempts.c.id == attempt_id)
        return self.house.memory.connection.execute(query).one()
