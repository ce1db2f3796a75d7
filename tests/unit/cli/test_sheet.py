"""CSV for a spreadsheet."""

import csv
import io

import pytest

from telephony.cli.sheet import MARK, plain, sheet


@pytest.mark.parametrize("text", ["=1+1", "+86138", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_nothing_in_a_cell_is_a_formula(text):
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize("value", ["城管局", "C-1", -2, 0.5, ""])
def test_what_is_no_formula_stays_as_it_is(value):
    assert plain(value) == value


def test_a_list_is_one_cell_and_no_formula_either():
    assert plain(["=A1", 2]) == "'=A1 · 2"


def test_a_sheet_is_utf_8_with_a_mark_and_quotes_what_needs_it(capsysbinary):
    sheet(("case", "unit"), [("C-1", '城管局,"一队"'), (None, "a\nb")])
    text = capsysbinary.readouterr().out.decode()
    assert text.startswith(MARK)
    rows = list(csv.reader(io.StringIO(text.removeprefix(MARK), newline="")))
    assert rows == [["诉求 case", "承办单位 unit"], ["C-1", '城管局,"一队"'], ["", "a\nb"]]
