"""Units at a terminal: the directory, who is on duty, and files as offices have them."""

import json

import pytest

from telephony.paths import PROJECT
from tests.unit.store.unit_rows import put_invited

EXAMPLE = PROJECT / "docs" / "examples" / "units.csv"
HEAD = "code,short_code,name,level,district,kind,contact,number,duty\n"
DESK = "roads,901,公路局,city,,unit,热线办,10000901001,workday 08:00-18:00\n"
NIGHT = "roads,,,,,,值班室,10000901002,workday 18:00-08:00; sat 00:00-24:00\n"
PARKS = "parks,902,园林局,county,新华区,unit,值班室,10000902001,\n"


@pytest.fixture
def imported(running, tmp_path):
    def run(content, *words, name="units.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return running.run("units", "import", str(file), *words)

    return run


def unit(running, code):
    return running.api.get(f"units/{code}").json()


def test_the_list_shows_every_unit_by_short_code_and_where_it_is_from(running, imported):
    imported(HEAD + PARKS)
    done = running.run("units", "list")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.index("police-110") < done.stdout.index("city-management") < done.stdout.index("parks")
    assert ("配置 units.yaml" in done.stdout, "导入 imported" in done.stdout) == (True, True)
    found = json.loads(running.run("units", "list", "--json").stdout)
    assert found == running.api.get("units").json()


@pytest.mark.parametrize("code", ["city-management", "201"])
def test_a_unit_is_shown_with_its_numbers_whole_and_their_duty_hours(running, code):
    done = running.run("units", "show", code)
    assert done.exit_code == 0
    for text in ("市城市管理局", "10000201001", "workday 08:00-18:00", "restday,holiday 08:00-08:00"):
        assert text in done.stdout
    assert json.loads(running.run("units", "show", code, "--json").stdout) == unit(running, "201")


def test_a_number_without_duty_hours_is_there_always(running):
    assert "随时 always" in running.run("units", "show", "110").stdout


@pytest.mark.parametrize(
    ("at", "number"),
    [
        ("2026-11-27T17:59", "10000201001"),
        ("2026-11-27T18:00", "10000201002"),
        ("2026-11-28T03:00", "10000201002"),
    ],
)
def test_the_numbers_to_ring_at_a_time_are_told_and_no_others(running, at, number):
    done = running.run("units", "numbers", "201", "--at", at)
    told = json.loads(running.run("units", "numbers", "201", "--at", at, "--json").stdout)
    assert [contact["number"] for contact in told["contacts"]] == [number]
    assert (number in done.stdout, "10000201001" in done.stdout) == (True, number == "10000201001")


def test_a_unit_with_nobody_on_duty_says_so(running, imported):
    imported(HEAD + DESK)
    done = running.run("units", "numbers", "roads", "--at", "2026-11-28T12:00")
    assert (done.exit_code, "nobody on duty" in done.stdout) == (0, True)


@pytest.mark.parametrize("words", [("show", "nowhere"), ("numbers", "nowhere"), ("remove", "nowhere")])
def test_a_unit_that_is_not_there_ends_with_2(running, words):
    done = running.run("units", *words)
    assert (done.exit_code, "hotline units list" in done.stderr) == (2, True)


def test_a_configured_unit_cannot_be_removed_and_an_imported_one_can(running, imported):
    imported(HEAD + PARKS)
    assert running.run("units", "remove", "parks").exit_code == 0
    assert running.api.get("units/parks").status_code == 404
    done = running.run("units", "remove", "water")
    assert (done.exit_code, "units.yaml" in done.stderr) == (1, True)


def test_the_example_of_the_manual_is_read(running):
    done = running.run("units", "import", str(EXAMPLE))
    assert (done.exit_code, done.stderr, "已导入 2 个单位" in done.stdout) == (0, "", True)
    found = unit(running, "501")
    assert (found["level"], found["kind"], found["district"]) == ("city", "unit", None)
    assert [contact["duty"] for contact in found["contacts"]] == [
        ["workday 08:00-18:00"],
        ["workday 18:00-08:00", "restday,holiday 08:00-08:00"],
    ]
    assert unit(running, "502")["level"] == "county"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_file_is_read_as_excel_writes_it(running, imported, encoding):
    done = imported(EXAMPLE.read_text(encoding="utf-8").encode(encoding))
    assert done.exit_code == 0
    assert unit(running, "501")["name"] == "市公路事业发展中心"


def test_rows_of_one_code_are_one_unit_in_their_order_wherever_they_stand(running, imported):
    done = imported(HEAD + DESK + PARKS + NIGHT)
    assert (done.exit_code, "已导入 2 个单位" in done.stdout) == (0, True)
    assert [contact["name"] for contact in unit(running, "roads")["contacts"]] == ["热线办", "值班室"]


def test_what_the_first_row_leaves_out_a_later_one_may_tell(running, imported):
    assert imported(HEAD + NIGHT + DESK).exit_code == 0
    assert unit(running, "roads")["short_code"] == "901"


def test_a_fixed_line_may_be_written_with_its_hyphen(running, imported):
    imported(HEAD + PARKS.replace("10000902001", "0375-1234567"))
    assert unit(running, "parks")["contacts"][0]["number"] == "03751234567"


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        (NIGHT.replace("roads,,", "roads,903,"), 3, "differs from the same unit in line 2: short_code"),
        (NIGHT.replace("\n", ",more\n"), 3, "more cells"),
        (NIGHT.replace("workday", "weekday"), 2, "contacts.1.duty.0: "),
        (NIGHT.replace("10000901002", "1E+10"), 2, "contacts.1.number: "),
        (NIGHT.replace("值班室", ""), 2, "contacts.1.name: "),
        (DESK.replace("901,", "201,"), 3, "short_code"),
        (NIGHT.replace("值班室", "值" * 30_000), 2, "too long"),
    ],
)
def test_a_wrong_row_refuses_its_whole_unit_and_keeps_no_other_out(running, imported, wrong, line, said):
    done = imported(HEAD + DESK + wrong + PARKS)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert f"units.csv:{line}: " in done.stderr
    assert said in done.stderr
    assert running.api.get("units/roads").status_code == 404
    assert running.api.get("units/parks").status_code == 200


