"""A leader day whose switch dies, and two centres that hold theirs on one evening (Art. 6)."""

import time

import pytest

from telephony.rules.leader_day import CLOSED, OPEN
from tests.pbx.leader_session import LEADER, SCREENERS, LeaderSession

SECOND = 1.0
COUNTY, COUNTY_LINE, COUNTY_LEADER, COUNTY_AGENT = "baofeng-hall", "03756512346", "8811", "8101"


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    session = LeaderSession(tmp_path_factory.mktemp("hall"))
    try:
        yield session.start()
    finally:
        session.stop()


@pytest.fixture
def session(hall):
    yield hall
    for day in hall.service.get("/leader-days", state=OPEN):
        hall.closes(day["id"])
    hall.system.hang_up()
    hall.system.log_everybody_out()


def test_a_switch_that_dies_leaves_the_day_open_and_who_was_cut_off_on_the_register(session):
    leader, *_ = session.answering(LEADER, *SCREENERS)
    session.opens()
    began = time.monotonic()
    talks = session.calls().given_warm()
    waits = session.calls().queued_for_leader()
    screened = session.calls()
    screener = screened.talks_with(*SCREENERS)

    session.switch.kill()
    session.switch.start()
    session.service.wait_ready()
    cut_off = {each.call_id for each in (talks, waits, screened)}
    assert [each.ended()["outcome"] for each in (talks, waits, screened)] == ["interrupted"] * 3
    assert session.service.get(f"/leader-days/{session.day}")["state"] == OPEN
    assert session.register() == cut_off

    for phone in (leader, session.system.phone(screener)):
        phone.hangup()  # what they hold is a call that the switch has forgotten
    for number in (LEADER, *SCREENERS):
        session.service.wait_agent(number, "ready")
    again = session.calls(number=talks.number).given_warm()
    again.hangs_up()
    stands = {each["call_id"]: each["standing"] for each in session.rows()}
    assert (stands[again.call_id], stands[talks.call_id]) == ("answered", "answered_later")
    assert session.register() == cut_off - {talks.call_id}
    session.closes(session.day)
    there = session.presence()
    assert there["there"] == pytest.approx(time.monotonic() - began, abs=SECOND)


def test_two_centres_hold_theirs_on_one_evening_and_the_end_of_one_is_none_of_the_others(session):
    session.answering(LEADER, *SCREENERS, COUNTY_LEADER, COUNTY_AGENT)
    countys = session.opens(COUNTY, "baofeng-head", "baofeng")["id"]
    citys = session.opens()["id"]
    county, city = session.calls(COUNTY_LINE), session.calls()
    county.talks_with(COUNTY_LEADER)
    city.given_warm()
    behind = session.calls(COUNTY_LINE)

    session.closes(countys)
    behind.waits_in("baofeng-12345").talks_with(COUNTY_AGENT)
    assert session.service.get(f"/leader-days/{countys}")["state"] == CLOSED
    assert session.service.get(f"/leader-days/{citys}")["state"] == OPEN
    county.talks_with(COUNTY_LEADER)  # a day that is closed ends no talk
    waits = session.calls().queued_for_leader()
    city.hangs_up()
    waits.talks_with(LEADER)
    assert {each["call_id"] for each in session.rows()} == {city.call_id, waits.call_id}
    theirs = {each["call_id"] for each in session.service.get(f"/leader-days/{countys}/calls")}
    assert theirs == {county.call_id, behind.call_id}
