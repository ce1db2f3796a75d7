"""A whole leader day on a real switch (Art. 6): twenty citizens, two who screen, a kill, an end in a call.

The session is played once; each test looks at one side of what came of it.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from telephony.rules.leader_day import CERTIFIED, OPEN
from tests.pbx.leader_session import (
    AGENT,
    LEADER,
    NORMAL,
    SCREENERS,
    WITHHELD,
    LeaderSession,
)

OFFERED, SECOND = 20, 1.0
TENTH = 0.1001
"""Durations of the certificate are rounded to tenths of a second."""
GONE = {"abandoned", "abandoned_early", "abandoned_later"}


@dataclass
class Evening:
    """What the test did, and saw: citizens by what became of them, and how long the leader was there."""

    session: LeaderSession
    fates: dict = field(default_factory=dict)
    """Call id → fate, as the test brought it about."""
    citizens: dict = field(default_factory=dict)
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


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    session = LeaderSession(tmp_path_factory.mktemp("evening"))
    try:
        session.start()
        evening = Evening(session)
        leader, *_ = session.answering(LEADER, *SCREENERS, AGENT)
        session.opens()
        evening.began = time.monotonic()
        before_the_kill(evening, leader)
        service_dies(evening)
        the_end_comes(evening, leader)
        settled(evening)
        yield evening
    finally:
        session.stop()


def before_the_kill(evening, leader):
    """Most of them: one waits for a leader who rests, one is given on warm, some go, one is out of scope."""
    service = evening.session.service
    service.post(f"/agents/{LEADER}/pause", reason="rest")
    rested = time.monotonic()
    rests = evening.calls("dispatched", "answered").queued_for_leader()
    service.post(f"/agents/{LEADER}/ready")
    evening.paused = time.monotonic() - rested
    rests.talks_with(LEADER)
    rests.hangs_up()
    rests.came_of_it("dispatched", unit="city-management", case_number="P-1")

    asked = evening.calls("gone while asked", "gave_up")
    agent = asked.asks_leader()
    asked.hangs_up()
    evening.session.system.phone(agent).hangup()
    service.wait_agent(LEADER, "ready")

    warm = evening.calls("warm", "answered", called="12345", keys="6").given_warm()

    evening.calls("gave up", "gave_up").queued_for_leader().hangs_up()
    evening.calls("killed with leader", "answered").queued_for_leader()
    evening.calls("killed waiting", "answered").queued_for_leader()
    evening.calls("gone in the kill", "gave_up").queued_for_leader()

    other = evening.calls("out of scope", "out_of_scope")
    other.given_on()
    other.talks_with(AGENT)
    other.hangs_up()
    key = evening.calls("key 0", "other_agent").queued_for_leader()
    key.press("0")
    key.talks_with(AGENT)
    key.hangs_up()

    evening.calls("killed screening", "answered").talks_with(*SCREENERS)
    rings_off = evening.calls("screened and gone", "screening_only")
    rings_off.screened()
    evening.calls("gone before screening", "gave_up").hangs_up()
    evening.calls("withheld", "gave_up", number=WITHHELD).hangs_up()
    evening.calls("killed before screening", "answered")
    rings_off.hangs_up()
    leader.hangup()
    warm.ended()
    warm.came_of_it("on_the_spot")


def service_dies(evening):
    """Kill the service while people wait, are screened and talk; somebody hangs up before it is back."""
    talks, waits, screened, before, gone = (
        evening.citizens[name]
        for name in (
            *("killed with leader", "killed waiting", "killed screening", "killed before screening"),
            "gone in the kill",
        )
    )
    talks.talks_with(LEADER)
    before.talks_with(*SCREENERS)
    session = evening.session
    session.service.kill()
    gone.caller.hang_up()
    gone.caller.wait_ended()
    session.service.start()
    session.service.wait_ready()
    assert gone.ended()["outcome"] in GONE
    assert (talks.standing, waits.standing) == ("with_leader", "waiting")
    screened.queued_for_leader()
    before.queued_for_leader()
    talks.hangs_up()
    waits.talks_with(LEADER)
    waits.hangs_up()
    screened.talks_with(LEADER)
    screened.hangs_up()
    before.talks_with(LEADER)


def the_end_comes(evening, leader):
    """Let the end pass while the leader talks; two wait for the leader, two are screened, one is to be."""
    session = evening.session
    again = evening.calls("calls again", "answered", number=evening.citizens["gave up"].number)
    again.queued_for_leader()
    evening.citizens["killed before screening"].hangs_up()
    again.talks_with(LEADER)
    helped = evening.calls("sent off", "sent_off").queued_for_leader()
    leaves = evening.calls("sent off and gone", "sent_off").queued_for_leader()
    late = evening.calls("given late", "sent_off")
    alone = evening.calls("only screened", "screening_only")
    late.talks_with(*SCREENERS)
    alone.talks_with(*SCREENERS)
    unheard = evening.calls("sent off unscreened", "sent_off")
    mark = session.service.mark()
    session.ends_now()
    for citizen in (helped, leaves, unheard):
        citizen.waits_in(NORMAL)
    helped.talks_with(AGENT)
    leaves.hangs_up()
    late.handed_over()
    late.waits_in(NORMAL)
    alone.hangs_up()
    helped.hangs_up()
    for citizen in (late, unheard):  # by their arrival
        citizen.talks_with(AGENT)
        citizen.hangs_up()
    assert session.service.get(f"/leader-days/{session.day}")["state"] == OPEN
    assert again.standing == "with_leader"
    leader.hangup()
    session.service.wait_event("leader_day", mark, day=session.day, what="close")
    evening.over = time.monotonic()
    again.ended()


def settled(evening):
    """Settle who was not reached, each in a way that is allowed for them, and certify."""
    session, citizens = evening.session, evening.citizens
    evening.owed = session.register()
    evening.back = session.called_back(citizens["gone in the kill"], AGENT)
    placed = session.called_back(citizens["sent off and gone"], AGENT)
    assert citizens["sent off and gone"].standing == "called_back", placed
    for name in ("screened and gone", "gone before screening", "gone while asked"):
        citizens[name].settle("handed_to_unit", unit="city-management")
    citizens["only screened"].settle("handed_to_unit", unit="city-management")
    for name in ("key 0", "withheld", "sent off", "given late", "sent off unscreened"):
        citizens[name].settle("noted", note="坐席已受理")
    assert session.register() == set()
    evening.certificate = session.service.post(f"/leader-days/{session.day}/certify", by="李敏")


def ledger(evening):
    """Return the day's calls with their legs and events, as the ledger and not the register has them."""
    service = evening.session.service
    found = [each for each in service.get("/calls", limit=1000) if "leader_day" in each["marks"]]
    return [service.get(f"/calls/{each['id']}") for each in found]


