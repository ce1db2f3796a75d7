"""The server's door: who gets in, who does not, and what one call's fault leaves alone."""

import asyncio

import pytest
import pytest_twisted
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from telephony.agi.server import (
    MAX_ENVIRONMENT,
    MAX_ENVIRONMENT_LINES,
    FastAGIServer,
    Limits,
    parse_environment,
    token,
)
from telephony.agi.session import AGIError

SECRET, CALL = "s3", "1790000000.7"


def block(entry="inbound", proof=None, call=CALL, name="Zhang"):
    proof = token(SECRET, call) if proof is None else proof
    lines = [f"agi_network_script: {entry}", f"agi_uniqueid: {call}", f"agi_calleridname: {name}"]
    return "\n".join([*lines, "agi_threadid: 1", f"agi_arg_1: {proof}", "", ""]).encode()


class Switch:
    """A server with one entry and a clock, and Asterisk's end of its connections."""

    def __init__(self, entry=lambda session: session.wait_for_digit(), **limits):
        self.clock = Clock()
        self.server = FastAGIServer({"inbound": entry}, SECRET, clock=self.clock, limits=Limits(**limits))

    def connect(self, *chunks):
        connection, transport = self.server.buildProtocol(None), StringTransport()
        connection.makeConnection(transport)
        for chunk in chunks:
            connection.dataReceived(chunk)
        return connection, transport

    def counts(self):
        return (self.server.open, self.server.total, self.server.refused, self.server.failed)


def closed(transport):
    return transport.disconnecting or transport.disconnected


def test_a_call_from_our_dialplan_gets_its_entry():
    seen = []
    switch = Switch(lambda session: seen.append((session.call_id, session.env["agi_calleridname"])))
    _, transport = switch.connect(block())
    assert (seen, closed(transport), switch.counts()) == ([(CALL, "Zhang")], True, (0, 1, 0, 0))


def test_an_environment_may_arrive_in_single_bytes():
    switch = Switch()
    _, transport = switch.connect(*(bytes([byte]) for byte in block()))
    assert transport.value() == b'WAIT FOR DIGIT "2000"\n'


def test_an_entry_speaks_and_hears_through_the_connection():
    switch = Switch(lambda session: session.set_variable("GOT", session.get_variable("X")))
    connection, transport = switch.connect(block())
    connection.dataReceived(b"200 result=1 (y)\n")
    connection.dataReceived(b"200 result=1\n")
    assert transport.value() == b'GET VARIABLE "X"\nSET VARIABLE "GOT" "y"\n'
    assert (closed(transport), switch.counts()) == (True, (0, 1, 0, 0))


def test_the_token_is_what_asterisks_sha1_function_gives():
    assert token("secret", "1.2") == "a55bd4d74dbf653de57e49ee88d2e4ffb27ea601"


@pytest.mark.parametrize(
    "environment",
    [
        block(proof="0" * 40),
        block(proof=""),
        block(proof="密"),
        block(proof=token(SECRET, "another.1")),
        block(proof=token("guess", CALL)),
        block(entry="unknown"),
        block(entry=""),
        b"agi_network_script: inbound\n\n",
    ],
)
def test_who_has_no_token_or_names_no_entry_is_refused(environment):
    switch = Switch(lambda _: pytest.fail("it was let in"))
    _, transport = switch.connect(environment)
    assert (closed(transport), transport.value(), switch.counts()) == (True, b"", (0, 0, 1, 0))


@pytest.mark.parametrize(
    "name",
    [
        "x\nagi_arg_2: forged",
        "x\nagi_uniqueid: forged",
        "x\nagi_network_script: survey",
        "x\nno colon",
        "x\n\nSET VARIABLE",
        "x\nother: key",
    ],
)
def test_a_line_break_in_a_callers_name_forges_nothing(name):
    switch = Switch(lambda _: pytest.fail("it was let in"))
    _, transport = switch.connect(block(name=name))
    assert (closed(transport), switch.counts()) == (True, (0, 0, 1, 0))


@pytest.mark.parametrize(
    "flood",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01",
        b"\n\n",
        b"x" * 10_000_000,
        b"agi_x: " + b"y" * 10_000_000,
    ],
)
def test_what_is_no_environment_is_closed_and_the_rest_of_it_forgotten(flood):
    switch = Switch()
    connection, transport = switch.connect(flood, flood)
    assert (closed(transport), switch.counts()) == (True, (0, 0, 1, 0))
    assert len(connection._block) <= len(flood)


@pytest.mark.parametrize(("size", "refused"), [(MAX_ENVIRONMENT, 0), (MAX_ENVIRONMENT + 1, 1)])
def test_an_environment_has_a_largest_size(size, refused):
    environment = block(name="x" * (size - len(block(name=""))))
    switch = Switch()
    switch.connect(environment)
    assert switch.server.refused == refused


@pytest.mark.parametrize(
    ("lines", "fits"), [(MAX_ENVIRONMENT_LINES, True), (MAX_ENVIRONMENT_LINES + 1, False)]
)
def test_an_environment_has_a_largest_number_of_lines(lines, fits):
    environment = "\n".join(f"agi_{number}: x" for number in range(lines)).encode()
    if fits:
        assert len(parse_environment(environment)) == lines
    else:
        with pytest.raises(AGIError):
            parse_environment(environment)


@given(st.binary())
def test_any_environment_is_read_or_refused_and_nothing_else(noise):
    for environment in (noise, b"agi_x: " + noise, b"agi_x: y\nagi_arg_1: " + noise):
        try:
            assert all(key.startswith("agi_") for key in parse_environment(environment))
        except AGIError as refusal:
            assert "environment" in str(refusal)  # noqa: PT017


