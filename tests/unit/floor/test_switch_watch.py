"""What comes over AMI while the service settles, on a switch that answers when the test says so."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, fail, succeed

from telephony.errors import SwitchUnavailableError
from telephony.floor.pulse import Pulse
from telephony.floor.switch_watch import SwitchWatch
from telephony.pbx.codec import Message
from telephony.store.tables import events
from tests.unit.floor.test_ledger import STORY, only_call, read, write
from tests.unit.floor.test_ledger_three_way import INVITED, conference
from tests.unit.times import NOON


def message(name, **headers):
    lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return Message("\r\n".join(lines).encode())


def channel(leg_id, call_id, state="Up", name="PJSIP/8001-00000002"):
    headers = {"Channel": name, "ChannelStateDesc": state, "Uniqueid": leg_id, "Linkedid": call_id}
    return message("CoreShowChannel", **headers)


class FakeAmi:
    """Keeps every question until the test answers it."""

    def __init__(self):
        self.is_up = True
        self.asked = []
        self._subscribers = {}
        self._up, self._down = [], []

    def subscribe(self, names, callback):
        self._subscribers |= dict.fromkeys(names, callback)

    def on_up(self, callback):
        self._up.append(callback)

    def on_down(self, callback):
        self._down.append(callback)

    def list_action(self, name):
        self.asked.append((name, Deferred()))
        return self.asked[-1][1]

    def comes_up(self):
        for callback in self._up:
            callback()

    def says(self, name, **headers):
        self._subscribers[name](message(name, **headers))

    def answers(self, **rows):
        """Answer what is asked until nothing more is; what is not named has no rows."""
        while self.asked:
            name, answer = self.asked.pop(0)
            answer.callback(rows.get(name, []))


class FakeJournal:
    """Has nothing to read; `fault` is what the next reading fails with."""

    def __init__(self):
        self.fault = None

    def drained(self):
        fault, self.fault = self.fault, None
        return succeed(None) if fault is None else fail(fault)


@pytest.fixture
def ami():
    return FakeAmi()


@pytest.fixture
def journal():
    return FakeJournal()


@pytest.fixture
def watch(ami, roster, mirror, ledger, journal, clock):
    mirror.learn = lambda _: []
    watch = SwitchWatch(ami, roster, mirror, ledger, journal, clock, Pulse())
    watch.start()
    return watch


@ensureDeferred
async def test_a_talk_that_ends_while_the_switch_is_still_being_asked_is_not_adopted_for_ever(
    watch, ami, roster
):
    await roster.command("8001", "login", None, "test")
    ami.comes_up()
    live = [channel("1.1", "1.0")]
    while ami.asked:
        name, answer = ami.asked.pop(0)
        answer.callback(live if name == "CoreShowChannels" else [])
        if name == "CoreShowChannels":
            ami.says("Hangup", Channel="PJSIP/8001-00000002", Uniqueid="1.1")
            live = []
    assert roster.one("8001").state == "wrap_up"


@ensureDeferred
async def test_a_feature_code_that_an_agent_is_just_dialling_is_no_talk(watch, ami, roster):
    await roster.command("8001", "login", None, "test")
    ami.comes_up()
    ami.answers(CoreShowChannels=[channel("9.0", "9.0")])
    assert roster.one("8001").state == "ready"


@ensureDeferred
async def test_a_feature_code_dialled_during_a_talk_does_not_stand_for_the_talk(watch, ami, roster):
    await roster.command("8001", "login", None, "test")
    ami.comes_up()
    ami.answers(CoreShowChannels=[channel("1.1", "1.0"), channel("9.0", "9.0")])
    ami.says("Hangup", Channel="PJSIP/8001-00000003", Uniqueid="9.0")
    assert roster.one("8001").state == "talking"
    ami.says("Hangup", Channel="PJSIP/8001-00000002", Uniqueid="1.1")
    assert roster.one("8001").state == "wrap_up"


@ensureDeferred
async def test_an_agent_who_talks_in_another_call_than_the_store_says_is_found_in_that_one(
    watch, ami, roster
):
    await roster.command("8001", "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    ami.comes_up()
    ami.answers(CoreShowChannels=[channel("2.1", "2.0")])
    assert (roster.one("8001").state, roster.one("8001").call_id) == ("talking", "2.0")


@ensureDeferred
@pytest.mark.parametrize("fault", [RuntimeError("the database is away"), SwitchUnavailableError("slow")])
async def test_what_failed_in_settling_is_tried_again_by_the_sweep(
    watch, ami, journal, ledger, database, tmp_path, fault
):
    write(tmp_path, STORY[:6])
    await read(ledger)
    journal.fault = fault
    ami.says("FullyBooted", Uptime=0)
    watch._booted_at = NOON + timedelta(seconds=20)
    ami.comes_up()
    ami.answers()
    assert not watch.settled
    swept = watch.sweep()
    ami.answers()
    await swept
    assert watch.settled
    assert (await only_call(database))["outcome"] == "interrupted"


@ensureDeferred
@pytest.mark.parametrize(
    ("living", "state"), [([channel("tw-1", "tw-1", name="PJSIP/carrier-07")], "talking"), ([], "ended")]
)
async def test_a_sweep_knows_a_call_by_a_leg_that_we_ordered(
    watch, ami, ledger, database, tmp_path, clock, living, state
):
    await database.write(conference)
    write(tmp_path, INVITED)
    await read(ledger)
    ami.comes_up()
    ami.answers(CoreShowChannels=living)
    for _ in range(2):
        clock.instant += timedelta(seconds=60)
        swept = watch.sweep()
        ami.answers(CoreShowChannels=living)
        await swept
    assert (await only_call(database))["state"] == state


@ensureDeferred
async def test_a_look_that_was_wanted_while_it_was_settled_follows(watch, ami):
    seen = []
    watch.when_seen = lambda live, _asked: seen.append(live)
    ami.comes_up()
    await watch.sweep()
    ami.answers()
    assert seen == [[], []]


@ensureDeferred
async def test_a_sweep_leaves_a_settling_alone_that_is_still_under_way(watch, ami):
    ami.comes_up()
    first = list(ami.asked)
    await watch.sweep()
    assert ami.asked == first


@ensureDeferred
@pytest.mark.parametrize(
    ("name", "agent"), [("PJSIP/8001-00000002", "8001"), ("PJSIP/carrier-00000001", None)]
)
async def test_a_hold_names_the_agent_and_not_the_line_if_the_citizen_holds(
    watch, ami, database, name, agent
):
    ami.says("Hold", Channel=name, Uniqueid="1.1", Linkedid="1.0", Timestamp="1.5")
    await database.write(lambda _: None)
    assert await database.read(lambda c: c.execute(sa.select(events.c.kind, events.c.agent)).all()) == [
        ("held", agent)
    ]


@pytest.mark.parametrize(("leg_id", "missed"), [("tw-1", 0), ("1795420886.2", 1)])
@ensureDeferred
async def test_a_ring_that_we_ordered_and_took_back_is_no_missed_one_whatever_the_switch_calls_it(
    watch, ami, roster, leg_id, missed
):
    await roster.command("8001", "login", None, "test")
    roster.offered("8001", "1.0", leg_id)
    ring = {"DestChannel": "PJSIP/8001-00000002", "DestUniqueid": leg_id}
    ami.says("DialEnd", DialStatus="NOANSWER", **ring)
    ami.says("Hangup", Channel="PJSIP/8001-00000002", Uniqueid=leg_id)
    assert (roster.one("8001").state, roster.one("8001").missed_rings) == ("ready", missed)
