"""A leader's line on a real switch for many citizens at once: who calls, answers by itself, and is stored."""

import itertools
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.rules.leader_day import OPEN, PUBLISHED
from telephony.store import leader_days
from telephony.store.database import engine_of, transaction, url_of
from telephony.store.leader_tables import leader_days as table
from tests.pbx.callers import Callers
from tests.system import System

LEADER, SCREENERS, ASSISTANT, AGENT = "8801", ("8803", "8804"), "8802", "8001"
CITY, CITY_LINE = "city-hall", "037512346"
LEADERS_QUEUE, SCREENING, NORMAL = "city-leader", "city-leader-screening", "city-12345"
PATIENCE = 40
ANSWERS = Behaviour(ring_ms=100, answer=True, voice="tone")
"""A citizen who is called back."""
LOOK_SECONDS = 0.2
WITHHELD = "anonymous"
_numbers = itertools.count(13500000001)
_pitches = itertools.cycle(range(420, 1000, 16))


class Citizen:
    """One call of one citizen to the leader's line."""

    def __init__(self, session, caller, call_id, queue):
        self.session, self.caller, self.call_id, self.queue = session, caller, call_id, queue
        self.number = caller.number

    @property
    def ledger(self):
        return self.session.service.get(f"/calls/{self.call_id}")

    @property
    def standing(self):
        """How the register has it."""
        return self.session.row(self.call_id)["standing"]

    def press(self, keys):
        self.caller.media.press(keys, 0)

    def hears(self, milliseconds=None):
        return self.caller.hears(milliseconds)

    def hangs_up(self):
        """Go; return when the ledger has it."""
        self.caller.hang_up()
        self.caller.wait_ended()
        return self.ended()

    def ended(self):
        """Block until the ledger has the call's end; return it."""
        self.session.until(lambda: self.ledger["state"] == "ended", f"{self.call_id} does not end")
        return self.ledger

    def waits_in(self, queue):
        """Block until the citizen waits there."""
        self.session.service.wait_event("waits", 0, call_id=self.call_id, queue=queue)
        return self

    def talks_with(self, *agents):
        """Block until one of these and the citizen are in one bridge; return who."""
        self.session.until(
            lambda: self._bridged(agents), lambda: f"{agents} are not with {self.call_id}: {self.ledger}"
        )
        return self._bridged(agents)

    def _bridged(self, agents):
        legs = [leg for leg in self.ledger["legs"] if leg["ended_at"] is None and leg["bridged_at"]]
        here = {leg["party"] for leg in legs if leg["role"] == "agent"} & set(agents)
        return here.pop() if here and any(leg["role"] == "citizen" for leg in legs) else None

    def screened(self, in_scope=True):
        """Let the screening agent who answers put down what it is about; return the agent."""
        agent = self.talks_with(*SCREENERS)
        self._post("screen", in_scope=in_scope, summary="小区供水不足", by=agent)
        return agent

    def handed_over(self):
        """Let a screening agent hand over; return how, and who did."""
        agent = self.screened()
        return self._post("hand-over", by=agent)["how"], agent

    def given_on(self):
        """Let a screening agent find out that it is nothing for the leader, and give the citizen on."""
        assert self._post("to-normal", by=self.screened(in_scope=False))["how"] == "normal"

    def asks_leader(self):
        """Let the screening agent ask the leader, who is free and answers; return the agent."""
        how, agent = self.handed_over()
        assert how == "attended"
        self.session.until(lambda: self._leader_was_asked, f"the leader is not asked: {self.call_id}")
        return agent

    @property
    def _leader_was_asked(self):
        return any(leg["party"] == LEADER and leg["bridged_at"] for leg in self.ledger["legs"])

    def given_warm(self):
        """Let the screening agent ask the leader, and bring the two together."""
        self.session.system.phone(self.asks_leader()).hangup()
        self.talks_with(LEADER)
        return self

    def queued_for_leader(self):
        """Let the citizen wait for the leader, having been screened."""
        assert self.handed_over()[0] == "queue"
        return self.waits_in(LEADERS_QUEUE)

    def came_of_it(self, result, **more):
        return self._post("result", result=result, by=ASSISTANT, **more)

    def settle(self, how, **more):
        return self._post("settle", how=how, by="李敏", **more)

    def _post(self, what, **body):
        return self.session.service.post(f"/leader-calls/{self.call_id}/{what}", **body)


