"""The codec: what it refuses, and that it reads any bytes in any split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import EncodingRefusedError
from telephony.pbx.codec import (
    HEADER_LIMIT,
    LINE_LIMIT,
    Decoder,
    Message,
    check_text,
    dial_number,
    encode_action,
    variable_header,
)

NASTY = [
    "status will follow",
    "Response: Success",
    "ActionID: 5",
    "Event: Hangup",
    "a\u2028b",
    "王芳",
    "\x85",
    ": ",
]
values = st.one_of(st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8")), st.sampled_from(NASTY))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in {"action", "actionid"}
)
HOSTILE = [
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"Event: A",
    b"ActionID: 5",
    b"\xff\xfe",
    "王".encode("gb18030"),
    b": ",
]
streams = st.lists(st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=6))).map(b"".join)


def raws(chunks, limit=1 << 20):
    decoder = Decoder(limit)
    return [message.raw for chunk in chunks for message in decoder.feed(chunk)], decoder.dropped


def cut(stream, places):
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.tuples(names, values), max_size=20))
def test_what_is_encoded_is_what_a_line_reader_sees(headers):
    lines = encode_action("Originate", "svc-1", headers).split(b"\r\n")
    assert lines[:2] == [b"Action: Originate", b"ActionID: svc-1"]
    assert lines[2:] == [f"{name}: {value}".encode() for name, value in headers] + [b"", b""]


@given(st.text(), st.text())
def test_no_text_can_inject_a_header_or_an_action(name, value):
    try:
        data = encode_action("Setvar", "svc-1", [(name, value)])
    except EncodingRefusedError:
        return
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r") == 4
    assert data.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("value", ["a\r\nAction: Logoff", "a\nb", "a\rb", "a\0b", "\ud800"])
def test_a_value_without_a_safe_form_is_refused_and_not_repeated(value):
    with pytest.raises(EncodingRefusedError) as refusal:
        encode_action("Login", "svc-1", {"Secret": value})
    assert value not in str(refusal.value)


@pytest.mark.parametrize("header", ["", "A b", "A:", "-A", "Action", "ACTIONID", "名", "A\n", "A" * 65])
def test_a_header_name_outside_the_grammar_is_refused(header):
    with pytest.raises(EncodingRefusedError):
        encode_action("Setvar", "svc-1", [(header, "x")])


@pytest.mark.parametrize(
    ("name", "action_id"), [("Set var", "1"), ("Ping\n", "1"), ("Ping", ""), ("Ping", "1\r\n2")]
)
def test_a_bad_action_name_or_action_id_is_refused(name, action_id):
    with pytest.raises(EncodingRefusedError):
        encode_action(name, action_id)


def test_a_line_of_the_longest_length_passes():
    data = encode_action("Setvar", "1", {"Value": "v" * (LINE_LIMIT - len("Value: "))})
    assert max(map(len, data.split(b"\r\n"))) == LINE_LIMIT


def test_a_line_one_byte_longer_is_refused():
    with pytest.raises(EncodingRefusedError):
        encode_action("Setvar", "1", {"Value": "v" * (LINE_LIMIT - len("Value: ") + 1)})


def test_the_most_headers_pass():
    data = encode_action("Setvar", "1", [("A", 1)] * (HEADER_LIMIT - 2))
    assert data.count(b": ") == HEADER_LIMIT


def test_one_header_more_is_refused():
    with pytest.raises(EncodingRefusedError):
        encode_action("Setvar", "1", [("A", 1)] * (HEADER_LIMIT - 1))


def test_the_limit_of_a_text_is_counted_in_bytes():
    assert check_text("王芳", 6) == "王芳"
    with pytest.raises(EncodingRefusedError):
        check_text("王芳", 5)


@pytest.mark.parametrize("number", ["110", "12345", "+8613812345678", "1" * 20])
def test_a_phone_number_may_be_dialled(number):
    assert dial_number(number) == number


@pytest.mark.parametrize(
    "number",
    ["", "11", "1" * 21, "+11", "1+1", "138 1234", "110\n", "１１０", "110@trunk", "110&111", "${X}", "１２"],
)
def test_what_is_no_phone_number_never_becomes_a_dial_string(number):
    with pytest.raises(EncodingRefusedError):
        dial_number(number)


def test_a_variable_with_commas_and_quotes_stays_one_variable():
    assert variable_header("__CASE", 'a,B=1 "q" \\ (p[') == ("Variable", r"__CASE=a\,B=1 \"q\" \\ \(p\[")


@pytest.mark.parametrize("name", ["", "A=B", "CHANNEL(name)", "A,B", "___A", "1A"])
def test_what_is_no_variable_name_is_refused(name):
    with pytest.raises(EncodingRefusedError):
        variable_header(name, "x")


@given(streams, st.lists(st.integers(min_value=0)))
def test_any_split_of_the_stream_gives_the_same_messages(stream, places):
    assert raws(cut(stream, places)) == raws([stream])


@given(streams, st.lists(st.integers(min_value=0)), st.integers(min_value=1, max_value=12))
def test_any_split_drops_the_same_over_long_messages(stream, places, limit):
    assert raws(cut(stream, places), limit) == raws([stream], limit)


@given(streams)
def test_reading_never_raises_and_one_header_reads_like_all_headers(stream):
    for message in Decoder().feed(b"Asterisk Call Manager/11.0.0\r\n" + stream + b"\r\n\r\n"):
        headers = {name: value for name, value in message.headers().items() if "\\" not in name}
        assert all(message.get(name, "?") == value for name, value in headers.items())
        assert all(message.all(name)[0] == value for name, value in headers.items())
        assert isinstance(message.name + message.action_id + message.output + repr(message), str)


@given(st.lists(st.tuples(names, values), max_size=20))
def test_a_value_never_passes_for_a_header(headers):
    raw = "".join(f"\r\n{name}: {value}" for name, value in headers)
    message = Message(b"Event: NewCallerid" + raw.encode())
    assert (message.is_event, message.name) == (True, "NewCallerid")
    assert set(message.headers()) == {"Event", *(name for name, _ in headers)}
    assert message.action_id == ""


def test_the_greeting_is_kept_apart_from_the_first_message():
    decoder = Decoder()
    (answer,) = decoder.feed(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: a\r\n\r\n")
    assert decoder.greeting == "Asterisk Call Manager/11.0.0"
    assert (answer.is_event, answer.name, answer.action_id) == (False, "Success", "a")


def test_repeated_headers_and_command_output_are_kept_in_order():
    message = Message(b"Response: Success\r\nOutput: a: 1\r\nOutput:   b\r\nOutput: \r\nX: y\r\nOutput: c")
    assert message.all("Output") == ["a: 1", "  b", "", "c"]
    assert message.output == "a: 1\n  b\n\nc"
    assert message.get("Output") == "a: 1"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("José".encode("latin-1"), "Jos\\xe9"),
        ("王".encode("gb18030"), "\\xcd\\xf5"),
        ("王".encode()[:2], "\\xe7\\x8e"),
    ],
)
def test_bytes_that_are_not_utf8_stay_readable(raw, shown):
    assert Message(b"Event: A\r\nCallerIDName: " + raw).get("CallerIDName") == shown


def test_an_over_long_message_is_dropped_and_counted_and_the_next_one_arrives():
    decoder = Decoder(limit=100)
    for _ in range(1000):
        assert decoder.feed(b"x" * 50) == []
    assert [message.name for message in decoder.feed(b"\r\n\r\nEvent: A\r\n\r\n")] == ["A"]
    assert decoder.dropped == 1


def test_a_message_of_exactly_the_limit_is_kept():
    decoder = Decoder(limit=100)
    assert len(decoder.feed(b"x" * 100 + b"\r\n\r\n" + b"x" * 101 + b"\r\n\r\n")) == 1
    assert decoder.dropped == 1
