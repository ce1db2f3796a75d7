"""What the switch holds right now, out of its own lists."""

import pytest
from twisted.internet.defer import succeed

from telephony.pbx import snapshot
from telephony.pbx.codec import Message
from telephony.pbx.snapshot import Channel


class FakeAMI:
    """Answers one list action."""

    def __init__(self, action, rows):
        self._action, self._rows = action, rows

    def list_action(self, name):
        assert name == self._action
        return succeed([message(row) for row in self._rows])


def message(row):
    return Message("\r\n".join(f"{name}: {value}" for name, value in row.items()).encode())


def channel(name):
    row = {"Event": "CoreShowChannel", "Channel": name, "ChannelStateDesc": "Ringing"}
    return row | {"Uniqueid": "1.2", "Linkedid": "1.1", "CallerIDName": "x\\r\\nUniqueid: 9.9"}


def test_a_live_channel_names_its_endpoint_its_leg_and_its_call():
    ami = FakeAMI("CoreShowChannels", [channel("PJSIP/8001-0000002a")])
    assert snapshot.channels(ami).result == [Channel("8001", "Ringing", "1.2", "1.1", "PJSIP/8001-0000002a")]


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("PJSIP/8001-0000002a", "8001"),
        ("PJSIP/carrier-two-0000002a", "carrier-two"),
        ("Local/start@inbound-00000001;2", "Local/start@inbound"),
        ("", ""),
        ("PJSIP/", ""),
    ],
)
def test_an_endpoint_is_what_stands_before_the_channels_own_number(name, endpoint):
    assert snapshot.endpoint_of(name) == endpoint


def test_a_phone_without_a_call_is_registered():
    assert snapshot.phone("PJSIP/8001", "NOT_INUSE") == ("8001", "registered")


@pytest.mark.parametrize("state", ["INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"])
def test_a_phone_with_a_call_of_any_kind_is_in_use(state):
    assert snapshot.phone("PJSIP/8001", state) == ("8001", "in_use")


@pytest.mark.parametrize("state", ["UNAVAILABLE", "INVALID", "UNKNOWN"])
def test_a_phone_that_the_switch_cannot_reach_is_unreachable(state):
    assert snapshot.phone("PJSIP/8001", state) == ("8001", "unreachable")


@pytest.mark.parametrize("device", ["Queue:demo", "Local/8001@agents", "confbridge:1", ""])
def test_a_device_that_is_no_phone_is_passed_over(device):
    assert snapshot.phone(device, "NOT_INUSE") is None


def test_all_phones_are_read_out_of_one_list():
    states = {"PJSIP/8001": "INUSE", "Queue:demo": "INUSE", "PJSIP/8002": "UNAVAILABLE"}
    ami = FakeAMI("DeviceStateList", [{"Device": device, "State": state} for device, state in states.items()])
    assert snapshot.phones(ami).result == {"8001": "in_use", "8002": "unreachable"}
