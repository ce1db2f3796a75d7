"""Whom the demonstration of a three-way call may ring: nobody but itself."""

import socket

import pytest

from telephony import config_load
from telephony.cli.demo_parties import UNIT, Parties
from telephony.errors import NotAllowedError
from telephony.peers.ports import free_port

CARRIER = "127.0.0.2"


class FakeService:
    """Notes what it is asked; `why` an import is refused."""

    def __init__(self, why=None):
        self.asked, self.why = [], why

    def send(self, method, path, _body=None):
        self.asked.append((method, path))
        return {"rows": [{"stored": self.why is None, "why": self.why}]}


@pytest.fixture
def config(house):
    """A configuration whose carrier is at a free port of this machine."""
    house.port = free_port("udp", CARRIER)
    house.set("    contact: ", f"    contact: {CARRIER}:{house.port}")
    return config_load.load(house.config)


def test_a_real_carrier_is_refused_before_anything_is_done(house, tmp_path):
    house.set("    contact: ", "    contact: 192.0.2.1:5060")
    service = FakeService()
    with pytest.raises(NotAllowedError, match=r"carrier.*接真实运营商"):
        Parties(service, config_load.load(house.config), tmp_path)
    assert service.asked == []


def test_the_demos_unit_is_there_for_as_long_as_it_is_needed(config, tmp_path):
    service = FakeService()
    with Parties(service, config, tmp_path).unit() as code:
        assert (code, service.asked) == (UNIT["code"], [("POST", "units/import")])
    assert service.asked[1:] == [("DELETE", f"units/{UNIT['code']}")]


def test_a_carriers_port_that_is_taken_is_told_and_no_unit_is_made(house, config, tmp_path):
    service = FakeService()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((CARRIER, house.port))
        with pytest.raises(NotAllowedError, match=str(house.port)), Parties(service, config, tmp_path).unit():
            pass
    assert service.asked == []


def test_a_unit_that_is_not_taken_is_told_and_the_carrier_is_gone(house, config, tmp_path):
    with (
        pytest.raises(NotAllowedError, match="短号已用"),
        Parties(FakeService("短号已用"), config, tmp_path).unit(),
    ):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((CARRIER, house.port))
        assert free.getsockname()[1] == house.port
