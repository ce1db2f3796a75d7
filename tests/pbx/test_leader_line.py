"""Leader days on a real switch: who is let in, what becomes of who waits at the end, and service-less."""

import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from telephony.pbx import files
from telephony.rules.leader_day import OPEN, PUBLISHED
from telephony.store import leader_days
from telephony.store.database import engine_of, transaction, url_of
from telephony.store.leader_tables import leader_days as table
from tests.pbx.calls import ended
from tests.pbx.hearing import said, wait_said
from tests.plain_ami import PlainAmi
from tests.switch import prompt_hertz, tone
from tests.system import System

CITY, COUNTY, OTHER = "city-hall", "baofeng-hall", "jiaxian-hall"
CITY_LINE, COUNTY_LINE, OTHER_LINE = "037512346", "03756512346", "03755112346"
FIRST_HERTZ = 460
"""Below every prompt's pitch: what is heard of a day that was put off."""


@pytest.fixture(scope="module")
def halls(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("halls"), {"waiting": {"ask_seconds": 2}})
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def system(halls):
    yield halls
    for day in halls.service.get("/leader-days", state="open"):
        end(halls, day["id"])
    halls.hang_up()
    halls.log_everybody_out()


@contextmanager
def stored(system):
    """The service's own store: a session that was announced a week ago is put there as if it had been."""
    engine = engine_of(url_of(system.switch.config.hotline.database, system.switch.paths.var))
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def announced(system, seat):
    """Put a day there that was announced and began a minute ago; return its id."""
    now = datetime.now(UTC)
    row = {"centre": "city", "seat": seat, "leader": "mayor-li", "state": PUBLISHED, "topics": []}
    row |= {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    with stored(system) as connection:
        return leader_days.add(connection, row | {"scope": "城市管理", "created_at": now, "by": "李敏"}).id


def opens(system, seat):
    """Return a day that the clock has opened."""
    mark = system.service.mark()
    day = announced(system, seat)
    system.service.wait_event("leader_day", mark, day=day, what="open")
    return day


def ends_now(system, day):
    """Let a day's end have come: the service sees it at its next look."""
    with stored(system) as connection:
        over = {"ends_at": datetime.now(UTC) - timedelta(seconds=1)}
        connection.execute(table.update().where(table.c.id == day).values(over))


def end(system, day):
    return system.service.post(f"/leader-days/{day}/close", by="李敏", reason="测试")


def waits(system, called, **plan):
    """Return a citizen who waits, and the event that says where and since when."""
    mark = system.service.mark()
    citizen = system.citizen(called, **plan)
    return citizen, system.service.wait_event("waits", mark)


def moved(system, call_id, queue, mark):
    """Block until a call waits in another queue; return since when."""
    return system.service.wait_event("waits", mark, call_id=call_id, queue=queue)["data"]["since"]


def answers(system, number, mark):
    """Let an agent get ready, and answer; return the phone, and the call's id."""
    phone = system.agent(number)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    return phone, system.service.wait_event("answered", mark, agent=number)["call_id"]


def hertz(system, name):
    return prompt_hertz(list(system.switch.config.prompts.prompts).index(name))


@contextmanager
def fresh_ami(system):
    where = (str(system.switch.config.hotline.ami.address), system.switch.config.hotline.ami.port)
    ami = PlainAmi(socket.create_connection(where), files.AMI_USER, system.switch.secrets.ami_secret)
    yield ami
    ami.close()


@pytest.mark.parametrize(
    "way", [{"called": CITY_LINE}, {"called": "12345", "keys": "6"}], ids=["number", "key"]
)
def test_a_day_that_the_clock_has_opened_takes_who_calls_to_screening_and_a_closed_one_does_not(system, way):
    day = opens(system, CITY)
    _, event = waits(system, **way)
    assert event["data"]["queue"] == "city-leader-screening"
    mark = system.service.mark()
    _, call_id = answers(system, "8803", mark)
    call = system.service.get(f"/calls/{call_id}")
    assert (call["id"], call["marks"]) == (event["call_id"], ["leader_day"])
    assert f"leader day {day}, screened, to city-leader-screening" in call["route_reason"]
    end(system, day)
    _, event = waits(system, **way)
    assert event["data"]["queue"] == "city-12345"


def test_two_halls_hold_their_day_at_once_and_the_end_of_one_is_none_of_the_others(system):
    county, _ = opens(system, COUNTY), opens(system, OTHER)
    citizen, here = waits(system, COUNTY_LINE)
    _, there = waits(system, OTHER_LINE)
    mark = system.service.mark()
    end(system, county)
    since = moved(system, here["call_id"], "baofeng-12345", mark)
    assert since == here["data"]["since"]
    wait_said(citizen, hertz(system, "leader-over"))
    assert answers(system, "8101", mark)[1] == here["call_id"]
    mark = system.service.mark()
    assert answers(system, "8821", mark)[1] == there["call_id"]


def test_at_the_days_end_the_call_under_way_is_finished_and_who_waits_goes_to_an_agent(system):
    day = opens(system, COUNTY)
    mark = system.service.mark()
    talks = system.citizen(COUNTY_LINE)
    leader, first = answers(system, "8811", mark)
    _, event = waits(system, COUNTY_LINE)
    ends_now(system, day)
    moved(system, event["call_id"], "baofeng-12345", mark)
    told = system.service.wait_event("leader_sent_off", mark)
    assert (told["call_id"], told["data"]["queue"]) == (event["call_id"], "baofeng-leader")
    assert answers(system, "8101", mark)[1] == event["call_id"]
    assert system.service.get(f"/leader-days/{day}")["state"] == OPEN
    leader.hangup()
    system.service.wait_event("leader_day", mark, day=day, what="close")
    assert ended(system, first, mark)["outcome"] == "answered"
    assert talks.wait(20).ended_by_far_end
    assert system.service.get(f"/leader-days/{day}")["closed_by"] == "clock"


def test_one_key_leads_who_waits_for_the_leader_to_an_agent_with_the_same_arrival(system):
    opens(system, COUNTY)
    citizen, event = waits(system, COUNTY_LINE)
    wait_said(citizen, hertz(system, "leader-offer-normal"))
    mark = system.service.mark()
    citizen.press("0")
    assert moved(system, event["call_id"], "baofeng-12345", mark) == event["data"]["since"]
    system.agent("8811")  # the leader is free, and is none of theirs any more
    assert answers(system, "8101", mark)[1] == event["call_id"]
    assert system.service.get(f"/calls/{event['call_id']}")["queue"] == "baofeng-12345"


def test_who_waits_as_the_service_is_killed_and_the_day_ends_is_told_by_the_next_service(system):
    day, mark = opens(system, COUNTY), system.service.mark()
    system.citizen(COUNTY_LINE)
    leader, _ = answers(system, "8811", mark)
    citizen, event = waits(system, COUNTY_LINE)
    with fresh_ami(system) as ami:
        system.service.kill()
        ami.wait_event("QueueCallerJoin", Uniqueid=event["call_id"], Queue="baofeng-leader")
    ends_now(system, day)
    system.service.start()
    moved(system, event["call_id"], "baofeng-12345", event["id"])
    wait_said(citizen, hertz(system, "leader-over"))
    leader.hangup()
    system.service.wait_event("leader_day", mark, day=day, what="close")


def test_without_the_service_nobody_is_held_in_the_queue_of_a_leader_who_has_gone(system):
    opens(system, COUNTY)
    _, event = waits(system, COUNTY_LINE)
    with fresh_ami(system) as ami:
        system.service.kill()
        ami.wait_event("QueueCallerJoin", Uniqueid=event["call_id"], Queue="baofeng-12345")
    system.service.start()


def test_who_calls_about_a_day_that_was_put_off_hears_that_first_and_then_has_a_person(system):
    day = put_off(system, OTHER, "jiaxian-head")
    [sound] = (system.switch.paths.sounds / "leaders").glob("*.wav")
    tone(sound, FIRST_HERTZ, 0.3)
    mark = system.service.mark()
    citizen = system.citizen(OTHER_LINE)
    event = system.service.wait_event("waits", mark)
    assert event["data"]["queue"] == "jiaxian-12345"
    wait_said(citizen, FIRST_HERTZ)
    reason = system.service.get(f"/calls/{event['call_id']}")["route_reason"]
    assert f"leader day {day} put off or called off" in reason
    other = system.citizen("03755112345")
    system.service.wait_event("waits", event["id"])
    assert not said(other.hears(None), FIRST_HERTZ)
    system.service.post(f"/leader-days/{day}/cancel", by="李敏", reason="测试")


def put_off(system, seat, leader):
    """Announce a day that is weeks ahead, and put it off by two days; return its id."""
    day = (datetime.now(UTC) + timedelta(days=40)).date().replace(day=10)
    plan = {"seat": seat, "leader": leader, "scope": "城市管理", "by": "李敏", "day": day.isoformat()}
    made = system.service.post("/leader-days", **plan)["id"]
    system.service.post(f"/leader-days/{made}/publish", by="李敏")
    later = (day + timedelta(days=2)).isoformat()
    system.service.post(f"/leader-days/{made}/postpone", by="李敏", reason="防汛", day=later)
    return made
