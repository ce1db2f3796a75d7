"""The scripted carrier's side of SIP over UDP, where any packet may be lost: what a switch relies on."""

import socket

import pytest

from telephony.errors import SwitchUnavailableError, UnknownThingError
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.peers.ports import free_port
from telephony.peers.sip_message import Message, sdp

NUMBER = "13800000001"


class Caller:
    """One call by hand: requests go out as they are told, each answer is read by whoever waits for it."""

    def __init__(self, port, call_id="call-1"):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(("127.0.0.2", port))
        self._socket.settimeout(30)
        self._here = "{}:{}".format(*self._socket.getsockname())
        self._call_id = call_id
        self.to = f"<sip:{NUMBER}@carrier>"

    def send(self, method, *, number=NUMBER, sequence=1, body=""):
        lines = [
            f"{method} sip:{number}@127.0.0.2 SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bK{sequence}",
            "From: <sip:12345@switch>;tag=ours",
            f"To: {self.to}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:12345@{self._here}>",
            f"Content-Length: {len(body)}",
        ]
        self._socket.send("\r\n".join([*lines, "", body]).encode())

    def invite(self, **fields):
        self.send("INVITE", body=sdp("127.0.0.1", 9), **fields)
        return self

    def receive(self):
        message = Message.parse(self._socket.recv(4096))
        self.to = message.get("to") if message.status > 100 else self.to
        return message

    def statuses(self, count):
        return [self.receive().status for _ in range(count)]

    def close(self):
        self._socket.close()


@pytest.fixture
def far_end(tmp_path):
    with FarEnd("127.0.0.2", free_port("udp", "127.0.0.2"), tmp_path) as far_end:
        yield far_end


@pytest.fixture
def caller(far_end):
    caller = Caller(far_end.port)
    yield caller
    caller.close()


def test_a_call_is_tried_alerted_answered_and_ended(far_end, caller):
    far_end.plan(NUMBER, [Behaviour(ring_ms=10, answer=True)])
    assert caller.invite().statuses(3) == [100, 180, 200]
    caller.send("ACK")
    far_end.wait_event("answered")
    caller.send("BYE", sequence=2)
    assert caller.statuses(1) == [200]
    far_end.wait_event("ended")
    assert [words[0] for words in far_end.events] == [
        "invited",
        "alerting",
        "answered",
        "far-end-bye",
        "ended",
    ]


def test_an_invite_sent_again_gets_the_last_answer_again(far_end, caller):
    far_end.plan(NUMBER, [Behaviour()])
    assert caller.invite().statuses(2) == [100, 180]
    assert caller.invite().statuses(1) == [180]
    assert [words[0] for words in far_end.events] == ["invited", "alerting"]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (Behaviour(alerting=None, ring_ms=0, final=486), 486),
        (Behaviour(alerting=None, ring_ms=0, answer=True), 200),
    ],
)
def test_a_final_answer_is_sent_until_it_is_acknowledged(far_end, caller, behaviour, status):
    far_end.plan(NUMBER, [behaviour])
    assert caller.invite().statuses(3) == [100, status, status]
    caller.send("ACK")
    far_end.wait_event("ended" if status == 486 else "answered")


def test_a_bye_is_sent_until_it_is_answered(far_end, caller):
    far_end.plan(NUMBER, [Behaviour(alerting=None, ring_ms=0, answer=True, hang_up_after_ms=0, q850=16)])
    caller.invite().statuses(2)
    caller.send("ACK")
    byes = [caller.receive(), caller.receive()]
    assert [(bye.method, bye.get("reason")) for bye in byes] == [("BYE", "Q.850;cause=16")] * 2
    caller._socket.send(byes[0].response(200, tag="ours"))
    far_end.wait_event("ended")


def test_a_cancelled_call_is_terminated(far_end, caller):
    far_end.plan(NUMBER, [Behaviour()])
    caller.invite().statuses(2)
    caller.send("CANCEL")
    assert [(m.status, m.get("cseq")) for m in (caller.receive(), caller.receive())] == [
        (200, "1 CANCEL"),
        (487, "1 INVITE"),
    ]
    caller.send("ACK")
    far_end.wait_event("ended")
    assert far_end.wait_event("cancelled") == ["cancelled", NUMBER, "487"]


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("BYE", 481), ("CANCEL", 481), ("SUBSCRIBE", 501)]
)
def test_a_request_without_a_call_is_answered(caller, method, status):
    caller.send(method)
    assert caller.statuses(1) == [status]


def test_a_number_without_a_plan_does_not_exist(caller):
    assert caller.invite().statuses(2) == [100, 404]


def test_each_call_of_a_number_follows_its_own_entry_and_the_last_one_repeats(far_end):
    far_end.plan(NUMBER, [Behaviour(alerting=None, ring_ms=0, final=status) for status in (486, 480)])
    for nth, status in enumerate((486, 480, 480)):
        caller = Caller(far_end.port, f"call-{nth}")
        assert caller.invite().statuses(2) == [100, status]
        caller.close()


def test_a_new_plan_begins_with_the_next_call(far_end):
    for nth, status in enumerate((486, 480)):
        far_end.plan(NUMBER, [Behaviour(alerting=None, ring_ms=0, final=status), Behaviour(final=404)])
        caller = Caller(far_end.port, f"call-{nth}")
        assert caller.invite().statuses(2) == [100, status]
        caller.close()


def test_what_is_not_sip_is_passed_over(far_end, caller):
    for nonsense in (b"", b"\xff" * 40, b"INVITE sip:1@2 SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"):
        caller._socket.send(nonsense)
    caller.send("OPTIONS")
    assert caller.statuses(1) == [200]


def test_who_waits_in_vain_is_told_what_happened(far_end, caller):
    far_end.plan(NUMBER, [Behaviour()])
    caller.invite().statuses(2)
    with pytest.raises(SwitchUnavailableError, match=f"no answered .*alerting {NUMBER} 180"):
        far_end.wait_event("answered", 0.1)


def test_a_command_to_a_number_that_was_never_called_is_an_error(far_end):
    with pytest.raises(UnknownThingError, match=NUMBER):
        far_end.hang_up(NUMBER)


def test_a_taken_port_is_an_error_at_once(far_end, tmp_path):
    with pytest.raises(OSError, match="in use"):
        FarEnd("127.0.0.2", far_end.port, tmp_path).start()


def test_what_a_number_hears_cannot_be_asked_before_its_first_call(far_end):
    with pytest.raises(UnknownThingError, match=f"the far end has had no call for {NUMBER}"):
        far_end.hears(NUMBER)


def test_a_call_that_rings_hears_silence(far_end, caller):
    far_end.plan(NUMBER, [Behaviour()])
    caller.invite().statuses(2)
    heard = far_end.hears(NUMBER, 300)
    assert (len(heard), max(heard) - min(heard)) == (2400, 0)
