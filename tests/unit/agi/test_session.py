"""The session's grammar and its greenlet, without a socket."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed

from telephony.agi import session as module
from telephony.agi.session import (
    MAX_ANSWER,
    MAX_COMMAND,
    AGIAppError,
    AGIDBError,
    AGIError,
    AGIInvalidCommand,
    AGIUnknownError,
    AGIUsageError,
    Session,
    parse_result,
    quote,
)
from telephony.errors import AGIHangup, EncodingRefusedError


class Call:
    """One session whose entry is `work`; keeps what it wrote and how it ended."""

    def __init__(self, work, env=None):
        self.sent, self.closed, self.result, self.error = [], 0, None, None
        self.session = Session(env or {"agi_uniqueid": "1.1"}, self.sent.append, self.close)
        self.session.start(lambda: self.run(work))

    def run(self, work):
        try:
            self.result = work(self.session)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def close(self):
        self.closed += 1

    def hears(self, *chunks):
        for chunk in chunks:
            self.session.feed(chunk)
        return self


def answer_to(work, *chunks):
    call = Call(work).hears(*chunks)
    if call.error:
        raise call.error
    return call.result


def line_of(work):
    (line,) = Call(work).sent
    return line


def asterisk_words(line):
    """Split a command as Asterisk's parse_args does: quotes toggle, a backslash takes the next byte as it is."""
    words, word, quoted, escaped, started = [], bytearray(), False, False, False
    for byte in line:
        char = bytes([byte])
        if char == b'"' and not escaped:
            quoted, started = not quoted, True
        elif char in b" \t" and not quoted and not escaped:
            if started:
                words.append(bytes(word))
            word, started = bytearray(), False
        elif char == b"\\" and not escaped:
            escaped = True
            continue
        else:
            word += char
            started = True
        escaped = False
    return [*words, bytes(word)] if started else words


SENDABLE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))


@given(SENDABLE, SENDABLE)
def test_what_asterisk_unquotes_is_what_was_quoted(first, second):
    line = b"SET VARIABLE " + quote(first) + b" " + quote(second)
    assert asterisk_words(line) == [b"SET", b"VARIABLE", first.encode(), second.encode()]


@given(st.text(), st.sampled_from("\r\n\0\ud800"), st.text())
def test_what_would_end_a_command_is_refused(before, evil, after):
    with pytest.raises(EncodingRefusedError):
        quote(before + evil + after)


@pytest.mark.parametrize("value", [None, b"bytes", [1], object()])
def test_what_is_no_text_or_number_is_refused(value):
    with pytest.raises(EncodingRefusedError):
        quote(value)


TEXT_METHODS = [
    lambda s, x: s.stream_file(x),
    lambda s, x: s.stream_file("p", x),
    lambda s, x: s.set_callerid(x),
    lambda s, x: s.set_context(x),
    lambda s, x: s.set_extension(x),
    lambda s, x: s.set_priority(x),
    lambda s, x: s.exec_command("Playback", x),
    lambda s, x: s.exec_command(x),
    lambda s, x: s.appexec(x, "a"),
    lambda s, x: s.appexec("A", x),
    lambda s, x: s.get_variable(x),
    lambda s, x: s.set_variable(x, "v"),
    lambda s, x: s.set_variable("v", x),
    lambda s, x: s.get_full_variable("v", x),
    lambda s, x: s.verbose(x),
    lambda s, x: s.get_data(x),
    lambda s, x: s.get_option(x),
    lambda s, x: s.record_file(x),
    lambda s, x: s.record_file("p", x),
    lambda s, x: s.database_get(x, "k"),
    lambda s, x: s.database_put("f", "k", x),
    lambda s, x: s.database_del("f", x),
    lambda s, x: s.database_deltree(x),
    lambda s, x: s.send_text(x),
    lambda s, x: s.send_image(x),
    lambda s, x: s.say_digits(x),
    lambda s, x: s.say_alpha(x),
    lambda s, x: s.say_date(x),
    lambda s, x: s.say_datetime(1, "", "", x),
    lambda s, x: s.hangup(x),
    lambda s, x: s.channel_status(x),
    lambda s, x: s.tdd_mode(x),
    lambda s, x: s.control_stream_file(x),
]


@settings(max_examples=300)
@given(method=st.sampled_from(TEXT_METHODS), text=st.text("a\"\\' \tn中", min_size=1, max_size=12))
def test_every_method_sends_its_text_as_one_word_of_one_line(method, text):
    line = line_of(lambda session: method(session, text))
    assert line.count(b"\n") == 1
    assert text.encode() in asterisk_words(line[:-1])


@pytest.mark.parametrize("method", TEXT_METHODS)
def test_no_method_sends_a_line_break(method):
    call = Call(lambda session: method(session, 'x"\nEXEC System "id"'))
    assert (type(call.error), call.sent) == (EncodingRefusedError, [])


