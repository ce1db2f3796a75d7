"""A store in which a leader day happens: calls told by a journal, and what people put down of them.

Seconds are from the day's opening on, 15:00 in Shanghai.
"""

import itertools
from datetime import datetime, timedelta

from telephony.clock import SHANGHAI
from telephony.rules.call_story import Happening, Record
from telephony.rules.call_telling import begin, interrupt, tell
from telephony.rules.leader_day_figures import figures
from telephony.rules.leader_figures import differences, total
from telephony.store import calls as call_rows
from telephony.store import leader_calls, leader_days, leader_figures, leader_recompute, stays
from telephony.store import tables as ledger
from telephony.store.database import transaction
from telephony.store.leader_tables import leader_calls as register_table
from telephony.store.leader_tables import leader_days as days_table
from telephony.store.leader_tables import leader_notices
from telephony.store.outbound_tables import decisions, revisits
from telephony.store.threeway_tables import stays as stays_table

OPENED = datetime(2026, 12, 10, 15, 0, tzinfo=SHANGHAI)
ENDS = OPENED + timedelta(hours=2)
LATER = OPENED + timedelta(hours=3)
LEADER, SCREENER, OTHER = "8801", "8803", "8001"
CITIZEN = "13800001234"
ALL = (stays_table, decisions, revisits, ledger.cases, ledger.events, ledger.legs)
ALL += (register_table, ledger.calls, leader_notices, days_table)


class DayStore:
    """A store with one day in it, of the city's hall."""

    def __init__(self, engine, config):
        self.engine, self.config = engine, config
        self._count, self.day_id = itertools.count(1), 0

    def empty(self):
        with transaction(self.engine) as connection:
            for table in ALL:
                connection.execute(table.delete())

    def day(self, state="closed", **values):
        """Put a day that is held, announced well in time; return its id."""
        row = {"centre": "city", "seat": "city-hall", "leader": "mayor-li", "state": state, "topics": []}
        row |= {"starts_at": OPENED, "ends_at": ENDS, "scope": "供水", "by": "李敏", "created_at": OPENED}
        row |= {"opened_at": OPENED, "opened_by": "rules", "closed_at": ENDS, "closed_by": "rules", **values}
        with transaction(self.engine) as connection:
            self.day_id = leader_days.add(connection, row).id
        return self.day_id

    def notice(self, days_before=10, kind="published", starts_at=OPENED, name="李建国", reason=None):
        """Announce the day, so many days before it, as the content of notices says it."""
        leader = {"name": name, "post": "市长"}
        content = {"starts_at": starts_at.isoformat(), "leader": leader, "reason": reason}
        at = starts_at - timedelta(days=days_before)
        with transaction(self.engine) as connection:
            leader_days.announce(connection, self.day_id, kind, content, "李敏", reason, at)

    def call(self, at=0, *, entry="screened", caller=CITIZEN, **story):
        """Let in a call that arrives so many seconds after the opening; return its id."""
        told = Story(f"{next(self._count)}.0", at, caller, **story)
        with transaction(self.engine) as connection:
            call_rows.save(connection, [told.call])
            call_rows.append(connection, [(told.call.id, event) for event in told.events])
            stays.note(connection, [(told.call.id, record) for record in told.records])
            leader_calls.enter(connection, told.call.id, self.day_id, entry, after(at))
        return told.call.id

    def say(self, call_id, what, **said):
        """Let somebody put down what they know of a call, as screening and register do."""
        now = after(7000)
        told = {name: int(value) if isinstance(value, bool) else value for name, value in said.items()}
        stamp = {"screened": {"screened_by": SCREENER, "screened_at": now}}.get(what, {f"{what}_by": "李敏"})
        with transaction(self.engine) as connection:
            leader_calls.change(connection, call_id, **said, **stamp)
            leader_calls.tell(connection, call_id, what, now, "李敏", **told)

    def send_off(self, call_id, at):
        """Tell who waits that the day is over."""
        event = Happening(after(at), "leader_sent_off", f"{call_id}:off", None, {"to": "city-12345"})
        with transaction(self.engine) as connection:
            leader_calls.change(connection, call_id, sent_off_at=after(at))
            call_rows.append(connection, [(call_id, event)])

    def alter(self, change):
        """Change what is stored behind the service's back."""
        with transaction(self.engine) as connection:
            assert connection.execute(change).rowcount == 1

    def sums(self, line, now=LATER):
        return total((each.told for each in self.calls(now)), line, now)

    def again(self, line, now=LATER):
        with self.engine.connect() as connection:
            return leader_recompute.recompute(connection, self.day_id, line, now)

    def figures(self, line, now=LATER):
        return figures(self.sums(line, now), {})

    def differences(self, line, now=LATER):
        return list(differences(self.sums(line, now), self.again(line, now)))

    def calls(self, now=LATER):
        with self.engine.connect() as connection:
            seat = self.config.seats["city-hall"]
            return leader_figures.calls_of_day(connection, self.day_id, seat, now)


def after(seconds):
    return OPENED + timedelta(seconds=seconds)


