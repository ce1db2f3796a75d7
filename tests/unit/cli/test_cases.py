"""Cases at a terminal: files as offices have them."""

import json

import pytest

HEAD = "诉求编号,联系电话,主题,类别,区县,承办单位,渠道\n"
LINE = "PDS-1,13800000001；0375-1234567,路灯不亮,B,新华区,城管局,电话\n"


@pytest.fixture
def imported(running, tmp_path):
    def run(content, *words, name="cases.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return running.run("cases", "import", str(file), *words)

    return run


def case(running, number):
    return running.api.get(f"cases/{number}").json()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_as_excel_writes_it(running, imported, encoding):
    done = imported((HEAD + LINE).encode(encoding))
    assert (done.exit_code, done.stderr) == (0, "")
    found = case(running, "PDS-1")
    assert found["numbers"] == ["13800000001", "03751234567"]
    facts = ("subject", "category", "district", "unit", "channel")
    assert [found[name] for name in facts] == ["路灯不亮", "B", "新华区", "城管局", "电话"]


@pytest.mark.parametrize("between", [";", "；", "、", "/", " ", "，", " / "])
def test_numbers_in_one_cell_keep_their_order_whatever_stands_between(running, imported, between):
    imported(f"case_number,numbers\nA-1,13900000002{between}13900000001\n")
    assert case(running, "A-1")["numbers"] == ["13900000002", "13900000001"]


@pytest.mark.parametrize("text", ['"13900000001,13900000002"', '"13900000001\n13900000002"'])
def test_a_quoted_cell_may_hold_commas_and_lines(running, imported, text):
    imported(f"case_number,numbers\r\nA-1,{text}\r\n")
    assert case(running, "A-1")["numbers"] == ["13900000001", "13900000002"]


@pytest.mark.parametrize(("text", "meant"), [("是", True), ("否", False), ("", False), ("YES", True)])
def test_a_case_may_be_confidential(running, imported, text, meant):
    done = imported(f"诉求编号,联系电话,保密\nA-1,13900000001,{text}\n")
    assert (done.exit_code, case(running, "A-1")["confidential"]) == (0, meant)


def test_what_is_neither_yes_nor_no_keeps_the_row_out(running, imported):
    assert imported("诉求编号,联系电话,保密\nA-1,13900000001,也许\n").exit_code == 1


def test_english_names_tabs_and_empty_lines_are_fine(running, imported):
    done = imported("case_number\tnumbers\tround\n\nA-1\t13900000001\t2\n\t\t\n")
    assert done.exit_code == 0
    assert case(running, "A-1")["round"] == 2


def test_what_excel_keeps_as_text_is_its_text(running, imported):
    imported('case_number,numbers\nA-1,"=""13900000001"""\n')
    assert case(running, "A-1")["numbers"] == ["13900000001"]


def test_a_formula_is_text_like_any_other(running, imported):
    imported("case_number,numbers,subject\nA-1,+8613900000001,=cmd|' /C calc'!A0\n")
    found = case(running, "A-1")
    assert (found["numbers"], found["subject"]) == (["13900000001"], "=cmd|' /C calc'!A0")


def test_a_wrong_row_is_named_with_its_line_and_keeps_no_right_one_out(running, imported):
    done = imported(HEAD + 'A 1,138,,,,,\n"A-2",1.38E+10,,,,,\n' + LINE + "A-4,138,,Z,,,\n")
    assert done.exit_code == 1
    assert "已导入 1 件，未导入 3 件" in done.stdout
    where = [line.split("cases.csv:")[1].split(": ")[:3] for line in done.stderr.splitlines()]
    assert where == [["2", "A 1", "case_number"], ["3", "A-2", "numbers.0"], ["5", "A-4", "category"]]
    assert case(running, "PDS-1")["unit"] == "城管局"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A-1,13800000001,extra", "more cells"),
        (f"A-1,13800000001,,,,,{'x' * 70000}", "too long"),
        ("A-1,13800000001,a\x00b", "subject"),
        ("A-1,13800000001,\x1b[2J", "subject"),
    ],
)
def test_a_hostile_cell_is_told_and_not_stored(running, imported, row, said):
    head = "case_number,numbers\n" if "extra" in row else HEAD
    done = imported(f"{head}{row}\nA-2,13800000002\n")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert said in done.stderr
    assert "\x1b" not in done.stderr
    assert running.api.get("cases/A-1").status_code == 404
    assert running.api.get("cases/A-2").status_code == 200


