"""A storm with the shipped factor on a real switch: the limits of overflow are halved, and revisits rest."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.peers.far_end import FarEnd
from tests.pbx.returning import ANSWERS, EAGER
from tests.pbx.revisiting import QUICK, Revisiting
from tests.system import System

LONG_WAIT, LONG_LINE, LETS_GO, CALM = "03756512345", "12328", "03755112345", "12315"
"""Numbers whose queues spill over after a while, from a length on, let go after a while, or do nothing."""
SECONDS, LENGTH = 40, 4
"""So long that none is passed before the storm, on however slow a machine."""
OVERFLOW = {
    "baofeng-12345": [{"after_seconds": SECONDS, "to": ["city-12345"]}],
    "city-12328": [{"length": LENGTH, "to": ["city-12345"]}],
    "jiaxian-12345": [{"after_seconds": SECONDS, "to": ["returns"]}],
}
BACK = "13700009999"


class Stormy(Revisiting):
    """A system whose queues spill over, that calls back by itself and revisits."""

    def __init__(self, folder):
        changes = {"waiting": {"ask_seconds": 2}}
        returns = {**EAGER, "order": "citizen_first"}
        self.system = System(folder, changes, QUICK, overflow=OVERFLOW, returns=returns)
        self.switch, self.service = self.system.switch, self.system.service
        self.far_end = FarEnd("127.0.0.2", self.switch.carrier_port, folder / "far-end")

    def waits(self, called, **plan):
        """Return a citizen who has just begun to wait, and the call's id."""
        mark = self.service.mark()
        citizen = self.system.citizen(called, **plan)
        return citizen, self.service.wait_event("waits", mark)["call_id"]

    def storm(self):
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = {"until": until, "why": "暴雨", "by": "李敏"}
        self.service.http.put("/storm", json=body).raise_for_status()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    house = Stormy(tmp_path_factory.mktemp("storm"))
    try:
        yield house.start()
    finally:
        house.stop()


@pytest.fixture
def house(running):
    yield running
    running.service.http.post("/storm/off", json={"by": "test"})
    running.system.hang_up()
    running.system.log_everybody_out()


def test_a_storm_halves_the_wait_behind_which_others_help(house):
    house.storm()
    mark = house.service.mark()
    _, call_id = house.waits(LONG_WAIT)
    found = house.service.wait_event("spilled", mark, call_id=call_id)["data"]
    assert (found["because"], found["limit"], found["factor"]) == ("waited", SECONDS / 2, 0.5)
    assert SECONDS / 2 <= found["waited"] < SECONDS


def test_a_storm_halves_the_length_from_which_others_help(house):
    mark = house.service.mark()
    calls = {house.waits(LONG_LINE)[1] for _ in range(LENGTH // 2)}
    assert house.service.get("/events", after=mark, kind="spilled")["events"] == []
    house.storm()
    found = [house.service.wait_event("spilled", mark, call_id=call_id)["data"] for call_id in calls]
    assert [(each["because"], each["limit"]) for each in found] == [("length", LENGTH / 2)] * len(calls)


def test_a_storm_halves_the_wait_behind_which_a_citizen_is_let_go(house):
    house.storm()
    mark = house.service.mark()
    _, call_id = house.waits(LETS_GO)
    found = house.service.wait_event("let_go", mark, call_id=call_id)["data"]
    assert (found["to"], found["limit"], found["factor"]) == ("returns", SECONDS / 2, 0.5)
    assert found["waited"] >= SECONDS / 2
    house.service.wait_event("return_opened", mark, call_id=call_id)


def test_revisits_rest_in_a_storm_while_returns_are_called_and_go_on_after_it(house):
    house.storm()
    _, revisited = house.case(ANSWERS)
    house.far_end.plan(BACK, [ANSWERS])
    mark = house.service.mark()
    citizen, call_id = house.waits(CALM, caller=BACK)
    citizen.hangup()
    house.service.wait_event("return_opened", mark, call_id=call_id)
    house.system.agent("8001")
    house.far_end.wait_event("invited", number=BACK)
    assert [event for event in house.far_end.events if event[:2] == ["invited", revisited]] == []
    house.service.post("/storm/off", by="王芳")
    house.far_end.wait_event("invited", number=revisited)
