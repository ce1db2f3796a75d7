"""`hotline simulate revisits`: no service, no Asterisk."""

import json

import pytest
import structlog
import yaml

CASE = {
    "case": "C1",
    "numbers": ["13800000001"],
    "replied_at": "2026-02-12T10:00:00+08:00",
    "calls": [{"alerting": 180, "ring_seconds": 62, "final": 480}],
}
SATISFIED = {"alerting": 180, "ring_seconds": 8, "answered": True, "keys": "1"}
SCENARIO = {"start": "2026-02-12T08:00:00+08:00", "end": "2026-03-05T00:00:00+08:00", "cases": [CASE]}


@pytest.fixture
def simulate(house, tmp_path):
    def run(*words, text=None, **changes):
        file = tmp_path / "scenario.yaml"
        file.write_bytes(text if text is not None else yaml.safe_dump(SCENARIO | changes).encode())
        return house.run("simulate", "revisits", str(file), *words)

    return run


def test_json_is_one_document_and_nothing_else(simulate):
    crash = {"at": "2026-02-12T10:00:00+08:00", "point": "while_ringing", "down": 300}
    done = simulate("--json", crashes=[crash])
    (case,) = json.loads(done.stdout)["cases"]
    assert (done.exit_code, done.stderr) == (0, "")
    assert (case["due_at"], case["verdict"]) == ("2026-02-15T00:00:00+08:00", "deemed_satisfied")
    assert [each["outcome"] for each in case["attempts"]] == ["unknown", "unanswered", "unanswered"]


def test_the_table_shows_those_that_did_not_end_satisfied_with_numbers_masked(simulate):
    content = CASE | {"case": "C2", "numbers": ["13800000002"], "calls": [SATISFIED]}
    done = simulate(cases=[CASE, content])
    assert done.exit_code == 0
    assert "视为满意 deemed satisfied" in done.stdout
    assert ("C1" in done.stdout, "C2" in done.stdout) == (True, False)
    assert ("138****0001" in done.stdout, "13800000001" in done.stdout) == (True, False)


def test_a_table_stays_short_and_says_how_many_there_are(simulate):
    many = [CASE | {"case": f"C{n}", "numbers": [f"138{n:08d}"]} for n in range(101)]
    done = simulate(cases=many, end="2026-02-12T09:00:00+08:00")
    assert ("C99 " in done.stdout, "C100 " in done.stdout) == (True, False)
    assert "101" in done.stdout


def test_a_scenario_in_json_is_read_as_well(simulate):
    done = simulate("--json", text=json.dumps(SCENARIO).encode())
    assert json.loads(done.stdout)["summary"]["verdicts"] == {"deemed_satisfied": 1}


def test_a_wrong_scenario_ends_with_2_and_a_line_for_each_fault(simulate):
    done = simulate("--json", channels=0, cases=[CASE | {"numbers": ["x"], "colour": 1}])
    assert (done.exit_code, done.stdout) == (2, "")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "channels",
        "cases.0.numbers.0",
        "cases.0.colour",
    ]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"a: [", b"\x00", b"[1]"], ids=str)
def test_what_is_no_scenario_ends_with_2(simulate, text):
    done = simulate("--json", text=text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "scenario.yaml:" in done.stderr


def test_a_missing_file_ends_with_2_and_its_name(house, tmp_path):
    done = house.run("simulate", "revisits", str(tmp_path / "nowhere.yaml"), "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nowhere.yaml:1: (file): " in done.stderr


def test_a_year_that_nobody_knows_is_named_with_the_line_of_the_reply(simulate):
    late = CASE | {"case": "C2", "replied_at": "2098-12-30T10:00:00+08:00"}
    done = simulate("--json", end="2099-03-05T00:00:00+08:00", cases=[CASE, late])
    assert (done.exit_code, done.stdout) == (2, "")
    assert ": cases.1.replied_at: " in done.stderr
    assert "does not know 2098" in done.stderr


def test_the_log_is_as_it_was_afterwards(simulate):
    before = structlog.get_config()
    simulate("--json")
    assert structlog.get_config() == before


def test_what_the_scenario_leaves_out_comes_from_the_configuration(house, simulate):
    house.set("bands: ", 'bands: ["09:30-11:30", "15:00-18:00"]', "revisits.yaml")
    (case,) = json.loads(simulate("--json").stdout)["cases"]
    assert [each["band"] for each in case["attempts"]] == ["09:30-11:30", "15:00-18:00"]
