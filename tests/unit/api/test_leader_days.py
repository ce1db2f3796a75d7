"""Leader days over HTTP; at noon of 23 November 2026."""

from datetime import datetime

import pytest
from icalendar import Calendar

TIMES = {"starts_at": "2026-12-10T15:00:00+08:00", "ends_at": "2026-12-10T17:00:00+08:00"}
NEW = {"seat": "city-hall", "leader": "mayor-li", "scope": "供热、供水", "by": "李敏"}
LATER = {"starts_at": "2026-12-20T15:00:00+08:00", "ends_at": "2026-12-20T17:00:00+08:00"}
WHY = {"by": "王芳", "reason": "临时公务"}


def post(api, path, **body):
    return api.ask("POST", f"leader-days{path}", json=body)


def add(api, **changes):
    body = {name: value for name, value in {**NEW, **TIMES, **changes}.items() if value is not None}
    return post(api, "", **body)


@pytest.fixture
def day(api):
    """A day that is announced."""
    found = add(api).json()
    assert post(api, f"/{found['id']}/publish", by="李敏").status_code == 200
    return found["id"]


def at(api, text):
    api.clock.time = datetime.fromisoformat(f"2026-{text}+08:00")


def test_a_day_is_planned_and_shown_and_listed(api):
    answer = add(api, topics=["city-enterprise"])
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["centre"], shown["state"], shown["starts_at"]) == ("city", "planned", TIMES["starts_at"])
    assert shown["topics"] == ["city-enterprise"]
    assert api.get(f"leader-days/{shown['id']}").json() == shown
    assert api.get("leader-days").json() == [shown]


def test_without_hours_a_day_has_those_of_the_configuration(api):
    shown = add(api, day="2026-12-11", starts_at=None, ends_at=None).json()
    assert (shown["starts_at"], shown["ends_at"]) == (
        "2026-12-11T15:00:00+08:00",
        "2026-12-11T17:15:00+08:00",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"day": "2026-12-11"},
        {"ends_at": None},
        {"starts_at": None, "ends_at": None},
        {"starts_at": "2026-12-10T15:00:00"},
        {"day": "1999-12-31", "starts_at": None, "ends_at": None},
        {"scope": "x" * 201},
        {"by": None},
        {"seat": "a b"},
    ],
    ids=str,
)
def test_a_day_that_cannot_be_meant_is_refused(api, changes):
    assert add(api, **changes).status_code == 422
    assert api.get("leader-days").json() == []


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"leader": "nobody"}, 404, "there are mayor-li"),
        ({"seat": "nowhere"}, 404, "there are city-hall"),
        ({"ends_at": "2026-12-10T16:59:59+08:00"}, 409, "120 minutes"),
        ({"leader": "baofeng-head"}, 409, "does not sit in the hall of city"),
    ],
)
def test_a_day_that_the_rules_forbid_is_refused_in_words(api, changes, status, text):
    refused = add(api, **changes)
    assert (refused.status_code, text in refused.json()["message"]) == (status, True)


def test_days_are_narrowed_by_centre_state_and_time(api, day):
    other = add(api, seat="baofeng-hall", leader="baofeng-head").json()["id"]
    assert [each["id"] for each in api.get("leader-days").json()] == [day, other]
    for query, found in (
        ("centre=baofeng", [other]),
        ("state=published", [day]),
        ("state=open", []),
        ("limit=1", [day]),
    ):
        assert [each["id"] for each in api.get(f"leader-days?{query}").json()] == found
    for name, value, count in (
        ("since", "2026-12-10T15:00:00+08:00", 2),
        ("since", "2026-12-10T15:00:01+08:00", 0),
        ("until", "2026-12-10T15:00:00+08:00", 0),
        ("until", "2026-12-10T15:00:01+08:00", 2),
    ):
        assert len(api.get("leader-days", params={name: value}).json()) == count
    assert api.get("leader-days?state=nonsense").status_code == 422


def test_a_planned_day_is_changed_in_what_is_given_and_in_nothing_else(api):
    planned = add(api, topics=["city-enterprise"]).json()
    path = f"leader-days/{planned['id']}"
    changed = api.ask("PATCH", path, json={"by": "王芳", "scope": "供电", "day": "2026-12-12"}).json()
    times = {"starts_at": "2026-12-12T15:00:00+08:00", "ends_at": "2026-12-12T17:15:00+08:00"}
    assert changed == {**planned, **times, "scope": "供电"}
    assert api.ask("PATCH", path, json={"by": "王芳", "topics": []}).json()["topics"] == []
    assert api.ask("PATCH", path, json={"by": "王芳", "ends_at": TIMES["ends_at"]}).status_code == 422


