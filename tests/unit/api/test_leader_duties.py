"""The monthly duty of leader days over HTTP: the clock stands at noon of 2026-11-23."""

import pytest

from telephony.store.leader_tables import leader_days
from telephony.store.tables import cases
from tests.fakes import NOON

DAY = {"centre": "city", "seat": "city-hall", "leader": "mayor-li", "state": "published", "by": "李明"}
DAY |= {"starts_at": NOON.replace(day=30), "ends_at": NOON.replace(day=30, hour=15), "scope": "供水"}
DAY |= {"topics": [], "created_at": NOON.replace(day=19)}


def put_cases(connection, count, unit):
    for nth in range(count):
        row = {"case_number": f"C{nth}", "open": True, "updated_at": NOON.replace(day=20), "unit": unit}
        connection.execute(cases.insert().values(**row))


def test_each_centre_is_told_with_its_months_from_before_to_after_the_present_one(api):
    found = api.get("leader-duties?back=1&ahead=1").json()
    assert [each["centre"] for each in found] == ["city", "baofeng", "jiaxian"]
    assert [month["month"] for month in found[0]["months"]] == ["2026-10", "2026-11", "2026-12"]
    october, november, december = found[0]["months"]
    assert [each["state"] for each in (october, november, december)] == ["unrecorded", "too_late", "due"]
    assert (december["notify_before"], december["remind_at"]) == (
        "2026-12-24T00:00:00+08:00",
        "2026-12-17T00:00:00+08:00",
    )
    assert (december["leader"]["name"], december["leader_by"]) == ("李建国", "topics")


def test_without_a_span_three_months_before_and_two_after_are_told(api):
    (city, *_) = api.get("leader-duties").json()
    assert [month["month"][-2:] for month in city["months"]] == ["08", "09", "10", "11", "12", "01"]


@pytest.mark.parametrize(
    ("span", "status"),
    [("back=24&ahead=12", 200), ("back=25", 422), ("ahead=13", 422), ("back=-1", 422), ("ahead=x", 422)],
)
def test_spans_have_limits(api, span, status):
    assert api.get(f"leader-duties?{span}").status_code == status


def test_a_day_that_was_planned_over_the_api_is_told_in_its_month(api):
    wanted = {"seat": "city-hall", "leader": "vice-mayor-zhou", "scope": "供水", "topics": [], "by": "李明"}
    times = {"starts_at": "2026-12-15T15:00:00+08:00", "ends_at": "2026-12-15T17:00:00+08:00"}
    made = api.ask("POST", "leader-days", json={**wanted, **times})
    assert made.status_code == 201
    month = api.get("leader-duties?back=0&ahead=1").json()[0]["months"][1]
    assert (month["state"], month["leader"]["code"], month["leader_by"]) == (
        "planned",
        "vice-mayor-zhou",
        "day",
    )
    assert [(day["id"], day["name"]) for day in month["days"]] == [(made.json()["id"], "周敏")]


def test_a_suggestion_names_leader_reasons_and_topics(api):
    api.put_rows(put_cases, 30, "city-management")
    found = api.get("leader-duties/suggestion/city").json()
    assert (found["leader"]["code"], found["because"], found["of"]) == (
        "city-management-head",
        "unit",
        "city-management",
    )
    [topic] = found["topics"]
    assert (topic["what"], topic["label"], topic["hot"]["share"]) == ("unit", "市城市管理局", 1.0)


def test_an_unknown_centre_is_404_and_says_which_there_are(api):
    refused = api.get("leader-duties/suggestion/nowhere")
    assert refused.status_code == 404
    assert "city, baofeng, jiaxian" in refused.json()["message"]


def test_a_name_that_is_none_is_refused(api):
    assert api.get("leader-duties/suggestion/No%20Where").status_code == 422


def test_a_tick_of_the_halls_raises_reminders_and_a_change_of_a_day_lets_the_next_one_look_again(api):
    api.clock.time = NOON.replace(day=20)
    look(api)
    assert {(each["kind"], each["subject"]) for each in api.get("alarms").json()} == {
        ("leader-day-due", f"{centre} 2026-11") for centre in ("city", "baofeng", "jiaxian")
    }
    api.put_rows(lambda connection: connection.execute(leader_days.insert().values(**DAY)))
    look(api)
    assert len(api.get("alarms").json()) == 3
    api.inside(api.halls.days.changed)
    look(api)
    assert len(api.get("alarms").json()) == 2


def look(api):
    """Let one tick of the halls come to its end."""
    api.inside(api.halls.tick)
    api.until(lambda: not api.halls.duties._looking)
