"""A whole leader day on a real switch (Art. 6): twenty citizens, two who screen, a kill, an end in a call.

The session is played once; each test looks at one side of what came of it.
"""

from collections import Counter
from datetime import datetime

import pytest

from telephony.rules.leader_day import CERTIFIED
from tests.pbx.leader_evening import GONE, NOTED, TO_UNITS, Evening
from tests.pbx.leader_session import LEADER, SCREENERS, LeaderSession

OFFERED, SECOND = 20, 1.0
TENTH = 0.1001
"""Durations of the certificate are rounded to tenths of a second."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    session = LeaderSession(tmp_path_factory.mktemp("evening"))
    try:
        yield Evening(session.start()).play()
    finally:
        session.stop()


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
    assert evening.owed == evening.named("gone in the kill", "sent off and gone", *TO_UNITS, *NOTED)
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