def parts(call, agents):
    """Return the legs of these agents who were in a bridge."""
    return [leg for leg in call["legs"] if leg["party"] in agents and leg["bridged_at"]]


def met(call, agent):
    """Tell whether an agent and the citizen were in one bridge."""
    together = [{(each["role"], each["party"]) for each in one["parties"]} for one in call["segments"]]
    return any(("agent", agent) in who and "citizen" in dict(who) for who in together)


def of_each(calls, name):
    """Return each call's end and outcome, by its id."""
    return {call[name]: (call["ended_at"], call["outcome"]) for call in calls}


def seconds(legs):
    """Return how long these were there, from the first bridge on, in all."""
    at = datetime.fromisoformat
    return sum((at(leg["ended_at"]) - at(leg["bridged_at"])).total_seconds() for leg in legs)


def test_twenty_were_let_in_and_each_has_the_one_fate_that_it_met(evening):
    document = evening.document
    assert {call["call_id"]: call["fate"] for call in document["calls"]} == evening.fates
    figures = document["figures"]
    fates = Counter(evening.fates.values())
    fates["turned_away"] = fates.pop("out_of_scope")
    assert {name: figures[name] for name in fates} == dict(fates)
    assert figures["offered"] == sum(fates.values()) == OFFERED
    assert (figures["open"], figures["lost"], figures["to_be_called"]) == (0, 0, 0)