def test_a_row_without_a_code_is_told_with_its_line(running, imported):
    done = imported(HEAD + PARKS + DESK.replace("roads", "") + NIGHT.replace("roads", ""))
    assert [each.split("units.csv:")[1].split(": ")[0] for each in done.stderr.splitlines()] == ["3", "4"]
    assert running.api.get("units/parks").status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b"short_code\n201\n", b"code,colour\na,red\n", b"\x80\xff\x00"], ids=range(4)
)
def test_a_file_that_is_no_list_of_units_ends_with_2_and_its_line(imported, content):
    done = imported(content)
    assert (done.exit_code, done.stdout, "units.csv:1: " in done.stderr) == (2, "", True)


def test_json_is_read_as_a_list_or_below_units_and_a_code_stands_once(running, imported):
    contacts = [{"name": "值班室", "number": "10000901001"}]
    row = {"code": "roads", "short_code": "901", "name": "公路局", "level": "city", "contacts": contacts}
    assert imported(json.dumps([row]), name="units.json").exit_code == 0
    done = imported(json.dumps({"units": [row, row]}), "--json", name="units.json")
    told = json.loads(done.stdout)
    assert [(each["line"], each["code"], each["stored"]) for each in told["rows"]] == [
        (1, "roads", True),
        (2, "roads", False),
    ]


def test_how_units_do_is_a_table_with_the_reasons_of_refusals_and_a_total(running):
    for reason in ("not_ours", "not_ours", None):
        running.api.put_rows(put_invited, "water", "refused", ["refused"], reason=reason)
    done = running.run("units", "stats", "--from", "2026-11-23", "--to", "2026-11-24")
    assert (done.exit_code, done.stderr) == (0, "")
    for text in ("市自来水公司", "不属本单位 not theirs 2", "本人正忙 busy 1", "合计 all"):
        assert text in done.stdout
    told = json.loads(running.run("units", "stats", "--json").stdout)
    assert told == running.api.get("units/stats").json()


def test_how_units_do_is_a_sheet_for_a_spreadsheet(running):
    running.api.put_rows(put_invited, "water", "accepted", ["accepted"], seconds=12.5, answered_on_spot=True)
    head, water, total = running.run("units", "stats", "--csv").stdout.splitlines()
    assert head.startswith("\ufeff代码 code,名称 name,邀请 asked,联系上 reached")
    assert water.startswith("water,市自来水公司,1,1,1,12.5,12.5,0,0,1")
    assert total.startswith("合计 all,,1,1,1")
    assert running.run("units", "stats", "--csv", "--json").exit_code == 2
