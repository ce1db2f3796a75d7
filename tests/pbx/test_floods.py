"""Floods from one address, while a citizen calls from another: the call is answered as on any other day."""

import itertools
import secrets
import subprocess
import threading
from contextlib import contextmanager

import pytest

from telephony.peers.ports import find_program, free_port
from tests.pbx.calls import ended
from tests.pbx.strangers import Stranger

FLOODER = "127.0.0.3"
RATE = 300
"""Requests a second: many more than all of a city's telephones send."""
NOTED = 200
"""Of the flood's requests, when the citizen calls."""
HEAD = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="flood">
"""
REQUEST = """\
  <send><![CDATA[
{method} sip:12345@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@[local_ip]>;tag=[call_number]
To: <sip:{user}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: [cseq] {method}
Contact: <sip:flood@[local_ip]:[local_port]>
Max-Forwards: 70
{more}Content-Length: 0

]]></send>
"""
WRONG = "[authentication username=8001 password=wrong]\n"
CHALLENGE = '  <recv response="401" auth="true"/>\n'
INVITES = REQUEST.format(method="INVITE", user="u[call_number]", more="") + '  <pause milliseconds="10"/>\n'
REGISTERS = "".join(
    [
        REQUEST.format(method="REGISTER", user="8001", more=""),
        CHALLENGE,
        REQUEST.format(method="REGISTER", user="8001", more=WRONG),
        CHALLENGE,
    ]
)
NONSENSE = (
    b"",
    b"\x00" * 400,
    b"INVITE sip:12345@127.0.0.1 SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
    b"INVITE " + b"x" * 4000,
    b"REGISTER sip:x SIP/2.0\r\nFrom: <sip:\xff\xfe>\r\nTo: <\r\nCSeq: -1 x\r\n\r\n",
)


@contextmanager
def sipp(steps, switch, folder):
    """Let a SIPp repeat these steps, RATE times a second."""
    scenario = folder / "flood.xml"
    scenario.write_text(f"{HEAD}{steps}</scenario>\n", encoding="ascii")
    where = ["-i", FLOODER, "-p", str(free_port("udp", FLOODER)), "-bind_local"]
    pace = ["-r", str(RATE), "-l", "3000", "-m", "10000000", "-nostdin", "-nd"]
    control = ["-cp", str(free_port("udp", "0.0.0.0"))]  # noqa: S104 - where SIPp binds it; asked, not opened
    with (folder / "flood.out").open("wb") as out:
        command = [find_program("sipp"), switch.sip, "-sf", str(scenario), *where, *pace, *control]
        flood = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
    try:
        yield
        assert flood.poll() is None, (folder / "flood.out").read_text(errors="replace")[-2000:]
    finally:
        flood.kill()
        flood.wait()


@contextmanager
def nonsense(switch, _folder):
    """Send what is no SIP, RATE times a second."""
    over, stranger = threading.Event(), Stranger(switch.sip, FLOODER)

    def throw():
        for data in itertools.cycle([*NONSENSE, secrets.token_bytes(1200)]):
            if over.wait(1 / RATE):
                return
            stranger.throw(data)

    thread = threading.Thread(target=throw, daemon=True)
    thread.start()
    try:
        yield
        assert thread.is_alive()
    finally:
        over.set()
        thread.join()
        stranger.close()


FLOODS = {
    "INVITEs of nobody": lambda *where: sipp(INVITES, *where),
    "REGISTERs with a wrong password": lambda *where: sipp(REGISTERS, *where),
    "what is no SIP": nonsense,
}


@pytest.fixture(params=FLOODS)
def flooded(system, tmp_path, request):
    """The system in a flood, of which the switch has noted a good deal already."""
    noted = system.switch.log().count(FLOODER)
    with FLOODS[request.param](system.switch, tmp_path):
        system.switch.wait_log(FLOODER, times=noted + NOTED)
        yield system


def test_a_citizen_reaches_an_agent_in_the_flood_from_another_address(flooded):
    phone, service = flooded.agent("8001"), flooded.service
    for called in ("12315", "12315", "12315"):
        mark = service.mark()
        citizen = flooded.citizen(called)
        phone.wait_event("CALL_INCOMING")
        phone.answer()
        call_id = service.wait_event("answered", mark, agent="8001")["call_id"]
        phone.hangup()
        assert citizen.wait().ended_by_far_end
        assert ended(flooded, call_id, mark)["outcome"] == "answered"
        service.wait_agent("8001", "wrap_up")
        service.post("/agents/8001/ready")


def test_an_agents_phone_registers_in_the_flood(flooded):
    assert flooded.phone("8002").user == "8002"
