"""Units over HTTP: the directory, who is on duty, imports."""

import pytest

from tests.unit.api.test_cases import JSON
from tests.unit.store.unit_rows import put_invited

NUMBER = "10000999001"
DESK = {"name": "热线办", "number": NUMBER, "duty": ["workday 08:00-18:00"]}
NIGHT = {"name": "值班室", "number": "10000999002", "duty": ["workday 18:00-08:00", "sat,sun 08:00-08:00"]}


def row(code="roads", short_code="901", **values):
    known = {"code": code, "short_code": short_code, "name": "市公路事业发展中心", "level": "city"}
    return known | {"contacts": [DESK, NIGHT]} | values


def imported(api, *rows):
    answer = api.ask("POST", "units/import", json=list(rows))
    assert answer.status_code == 200
    return answer.json()


def kinds(api):
    return [event["kind"] for event in api.get("events").json()["events"]]


def test_the_units_of_units_yaml_are_there_by_short_code(api):
    found = api.get("units").json()
    codes = [each["short_code"] for each in found]
    assert codes == sorted(codes)
    assert codes[:5] == ["110", "119", "120", "122", "201"]
    assert [each["imported"] for each in found if each["imported"]] == []


@pytest.mark.parametrize("code", ["city-management", "201"])
def test_a_unit_is_shown_whole_by_its_code_or_its_short_code(api, code):
    found = api.get(f"units/{code}").json()
    assert (found["code"], found["name"], found["kind"]) == ("city-management", "市城市管理局", "unit")
    first = {"name": "热线办公室", "number": "10000201001", "duty": ["workday 08:00-18:00"]}
    assert (found["contacts"][0], found["imported"], found["updated_at"]) == (first, False, None)


@pytest.mark.parametrize("path", ["units/nowhere", "units/nowhere/numbers", "units/999"])
def test_a_unit_that_is_not_there_is_404_and_says_where_to_look(api, path):
    answer = api.get(path)
    assert (answer.status_code, "hotline units list" in answer.json()["message"]) == (404, True)


def test_an_import_stores_the_good_rows_and_names_the_wrong_ones(api):
    told = imported(
        api,
        row("Roads"),
        row(),
        row("parks", "201"),
        row("green", "902", contacts=[DESK | {"duty": ["weekday 08:00-18:00"]}]),
        row("trees", "903", colour="red"),
        row("fires", "119"),
    )
    assert (told["stored"], told["refused"]) == (1, 5)
    assert [(each["row"], each["code"], each["stored"]) for each in told["rows"]] == [
        *((1, "Roads", False), (2, "roads", True), (3, "parks", False)),
        *((4, "green", False), (5, "trees", False), (6, "fires", False)),
    ]
    whys = [each["why"] for each in told["rows"] if each["why"]]
    starts = ("code: ", "短号 201", "contacts.0.duty.0: ", "colour: ", "短号 110")
    assert [why.startswith(start) for why, start in zip(whys, starts, strict=True)] == [True] * 5
    assert api.get("units/roads").json()["contacts"] == [DESK, NIGHT]


def test_an_import_wakes_those_who_wait_for_news_with_an_event_for_each_unit(api):
    imported(api, row(), row("parks", "902"))
    assert kinds(api) == ["unit_imported", "unit_imported"]


def test_duty_hours_come_back_in_one_form_however_they_were_written(api):
    imported(api, row(contacts=[DESK | {"duty": ["工作日，周六 8:00-24:00"]}]))
    assert api.get("units/roads").json()["contacts"][0]["duty"] == ["workday,sat 08:00-00:00"]


@pytest.mark.parametrize(
    "text",
    [
        *('[{"code": "\\ud800"}]', "[{}]", "[[]]", "[null]", '["\\u0000"]'),
        '[{"code": "a", "short_code": "901", "name": "\\u0000", "level": "city", "contacts": []}]',
    ],
)
def test_a_hostile_row_is_told_and_not_stored(api, text):
    told = api.ask("POST", "units/import", content=text.encode(), headers=JSON)
    assert (told.status_code, told.json()["refused"]) == (200, 1)


@pytest.mark.parametrize("body", [{}, "x", [{"code": f"a{n}"} for n in range(501)]], ids=["map", "x", "501"])
def test_what_is_no_list_of_rows_is_refused(api, body):
    assert api.ask("POST", "units/import", json=body).status_code == 422


def test_five_hundred_rows_are_taken(api):
    assert imported(api, *({"code": f"a{n}"} for n in range(500)))["refused"] == 500


@pytest.mark.parametrize(
    ("at", "names"),
    [
        ("2026-11-23T07:59:59+08:00", ["值班室"]),
        ("2026-11-23T00:00:00Z", ["热线办"]),
        ("2026-11-23T17:59:59+08:00", ["热线办"]),
        ("2026-11-23T18:00:00+08:00", ["值班室"]),
        ("2026-10-07T12:00:00+08:00", []),
        ("2027-11-23T12:00:00+08:00", ["热线办"]),
    ],
)
def test_who_is_on_duty_at_a_time_is_told_in_shanghais_time(api, at, names):
    imported(api, row())
    told = api.get("units/roads/numbers", params={"at": at}).json()
    assert ([each["name"] for each in told["contacts"]], told["at"][-6:]) == (names, "+08:00")


def test_without_a_time_it_is_now(api):
    imported(api, row())
    told = api.get("units/901/numbers").json()
    assert (told["at"], told["contacts"]) == ("2026-11-23T12:00:00+08:00", [DESK])
    api.clock.advance(6 * 3600)
    assert api.get("units/901/numbers").json()["contacts"] == [NIGHT]


@pytest.mark.parametrize(
    "at", ["2026-11-23T08:00:00", "soon", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"]
)
def test_a_time_without_its_zone_or_far_away_is_refused(api, at):
    assert api.get("units/201/numbers", params={"at": at}).status_code == 422


def test_an_imported_unit_is_deleted_and_the_configured_one_shows_again(api):
    imported(api, row("water", "202", name="供水集团"))
    assert api.get("units/water").json()["name"] == "供水集团"
    assert api.ask("DELETE", "units/water").status_code == 204
    assert api.get("units/water").json()["name"] == "市自来水公司"
    assert kinds(api) == ["unit_imported", "unit_removed"]


@pytest.mark.parametrize(("code", "status"), [("water", 409), ("nowhere", 404), ("a b", 422)])
def test_what_is_not_imported_cannot_be_deleted(api, code, status):
    assert api.ask("DELETE", f"units/{code}").status_code == status


def test_how_units_do_is_told_with_their_names_and_in_the_time_that_is_asked_for(api):
    api.put_rows(put_invited, "water", "accepted", ["accepted"], answered_on_spot=True)
    api.put_rows(put_invited, "forgotten", "missed", ["no_answer"])
    told = api.get("units/stats").json()
    names = [(each["unit"], each["name"], each["asked"]) for each in told["units"]]
    assert names == [("forgotten", None, 1), ("water", "市自来水公司", 1)]
    assert (told["total"]["asked"], told["total"]["answered_on_spot"]) == (2, 1)
    later = api.get("units/stats", params={"since": "2026-11-23T12:00:01+08:00"}).json()
    assert (later["units"], later["total"]["asked"]) == ([], 0)