@pytest.mark.parametrize(("size", "sent"), [(MAX_COMMAND, 1), (MAX_COMMAND + 1, 0)])
def test_a_command_is_as_long_as_asterisk_reads_and_no_longer(size, sent):
    frame = len(b'VERBOSE "" "1"\n')
    assert len(Call(lambda session: session.verbose("x" * (size - frame))).sent) == sent


def test_optional_arguments_that_are_empty_are_left_out():
    assert line_of(lambda session: session.hangup()) == b"HANGUP\n"
    assert line_of(lambda session: session.stream_file("")) == b'STREAM FILE "" "" "0"\n'


def test_a_comma_in_an_argument_of_an_application_is_refused():
    with pytest.raises(EncodingRefusedError):
        answer_to(lambda session: session.exec_command("Dial", "PJSIP/1,30"))


# --- values ---

VALUES = st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b""))


@given(VALUES)
def test_a_variable_of_any_bytes_comes_back_whole(raw):
    value = answer_to(lambda session: session.get_variable("X"), b"200 result=1 (" + raw + b")\n")
    assert value == raw.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("value", ["hangup", "a (b) c)", '"', "x)\n200 result=1 (y", "x)\nHANGUP", "-1", ""])
def test_a_value_that_looks_like_something_else_is_just_a_value(value):
    assert answer_to(lambda session: session.get_variable("X"), f"200 result=1 ({value})\n".encode()) == value


def test_a_variable_that_is_not_set_is_empty():
    assert answer_to(lambda session: session.get_variable("X"), b"200 result=0\n") == ""


def test_a_value_arrives_in_single_bytes():
    chunks = [bytes([byte]) for byte in "200 result=1 (值\nx)\n".encode()]
    assert answer_to(lambda session: session.get_variable("X"), *chunks) == "值\nx"


def test_the_switchs_database_gives_a_value_or_says_there_is_none():
    work = lambda session: session.database_get("family", "key")  # noqa: E731
    assert line_of(work) == b'DATABASE GET "family" "key"\n'
    assert answer_to(work, b"200 result=1 (v)\n") == "v"
    with pytest.raises(AGIDBError):
        answer_to(work, b"200 result=0\n")


# --- other answers ---


@given(st.one_of(st.binary(), st.binary().map(lambda raw: b"200 result=" + raw + b"\n")))
def test_the_parser_raises_its_own_error_or_gives_a_result(answer):
    with contextlib.suppress(AGIUnknownError):
        assert "result" in parse_result(answer)


@pytest.mark.parametrize("unit", [b" ", b"=", b"(", b")", b"a=", b" (", b"a=b (c) ", b"\xff"])
def test_the_parser_takes_time_linear_in_the_length(unit):
    def pieces(times):
        """Every piece of text that the parser makes: its work, which no clock needs to measure."""
        made = []

        class Text(str):
            __slots__ = ()

            def partition(self, mark):
                parts = [Text(part) for part in str.partition(self, mark)]
                made.extend(parts)
                return tuple(parts)

        class Answer(bytes):
            def decode(self, *how):
                return Text(bytes.decode(self, *how))

        parse_result(Answer(b"200 result=1 " + unit * times + b"\n"))
        return sum(map(len, made))

    assert pieces(4000) <= 4.2 * pieces(1000) + 100


@pytest.mark.parametrize(
    ("answer", "digit"),
    [
        (b"200 result=0 endpos=8\n", ""),
        (b"200 result=53 endpos=8\n", "5"),
        (b"100 result=0 Trying...\n200 result=35\n", "#"),
    ],
)
def test_a_digit_comes_back_as_text(answer, digit):
    assert answer_to(lambda session: session.stream_file("p", [1, "2"]), answer) == digit


@pytest.mark.parametrize(
    ("answer", "digit"),
    [
        (b"200 result=0 (timeout) endpos=8000\n", ""),
        (b"200 result=35 (dtmf) endpos=8000\n", "#"),
    ],
)
def test_a_recording_ends_by_time_or_by_a_digit(answer, digit):
    assert answer_to(lambda session: session.record_file("id", "wav", beep=""), answer) == digit
    assert line_of(lambda session: session.record_file("id", "wav", beep="")) == (
        b'RECORD FILE "id" "wav" "#" "20000" "0"\n'
    )


