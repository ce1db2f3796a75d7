"""The AMI client against a scripted server; time is advanced, never slept."""

import pytest
from structlog.testing import capture_logs
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from telephony.errors import (
    EncodingRefusedError,
    NotAllowedError,
    SwitchRefusedError,
    SwitchUnavailableError,
)
from telephony.pbx import ami
from telephony.pbx.codec import Decoder

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


class Connection(StringTransport):
    """One accepted connection, as the server sees it."""

    def __init__(self, protocol):
        super().__init__()
        self.protocol = protocol
        protocol.makeConnection(self)

    def actions(self):
        messages = Decoder().feed(self.value())
        self.clear()
        return [message.headers() for message in messages]

    def say(self, *lines):
        self.protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())

    def answer(self, *lines):
        (action,) = self.actions()
        self.say("Response: Success", f"ActionID: {action['ActionID']}", *lines)
        return action

    def close(self):
        if self.protocol is not None:
            protocol, self.protocol = self.protocol, None
            protocol.connectionLost(Failure(ConnectionLost()))

    loseConnection = abortConnection = close  # noqa: N815 - Twisted's names


class Server:
    """An endpoint that refuses or accepts, and the client under test."""

    def __init__(self, **options):
        self.clock = Clock()
        self.connections = []
        self.refuses = False
        self.attempts = []
        self.log = []
        self.client = ami.AMIClient(self, self.clock, username="svc", secret="s3cret", **options)
        self.client.on_up(lambda: self.log.append("up"))
        self.client.on_down(lambda: self.log.append("down"))
        self.client.start()

    def connect(self, factory):
        self.attempts.append(round(self.clock.seconds(), 3))
        if self.refuses:
            return fail(ConnectError())
        protocol = factory.buildProtocol(None)
        self.connections.append(Connection(protocol))
        return succeed(protocol)

    @property
    def wire(self):
        return self.connections[-1]

    def boot(self):
        self.wire.protocol.dataReceived(GREETING)
        self.wire.answer("Message: Authentication accepted")
        self.wire.say("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def booted(server):
    server.boot()
    return server


def outcome(deferred: Deferred):
    """Return what a Deferred has fired with, or None; an error is returned, not raised."""
    seen = [None]
    deferred.addCallbacks(seen.append, lambda failure: seen.append(failure.value))
    return seen[-1]


def test_it_logs_in_and_is_up_when_asterisk_is_fully_booted(server):
    server.wire.protocol.dataReceived(GREETING)
    login = server.wire.answer("Message: Authentication accepted")
    assert (login["Action"], login["Username"], login["Secret"], login["Events"]) == (
        "Login",
        "svc",
        "s3cret",
        "on",
    )
    assert (server.client.is_up, server.log) == (False, [])
    server.wire.say("Event: FullyBooted")
    assert (server.client.is_up, server.log) == (True, ["up"])


def test_a_second_fully_booted_of_one_session_is_no_second_up(booted):
    booted.wire.say("Event: FullyBooted")
    assert booted.log == ["up"]


def test_a_refused_login_is_logged_and_tried_again_with_growing_delays(server):
    with capture_logs() as logs:
        for _ in range(3):
            (login,) = server.wire.actions()
            server.wire.say(
                "Response: Error", f"ActionID: {login['ActionID']}", "Message: Authentication failed"
            )
            server.clock.advance(5)
    assert "Authentication failed" in [entry.get("reason") for entry in logs]
    assert "s3cret" not in str(logs)
    assert (len(server.connections), server.log) == (4, [])


def test_reconnects_double_from_a_fifth_of_a_second_to_five_seconds():
    server = Server()
    server.refuses = True
    server.wire.close()
    server.clock.pump([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
    assert server.attempts == [0.0, 0.2, 0.6, 1.4, 3.0, 6.2, 11.2, 16.2]


def test_the_delay_starts_anew_after_the_switch_was_up(booted):
    booted.refuses = True
    booted.wire.close()
    booted.clock.pump([0.2, 0.4])
    booted.refuses = False
    booted.clock.advance(0.8)
    booted.boot()
    booted.wire.close()
    booted.clock.advance(0.2)
    assert len(booted.connections) == 3
    assert booted.log == ["up", "down", "up", "down"]


def test_answers_are_matched_by_action_id_whatever_their_order(booted):
    first, second = booted.client.action("Ping"), booted.client.action("Ping", action_id="mine-2")
    one, two = booted.wire.actions()
    assert two["ActionID"] == "mine-2"
    booted.wire.say("Response: Success", "ActionID: mine-2", "Ping: two")
    booted.wire.say("Response: Success", f"ActionID: {one['ActionID']}", "Ping: one")
    assert (outcome(first).get("Ping"), outcome(second).get("Ping")) == ("one", "two")


def test_each_action_gets_an_id_of_its_own(booted):
    for _ in range(50):
        booted.client.action("Ping")
    assert len({action["ActionID"] for action in booted.wire.actions()}) == 50


def test_an_answer_to_nobody_is_ignored(booted):
    waiting = booted.client.action("Ping")
    booted.wire.say("Response: Success", "ActionID: 5")
    booted.wire.say("Response: Success")
    assert outcome(waiting) is None


def test_a_refusal_carries_asterisks_own_words(booted):
    waiting = booted.client.action("QueuePause", [("Interface", "x")], action_id="a")
    booted.wire.say("Response: Error", "ActionID: a", "Message: Interface not found")
    error = outcome(waiting)
    assert (type(error), str(error)) == (SwitchRefusedError, "Interface not found")


def test_a_refused_command_carries_its_output(booted):
    waiting = booted.client.action("Command", {"Command": "no such"}, action_id="a")
    booted.wire.say(
        "Response: Error", "ActionID: a", "Message: Command output follows", "Output: No such command"
    )
    assert str(outcome(waiting)) == "No such command"


def test_an_action_before_up_fails_at_once(server):
    assert isinstance(outcome(server.client.action("Ping")), SwitchUnavailableError)
    assert isinstance(outcome(server.client.list_action("CoreShowChannels")), SwitchUnavailableError)


@pytest.mark.parametrize(("wait", "kind"), [(1.99, type(None)), (2.01, SwitchUnavailableError)])
def test_an_action_without_answer_fails_after_its_timeout(booted, wait, kind):
    waiting = booted.client.action("Ping", timeout=2.0)
    booted.clock.advance(wait)
    assert isinstance(outcome(waiting), kind)


def test_an_answer_after_the_timeout_is_ignored(booted):
    waiting = booted.client.action("Ping", timeout=2.0, action_id="a")
    booted.clock.advance(3)
    booted.wire.say("Response: Success", "ActionID: a")
    assert isinstance(outcome(waiting), SwitchUnavailableError)


def test_an_action_may_be_cancelled(booted):
    waiting = booted.client.action("Ping", action_id="a")
    waiting.cancel()
    booted.wire.say("Response: Success", "ActionID: a")
    assert isinstance(outcome(waiting), CancelledError)


def test_waiting_actions_fail_when_the_connection_is_lost(booted):
    waiting, rows = booted.client.action("Ping"), booted.client.list_action("QueueStatus")
    booted.wire.close()
    assert isinstance(outcome(waiting), SwitchUnavailableError)
    assert isinstance(outcome(rows), SwitchUnavailableError)
    assert (booted.client.is_up, booted.log) == (False, ["up", "down"])


def test_an_action_that_cannot_be_encoded_sends_nothing(booted):
    waiting = booted.client.action("QueuePause", [("Reason", "x\r\nAction: Logoff")])
    assert isinstance(outcome(waiting), EncodingRefusedError)
    assert booted.wire.value() == b""


def test_an_action_id_in_use_is_refused_and_the_first_action_stays(booted):
    first = booted.client.list_action("QueueStatus", action_id="a")
    assert isinstance(outcome(booted.client.action("Ping", action_id="a")), NotAllowedError)
    booted.wire.say("Response: Success", "ActionID: a", "EventList: start")
    booted.wire.say("Event: QueueStatusComplete", "ActionID: a", "EventList: Complete")
    assert outcome(first) == []


def test_a_list_is_its_events_until_complete_and_reaches_no_subscriber(booted):
    seen = []
    booted.client.subscribe(["QueueMember"], lambda message: seen.append(message.get("Name")))
    rows = booted.client.list_action("QueueStatus", action_id="a")
    booted.wire.say(
        "Response: Success", "ActionID: a", "EventList: start", "Message: Queue status will follow"
    )
    booted.wire.say("Event: QueueMember", "Name: listed", "ActionID: a")
    booted.wire.say("Event: QueueMember", "Name: of another", "ActionID: b")
    booted.wire.say("Event: QueueMember", "Name: status will follow", "ActionID: a")
    assert not rows.called
    booted.wire.say("Event: QueueStatusComplete", "ActionID: a", "EventList: Complete", "ListItems: 2")
    assert [row.get("Name") for row in outcome(rows)] == ["listed", "status will follow"]
    assert seen == ["of another"]


def test_a_list_that_never_completes_fails_after_its_timeout(booted):
    rows = booted.client.list_action("QueueStatus", timeout=3, action_id="a")
    booted.wire.say("Response: Success", "ActionID: a", "EventList: start")
    booted.clock.advance(3)
    assert isinstance(outcome(rows), SwitchUnavailableError)


def test_a_cancelled_list_is_refused(booted):
    rows = booted.client.list_action("QueueStatus", action_id="a")
    booted.wire.say("Response: Success", "ActionID: a", "EventList: start")
    booted.wire.say("Event: QueueStatusComplete", "ActionID: a", "EventList: Cancelled")
    assert isinstance(outcome(rows), SwitchRefusedError)


def test_a_list_answered_without_a_list_is_empty(booted):
    rows = booted.client.list_action("VoicemailUsersList", action_id="a")
    booted.wire.say(
        "Response: Success", "ActionID: a", "Message: There are no voicemail users currently defined."
    )
    assert outcome(rows) == []


def test_an_event_with_the_action_id_of_a_plain_action_reaches_its_subscriber(booted):
    seen = []
    booted.client.subscribe(["OriginateResponse"], lambda message: seen.append(message.get("Response")))
    waiting = booted.client.action("Originate", action_id="a")
    booted.wire.say("Event: OriginateResponse", "ActionID: a", "Response: Failure")
    assert (seen, outcome(waiting)) == (["Failure"], None)


def test_hostile_text_in_a_value_changes_nothing(booted):
    seen = []
    booted.client.subscribe(["NewCallerid"], lambda message: seen.append(message.get("CallerIDName")))
    waiting = booted.client.action("Ping", action_id="5")
    for text in (
        "status will follow",
        "Response: Success ActionID: 5",
        "Event: FullyBooted",
        "EventList: Complete",
    ):
        booted.wire.say("Event: NewCallerid", f"CallerIDName: {text}")
    assert (len(seen), outcome(waiting), booted.log) == (4, None, ["up"])


def test_one_raising_callback_is_logged_and_stops_nothing(booted):
    seen = []
    booted.client.subscribe(["Hangup"], lambda _: 1 // 0)
    booted.client.subscribe(["Hangup", "Hold"], lambda message: seen.append(message.name))
    with capture_logs() as logs:
        booted.wire.say("Event: Hangup", "CallerIDNum: 13812345678")
        booted.wire.say("Event: Hold")
        booted.wire.say("Event: VarSet")
    assert seen == ["Hangup", "Hold"]
    assert [entry["event"] for entry in logs] == ["ami_callback_failed"]
    assert "13812345678" not in str(logs)


def test_a_raising_on_up_callback_does_not_stop_the_others():
    server = Server()
    server.client._on_up.insert(0, lambda: 1 // 0)
    server.boot()
    assert server.log == ["up"]


def test_slow_callbacks_are_run_in_slices_between_reads(booted):
    seen = []

    def slow(message):
        seen.append(message.get("N"))
        booted.clock.rightNow += ami.SLICE / 2

    booted.client.subscribe(["Hold"], slow)
    booted.wire.protocol.dataReceived(b"".join(b"Event: Hold\r\nN: %d\r\n\r\n" % n for n in range(5)))
    assert seen == ["0", "1"]
    booted.wire.say("Event: Hold", "N: 5")
    assert seen == ["0", "1"]
    booted.clock.pump([0, 0, 0])
    assert seen == ["0", "1", "2", "3", "4", "5"]


def test_an_answer_never_overtakes_an_older_event(booted):
    order = []

    def slow(_):
        order.append("event")
        booted.clock.rightNow += ami.SLICE

    booted.client.subscribe(["Hold"], slow)
    booted.client.action("Ping", action_id="a").addCallback(lambda _: order.append("answer"))
    booted.wire.protocol.dataReceived(
        b"Event: Hold\r\n\r\n" * 2 + b"Response: Success\r\nActionID: a\r\n\r\n"
    )
    booted.clock.pump([0, 0])
    assert order == ["event", "event", "answer"]


def test_events_received_before_a_loss_come_before_down(booted):
    def slow(_):
        booted.log.append("event")
        booted.clock.rightNow += ami.SLICE

    booted.client.subscribe(["Hold"], slow)
    booted.wire.protocol.dataReceived(b"Event: Hold\r\n\r\n" * 3)
    booted.wire.close()
    booted.clock.pump([0, 0, 0])
    assert booted.log == ["up", "event", "event", "event", "down"]


def test_an_endless_lag_gives_up_the_connection(booted, monkeypatch):
    monkeypatch.setattr(ami, "INBOX_LIMIT", 2)
    booted.client.subscribe(["Hold"], lambda _: None)
    booted.wire.protocol.dataReceived(b"Event: Hold\r\n\r\n" * 3)
    assert (booted.client.is_up, booted.log) == (False, ["up", "down"])


def test_a_callback_may_send_an_action(booted):
    booted.client.subscribe(["Hold"], lambda _: booted.client.action("Ping", action_id="b"))
    booted.wire.say("Event: Hold")
    assert [action["ActionID"] for action in booted.wire.actions()] == ["b"]


def test_a_silent_peer_is_pinged_and_then_given_up():
    server = Server(keepalive=10.0)
    server.boot()
    server.clock.advance(10)
    assert [action["Action"] for action in server.wire.actions()] == ["Ping"]
    server.clock.advance(10)
    assert server.log == ["up", "down"]


def test_a_peer_that_answers_its_pings_is_kept():
    server = Server(keepalive=10.0)
    server.boot()
    for _ in range(20):
        server.clock.advance(10)
        server.wire.answer("Ping: Pong")
    assert (server.log, len(server.connections)) == (["up"], 1)


def test_a_server_that_never_greets_is_given_up():
    server = Server(keepalive=10.0)
    server.clock.pump([5.0, 0.2])
    assert len(server.connections) == 2


def test_a_user_without_class_system_is_told_what_to_do(server):
    server.wire.answer("Message: Authentication accepted")
    with capture_logs() as logs:
        server.clock.advance(10)
    assert "read=system" in logs[0]["hint"]


def test_stop_closes_and_does_not_come_back(booted):
    waiting = booted.client.action("Ping")
    stopped = booted.client.stop()
    booted.clock.advance(60)
    assert stopped.called
    assert isinstance(outcome(waiting), SwitchUnavailableError)
    assert (len(booted.connections), booted.log) == (1, ["up", "down"])


def test_stop_aborts_a_connection_that_does_not_close(booted, monkeypatch):
    monkeypatch.setattr(booted.wire, "loseConnection", lambda: None)
    stopped = booted.client.stop()
    assert not stopped.called
    booted.clock.advance(ami.FLUSH)
    assert stopped.called


def test_no_timer_stays_behind_after_stop(booted):
    booted.client.action("Ping").addErrback(lambda _: None)
    booted.client.stop()
    assert booted.clock.getDelayedCalls() == []
