"""`hotline leader-days certificate` and `certify` against a running service."""

import json

import pytest

from tests.unit.api.served import CONFIG
from tests.unit.leader.day_stories import CITIZEN, LATER, DayStore


@pytest.fixture
def day(running):
    store = DayStore(running.api.database.engine, CONFIG)
    store.day()
    store.notice()
    call_id = store.call(screen=20.0, talk=60.0)
    store.say(call_id, "screened", in_scope=True, summary=f"停水，电话 {CITIZEN}\x1b[2J")
    store.say(call_id, "result", result="on_the_spot", case_number="C1")
    running.api.clock.time = LATER
    return store


def run(running, *words):
    return running.run("leader-days", *words)


def test_a_draft_is_printed_with_its_deviations_figures_and_calls(running, day):
    done = run(running, "certificate", str(day.day_id))
    assert done.exit_code == 0
    for words in ("草稿", "偏离：", "2:00:00", "领导接听", "138****1234", "高洁", "C1"):
        assert words in done.stdout
    assert CITIZEN not in done.stdout
    assert "\x1b" not in done.stdout


def test_as_json_it_is_one_document(running, day):
    found = json.loads(run(running, "certificate", str(day.day_id), "--json").stdout)
    assert (found["frozen"], found["document"]["figures"]["answered"]) == (False, 1)


def test_it_is_certified_and_printed_with_its_digest_from_then_on(running, day):
    done = run(running, "certify", str(day.day_id), "--by", "王芳")
    assert done.exit_code == 0
    found = json.loads(run(running, "certificate", str(day.day_id), "--json").stdout)
    assert found["digest"] in done.stdout
    assert "比规定少" in done.stdout
    shown = run(running, "certificate", str(day.day_id)).stdout
    assert "由 王芳 出具" in shown
    assert "草稿" not in shown


def test_with_somebody_on_the_register_it_is_refused(running, day):
    day.call(300, caller="13900000001")
    done = run(running, "certify", str(day.day_id), "--by", "王芳")
    assert (done.exit_code, "1 calls on the register" in done.stderr) == (1, True)


def test_the_page_is_written_into_a_new_file_that_its_owner_reads(running, day, tmp_path):
    file = tmp_path / "certificate.html"
    done = run(running, "certificate", str(day.day_id), "--html", str(file))
    assert (done.exit_code, file.stat().st_mode & 0o777) == (0, 0o600)
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "领导接线日证明" in page


def test_a_file_that_is_there_is_never_written_over(running, day, tmp_path):
    file = tmp_path / "certificate.html"
    file.write_text("mine")
    done = run(running, "certificate", str(day.day_id), "--html", str(file))
    assert (done.exit_code, file.read_text()) == (1, "mine")
    assert "name another" in done.stderr


@pytest.mark.parametrize(
    "words", [("certificate", "99"), ("certify", "99", "--by", "x"), ("certificate", "0")]
)
def test_a_day_that_is_not_there_ends_with_2(running, words):
    assert run(running, *words).exit_code == 2


def test_json_and_html_exclude_each_other(running, day, tmp_path):
    done = run(running, "certificate", str(day.day_id), "--json", "--html", str(tmp_path / "x"))
    assert done.exit_code == 2
