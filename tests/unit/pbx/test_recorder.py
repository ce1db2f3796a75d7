"""What is asked of the switch when a recording is to be silent, or to be heard again."""

import pytest
from twisted.internet.defer import fail, succeed

from telephony.errors import SwitchRefusedError
from telephony.pbx import snapshot
from telephony.pbx.recorder import Recorder

LEG, OTHER = "1795420886.1", "1795420886.2"


class Switch:
    """Notes what it is asked; refuses what a test says."""

    def __init__(self):
        self.asked, self.refuses = [], set()

    def action(self, name, headers):
        self.asked.append((name, *dict(headers).values()))
        return fail(SwitchRefusedError(name)) if name in self.refuses else succeed(None)


class Living:
    def __init__(self, leg_id):
        self.leg_id = leg_id


@pytest.fixture
def switch(monkeypatch):
    monkeypatch.setattr(snapshot, "channels", lambda _ami: succeed([Living(LEG)]))
    return Switch()


@pytest.mark.parametrize(("silent", "value"), [(True, "yes"), (False, "")])
def test_the_dialplan_knows_whether_a_recording_is_silent_before_it_is(switch, silent, value):
    Recorder(switch).silence([LEG, OTHER], silent=silent)
    assert switch.asked == [
        ("Setvar", LEG, "HOTLINE_RECORDING_SILENT", value),
        ("MixMonitorMute", LEG, "both", int(silent)),
    ]


@pytest.mark.parametrize("action", ["Setvar", "MixMonitorMute"])
def test_a_live_leg_of_which_either_was_refused_is_not_silent(switch, action):
    switch.refuses.add(action)
    failures = []
    Recorder(switch).silence([LEG], silent=True).addErrback(failures.append)
    assert [failure.type for failure in failures] == [SwitchRefusedError]
