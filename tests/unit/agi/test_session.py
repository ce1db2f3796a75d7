"""The session's grammar and its greenlet, without a socket."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed

from telephony.agi import session as agi
from telephony.agi.conversation import MAX_ANSWER
from telephony.agi.session import MAX_COMMAND, Session, parse_result, quote
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
    """Split a command as Asterisk's parse_args does: quotes toggle, a backslash takes the next byte."""
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


# every method that takes text, and where in its arguments the text X goes
TEXT_CALLS = (
    """
stream_file X|stream_file p X|set_callerid X|set_context X|set_extension X|set_priority X
exec_command Playback X|exec_command X
appexec X a|appexec A X|get_variable X|set_variable X v|set_variable v X|get_full_variable X
get_full_variable v X|verbose X|get_data X|get_option X|get_option p X|record_file X
record_file p X|record_file p wav X
database_get X k|database_get f X|database_put f k X|database_put X k v|database_del f X
database_deltree X|send_text X|send_image X|say_digits X|say_alpha X|say_phonetic X|say_number X|say_date X
say_time X|say_datetime 1 2 f X|say_datetime 1 2 X|hangup X|channel_status X|tdd_mode X|control_stream_file X
""".strip()
    .replace("\n", "|")
    .split("|")
)


def calling(call, text):
    name, *args = call.split()
    return lambda session: getattr(session, name)(*(text if arg == "X" else arg for arg in args))


@settings(max_examples=300)
@given(call=st.sampled_from(TEXT_CALLS), text=st.text("a\"\\' \tn中", min_size=1, max_size=12))
def test_every_method_sends_its_text_as_one_word_of_one_line(call, text):
    line = line_of(calling(call, text))
    assert line.count(b"\n") == 1
    assert text.encode() in asterisk_words(line[:-1])


@pytest.mark.parametrize("call", TEXT_CALLS)
def test_no_method_sends_a_line_break(call):
    done = Call(calling(call, 'x"\nEXEC System "id"'))
    assert (type(done.error), done.sent) == (EncodingRefusedError, [])


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
    with pytest.raises(agi.AGIDBError):
        answer_to(work, b"200 result=0\n")


# --- other answers ---


@given(st.one_of(st.binary(), st.binary().map(lambda raw: b"200 result=" + raw + b"\n")))
def test_the_parser_raises_its_own_error_or_gives_a_result(answer):
    with contextlib.suppress(agi.AGIUnknownError):
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
        (b"510 Invalid or unknown command\n", agi.AGIInvalidCommand),
        (b"520 Invalid command syntax.  Proper usage not available.\n", agi.AGIUsageError),
        (
            b"520-Invalid command syntax.  Proper usage follows:\n Usage: x\n520 End of proper usage.\n",
            agi.AGIUsageError,
        ),
        (b"HTTP/1.1 200 OK\n", agi.AGIUnknownError),
        (b"\n", agi.AGIUnknownError),
        (b"200 \n", agi.AGIUnknownError),
        (b"200 result=1\n200 result=1\n", agi.AGIUnknownError),
        (b"x" * (MAX_ANSWER + 1), agi.AGIUnknownError),
        (b"200 result=5000000\n", agi.AGIError),
    ],
)
def test_a_refusal_or_nonsense_is_a_clear_error(answer, error):
    with pytest.raises(error):
        answer_to(lambda session: session.wait_for_digit(), answer)


def test_a_conversation_out_of_step_is_closed_and_stays_closed():
    call = Call(lambda session: session.noop()).hears(b"nonsense\n")
    assert (type(call.error), call.closed, call.session.hung_up) == (agi.AGIUnknownError, 1, True)


def test_bytes_that_nobody_asked_for_break_the_conversation_off():
    deferred = Deferred()
    call = Call(lambda session: (session.await_(deferred), session.noop())).hears(b"200 result=1\n")
    deferred.callback(None)
    assert (type(call.error), call.closed, call.sent) == (agi.AGIUnknownError, 1, [])


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
    assert (type(call.error), call.sent[1]) == (agi.AGIAppError, b"CHANNEL STATUS\n")


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
    assert not hasattr(agi, "signal")


@pytest.mark.parametrize("news", [b"HANGUP\n", b"HANGUP\nHANGUP\n"])
def test_a_command_cut_short_by_a_hangup_is_a_hangup_however_often_the_switch_says_so(news):
    call = Call(lambda session: session.stream_file("x"))
    call.hears(b"200 result=-1 endpos=160\n" + news)
    assert (type(call.error), call.closed) == (AGIHangup, 0)


def test_a_recording_that_ended_by_silence_has_no_digit_whatever_number_the_switch_gives():
    answer = b"200 result=54919 (timeout) endpos=8160\n"
    assert answer_to(lambda session: session.record_file("x", "wav"), answer) == ""
