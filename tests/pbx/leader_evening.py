"""A leader day of twenty citizens, played act by act on a real switch; what was seen is kept for tests."""

import time
from dataclasses import dataclass, field

from telephony.rules.leader_day import OPEN
from tests.pbx.leader_session import AGENT, LEADER, NORMAL, SCREENERS, WITHHELD, LeaderSession

GONE = {"abandoned", "abandoned_early", "abandoned_later"}
KILLED_WAITING = {
    "killed with leader": "answered",
    "killed waiting": "answered",
    "gone in the kill": "gave_up",
}
TO_UNITS = ("screened and gone", "gone before screening", "gone while asked", "only screened")
NOTED = ("key 0", "withheld", "sent off", "given late", "sent off unscreened")
"""Nobody can call them, or an agent helped them after they had left the leader's line."""


@dataclass
class Evening:
    """What the test did, and saw: citizens by what became of them, and how long the leader was there."""

    session: LeaderSession
    fates: dict = field(default_factory=dict)
    """Call id → fate, as the test brought it about."""
    citizens: dict = field(default_factory=dict)
    leader: object = None
    """The leader's phone."""
    began: float = 0.0
    over: float = 0.0
    paused: float = 0.0
    owed: set = field(default_factory=set)
    back: str = ""
    """The call that called somebody back."""
    certificate: dict = field(default_factory=dict)

    def calls(self, name, fate, **way):
        citizen = self.session.calls(**way)
        self.citizens[name], self.fates[citizen.call_id] = citizen, fate
        return citizen

    def named(self, *names):
        return {self.citizens[name].call_id for name in names}

    @property
    def document(self):
        return self.certificate["document"]

    # The acts, in order.

    def play(self):
        """Let the whole day happen, until it is certified."""
        self.leader, *_ = self.session.answering(LEADER, *SCREENERS, AGENT)
        self.session.opens()
        self.began = time.monotonic()
        self._leader_rests()
        warm = self._given_warm()
        self._many_come()
        self.leader.hangup()
        warm.ended()
        warm.came_of_it("on_the_spot")
        self._service_dies()
        self._those_of_before_are_served()
        self._many_come_late()
        self._end_comes()
        self._last_talk_ends()
        self._settled()
        return self

    def _leader_rests(self):
        """Let somebody wait until the leader is back."""
        service = self.session.service
        service.post(f"/agents/{LEADER}/pause", reason="rest")
        rested = time.monotonic()
        waits = self.calls("dispatched", "answered").queued_for_leader()
        service.post(f"/agents/{LEADER}/ready")
        self.paused = time.monotonic() - rested
        waits.talks_with(LEADER)
        waits.hangs_up()
        waits.came_of_it("dispatched", unit="city-management", case_number="P-1")

    def _given_warm(self):
        """Let two be given over while the leader is free, one of whom goes before; return the other."""
        asked = self.calls("gone while asked", "gave_up")
        agent = asked.asks_leader()
        asked.hangs_up()
        self.session.system.phone(agent).hangup()
        self.session.service.wait_agent(LEADER, "ready")
        return self.calls("warm", "answered", called="12345", keys="6").given_warm()

    def _many_come(self):
        """Let many come while the leader talks: some wait, some go, one is out of scope, one presses 0."""
        self.calls("gave up", "gave_up").queued_for_leader().hangs_up()
        for name, fate in KILLED_WAITING.items():
            self.calls(name, fate).queued_for_leader()
        other = self.calls("out of scope", "out_of_scope")
        other.given_on()
        other.talks_with(AGENT)
        other.hangs_up()
        key = self.calls("key 0", "other_agent").queued_for_leader()
        key.press("0")
        key.talks_with(AGENT)
        key.hangs_up()
        self.calls("killed screening", "answered").talks_with(*SCREENERS)
        rings_off = self.calls("screened and gone", "screening_only")
        rings_off.screened()
        self.calls("gone before screening", "gave_up").hangs_up()
        self.calls("withheld", "gave_up", number=WITHHELD).hangs_up()
        self.calls("killed before screening", "answered")
        rings_off.hangs_up()

    def _service_dies(self):
        """Kill the service while people wait, are screened and talk; one hangs up before it is back."""
        talks, gone = self.citizens["killed with leader"], self.citizens["gone in the kill"]
        talks.talks_with(LEADER)
        self.citizens["killed before screening"].talks_with(*SCREENERS)
        service = self.session.service
        service.kill()
        gone.caller.hang_up()
        gone.caller.wait_ended()
        service.start()
        service.wait_ready()
        assert gone.ended()["outcome"] in GONE
        assert talks.standing == "with_leader"
        assert self.citizens["killed waiting"].standing == "waiting"

    def _those_of_before_are_served(self):
        """Let the leader take all who were there as the service died, by their arrival."""
        names = ("killed with leader", "killed waiting", "killed screening", "killed before screening")
        talks, waits, screened, before = (self.citizens[name] for name in names)
        screened.queued_for_leader()
        before.queued_for_leader()
        for citizen in (talks, waits, screened):
            citizen.talks_with(LEADER)
            citizen.hangs_up()
        before.talks_with(LEADER)

    def _many_come_late(self):
        """Let one talk with the leader, two wait, two be with those who screen, and one wait for that."""
        again = self.calls("calls again", "answered", number=self.citizens["gave up"].number)
        again.queued_for_leader()
        self.citizens["killed before screening"].hangs_up()
        again.talks_with(LEADER)
        self.calls("sent off", "sent_off").queued_for_leader()
        self.calls("sent off and gone", "sent_off").queued_for_leader()
        self.calls("given late", "sent_off").talks_with(*SCREENERS)
        self.calls("only screened", "screening_only").talks_with(*SCREENERS)
        self.calls("sent off unscreened", "sent_off")

    def _end_comes(self):
        """Let the end pass while the leader talks: who waits, and who is given over later, has an agent."""
        names = ("sent off", "sent off and gone", "sent off unscreened", "given late", "only screened")
        helped, leaves, unheard, late, alone = (self.citizens[name] for name in names)
        self.session.ends_now()
        for citizen in (helped, leaves, unheard):
            citizen.waits_in(NORMAL)
        helped.talks_with(AGENT)
        leaves.hangs_up()
        late.handed_over()
        late.waits_in(NORMAL)
        alone.hangs_up()
        for citizen in (helped, late, unheard):  # who was given on goes before who was not screened
            citizen.talks_with(AGENT)
            citizen.hangs_up()

    def _last_talk_ends(self):
        """Let the leader finish: only then is the day over."""
        service, day, last = self.session.service, self.session.day, self.citizens["calls again"]
        assert service.get(f"/leader-days/{day}")["state"] == OPEN
        assert last.standing == "with_leader"
        mark = service.mark()
        self.leader.hangup()
        service.wait_event("leader_day", mark, day=day, what="close")
        self.over = time.monotonic()
        last.ended()

    def _settled(self):
        """Settle who was not reached, each in a way that is allowed for them, and certify."""
        session = self.session
        self.owed = session.register()
        self.back = session.called_back(self.citizens["gone in the kill"], AGENT)
        session.called_back(self.citizens["sent off and gone"], AGENT)
        for name in TO_UNITS:
            self.citizens[name].settle("handed_to_unit", unit="city-management")
        for name in NOTED:
            self.citizens[name].settle("noted", note="坐席已受理")
        assert session.register() == set()
        self.certificate = session.service.post(f"/leader-days/{session.day}/certify", by="李敏")
