"""Logs: one line an event, numbers masked, no raw control characters, whoever speaks."""

import json
import logging
import re
import subprocess
import sys
from io import StringIO
from textwrap import dedent

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from telephony import logs

DIGITS = st.text("0123456789", min_size=7, max_size=20)
JOINTS = st.text(st.characters(exclude_categories=["Nd"], exclude_characters="."), max_size=5)
NASTY = st.text(max_size=60) | st.text("\r\n\x00\x1b\x85\u2028\u202e\ud800ab", max_size=20)


class Sink(StringIO):
    encoding = "utf-8"


def line_of(form, event, **values):
    sink = Sink()
    log = structlog.wrap_logger(logs._Lines(sink), processors=logs.processors(form))
    log.info(event, **values)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800001234", "138****1234"),
        ("+8613800001234", "+861****1234"),
        ("037512345", "03****45"),
        ("1234567", "12****67"),
        ("123456", "123456"),
        ("8001", "8001"),
        ("", ""),
    ],
)
def test_a_number_is_masked_unless_it_is_too_short_to_be_a_persons(number, masked):
    assert logs.mask_number(number) == masked


@pytest.mark.parametrize(
    "text",
    [
        "call 1795420886.743 ended",
        "2026-11-23/1795420886.743.wav",
        "PJSIP/8001-00000042",
        "2026-11-23T08:02:00.123456+08:00",
        "20261123T080200",
        "127.0.0.1:5060 took 12345 ms",
    ],
)
def test_ids_of_calls_and_times_stay_readable(text):
    assert logs.mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "sip:13800001234@127.0.0.1",
        "PJSIP/13800001234-00000042",
        "x13800001234y",
        "1795420886.13800001234",
        "138-0000-1234",
        "138 0000 1234",
        "１３８００００１２３４",
    ],
)
def test_a_phone_number_is_masked_wherever_it_stands(text):
    assert "0000" not in logs.mask(text).replace("-00000042", "")
    assert "００００" not in logs.mask(text)


def test_a_number_that_is_spared_stays_and_others_are_masked():
    assert logs.mask("037512346 和 13800001234", {"037512346"}) == "037512346 和 138****1234"
    assert logs.mask("+037512346", {"037512346"}) != "+037512346"


@given(DIGITS, JOINTS, JOINTS)
def test_no_run_of_seven_digits_is_left(number, before, after):
    assert not re.search(r"\d{7,}", logs.mask(f"{before}{number}{after}"))


@given(NASTY, NASTY, st.sampled_from(["json", "text"]))
def test_an_event_is_one_line_without_control_characters(event, value, form):
    line = line_of(form, event, value=value, deep={"list": [value]}, raw=value.encode("utf-8", "replace"))
    assert line.endswith("\n")
    assert not logs._CONTROL.search(line[:-1])


@given(NASTY)
def test_a_line_of_json_reads_back(value):
    assert json.loads(line_of("json", "event", value=value))["value"] == logs.mask(value)


def test_numbers_are_masked_in_whatever_type_they_come():
    line = line_of("json", "e", a=13800001234, b=["13800001234"], c={"13800001234": 1}, d=b"13800001234")
    assert "13800001234" not in line


def test_a_safe_key_keeps_its_long_number():
    assert json.loads(line_of("json", "e", event_id=12345678))["event_id"] == 12345678


def test_a_traceback_is_masked():
    try:
        int("dial 13800001234")
    except ValueError:
        line = line_of("json", "failed", exc_info=True)
    assert "dial 138****1234" in json.loads(line)["exception"]


def test_a_text_line_quotes_values_that_have_spaces():
    assert line_of("text", "ended", by="the citizen", agent="8001").endswith(
        'info ended by="the citizen" agent=8001\n'
    )


def test_a_closed_pipe_does_not_fail_the_caller():
    sink = Sink()
    sink.close()
    logs._Lines(sink).msg("line")


def test_a_record_with_wrong_arguments_is_still_logged():
    with structlog.testing.capture_logs() as seen:
        logs.FromLogging().emit(logging.LogRecord("x", 30, "f", 1, "%d calls", ("many",), None))
    assert seen == [{"event": "%d calls ('many',)", "source": "x", "log_level": "warning", "exc_info": None}]


def test_structlog_logging_twisted_and_warnings_speak_through_one_mask():
    program = """
        import logging, warnings, structlog
        from twisted.logger import Logger
        from telephony import logs
        logs.set_up("json")
        structlog.get_logger().info("ours 13800001234")
        logging.getLogger("uvicorn.error").info("web %s", "13800001234")
        Logger(namespace="tw").error("twisted {n}", n="13800001234")
        try:
            raise ValueError("13800001234")
        except ValueError:
            Logger(namespace="tw").failure("broken")
        warnings.warn("old 13800001234")
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"][:8] for line in lines][:4] == ["ours 138", "web 138*", "twisted ", "broken"]
    assert len(lines) == 5
    assert "13800001234" not in done.stdout + done.stderr
