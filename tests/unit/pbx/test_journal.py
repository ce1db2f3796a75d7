"""The journal that Asterisk writes: read to the last whole line, whatever stands in it."""

import itertools
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telephony.pbx import journal
from telephony.pbx.journal import Position
from telephony.rules.call_story import Record

NOW = datetime(2026, 11, 23, 4, 0, 5, tzinfo=UTC)
START = Position()


def row(number=1, **changes):
    values = {
        "eventtype": "HANGUP",
        "eventtime": f"{NOW.timestamp():.6f}",
        "userdeftype": "",
        "channame": "PJSIP/8001-0000002a",
        "uniqueid": f"1.{number}",
        "linkedid": "1.1",
        "eventextra": '{"hangupcause":16,"hangupsource":"PJSIP/8001-0000002a"}',
    }
    return json.dumps(values | changes, ensure_ascii=False)


def rows(count, first=1):
    return "".join(row(number) + "\n" for number in range(first, first + count)).encode()


def write(folder, data, name=journal.CURRENT, mode="ab"):
    with (folder / name).open(mode) as file:
        file.write(data)


def read_all(folder, position=START):
    """Every record after `position`, how far that was, and how many lines were passed over."""
    legs, bad_lines = [], 0
    while (page := journal.read(folder, position)).records:
        legs += [record.leg_id for record in page.records]
        position, bad_lines = page.position, bad_lines + page.bad_lines
    return legs, page.position, bad_lines + page.bad_lines


def legs_of(folder, position=START):
    return read_all(folder, position)[0]


def test_a_line_becomes_a_record():
    assert journal.parse(row(7).encode()) == Record(
        kind="HANGUP",
        at=NOW,
        channel="PJSIP/8001-0000002a",
        leg_id="1.7",
        call_id="1.1",
        cause=16,
        hangup_source="PJSIP/8001-0000002a",
    )


def test_the_dialplans_own_word_comes_with_what_it_said():
    record = journal.parse(row(eventtype="queued", eventextra='{"extra":"city-12345"}').encode())
    assert (record.kind, record.extra, record.cause) == ("queued", "city-12345", None)


def test_a_channel_that_enters_a_bridge_says_which():
    detail = '{"bridge_id":"504c1a20","bridge_technology":"softmix"}'
    assert journal.parse(row(eventtype="BRIDGE_ENTER", eventextra=detail).encode()).bridge == "504c1a20"


@pytest.mark.parametrize("extra", ["", "[]", "5", "null", None])
def test_a_record_without_details_is_a_record(extra):
    assert journal.parse(row(eventextra=extra).encode()).cause is None


@pytest.mark.parametrize(
    "changes",
    [
        *({"eventtime": time} for time in ("", "soon", "nan", "inf", "1e18", "-1e18", "1e300", None, [])),
        *({"eventextra": extra} for extra in ("{", "nonsense", 5, "[" * 100_000)),
        {"uniqueid": "1\0"},
    ],
)
def test_a_line_that_makes_no_sense_is_no_record(changes):
    assert journal.parse(row(**changes).encode()) is None


def test_half_a_surrogate_pair_which_no_store_takes_is_no_record():
    assert journal.parse(row().replace("HANGUP", "\\ud800").encode()) is None


@pytest.mark.parametrize(("cause", "read"), [(0, 0), (999, 999), (1000, None), (-1, None), ("16", None)])
def test_a_cause_is_a_small_number_or_none(cause, read):
    assert journal.parse(row(eventextra=json.dumps({"hangupcause": cause})).encode()).cause == read


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
fields = st.sampled_from(["eventtype", "eventtime", "channame", "uniqueid", "linkedid", "eventextra"])


@given(line=st.binary() | st.text().map(str.encode))
@example(line=b"[" * 200_000)
@example(line=b'{"a":' * 50_000)
@example(line=b"9" * 10_000)
def test_no_bytes_make_it_raise(line):
    assert journal.parse(line) is None or line.startswith(b"{")


@given(changes=st.dictionaries(fields, values))
def test_no_value_makes_it_raise_and_every_record_can_be_stored(changes):
    record = journal.parse(row(**changes).encode("utf-8", "surrogatepass"))
    if record is not None:
        text = f"{record.kind}{record.channel}{record.leg_id}{record.call_id}{record.extra}"
        assert "\0" not in text.encode().decode()


@given(cuts=st.lists(st.integers(0, 1200)), good=st.lists(st.booleans(), min_size=1, max_size=4))
def test_any_split_of_writes_gives_the_same_records(cuts, good):
    data = b"".join(rows(1, number) if is_good else b"nonsense\n" for number, is_good in enumerate(good))
    with tempfile.TemporaryDirectory() as place:
        legs, bad_lines, position = [], 0, START
        for start, end in pieces(cuts, len(data)):
            write(Path(place), data[start:end])
            more, position, bad = read_all(Path(place), position)
            legs, bad_lines = legs + more, bad_lines + bad
    assert legs == [f"1.{number}" for number, is_good in enumerate(good) if is_good]
    assert bad_lines == good.count(False)


def pieces(cuts, size):
    edges = sorted({0, size, *(cut for cut in cuts if cut < size)})
    return itertools.pairwise(edges)