def test_the_certificates_sums_are_the_ledgers(evening):
    calls, figures = ledger(evening), evening.document["figures"]
    sent = [call for call in calls if any(each["kind"] == "leader_sent_off" for each in call["events"])]
    answered = [call for call in calls if met(call, LEADER)]
    talks = [leg for call in answered for leg in parts(call, {LEADER})]
    assert len(calls) == figures["offered"]
    assert len(sent) == figures["sent_off"]
    assert len(answered) == figures["answered"]
    gone = [call for call in calls if call["outcome"] in GONE and call not in sent]
    assert len(gone) == figures["gave_up"]
    assert len(talks) == figures["talks"]["count"]
    assert figures["talks"]["total_seconds"] == pytest.approx(seconds(talks), abs=TENTH / 2)
    assert figures["talks"]["longest_seconds"] == pytest.approx(
        max(seconds([one]) for one in talks), abs=TENTH / 2
    )
    assert of_each(evening.document["calls"], "call_id") == of_each(calls, "id")
    assert len([call for call in calls if parts(call, SCREENERS)]) == figures["screenings"]["count"]
    assert evening.document["recount"] == {"agrees": True, "differences": []}


def test_results_and_screenings_stand_as_people_put_them_down(evening):
    figures = evening.document["figures"]
    names = ("on_the_spot", "dispatched", "called_back", "handed_to_unit", "out_of_scope")
    assert {name: figures[name] for name in names} == {
        "on_the_spot": 1,
        "dispatched": 1,
        "called_back": 2,
        "handed_to_unit": 4,
        "out_of_scope": 1,
    }
    [call] = [each for each in evening.document["calls"] if each["result"] == "dispatched"]
    assert (call["call_id"], call["unit"]) == (*evening.named("dispatched"), "city-management")
    assert sum(figures["standings"].values()) == OFFERED


def test_the_register_held_those_who_were_not_reached_and_nobody_else(evening):
    assert evening.owed == evening.named(
        *("gone in the kill", "gone before screening", "withheld", "screened and gone", "only screened"),
        *("gone while asked", "key 0", "sent off", "sent off and gone", "given late", "sent off unscreened"),
    )
    stands = {each["call_id"]: each for each in evening.session.rows()}
    [again] = evening.named("gave up")
    assert (stands[again]["standing"], stands[again]["settled_by"]) == ("answered_later", "rules")
    [back] = evening.named("gone in the kill")
    assert (stands[back]["standing"], stands[back]["settled_call"]) == ("called_back", evening.back)


def test_the_presence_is_what_was_measured_without_the_rest_and_over_the_kill(evening):
    there = evening.document["presence"]
    assert there["there_seconds"] == pytest.approx(evening.over - evening.began - evening.paused, abs=SECOND)
    assert there["paused_seconds"] == pytest.approx(evening.paused, abs=SECOND)
    assert there["away_seconds"] == pytest.approx(0, abs=SECOND)


def test_the_clock_closed_the_day_after_the_leaders_last_call_and_it_was_certified(evening):
    session = evening.session
    day = session.service.get(f"/leader-days/{session.day}")
    assert (day["state"], day["closed_by"]) == (CERTIFIED, "clock")
    assert day["closed_at"] > day["ends_at"]
    assert (evening.certificate["frozen"], evening.certificate["intact"]) == (True, True)
    last = evening.citizens["calls again"].ledger
    assert last["outcome"] == "answered"
    assert parts(last, {LEADER})[0]["ended_at"] > day["ends_at"]