def test_a_latin_1_name_is_read_with_its_bytes_shown():
    assert parse_environment(b"agi_calleridname: Jos\xe9") == {"agi_calleridname": "Jos\\xe9"}


# --- time and number ---


@pytest.mark.parametrize("sent", [b"", b"agi_network", block()[:-1]])
def test_an_environment_must_be_complete_in_five_seconds(sent):
    switch = Switch()
    _, transport = switch.connect(*([sent] if sent else []))
    switch.clock.advance(4.9)
    assert not closed(transport)
    switch.clock.advance(0.2)
    assert (closed(transport), switch.server.refused) == (True, 1)


def test_each_connection_has_its_own_five_seconds():
    switch = Switch()
    _, early = switch.connect()
    switch.clock.advance(3)
    _, late = switch.connect()
    switch.clock.advance(2.1)
    assert (closed(early), closed(late)) == (True, False)
    switch.clock.advance(3)
    assert closed(late)


def test_a_parked_caller_may_wait_for_ever():
    switch = Switch()
    _, transport = switch.connect(block())
    switch.clock.advance(100_000)
    assert (closed(transport), switch.server.open) == (False, 1)


def test_a_limit_for_answers_ends_a_silent_session_only():
    switch = Switch(answer_seconds=10)
    answered, silent = switch.connect(block())[0], switch.connect(block())[1]
    switch.clock.advance(9)
    answered.dataReceived(b"200 result=0\n")
    switch.clock.advance(1.5)
    assert (closed(silent), switch.counts()) == (True, (0, 2, 0, 1))


def test_work_that_an_entry_awaits_is_not_a_late_answer():
    switch = Switch(lambda session: (session.noop(), session.await_(Deferred())), answer_seconds=10)
    connection, transport = switch.connect(block())
    connection.dataReceived(b"200 result=0\n")
    switch.clock.advance(60)
    assert (closed(transport), switch.server.open) == (False, 1)


@pytest.mark.parametrize(("limit", "refused"), [(2, 0), (1, 1)])
def test_connections_beyond_the_limit_are_closed(limit, refused):
    switch = Switch(sessions=limit)
    switch.connect(block())
    _, second = switch.connect()
    assert (switch.server.refused, closed(second)) == (refused, bool(refused))


def test_a_place_is_free_again_when_a_call_has_ended():
    switch = Switch(sessions=1)
    switch.connect(block())[0].connectionLost()
    _, transport = switch.connect(block())
    assert (closed(transport), switch.server.total) == (False, 2)


# --- faults and ends ---


def test_an_entry_that_raises_is_logged_without_what_it_said_and_touches_no_other_call():
    def entry(session):
        if session.get_variable("X"):
            raise ValueError("13800138000")

    switch = Switch(entry)
    broken, transport = switch.connect(block(name="13900139000"))
    _, other = switch.connect(block())
    with capture_logs() as logs:
        broken.dataReceived(b"200 result=1 (13700137000)\n")
    assert (closed(transport), closed(other), switch.counts()) == (True, False, (1, 2, 0, 1))
    assert (logs[0]["event"], logs[0]["call"], logs[0]["error"]) == ("agi entry failed", CALL, "ValueError")
    assert "138001" not in str(logs)
    assert "139001" not in str(logs)
    assert "137001" not in str(logs)


def test_a_hangup_is_no_failure():
    switch = Switch()
    connection, _ = switch.connect(block())
    connection.dataReceived(b"HANGUP\n")
    connection.connectionLost()
    assert switch.counts() == (0, 1, 0, 0)


def test_a_hangup_that_comes_with_the_environment_is_noticed():
    switch = Switch()
    _, transport = switch.connect(block() + b"HANGUP\n")
    assert (transport.value(), switch.counts()) == (b"", (0, 1, 0, 0))


@pytest.mark.parametrize("sent", range(0, len(block()), 40))
def test_a_connection_lost_anywhere_leaves_nothing_behind(sent):
    switch = Switch()
    connection, _ = switch.connect(block()[:sent])
    connection.connectionLost()
    switch.clock.advance(10)
    assert (switch.counts(), switch.server._connections, switch.clock.calls) == ((0, 0, 1, 0), set(), [])


def test_stopping_closes_at_once_if_nobody_is_there():
    switch = Switch()
    _, transport = switch.connect()
    assert switch.server.stop(5).called
    assert (closed(transport), switch.clock.calls) == (True, [])


def test_stopping_lets_a_running_entry_finish():
    switch = Switch()
    connection, transport = switch.connect(block())
    stopped = switch.server.stop(5)
    switch.clock.advance(4)
    assert (closed(transport), stopped.called) == (False, False)
    connection.dataReceived(b"200 result=0\n")
    assert (closed(transport), stopped.called, switch.clock.calls) == (True, True, [])


def test_stopping_closes_what_runs_beyond_the_grace():
    switch = Switch()
    _, transport = switch.connect(block())
    stopped = switch.server.stop(5)
    switch.clock.advance(5.1)
    assert (closed(transport), stopped.called) == (True, True)


# --- a real socket ---


async def talk(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(block())
    heard = await reader.readline()
    writer.write(b"200 result=1\n")
    heard += await reader.read()
    writer.close()
    return heard


@pytest_twisted.ensureDeferred
async def test_a_call_over_a_real_socket_and_a_clean_stop():
    server = FastAGIServer({"inbound": lambda session: session.verbose("hi")}, SECRET)
    port = server.listen(0)
    talking = asyncio.ensure_future(talk(port))
    heard = await Deferred.fromFuture(talking)
    await server.stop()
    assert (heard, server.total, server.failed) == (b'VERBOSE "hi" "1"\n', 1, 0)
    with pytest.raises(ConnectionRefusedError):
        await Deferred.fromFuture(asyncio.ensure_future(talk(port)))
