"""The monthly duty of leader days at a terminal: the clock stands at noon of 2026-11-23."""

import json

import pytest

from telephony.store.tables import cases
from tests.fakes import NOON
from tests.unit.store.ledger import put_call


def put_cases(connection, count, unit):
    for nth in range(count):
        row = {"case_number": f"C{nth}", "open": True, "updated_at": NOON.replace(day=20), "unit": unit}
        connection.execute(cases.insert().values(**row))


def test_duties_in_json_are_one_document(running):
    done = running.run("leader-days", "duties", "--back", "1", "--ahead", "0", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [each["month"] for each in json.loads(done.stdout)[0]["months"]] == ["2026-10", "2026-11"]


def test_a_table_shows_who_is_due_and_names_the_months_without_a_session(running):
    running.api.put_rows(put_call, arrived_at=NOON.replace(month=9, day=1))
    done = running.run("leader-days", "duties", "--back", "2", "--ahead", "1")
    assert done.exit_code == 0
    assert "市长 李建国" in done.stdout
    assert "按热点建议 by topics" in done.stdout
    assert "12-24 00:00:00" in done.stdout
    line = "宝丰县分中心没有领导接线日的月份：2026-09, 2026-10"
    assert line in done.stdout


def test_a_suggestion_is_a_table_of_topics_then_its_reasons_then_the_leader(running):
    running.api.put_rows(put_cases, 30, "市城市管理局")
    done = running.run("leader-days", "suggest", "city")
    assert done.exit_code == 0
    assert "100%" in done.stdout
    *_, why, sat, leader = done.stdout.splitlines()
    assert "近 4 周的诉求集中在市城市管理局，占 100%" in why
    assert "赵刚还没有接过线" in sat
    assert "市城市管理局局长 赵刚（city-management-head）" in leader


def test_a_suggestion_in_json_is_one_document(running):
    done = running.run("leader-days", "suggest", "jiaxian", "--json")
    assert json.loads(done.stdout)["leader"]["code"] == "jiaxian-head"


@pytest.mark.parametrize(
    "words", ["duties --back 25", "duties --ahead 13", "duties --back x", "suggest", "suggest nowhere"]
)
def test_a_wrong_argument_ends_with_2(running, words):
    done = running.run("leader-days", *words.split())
    assert (done.exit_code, done.stdout) == (2, "")
