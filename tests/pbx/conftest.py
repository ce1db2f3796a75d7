"""One real Asterisk for all tests of this folder, and the phones that most of them need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.peers.baresip import Baresip
from telephony.peers.sipp import SippAgents, SippCitizen
from tests.switch import Switch
from tests.system import System

QUEUE = "city-12345"


@pytest.fixture(scope="session")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    """Asterisk without the service: nothing listens at the AGI port but what a test puts there."""
    switch = Switch(tmp_path_factory.mktemp("switch"))
    yield switch.start()
    switch.stop()


@pytest.fixture(autouse=True)
def _quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no call to the next test."""
    yield
    if "switch" in request.fixturenames:
        request.getfixturevalue("switch").cli("channel request hangup all")


@pytest.fixture
def member(switch: Switch) -> Iterator[str]:
    """Agent 8001's interface, in the default queue for one test."""
    interface = "PJSIP/8001"
    switch.ami.action("QueueAdd", Queue=QUEUE, Interface=interface)
    yield interface
    switch.ami.action("QueueRemove", Queue=QUEUE, Interface=interface)


@pytest.fixture
def agent(switch: Switch, member: str, tmp_path: Path) -> Iterator[Baresip]:
    """A registered softphone of agent 8001 that rings; its voice is a tone of 700 Hz."""
    with Baresip("8001", switch.secrets.sip["8001"], switch.sip, tmp_path / "agent", tone=700) as phone:
        phone.wait_registered()
        yield phone


@pytest.fixture
def citizen(switch: Switch, tmp_path: Path) -> Iterator[SippCitizen]:
    """A citizen who calls a number without a menu and stays until the agent hangs up; start it."""
    caller = SippCitizen(server=switch.sip, folder=tmp_path / "citizen", called="12315")
    yield caller
    caller.hangup()


@pytest.fixture
def agents(switch: Switch, member: str, tmp_path: Path) -> Iterator[SippAgents]:
    """Agent 8001 as a SIPp that answers by itself; start it."""
    passwords = {"8001": switch.secrets.sip["8001"]}
    answering = SippAgents(passwords=passwords, server=switch.sip, folder=tmp_path / "agents")
    yield answering
    answering.stop()


@pytest.fixture(scope="session")
def whole_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A second Asterisk, with the service running on it."""
    system = System(tmp_path_factory.mktemp("system"))
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def system(whole_system: System) -> Iterator[System]:
    """The running system for one test: no call and no agent of it is left to the next."""
    yield whole_system
    whole_system.hang_up()
    whole_system.log_everybody_out()
