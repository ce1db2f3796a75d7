"""Service figures and outages at a terminal."""

import csv
import io
import json
from functools import partial

import pytest

from tests.unit.store.ledger import put_answered

DAY = ("--from", "2026-11-23", "--to", "2026-11-24")
ADD = (
    "outages",
    "add",
    "--from",
    "2026-11-23T08:00",
    "--to",
    "2026-11-23T09:30",
    "--why",
    "=1+1",
    "--by",
    "李明",
)


@pytest.fixture
def work(running):
    running.api.put_rows(put_answered)
    return running


def test_a_report_in_json_is_one_document(work):
    done = work.run("report", "service", *DAY, "--json")
    assert (done.exit_code, json.loads(done.stdout)["total"]["answered"]) == (0, 1)


def test_a_report_is_a_sheet_with_a_row_for_each_group(work):
    done = work.run("report", "service", *DAY, "--csv")
    head, *rows = csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline=""))
    assert len({len(row) for row in (head, *rows)}) == 1
    assert rows[0][:5] == ["全部 all", "", "1", "1", "1"]
    assert any(row[0] == "坐席 agent" for row in rows)


def test_a_sheet_has_a_column_for_each_figure_and_a_section_for_each_way_to_group(work):
    done = work.run("report", "service", *DAY, "--csv")
    head, *rows = csv.reader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline=""))
    told = [each.partition(" ")[0] for each in head]
    wanted = ("接通", "放弃", "平均等待", "最长等待", "通话合计", "话后合计", "占用率", "评价", "回拨")
    assert [each for each in wanted if each not in told] == []
    sections = {row[0].rpartition(" ")[2] for row in rows}
    assert sections >= {"all", "number", "queue", "centre", "agent"}


def test_a_sheet_names_answered_in_time_and_both_rates_above_their_values(work):
    work.api.put_rows(partial(put_answered, call_id="2.0", waited=15.000001))
    done = work.run("report", "service", *DAY, "--csv")
    total = next(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))
    wanted = ("接通 answered", "及时接通 in time", "接通率 answered rate", "及时率 in-time rate")
    assert [total[name] for name in wanted] == ["2", "1", "1.0", "0.5"]


def test_a_table_shows_rates_the_worst_day_and_what_was_declared(work):
    assert work.run(*ADD).exit_code == 0
    done = work.run("report", "service", *DAY)
    assert (done.exit_code, "100.0%" in done.stdout, "=1+1" in done.stdout) == (0, True, True)
    assert "接通率最低的 24 小时 the worst 24 h: 100.0%" in done.stdout


def test_an_outage_is_declared_and_listed(work):
    assert json.loads(work.run(*ADD, "--json").stdout)["by"] == "李明"
    assert [each["why"] for each in json.loads(work.run("outages", "list", "--json").stdout)] == ["=1+1"]
    assert "11-23 09:30:00" in work.run("outages", "list").stdout


def test_a_count_from_events_that_differs_ends_with_1(work):
    done = work.run("report", "service", *DAY, "--recompute")
    assert (done.exit_code, "total  fates" in done.stdout) == (1, True)


def test_a_count_from_events_that_agrees_ends_with_0(running):
    done = running.run("report", "service", *DAY, "--recompute", "--json")
    assert (done.exit_code, json.loads(done.stdout)["agrees"]) == (0, True)


@pytest.mark.parametrize(
    "words",
    [
        ("report", "service", "--json", "--csv"),
        ("report", "service", "--from", "2026-11-24", "--to", "2026-11-23"),
        ("report", "service", "--from", "yesterday"),
        ("outages", "add", "--from", "2026-11-23", "--to", "2026-11-24", "--why", "x"),
    ],
    ids=" ".join,
)
def test_a_wrong_argument_ends_with_2(running, words):
    assert running.run(*words).exit_code == 2
