"""The ledger of a call that is moved into a conference room, from a real switch's journal."""

import itertools

import pytest

from telephony.store import ordered
from telephony.store.database import engine_of, transaction, url_of
from tests.pbx.calls import call_through, ended
from tests.unit.times import NOON

ROOM, MUSIC = "900", "901"
_legs = (f"tw-{n:06}" for n in itertools.count(1))


@pytest.fixture
def room(system):
    """A room of the test's own, beside the project's dialplan; return what moves channels."""
    switch = system.switch
    profile = "[general]\n\n[default_user]\ntype = user\nquiet = yes\n"
    (switch.paths.asterisk / "etc" / "confbridge.conf").write_text(profile)
    switch.cli("module load app_confbridge.so")
    switch.cli(f"dialplan add extension {ROOM},1,ConfBridge,{ROOM} into test-room")
    switch.cli(f"dialplan add extension {MUSIC},1,MusicOnHold into test-room")

    def move(extension, channel, *second):
        where = {"Context": "test-room", "Exten": extension, "Priority": "1"}
        extras = {f"Extra{name}": value for name, value in where.items()} if second else {}
        extras |= {"ExtraChannel": second[0]} if second else {}
        answer = switch.ami.action("Redirect", Channel=channel, **where, **extras)
        assert answer["Response"] == "Success", answer
        for name in (channel, *second):
            switch.ami.wait_event("ConfbridgeJoin" if extension == ROOM else "ConfbridgeLeave", Channel=name)

    return move


def channels(system, call_id):
    """Return the names of the citizen's and the agent's channel."""
    started = [line for line in system.switch.journal() if line["eventtype"] == "CHAN_START"]
    names = {line["uniqueid"]: line["channame"] for line in started if line["linkedid"] == call_id}
    (agent,) = (name for leg, name in names.items() if leg != call_id)
    return names[call_id], agent


def invite(system, call_id):
    """Have a second telephone, as the leg of a unit that we ordered, join the room."""
    system.phone("8002", auto_answer=True)
    leg_id = next(_legs)
    engine = engine_of(url_of("sqlite", system.switch.paths.var))
    with transaction(engine) as connection:
        ordered.order(connection, leg_id, call_id, "unit", "water", NOON)
    engine.dispose()
    system.switch.ami.action(
        "Originate",
        Channel="PJSIP/8002",
        ChannelId=leg_id,
        Context="test-room",
        Exten=ROOM,
        Priority="1",
        Async="true",
    )
    system.switch.ami.wait_event("ConfbridgeJoin", Uniqueid=leg_id)


def moments(system, leg_id, kind):
    """Return when the journal says that a leg entered or left a bridge."""
    lines = system.switch.journal()
    return [
        float(line["eventtime"])
        for line in lines
        if line["uniqueid"] == leg_id and line["eventtype"] == f"BRIDGE_{kind}"
    ]


@pytest.fixture
def call(system, room):
    """A call that is moved into the room; the citizen hears music while a unit is asked in."""
    mark = system.service.mark()
    phone, _, call_id = call_through(system)
    citizen, agent = channels(system, call_id)
    room(ROOM, citizen, agent)
    room(MUSIC, citizen)
    invite(system, call_id)
    room(ROOM, citizen)
    phone.hangup()
    system.service.wait_event("agent_left", mark, call_id=call_id)
    system.switch.cli("channel request hangup all")
    system.service.wait_event("unit_left", mark, party="water")
    return ended(system, call_id, mark)


def test_a_call_that_is_moved_held_and_joined_by_a_unit_is_told_with_who_was_there_when(call):
    assert (call["agent"], call["outcome"], call["called_number"]) == ("8001", "answered", "12315")
    told = [
        (" ".join(one["role"] for one in segment["parties"]), segment["file"]) for segment in call["segments"]
    ]
    assert told == [
        ("citizen agent", call["recording"]),
        ("citizen agent", call["recording"]),
        ("agent unit", None),
        ("citizen agent unit", call["recording"]),
        ("citizen unit", call["recording"]),
    ]
    bridges = [segment["bridge"] for segment in call["segments"]]
    assert len(set(bridges)) == 2
    assert len(set(bridges[1:])) == 1


def test_the_talk_of_such_a_call_is_the_time_in_the_bridges_without_the_hold(system, call):
    entered, left = (moments(system, call["id"], kind) for kind in ("ENTER", "EXIT"))
    inside = sum(out - into for into, out in zip(entered, left, strict=True))
    assert len(entered) == 3
    # In the room the citizen is alone for a moment before the agent is there.
    assert inside - 0.1 < call["talk_seconds"] <= round(inside, 3)
    assert call["talk_seconds"] < left[-1] - entered[0]
    with_agent = [
        segment["seconds"]
        for segment in call["segments"]
        if "8001" in {one["party"] for one in segment["parties"]}
    ]
    assert call["talk_seconds_by_agent"]["8001"] == pytest.approx(sum(with_agent), abs=0.0011)