class Story:
    """A call of the day told by a journal; seconds are lengths, None where it never came to that.

    After `wait` seconds a screening agent answers and talks for `screen`; then the citizen is handed over,
    `blind`, `attended` (the two agents speak for `words`), or `gone` (the agent asked, and hung up before the
    leader answered), and after `wait` again talks with the leader for `talk`, then with an agent outside the
    line for `other`. `outcome` says how it ends: `hangup` by the citizen, `early` in the greeting, `kept` a
    place, `failed` by our fault, `cut` off as the switch died, or it `goes on`.
    """

    def __init__(
        self, call_id, at, caller, *, wait=5.0, screen=None, hand="blind", words=4.0, talk=None, other=None,
        outcome="hangup",
    ):  # fmt: skip
        self.call_id, self.clock, self.events, self.records = call_id, at, [], []
        self.citizen, self._bridges = (f"PJSIP/carrier-{call_id}", call_id), itertools.count(1)
        self.call = begin(self._record("CHAN_START", self.citizen))
        self._tell("CHAN_START", self.citizen, "citizen")
        number = f"037512346/{caller}/{len(caller)}"
        self._tell("arrived", self.citizen, "citizen", extra=number)
        self.clock += 1
        if outcome != "early":
            self._tell("queued", self.citizen, "citizen", extra="city-leader-screening")
            self._course(wait, screen, hand, words, talk, other)
        if outcome == "kept":
            self._tell("kept", self.citizen, "citizen", extra="city-leader")
        source = "" if outcome == "failed" else self.citizen[0]
        if outcome == "cut":
            self.clock += 0.001
            self.events += interrupt(self.call, after(self.clock))
        elif outcome != "goes on":
            self._tell("HANGUP", self.citizen, "citizen", cause=16, hangup_source=source)
            for agent in (LEADER, SCREENER, OTHER):
                self._leave(agent)

    def _course(self, wait, screen, hand, words, talk, other):
        self.clock += wait
        if screen is not None:
            self._talk(SCREENER, screen)
        if screen is not None and hand in {"attended", "gone"}:
            self._ask(wait)
            (self._attended if hand == "attended" else self._given)(words, talk)
        else:
            if screen is not None:
                self._tell("transfer", self.citizen, "citizen", extra="1/queued/")
                self._leave(SCREENER)
                self._tell("queued", self.citizen, "citizen", extra="city-leader")
                self.clock += wait
            if talk is not None:
                self._talk(LEADER, talk)
        if other is not None:
            self._leave(LEADER)
            self._tell("queued", self.citizen, "citizen", extra="city-12345")
            self._talk(OTHER, other)

    def _ask(self, wait):
        """Let the screening agent ring the leader, the citizen hearing music."""
        self._tell("transfer", self.citizen, "citizen", extra="1/held/")
        self._tell("BRIDGE_EXIT", self.citizen, "citizen")
        self.clock += wait

    def _given(self, words, talk):
        """Let the screening agent hang up before the leader answers: the citizen goes on alone."""
        self._leave(SCREENER)
        self._tell("transfer", self.citizen, "citizen", extra="1/given/")
        self.clock += words
        if talk is not None:
            self._talk(LEADER, talk)

    def _attended(self, words, talk):
        """Let the two agents speak first; without a talk the citizen goes while they do."""
        leader, asker = self._leg(LEADER), self._leg(SCREENER)
        self._tell("CHAN_START", leader, "agent")
        self._tell("transfer", leader, "agent", extra="1/consulting/")
        bridge = self._bridge()
        self._tell("BRIDGE_ENTER", leader, "agent", bridge=bridge)
        self._tell("BRIDGE_ENTER", asker, "agent", bridge=bridge)
        self.clock += words
        if talk is None:
            return
        self._leave(SCREENER)
        self._tell("transfer", leader, "agent", extra="1/taken/")
        self._meet(leader)
        self.clock += talk

    def _talk(self, agent, lasts):
        leg = self._leg(agent)
        self._tell("CHAN_START", leg, "agent")
        self._meet(leg)
        self.clock += lasts

    def _meet(self, leg):
        bridge = self._bridge()
        self._tell("BRIDGE_ENTER", leg, "agent", bridge=bridge)
        self._tell("BRIDGE_ENTER", self.citizen, "citizen", bridge=bridge)

    def _leave(self, agent):
        leg = self._leg(agent)
        if leg[1] in self.call.legs and self.call.legs[leg[1]].ended_at is None:
            self._tell("HANGUP", leg, "agent", cause=16)
            if self.call.state != "ended":
                self._tell("BRIDGE_EXIT", self.citizen, "citizen")

    def _leg(self, agent):
        return f"PJSIP/{agent}-{self.call_id.replace('.', '')}", f"{self.call_id}-{agent}"

    def _bridge(self):
        return f"{self.call_id}-b{next(self._bridges)}"

    def _record(self, kind, leg, **more):
        self.clock += 0.001
        return Record(kind, after(self.clock), leg[0], leg[1], self.call_id, **more)

    def _tell(self, kind, leg, role, **more):
        record = self._record(kind, leg, **more)
        self.records.append(record)
        self.events += tell(self.call, record, role)