def test_a_case_that_stands_twice_is_not_overwritten_in_silence(running, imported):
    done = imported("case_number,numbers\nA-1,13800000001\nA-1,13800000002\n")
    assert done.exit_code == 1
    assert "cases.csv:3: A-1: " in done.stderr
    assert "line 2" in done.stderr
    assert case(running, "A-1")["numbers"] == ["13800000001"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "编号,电话\n1,2\n".encode(),
        b"numbers\n13800000001\n",
        b"case_number,case_number\n1,2\n",
        b'case_number,numbers\nA-1,"13800000001\n',
        b"case_number,numbers\nA-1," + b"1" * 200_000,
        "case_number,numbers\nA-1,1\n".encode("utf-16"),
        b"\x80\xff\x00",
    ],
    ids=range(8),
)
def test_a_file_that_is_no_list_of_cases_ends_with_2_and_its_line(running, imported, content):
    done = imported(content)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cases.csv:" in done.stderr
    assert running.api.get("events").json()["events"] == []


def test_a_missing_file_ends_with_2(running):
    done = running.run("cases", "import", "nowhere.csv")
    assert (done.exit_code, "nowhere.csv:1: " in done.stderr) == (2, True)


def test_json_is_read_as_a_list_or_below_cases(running, imported):
    rows = [{"case_number": "A-1", "numbers": ["13800000001"], "open": False}]
    for document in (rows, {"cases": rows}):
        assert imported(json.dumps(document), name="cases.json").exit_code == 0
    assert case(running, "A-1")["open"] is False


@pytest.mark.parametrize("text", ["", "{}", "[1", '"x"', "[" * 100_000, f"[{'1' * 5000}]"])
def test_wrong_json_ends_with_2(imported, text):
    done = imported(text, name="cases.json")
    assert (done.exit_code, "cases.json:" in done.stderr) == (2, True)


def test_a_row_of_json_is_named_by_its_place(imported):
    rows = [{"case_number": "A-1", "numbers": []}, 7, {"case_number": "A-3", "phones": []}]
    done = imported(json.dumps(rows), "--json", name="cases.json")
    told = json.loads(done.stdout)
    assert (told["stored"], told["refused"], done.exit_code) == (1, 2, 1)
    assert [(row["line"], row["stored"]) for row in told["rows"]] == [(1, True), (2, False), (3, False)]
    assert done.stderr == ""


@pytest.mark.parametrize("text", ["NaN", "Infinity", '"\\ud800"', '{"a": NaN}'])
def test_a_row_of_json_that_no_request_can_hold_is_told(running, imported, text):
    row = f'{{"case_number": "A-1", "numbers": [], "subject": {text}}}'
    done = imported(f'[{row}, {{"case_number": "A-2", "numbers": []}}]', name="cases.json")
    assert (done.exit_code, "cases.json:1: " in done.stderr) == (1, True)
    assert running.api.get("cases/A-2").status_code == 200


def test_a_long_file_goes_in_requests_that_the_service_takes(running, imported):
    lines = [f"A-{n},13{n:09d},{'路' * 150}" for n in range(700)]
    done = imported("case_number,numbers,subject\n" + "\n".join(lines))
    assert (done.exit_code, "已导入 700 件" in done.stdout) == (0, True)
    assert case(running, "A-699")["numbers"] == ["13000000699"]


@pytest.mark.parametrize(("cell", "kept"), [("是", True), ("YES", True), ("否", False), ("", False)])
def test_a_case_may_be_confidential_and_is_not_unless_told(running, imported, cell, kept):
    assert imported(f"诉求编号,保密\nA-1,{cell}\n").exit_code == 0
    assert case(running, "A-1")["confidential"] is kept
    shown = running.run("cases", "show", "A-1").stdout
    assert shown.count("保密 confidential") == 1 + kept  # the column's head, and its word


def test_a_confidential_that_is_neither_yes_nor_no_is_told(imported):
    done = imported("case_number,confidential\nA-1,perhaps\n")
    assert done.exit_code == 1
    assert "confidential: 应为 true 或 false（CSV 里写 是 或 否）" in done.stderr


def test_a_reply_opens_a_revisit_that_is_shown_with_its_case(running, imported):
    imported(HEAD + LINE)
    done = running.run("cases", "reply", "PDS-1", "--at", "2026-11-23T10:00", "--contact", "电话告知")
    assert (done.exit_code, "11-26 00:00:00" in done.stdout) == (0, True)
    shown = running.run("cases", "show", "PDS-1")
    assert ("城管局" in shown.stdout, "回访中 open" in shown.stdout) == (True, True)
    assert "13800000001" not in shown.stdout
    assert "13800000001" in running.run("cases", "show", "PDS-1", "--show-numbers").stdout
    assert json.loads(running.run("cases", "show", "PDS-1", "--json").stdout)["revisits"][0]["round"] == 1


def test_a_reply_without_the_contact_that_told_the_citizen_ends_with_1(running, imported):
    imported(HEAD + LINE)
    done = running.run("cases", "reply", "PDS-1", "--at", "2026-11-23T10:00")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Art. 13" in done.stderr