class LeaderSession:
    """A whole installation, citizens without number, and phones that answer by themselves."""

    def __init__(self, folder):
        self.system = System(folder, {"agents": {"wrap_up_seconds": 0}})
        self.switch, self.service = self.system.switch, self.system.service
        self.callers = Callers(self.switch.sip)
        self.far_end = FarEnd("127.0.0.2", self.switch.carrier_port, folder / "far-end", default=ANSWERS)
        self.day, self._known = None, set()

    def start(self):
        self.callers.start()
        self.far_end.start()
        self.system.start()
        return self

    def stop(self):
        self.system.stop()
        self.callers.stop()
        self.far_end.stop()

    def answering(self, *agents):
        """Let these agents be ready, and answer whatever comes; return their phones."""
        return [self.system.agent(number, auto_answer=True) for number in agents]

    def opens(self, seat=CITY, leader="mayor-li", centre="city"):
        """Open a day that was announced long ago, which ends in two hours; return it."""
        now = datetime.now(UTC)
        row = {"centre": centre, "seat": seat, "leader": leader, "state": PUBLISHED, "topics": []}
        row |= {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=2)}
        with self.stored() as connection:
            day = leader_days.add(connection, row | {"scope": "供水", "created_at": now, "by": "李敏"}).id
        mark = self.service.mark()
        self.day = day
        found = self.service.get(f"/leader-days/{day}")
        if found["state"] != OPEN:  # the clock may have been quicker
            found = self.service.post(f"/leader-days/{day}/open", by="李敏")
        self.service.wait_event("leader_day", mark - 1, day=day, what="open")
        return found

    def closes(self, day):
        return self.service.post(f"/leader-days/{day}/close", by="李敏", reason="演练")

    def ends_now(self):
        """Let the end of the day have come; the service sees it at its next look."""
        with self.stored() as connection:
            over = {"ends_at": datetime.now(UTC)}
            connection.execute(table.update().where(table.c.id == self.day).values(over))

    @contextmanager
    def stored(self):
        engine = engine_of(url_of(self.switch.config.hotline.database, self.switch.paths.var))
        with transaction(engine) as connection:
            yield connection
        engine.dispose()

    def calls(self, called=CITY_LINE, *, keys="", number=None):
        """Let somebody call; return the citizen, who waits, or is answered already."""
        mark = self.service.mark()
        caller = self.callers.call(number or str(next(_numbers)), called, next(_pitches))
        if keys:
            caller.wait_answered()
            caller.media.press(keys, 500)
        while (event := self.service.wait_event("waits", mark))["call_id"] in self._known:
            mark = event["id"]  # somebody who called before waits elsewhere now
        self._known.add(event["call_id"])
        return Citizen(self, caller, event["call_id"], event["data"]["queue"])

    def rows(self):
        """Return the day's calls as the register has them."""
        return self.service.get(f"/leader-days/{self.day}/calls")

    def row(self, call_id):
        [found] = [each for each in self.rows() if each["call_id"] == call_id]
        return found

    def register(self):
        return {each["call_id"] for each in self.service.get(f"/leader-days/{self.day}/register")}

    def presence(self):
        return self.service.get(f"/leader-days/{self.day}/presence")

    def until(self, holds, what):
        """Block until something holds: who enters a bridge, or leaves one, is told by no event of its own."""
        for _ in range(int(PATIENCE / LOOK_SECONDS)):
            mark = self.service.mark()
            if holds():
                return
            self.service.get("/events", after=mark, wait=LOOK_SECONDS)
        raise AssertionError(what() if callable(what) else what)

    def called_back(self, citizen, agent):
        """Let an agent call a citizen back who is on the list of the missed; return when they have talked."""
        every = self.service.get("/returns", closed="true")
        [mine] = [each for each in every if each["call_id"] == citizen.call_id]
        call_id = self.service.post(f"/returns/{mine['id']}/dial", agent=agent)["call_id"]
        back = Citizen(self, citizen.caller, call_id, None)
        back.talks_with(agent)
        self.far_end.hang_up(citizen.number)
        back.ended()
        return call_id
