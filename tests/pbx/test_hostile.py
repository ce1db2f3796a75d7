"""Callers and strangers who send what no telephone sends: nothing is lost, nobody else's call is touched."""

import socket

import pytest

from tests.pbx.calls import call_through, ended

NAMES = {
    "quotes": 'a "b" \\ c',
    "swallows AMI": "status will follow",
    "AMI header": "x%0D%0AEvent: Hangup",
    "Latin-1": b'"M\xfcller" ',
    "GB18030": '"平顶山"'.encode("gb18030") + b" ",
    "4 kB": "n" * 4096,
    "dialplan": "${SHELL(touch /tmp/hotline-owned)}",
}
USERS = ["500&PJSIP/8001", "1%0d%0aAction:%20Logoff", "anonymous", "$%7BEPOCH%7D", "a,b", "%22;x=%22"]


def reach_agent(system, **plan):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system, **plan)
    phone.hangup()
    citizen.wait()
    return ended(system, call_id, mark)


@pytest.mark.parametrize("name", NAMES)
def test_a_caller_with_a_hostile_name_reaches_the_agent_like_any_other(system, name):
    call = reach_agent(system, caller_name=NAMES[name])
    assert (call["outcome"], call["agent"]) == ("answered", "8001")


@pytest.mark.parametrize("user", USERS)
def test_a_caller_whose_number_is_none_reaches_the_agent_with_the_number_withheld(system, user):
    mark = system.service.mark()
    phone = system.agent("8001")
    citizen = system.citizen("12315", caller=user)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    call_id = system.service.wait_event("answered", mark)["call_id"]
    phone.hangup()
    citizen.wait()
    call = ended(system, call_id, mark)
    assert call["outcome"] == "answered"
    assert call["caller_number"] is None


@pytest.mark.parametrize("user", ["${EPOCH}", "a|b", 'a"b'])
def test_a_sender_that_is_no_sip_address_gets_no_further_than_the_sip_stack(system, user):
    before = len(system.service.get("/calls", limit=1000))
    system.citizen("12315", caller=user)
    assert reach_agent(system)["outcome"] == "answered"
    assert len(system.service.get("/calls", limit=1000)) == before + 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"agi_network: yes\n",
        b"\xff" * 70000,
        b"agi_uniqueid: 1\n\n",
    ],
    ids=["silence", "HTTP", "half an environment", "70 kB without a line", "no token"],
)
def test_strangers_on_the_agi_port_disturb_no_call(system, data):
    agi = system.switch.config.hotline.agi
    with socket.create_connection((str(agi.address), agi.port)) as stranger:
        stranger.sendall(data)
        assert reach_agent(system)["outcome"] == "answered"


def test_a_forged_agi_session_without_the_token_is_refused_and_writes_nothing(system):
    agi = system.switch.config.hotline.agi
    forged = (
        "agi_network: yes\nagi_network_script: inbound\nagi_uniqueid: 77.7\nagi_callerid: 13800000000\n"
        "agi_arg_1: 0000\nagi_arg_2: 12345\nagi_arg_3: \n\n"
    )
    with socket.create_connection((str(agi.address), agi.port)) as stranger:
        stranger.sendall(forged.encode())
        assert stranger.recv(100) == b""
    assert system.service.http.get("/calls/77.7").status_code == 404


def test_no_number_of_a_caller_stands_in_the_services_log(system):
    call = reach_agent(system, caller="13877778888")
    assert call["caller_number"] == "13877778888"
    system.service.http.get("/calls", params={"number": "13877778888"})
    assert "13877778888" not in system.service.log()


def test_an_unknown_sip_user_gets_the_same_challenge_as_a_known_one(system):
    answers = [_request(system, user) for user in ("8001", "8777")]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"SIP/2.0 401 Unauthorized"] * 2


@pytest.mark.parametrize("user", ["carrier", "8001", "7001", "8777"])
def test_a_stranger_who_uses_the_name_of_a_line_or_a_phone_is_challenged_like_any_other(system, user):
    assert _request(system, user, "INVITE", "12345").startswith(b"SIP/2.0 401 ")


def _request(system, user, method="REGISTER", to=""):
    """Return the first answer to a request from an address that is no line's."""
    sip = system.switch.config.hotline.sip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(5)
        here = f"127.0.0.1:{phone.getsockname()[1]}"
        lines = [
            f"{method} sip:{to and to + '@'}{sip.address} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{user}{method}",
            f"From: <sip:{user}@{sip.address}>;tag={user}",
            f"To: <sip:{to or user}@{sip.address}>",
            f"Call-ID: {user}{method}@{here}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{user}@{here}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        phone.sendto("\r\n".join([*lines, "", ""]).encode(), (str(sip.address), sip.port))
        return phone.recv(4096)