def test_a_day_goes_from_its_plan_to_its_end(api, day):
    at(api, "12-10T14:30:00")
    assert post(api, f"/{day}/open", by="系统").json()["state"] == "open"
    until = "2026-12-10T17:30:00+08:00"
    assert post(api, f"/{day}/extend", by="王芳", ends_at=until).json()["ends_at"] == until
    assert post(api, f"/{day}/close", by="王芳").status_code == 409
    closed = post(api, f"/{day}/close", by="王芳", reason="电话已接完").json()
    assert (closed["state"], closed["closed_why"]) == ("closed", "电话已接完")


def test_a_day_is_postponed_then_given_to_another_leader_then_cancelled(api, day):
    moved = post(api, f"/{day}/postpone", **WHY, **LATER).json()
    assert (moved["id"], moved["state"], moved["starts_at"]) == (day, "postponed", LATER["starts_at"])
    changed = post(api, f"/{day}/substitute", **WHY, leader="vice-mayor-zhou").json()
    assert (changed["state"], changed["leader"]) == ("substituted", "vice-mayor-zhou")
    assert post(api, f"/{day}/cancel", by="王芳").status_code == 409
    assert post(api, f"/{day}/cancel", **WHY).json()["state"] == "cancelled"
    kinds = [each["kind"] for each in api.get(f"leader-days/{day}/notices").json()]
    assert kinds == ["published", "postponed", "substituted", "cancelled"]
    assert len(api.spoken.made) == 2


def test_a_postponement_into_a_month_that_has_a_day_wants_to_say_so(api, day):
    add(api, starts_at="2027-01-05T15:00:00+08:00", ends_at="2027-01-05T17:00:00+08:00")
    assert post(api, f"/{day}/postpone", **WHY, day="2027-01-20").status_code == 409
    assert (
        post(api, f"/{day}/postpone", **WHY, day="2027-01-20", second="补上月").json()["reason"] == "补上月"
    )


def test_who_waits_for_news_is_woken_by_a_change(api):
    beats = []
    api.pulse.on_beat = lambda: beats.append(1)
    add(api)
    assert beats == [1]


def test_a_notice_is_exported_as_text_as_json_and_for_calendars(api, day):
    path = f"leader-days/{day}/notice"
    text = api.get(path)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "接线领导：市长 李建国\n" in text.text
    content = api.get(f"{path}?form=json").json()
    assert content == api.get(f"leader-days/{day}/notices").json()[0]["content"]
    ics = api.get(f"{path}?form=ics")
    assert ics.headers["content-type"] == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(ics.text).events
    assert (event.uid, event.start.isoformat()) == (content["uid"], content["starts_at"])


def test_the_newest_notice_is_exported_or_any_by_its_place(api, day):
    post(api, f"/{day}/postpone", **WHY, **LATER)
    numbers = [
        api.get(f"leader-days/{day}/notice?form=json{more}").json()["number"]
        for more in ("", "&nth=1", "&nth=2")
    ]
    assert numbers == [f"{day}-2", f"{day}-1", f"{day}-2"]


def test_a_notice_or_day_that_is_not_there_is_unknown(api):
    planned = add(api).json()["id"]
    assert api.get(f"leader-days/{planned}/notices").json() == []
    paths = (f"{planned}/notice", "999", "999/notice", "999/notices")
    assert [api.get(f"leader-days/{path}").status_code for path in paths] == [404] * 4
    assert post(api, "/999/publish", by="x").status_code == 404


def test_the_calendar_holds_announced_sessions_until_they_are_over(api, day):
    add(api, seat="jiaxian-hall", leader="jiaxian-head")  # planned: nobody is told
    other = add(api, seat="baofeng-hall", leader="baofeng-head", **LATER).json()["id"]
    post(api, f"/{other}/publish", by="李敏")
    numbers = [each["number"] for each in api.get("leader-days/calendar").json()]
    assert numbers == [f"{day}-1", f"{other}-1"]
    assert len(api.get("leader-days/calendar?centre=baofeng").json()) == 1
    at(api, "12-10T16:59:59")
    assert len(api.get("leader-days/calendar").json()) == 2
    at(api, "12-10T17:00:00")
    assert [each["number"] for each in api.get("leader-days/calendar").json()] == [f"{other}-1"]


def test_a_session_that_moved_stands_in_the_calendar_by_its_newest_notice(api, day):
    post(api, f"/{day}/postpone", **WHY, **LATER)
    post(api, f"/{day}/cancel", **WHY)
    (event,) = Calendar.from_ical(api.get("leader-days/calendar?form=ics").text).events
    assert (event["STATUS"], event.sequence) == ("CANCELLED", 2)


def test_an_empty_calendar_is_one_that_programs_read(api):
    assert api.get("leader-days/calendar").json() == []
    assert Calendar.from_ical(api.get("leader-days/calendar?form=ics").text).events == []


@pytest.mark.parametrize("by", ["rules", "clock", "Clock "])
def test_nobody_acts_under_a_name_of_the_services_own(api, day, by):
    for answer in (add(api, by=by), post(api, f"/{day}/cancel", by=by, reason="临时公务")):
        assert answer.status_code == 422
    assert api.get(f"leader-days/{day}").json()["state"] == "published"