def test_dialled_digits_come_back_even_if_time_ran_out():
    work = lambda session: session.get_data("p")  # noqa: E731
    assert answer_to(work, b"200 result=12 (timeout)\n") == "12"
    assert answer_to(work, b"200 result= (timeout)\n") == ""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"510 Invalid or unknown command\n", AGIInvalidCommand),
        (b"520 Invalid command syntax.  Proper usage not available.\n", AGIUsageError),
        (
            b"520-Invalid command syntax.  Proper usage follows:\n Usage: x\n520 End of proper usage.\n",
            AGIUsageError,
        ),
        (b"HTTP/1.1 200 OK\n", AGIUnknownError),
        (b"\n", AGIUnknownError),
        (b"200 \n", AGIUnknownError),
        (b"200 result=1\n200 result=1\n", AGIUnknownError),
        (b"x" * (MAX_ANSWER + 1), AGIUnknownError),
        (b"200 result=5000000\n", AGIError),
    ],
)
def test_a_refusal_or_nonsense_is_a_clear_error(answer, error):
    with pytest.raises(error):
        answer_to(lambda session: session.wait_for_digit(), answer)


def test_a_conversation_out_of_step_is_closed_and_stays_closed():
    call = Call(lambda session: session.noop()).hears(b"nonsense\n")
    assert (type(call.error), call.closed, call.session.hung_up) == (AGIUnknownError, 1, True)


def test_bytes_that_nobody_asked_for_break_the_conversation_off():
    deferred = Deferred()
    call = Call(lambda session: (session.await_(deferred), session.noop())).hears(b"200 result=1\n")
    deferred.callback(None)
    assert (type(call.error), call.closed, call.sent) == (AGIUnknownError, 1, [])


# --- hangups ---


@pytest.mark.parametrize(
    "chunks",
    [
        [b"HANGUP\n"],
        [b"HANG", b"UP\n"],
        [b"HANGUP\n200 result=1\n"],
        [b"511 Command Not Permitted on a dead channel\n"],
        [b"200 result=-1 (hangup) endpos=0\n"],
        [b"200 result=-1\nHANGUP\n"],
        [b"200 result=-1\n", b"HANGUP\n511 No\n"],
        [b"200 result=-1\n", b"511 No\n"],
    ],
)
def test_every_kind_of_hangup_is_one(chunks):
    call = Call(lambda session: session.wait_for_digit()).hears(*chunks)
    assert (type(call.error), call.session.hung_up) == (AGIHangup, True)


@pytest.mark.parametrize(
    "before", [b"", b"200 res", b"520-Invalid command syntax.\n Usage\n", b"200 result=-1\n"]
)
def test_end_of_file_anywhere_is_a_hangup(before):
    call = Call(lambda session: session.noop()).hears(*([before] if before else []))
    call.session.lost()
    assert type(call.error) is AGIHangup


def test_a_failure_of_a_call_that_lives_is_no_hangup():
    call = Call(lambda session: session.stream_file("missing")).hears(
        b"200 result=-1 endpos=0\n", b"200 result=6\n"
    )
    assert (type(call.error), call.sent[1]) == (AGIAppError, b"CHANNEL STATUS\n")


def test_an_answer_before_the_hangup_is_still_an_answer():
    call = Call(lambda session: (session.get_variable("X"), session.noop())).hears(
        b"200 result=1 (v)\nHANGUP\n"
    )
    assert (type(call.error), len(call.sent)) == (AGIHangup, 1)


def test_no_command_goes_out_after_a_hangup():
    deferred = Deferred()
    call = Call(lambda session: (session.await_(deferred), session.noop())).hears(b"HANG", b"UP\n")
    deferred.callback(None)
    assert (type(call.error), call.sent) == (AGIHangup, [])


# --- waiting for work ---


def test_await_returns_the_result_at_once_or_later():
    deferred = Deferred()
    call = Call(lambda session: [session.await_(succeed(1)), session.await_(lambda: deferred)])
    assert call.result is None
    deferred.callback(2)
    assert call.result == [1, 2]


def test_await_raises_the_failure():
    call = Call(lambda session: session.await_(fail(KeyError("x"))))
    assert type(call.error) is KeyError


def test_committed_work_finishes_after_the_caller_has_gone():
    deferred, done = Deferred(), []
    call = Call(lambda session: (done.append(session.await_(deferred)), session.noop()))
    call.session.lost()
    assert call.error is None
    deferred.callback("row")
    assert (done, type(call.error)) == (["row"], AGIHangup)


def test_one_sessions_work_may_wake_another():
    deferred = Deferred()
    waiting = Call(lambda session: (session.await_(deferred), session.noop()))
    waking = Call(lambda session: (deferred.callback(None), session.get_variable("X"))[1])
    waking.hears(b"200 result=1 (v)\n")
    waiting.hears(b"200 result=0\n")
    assert (waking.result, waiting.error) == ("v", None)


def test_a_session_is_not_used_outside_its_entry():
    call = Call(lambda session: session.wait_for_digit())
    with pytest.raises(RuntimeError, match="inside the greenlet"):
        call.session.noop()


def test_making_a_session_touches_no_signal_and_no_stderr(capfd, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: pytest.fail("a signal handler was set"))
    assert answer_to(lambda session: session.get_variable("X"), b"200 result=1 (v)\n") == "v"
    assert capfd.readouterr() == ("", "")
    assert not hasattr(module, "signal")
