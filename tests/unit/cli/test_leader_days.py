"""`hotline leader-days` against a running service; at noon of 23 November 2026."""

import json
from datetime import datetime

import pytest
from icalendar import Calendar

ADD = ("add", "--seat", "city-hall", "--leader", "mayor-li", "--on", "2026-12-10", "--scope", "供热、供水")
BY = ("--by", "李敏")
POSTPONE = ("--on", "2026-12-20", "--reason", "临时公务", *BY)


@pytest.fixture
def hall(running):
    """Run `hotline leader-days`."""

    def run(*words):
        return running.run("leader-days", *words)

    run.clock = running.api.clock
    return run


def read(done):
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def day(hall):
    """The id of a day that is announced."""
    found = str(read(hall(*ADD, *BY, "--json"))["id"])
    assert hall("publish", found, *BY).exit_code == 0
    return found


def test_a_day_is_added_in_the_hours_of_the_configuration(hall):
    done = hall(*ADD, *BY)
    assert (done.exit_code, "12-10 15:00:00" in done.stdout, "planned" in done.stdout) == (0, True, True)


def test_a_day_is_added_in_hours_of_its_own_with_topics_and_why_it_is_a_second(hall):
    hall(*ADD, *BY)
    more = (
        "--hours",
        "09:00-11:30",
        "--topic",
        "city-enterprise",
        "--topic",
        "city-12345",
        "--second",
        "专场",
    )
    added = read(hall(*ADD, *more, *BY, "--json"))
    assert (added["starts_at"], added["ends_at"]) == (
        "2026-12-10T09:00:00+08:00",
        "2026-12-10T11:30:00+08:00",
    )
    assert (added["topics"], added["reason"]) == (["city-enterprise", "city-12345"], "专场")


@pytest.mark.parametrize(
    "words",
    [("--hours", "9-11"), ("--hours", "11:00-09:00"), ("--hours", "09:00-24:00")],
    ids=str,
)
def test_hours_that_are_none_are_a_usage_error(hall, words):
    assert hall(*ADD, *words, *BY).exit_code == 2


def test_a_day_that_is_none_is_a_usage_error(hall):
    words = [word if word != "2026-12-10" else "2026-13-10" for word in ADD]
    done = hall(*words, *BY)
    assert (done.exit_code, "2026-12-10" in done.stderr) == (2, True)


def test_leaders_and_seats_that_there_are_are_named(hall):
    done = hall(*[word if word != "mayor-li" else "nobody" for word in ADD], *BY)
    assert (done.exit_code, "mayor-li, vice-mayor-zhou" in done.stderr) == (2, True)
    done = hall(*[word if word != "city-hall" else "nowhere" for word in ADD], *BY)
    assert (done.exit_code, "city-hall, baofeng-hall, jiaxian-hall" in done.stderr) == (2, True)


def test_a_second_day_in_a_month_without_a_reason_is_not_possible(hall):
    hall(*ADD, *BY)
    done = hall(*[word if word != "2026-12-10" else "2026-12-31" for word in ADD], *BY)
    assert (done.exit_code, "in 2026-12 already" in done.stderr) == (1, True)


def test_a_planned_day_is_changed(hall):
    added = read(hall(*ADD, *BY, "--json"))
    changed = read(hall("change", str(added["id"]), "--leader", "zhanhe-head", *BY, "--json"))
    assert changed == {**added, "leader": "zhanhe-head"}
    times = ("--on", "2026-12-11", "--hours", "09:00-11:00")
    moved = read(hall("change", str(added["id"]), *times, *BY, "--json"))
    assert moved["starts_at"] == "2026-12-11T09:00:00+08:00"
    assert hall("change", str(added["id"]), "--hours", "09:00-11:00", *BY).exit_code == 2


def test_publishing_too_late_is_refused_with_the_first_possible_day(hall):
    added = read(hall(*ADD, *BY, "--json"))
    hall.clock.time = datetime.fromisoformat("2026-12-03T00:00:00+08:00")
    done = hall("publish", str(added["id"]), *BY)
    assert (done.exit_code, "2026-12-11" in done.stderr) == (1, True)


