"""Simulated phones whose player is killed: they hang up and are gone, without any switch."""

import os
import select
import signal
import subprocess
import sys

import pytest

from telephony.paths import PROJECT
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.peers.ports import free_port

NUMBER = "13900000001"
PATIENCE = 60
CITIZEN = f"""\
from pathlib import Path
from telephony.peers.sipp import SippCitizen

where, folder = sys.argv[1], Path(sys.argv[2])
citizen = SippCitizen(server=where, folder=folder, called="{NUMBER}").start()
pid = citizen._run._process.pid
"""
PHONE = f"""\
from pathlib import Path
from telephony.peers.baresip import Baresip

where, folder = sys.argv[1], Path(sys.argv[2])
phone = Baresip("8001", "secret", where, folder).start()
phone.dial("{NUMBER}")
pid = phone._process.pid
"""
DEAF = """\
import subprocess
from telephony.peers.warden import warden

deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
process.stdout.readline()
pid = process.pid
warden.mind(pid)
"""
# The system refuses a broadcast before anything is sent.
AFTER_ONE_THAT_CANNOT_BE_TOLD = f"""\
import os
from telephony.peers.warden import warden

warden.mind(os.getpid(), ("255.255.255.255", 9, "goodbye"))
{DEAF}"""
WITH_A_SECOND_WARDEN = f"""\
import os
from telephony.peers.warden import warden

warden.mind(os.getpid())
warden._process.kill()
warden._process.wait()
{DEAF}"""
IN_A_CALL = pytest.mark.parametrize("plays", [CITIZEN, PHONE], ids=["citizen", "phone"])


class Player:
    """A process that has started one phone; it goes on until it is killed."""

    def __init__(self, plays, *arguments):
        program = "import signal, sys\n" + plays + "print(pid, flush=True)\nsignal.pause()"
        command = [sys.executable, "-c", program, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        self.phone = os.pidfd_open(int(self._process.stdout.readline()))

    def kill(self):
        self._process.kill()
        self._process.wait()

    def phone_ends(self):
        """Tell whether the phone is gone, or goes."""
        return bool(select.select([self.phone], [], [], PATIENCE)[0])

    def close(self):
        self.kill()
        if not select.select([self.phone], [], [], 0)[0]:
            signal.pidfd_send_signal(self.phone, signal.SIGKILL)
        os.close(self.phone)
        self._process.stdout.close()


@pytest.fixture
def player():
    players = []

    def player(*arguments):
        players.append(Player(*arguments))
        return players[-1]

    yield player
    for each in players:
        each.close()


@pytest.fixture
def far_end(tmp_path):
    far_end = FarEnd("127.0.0.1", free_port("udp"), tmp_path / "far-end")
    far_end.plan(NUMBER, [Behaviour(ring_ms=0, answer=True)])
    yield far_end.start()
    far_end.stop()


@IN_A_CALL
def test_a_phone_in_a_call_whose_player_is_killed_hangs_up_and_is_gone(plays, player, far_end, tmp_path):
    one = player(plays, f"127.0.0.1:{far_end.port}", tmp_path / "phone")
    far_end.wait_event("answered", PATIENCE, number=NUMBER)
    one.kill()
    far_end.wait_event("ended", PATIENCE, number=NUMBER)
    assert one.phone_ends()


def test_a_citizen_who_is_still_rung_for_gives_up(player, far_end, tmp_path):
    far_end.plan(NUMBER, [Behaviour()])
    one = player(CITIZEN, f"127.0.0.1:{far_end.port}", tmp_path / "phone")
    far_end.wait_event("alerting", PATIENCE, number=NUMBER)
    one.kill()
    far_end.wait_event("cancelled", PATIENCE, number=NUMBER)
    assert one.phone_ends()


@pytest.mark.parametrize(
    "plays",
    [DEAF, AFTER_ONE_THAT_CANNOT_BE_TOLD, WITH_A_SECOND_WARDEN],
    ids=["alone", "after-one-that-cannot-be-told", "with-a-second-warden"],
)
def test_a_phone_that_does_not_go_is_killed(player, plays):
    one = player(plays)
    one.kill()
    assert one.phone_ends()
