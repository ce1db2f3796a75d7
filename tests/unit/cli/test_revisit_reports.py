"""Reports and samples of revisits at a terminal."""

import csv
import io
import json

import pytest

from tests.unit.api.revisits import deemed, replied


@pytest.fixture
def work(running):
    """Two revisits, the first deemed satisfied; one unit has a name that a spreadsheet would run."""
    for n, unit in enumerate(("=cmd|' /C calc'!A0", None), 1):
        replied(running.api, f"A-{n}", numbers=[f"138{n:08d}"], unit=unit, subject="电话 13800000009")
    deemed(running.api, 1)
    return running


def rows(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_report_in_json_is_one_document(work):
    done = work.run("revisits", "report", "--by", "unit", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (len(found["groups"]), found["total"]["deemed_satisfied"]) == (2, 1)


def test_a_report_is_a_sheet_in_which_nothing_is_a_formula(work):
    head, *groups = rows(work.run("revisits", "report", "--csv").stdout)
    assert (head[0], len({len(row) for row in [head, *groups]})) == ("分组 group", 1)
    assert {row[0] for row in groups} == {"'=cmd|' /C calc'!A0", "未填写 none named", "合计 all"}


@pytest.mark.parametrize("by", ["unit", "district", "category", "day", "all"])
def test_a_table_shows_shares_and_the_deemed_apart(work, by):
    done = work.run("revisits", "report", "--by", by, "--from", "2026-11-23", "--to", "2026-11-24")
    assert (done.exit_code, "100.0%" in done.stdout, "50.0%" in done.stdout) == (0, True, True)


def test_a_sample_has_its_seed_and_no_whole_number(work):
    done = work.run("revisits", "sample", "--seed", "7")
    assert (done.exit_code, "--seed 7" in done.stdout, "A-1" in done.stdout) == (0, True, True)
    assert ("13800000001" in done.stdout, "13800000009" in done.stdout) == (False, False)
    assert json.loads(work.run("revisits", "sample", "--json").stdout)["cases"][0]["case_number"] == "A-1"


def test_a_sample_for_a_spreadsheet_shows_numbers_when_asked_for(work):
    _, row = rows(work.run("revisits", "sample", "--csv", "--show-numbers").stdout)
    assert (row[0], row[6]) == ("A-1", "13800000001")
    _, row = rows(work.run("revisits", "sample", "--csv").stdout)
    assert row[6] == "138****0001"


@pytest.mark.parametrize(
    "words",
    [
        "report --by colour",
        "report --from yesterday",
        "report --json --csv",
        "sample --size 0",
        "sample --seed x",
    ],
)
def test_a_wrong_argument_ends_with_2(work, words):
    done = work.run("revisits", *words.split())
    assert (done.exit_code, done.stdout) == (2, "")
