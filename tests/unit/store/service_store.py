"""A store that is written by stories of calls, and asked for service figures in both ways."""

from datetime import timedelta

from telephony.rules.call_story import Happening, Record
from telephony.rules.call_telling import begin, tell
from telephony.rules.service_figures import Rules
from telephony.rules.verdict import Evidence, Finding, Kind, Outcome
from telephony.store import agents as agent_rows
from telephony.store import attempts as attempt_rows
from telephony.store import call_ratings, return_calls
from telephony.store import calls as call_rows
from telephony.store import returns as return_rows
from telephony.store.attempts import Reservation
from telephony.store.database import transaction
from telephony.store.outbound_tables import attempts, evidence
from telephony.store.service_recompute import differences, recompute
from telephony.store.service_report import report, scope_of, summed
from telephony.store.service_sums import Scope
from telephony.store.service_tables import agent_spells
from telephony.store.tables import agents, calls, events, legs
from telephony.store.threeway_tables import returns
from tests.unit.times import NOON

DEMO = "10000012345"
RULES = Rules(within_seconds=15, short_seconds=5, target=0.95)
NUMBERS = {"12345": "city", "12315": "county"}
CENTRES = {"8001": "city", "8002": "county"}
DAY = Scope(NOON, NOON + timedelta(hours=24), DEMO, RULES)
LATER = NOON + timedelta(hours=30)
RETURN_FATES = ("open", "reached", "called_again", "closed_by_people", "with_people", "begun_anew")
ALL = (evidence, attempts, returns, agent_spells, events, legs, calls, agents)