def test_a_line_that_is_not_whole_yet_is_left_for_the_next_time(tmp_path):
    data = rows(2)
    write(tmp_path, data[:-1])
    legs, position, _ = read_all(tmp_path)
    write(tmp_path, data[-1:])
    assert (legs, legs_of(tmp_path, position)) == (["1.1"], ["1.2"])


def test_without_a_journal_there_is_nothing_and_no_position(tmp_path):
    assert journal.read(tmp_path, START) == journal.Page([], START, 0)


def test_more_than_one_chunk_is_read_without_loss(tmp_path):
    count = 2 * journal.CHUNK // len(rows(1))
    write(tmp_path, rows(count))
    assert legs_of(tmp_path) == [f"1.{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("length", "passed_over"), [(journal.LONGEST_LINE, False), (journal.LONGEST_LINE + 1, True)]
)
def test_a_line_without_an_end_is_waited_for_until_it_is_too_long(tmp_path, length, passed_over):
    write(tmp_path, b"x" * length)
    assert (journal.read(tmp_path, START).position.offset > 0) == passed_over


def test_a_line_of_many_chunks_does_not_hide_what_follows(tmp_path):
    write(tmp_path, b"x" * (3 * journal.CHUNK) + b"\n" + rows(2))
    assert journal.read(tmp_path, START).records != []
    assert legs_of(tmp_path) == ["1.1", "1.2"]


def test_a_chunk_of_nonsense_does_not_end_the_reading(tmp_path):
    write(tmp_path, b"nonsense\n" * (journal.CHUNK // 4) + rows(1))
    assert legs_of(tmp_path) == ["1.1"]


def test_a_journal_put_aside_is_read_to_its_end_before_the_new_one(tmp_path):
    write(tmp_path, rows(1))
    _, position, _ = read_all(tmp_path)
    write(tmp_path, rows(1, first=2))
    (tmp_path / journal.CURRENT).rename(tmp_path / "calls-old.json")
    write(tmp_path, rows(1, first=3))
    assert legs_of(tmp_path, position) == ["1.2", "1.3"]


def test_a_torn_line_at_the_end_of_a_journal_put_aside_does_not_stop_the_reading(tmp_path):
    write(tmp_path, rows(1))
    _, position, _ = read_all(tmp_path)
    write(tmp_path, b'{"eventtype":"HAN')
    (tmp_path / journal.CURRENT).rename(tmp_path / "calls-old.json")
    write(tmp_path, rows(1, first=2))
    assert journal.read(tmp_path, position).bad_lines == 1
    assert legs_of(tmp_path, position) == ["1.2"]


def test_a_journal_that_was_emptied_is_read_from_its_start(tmp_path):
    write(tmp_path, rows(9))
    _, position, _ = read_all(tmp_path)
    write(tmp_path, rows(1, first=20), mode="wb")
    assert legs_of(tmp_path, position) == ["1.20"]


def test_a_journal_that_was_deleted_gives_way_to_a_new_one(tmp_path):
    write(tmp_path, rows(2))
    _, position, _ = read_all(tmp_path)
    (tmp_path / journal.CURRENT).unlink()
    assert journal.read(tmp_path, position).records == []
    write(tmp_path, rows(1, first=3))
    assert legs_of(tmp_path, position) == ["1.3"]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(journal, "ROTATE_AT", len(rows(2)))


def aside(folder):
    return sorted(path.name for path in folder.glob("calls-*.json"))


@pytest.mark.parametrize(("count", "names"), [(1, []), (2, ["calls-20261123T040005.json"])])
def test_a_journal_is_put_aside_when_it_is_large(tmp_path, small, count, names):
    write(tmp_path, rows(count))
    journal.rotate(tmp_path, read_all(tmp_path)[1], NOW)
    assert aside(tmp_path) == names


def test_a_journal_is_not_put_aside_before_all_of_it_is_read(tmp_path, small):
    write(tmp_path, rows(2))
    _, position, _ = read_all(tmp_path)
    write(tmp_path, rows(1))
    journal.rotate(tmp_path, position, NOW)
    assert aside(tmp_path) == []


def test_a_position_in_another_file_puts_nothing_aside(tmp_path, small):
    write(tmp_path, rows(2))
    offset = read_all(tmp_path)[1].offset
    journal.rotate(tmp_path, Position("0:0", offset), NOW)
    assert aside(tmp_path) == []


def test_without_a_journal_nothing_is_put_aside(tmp_path, small):
    journal.rotate(tmp_path, Position("0:0", journal.ROTATE_AT), NOW)
    assert aside(tmp_path) == []


def test_what_is_written_around_a_rotation_is_read_once(tmp_path, small):
    write(tmp_path, rows(2))
    _, position, _ = read_all(tmp_path)
    journal.rotate(tmp_path, position, NOW)
    write(tmp_path, rows(1, first=3), name=aside(tmp_path)[0])  # by a switch that had it open
    write(tmp_path, rows(2, first=4))
    legs, position, _ = read_all(tmp_path, position)
    journal.rotate(tmp_path, position, NOW + timedelta(seconds=1))
    assert (legs, len(aside(tmp_path))) == (["1.3", "1.4", "1.5"], 2)