def test_a_day_is_postponed_substituted_and_cancelled_and_shown_with_its_notices(hall, day):
    assert "postponed" in hall("postpone", day, *POSTPONE).stdout
    words = ("--leader", "vice-mayor-zhou", "--reason", "出差", *BY)
    assert "vice-mayor-zhou" in hall("substitute", day, *words).stdout
    assert hall("cancel", day, *BY).exit_code == 1
    assert "cancelled" in hall("cancel", day, "--reason", "防汛", *BY).stdout
    shown = hall("show", day).stdout
    assert all(f"{day}-{nth}" in shown for nth in (1, 2, 3, 4))
    assert len(read(hall("show", day, "--json"))["notices"]) == 4


def test_a_postponement_into_a_month_that_has_a_day_says_why(hall, day):
    hall(*[word if word != "2026-12-10" else "2027-01-05" for word in ADD], *BY)
    words = [word if word != "2026-12-20" else "2027-01-20" for word in POSTPONE]
    assert hall("postpone", day, *words).exit_code == 1
    assert read(hall("postpone", day, *words, "--second", "补上月", "--json"))["reason"] == "补上月"


def test_a_day_is_opened_extended_and_closed(hall, day):
    assert hall("open", day, *BY).exit_code == 1
    hall.clock.time = datetime.fromisoformat("2026-12-10T15:00:00+08:00")
    assert "open" in hall("open", day, *BY).stdout
    extended = read(hall("extend", day, "--until", "2026-12-10T17:30", *BY, "--json"))
    assert extended["ends_at"] == "2026-12-10T17:30:00+08:00"
    assert hall("close", day, *BY).exit_code == 1
    assert read(hall("close", day, "--why", "已接完", *BY, "--json"))["closed_why"] == "已接完"


def test_days_are_listed_by_centre_state_and_time(hall, day):
    assert "mayor-li" in hall("list").stdout
    for words, count in (
        ((), 1),
        (("--centre", "baofeng"), 0),
        (("--state", "published"), 1),
        (("--state", "open"), 0),
        (("--from", "2026-12-10T15:00"), 1),
        (("--from", "2026-12-10T15:01"), 0),
        (("--to", "2026-12-10T15:00"), 0),
    ):
        assert len(read(hall("list", *words, "--json"))) == count
    assert hall("list", "--state", "nonsense").exit_code == 2


def test_a_notice_is_printed_as_text_as_json_and_for_calendars(hall, day):
    assert "接线领导：市长 李建国" in hall("notice", day).stdout.splitlines()
    content = read(hall("notice", day, "--json"))
    (event,) = Calendar.from_ical(hall("notice", day, "--ics").stdout_bytes).events
    assert event.uid == content["uid"]
    hall("postpone", day, *POSTPONE)
    numbers = [read(hall("notice", day, *nth, "--json"))["number"] for nth in ((), ("--nth", "1"))]
    assert numbers == [f"{day}-2", f"{day}-1"]
    assert hall("notice", day, "--nth", "3").exit_code == 2


def test_the_calendar_prints_what_is_to_come_and_writes_it_for_calendars(hall, day):
    table = hall("calendar").stdout
    assert "公告号" in table
    assert all(text in table for text in ("市长 李建国", "12345 · 037512346", "2026年12月10日"))
    assert len(read(hall("calendar", "--json"))) == 1
    assert read(hall("calendar", "--centre", "baofeng", "--json")) == []
    (event,) = Calendar.from_ical(hall("calendar", "--ics").stdout_bytes).events
    assert event.start.isoformat() == "2026-12-10T15:00:00+08:00"


def test_who_does_not_say_who_they_are_goes_by_the_terminals_name(hall, monkeypatch):
    monkeypatch.setenv("LOGNAME", "zhangsan")
    assert read(hall(*ADD, "--json"))["by"] == "zhangsan"