class Store:
    """A store that is written by stories of calls, and asked for figures."""

    def __init__(self, engine):
        self.engine, self.count = engine, 0

    def empty(self):
        with transaction(self.engine) as connection:
            for table in ALL:
                connection.execute(table.delete())

    def call(self, at=0, *, number="12345", caller="13800000001", queue="q1", **story):
        """Write a call that arrives `at` seconds after noon, as the ledger would."""
        self.count += 1
        told = Story(f"{self.count}.0", at, number, caller, queue, **story)
        with transaction(self.engine) as connection:
            call_rows.save(connection, [told.call])
            call_rows.append(connection, [(told.call.id, event) for event in told.events])
        return told.call.id

    def states(self, agent, changes, call_id=None):
        """Write an agent's changes, (seconds after noon, state, what came of a ring) each."""
        with transaction(self.engine) as connection:
            row = {"number": agent, "state": changes[-1][1], "since": NOON, "missed_rings": 0}
            agent_rows.save(connection, row)
            for at, state, *ring in changes:
                self.count += 1
                data = {"to": state, **({"ring": "missed"} if ring else {})}
                event = Happening(NOON + timedelta(seconds=at), "agent", f"a{self.count}", agent, data)
                call_rows.append(connection, [(call_id, event)])

    def call_and(self, call, *, key=None, fate=None, placed=()):
        """Write a call, the key that its caller pressed, and the return that is owed for it."""
        call_id = self.call(**call)
        if key is not None:
            self.rated(call_id, key)
        if fate is not None:
            self.owed(call_id, fate, placed=placed)
        return call_id

    def rated(self, call_id, key):
        """Write the key that a caller pressed, as the ledger would."""
        with transaction(self.engine) as connection:
            call_ratings.rate(connection, call_id, key)
            event = Happening(LATER, "rated", f"{call_id}:rating", None, {"key": key, "label": None})
            call_rows.append(connection, [(call_id, event)])

    def owed(self, call_id, fate="open", *, placed=()):
        """Write that a return is owed for a call, the calls placed for it, by outcome, and what became of it.

        A call with the outcome None was reserved and never sent; one that reached the citizen is the last.
        """
        self.count += 1
        with transaction(self.engine) as connection:
            opened = (f"1390000{self.count:04}", call_id, "city", "abandoned", LATER, "q1")
            assert return_rows.open_return(connection, *opened)
            [return_id] = connection.scalars(returns.select().where(returns.c.call_id == call_id))
            talked = ("answered",) if fate in {"reached", "voicemail"} else ()
            for nth, outcome in enumerate((*placed, *talked)):
                last = self._place(connection, return_id, f"rv-{call_id}-{nth}", outcome)
            match fate:
                case "reached" | "voicemail":
                    return_rows.close(connection, return_id, return_rows.RULES, None, LATER, last)
                case "called_again":
                    return_rows.close(connection, return_id, return_rows.RULES, None, LATER, "9.9")
                case "closed_by_people":
                    return_rows.close(connection, return_id, "李敏", None, LATER)
                case "with_people" | "begun_anew":
                    return_calls.give_up(connection, return_id, "attempts", LATER)
            if fate in {"begun_anew", "voicemail"}:
                return_calls.reset(connection, return_id, "李敏", LATER)

    @staticmethod
    def _place(connection, return_id, attempt_id, outcome):
        reservation = Reservation(attempt_id, "return", return_id, attempt_id, "carrier", "", "", LATER)
        attempt_rows.reserve(connection, [reservation], "epoch", LATER)
        if outcome is None:
            attempt_rows.cancel(connection, [attempt_id])
            return attempt_id
        attempt_rows.dial(connection, attempt_id, LATER, LATER)
        attempt_rows.append(connection, [(attempt_id, Evidence(Kind.SENT, LATER, Kind.SENT))])
        attempt_rows.settle(connection, attempt_id, Finding(Outcome(outcome)), "0" * 64, None)
        return attempt_id

    def alter(self, change):
        """Change what is stored behind the service's back."""
        with transaction(self.engine) as connection:
            assert connection.execute(change).rowcount == 1

    def differences(self, scope=DAY, now=LATER):
        return list(differences(self.summed(scope, now), self.again(scope, now)))

    def summed(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            found, _ = summed(connection, scope_of(connection, scope), CENTRES, now)
            return found.tell_hours()

    def report(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            return report(connection, scope, CENTRES, now)

    def again(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            return recompute(connection, scope_of(connection, scope), NUMBERS, CENTRES, now)


class Story:
    """A call told by a journal: seconds from its arrival to each step, None where it never came to that."""

    def __init__(
        self,
        call_id,
        at,
        number,
        caller,
        queue,
        *,
        queued=6.0,
        wait=10.0,
        talk=30.0,
        agent="8001",
        missed=(),
        by="citizen",
        refused=None,
        again=None,
        direction="inbound",
    ):
        self.call_id, self.start, self.events = call_id, at, []
        citizen = self.citizen = f"PJSIP/carrier-{call_id}"
        first = self.record(0, "CHAN_START", citizen, call_id)
        self.call = begin(first)
        self.call.direction = direction
        self.tell(first, "citizen")
        self.tell(
            self.record(0.01, "arrived", citizen, call_id, extra=f"{number}/{caller}/{len(caller)}"),
            "citizen",
        )
        self.call.centre = NUMBERS[number]
        end = 3.0
        if refused:
            self.tell(self.record(end, refused, citizen, call_id), "citizen")
        elif queued is not None:
            self.tell(self.record(queued, "queued", citizen, call_id, extra=queue), "citizen")
            end = queued + wait
            for nth, other in enumerate(missed):
                self.ring(queued, end, other, f"{call_id}-m{nth}", None)
            if talk is not None:
                self.ring(queued, end, agent, f"{call_id}-a", talk)
                end += talk
                if again is not None:
                    self.tell(self.record(end + 1, "queued", citizen, call_id, extra="q2"), "citizen")
                    end += 1 + again
        source = citizen if by == "citizen" else ""
        hangup = self.record(end, "HANGUP", citizen, call_id, cause=16, hangup_source=source)
        self.tell(hangup, "citizen")

    def ring(self, start, end, agent, leg_id, talk):
        channel = f"PJSIP/{agent}-{leg_id.replace('-', '')}"
        self.tell(self.record(start, "CHAN_START", channel, leg_id), "agent")
        if talk is not None:
            self.tell(self.record(end, "BRIDGE_ENTER", channel, leg_id), "agent")
        self.tell(self.record(end + (talk or 0), "HANGUP", channel, leg_id, cause=16), "agent")

    def record(self, after, kind, channel, leg_id, **more):
        at = NOON + timedelta(seconds=self.start + after)
        return Record(kind, at, channel, leg_id, self.call_id, **more)

    def tell(self, record, role):
        self.events += tell(self.call, record, role)
