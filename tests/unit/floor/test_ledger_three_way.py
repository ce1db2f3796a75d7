"""Calls of more than two parties in the ledger: ordered legs, stays in bridges, who was cut off."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import ordered, views
from telephony.store.tables import calls, events, journal_position, legs
from telephony.store.threeway_tables import stays
from tests.unit.floor.test_ledger import AGENT, CITIZEN, STORY, line, only_call, read, write
from tests.unit.times import NOON

UNIT = "PJSIP/carrier-00000007"
QUEUE, ROOM = "0504c1a2", "77bd01ff"


def unit_line(kind, second, leg="tw-1", call="tw-1", **detail):
    return {
        **line(kind, second, UNIT, **detail),
        "uniqueid": leg,
        "linkedid": call,
    }


def bridge(kind, second, which, of=CITIZEN):
    return {**line(kind, second, of), "eventextra": json.dumps({"bridge_id": which})}


def unit_bridge(kind, second, call="1.0"):
    return {**unit_line(kind, second, call=call), "eventextra": json.dumps({"bridge_id": ROOM})}


TALK = [*STORY[:5], bridge("BRIDGE_ENTER", 10, QUEUE, AGENT), bridge("BRIDGE_ENTER", 10.002, QUEUE)]
MOVED = [
    bridge("BRIDGE_EXIT", 20, QUEUE, AGENT),
    bridge("BRIDGE_EXIT", 20.001, QUEUE),
    bridge("BRIDGE_ENTER", 20.005, ROOM),
    bridge("BRIDGE_ENTER", 20.006, ROOM, AGENT),
]
INVITED = [
    unit_line("CHAN_START", 25),
    unit_line("ANSWER", 30),
    unit_line("recording", 30.5, extra="2026-11-23/tw-1.wav"),
    unit_bridge("BRIDGE_ENTER", 31),
]
ENDED = [
    line("HANGUP", 40, AGENT, hangupsource=AGENT, hangupcause=16),
    line("HANGUP", 60, hangupsource=CITIZEN, hangupcause=16),
    unit_bridge("BRIDGE_EXIT", 61),
    unit_line("HANGUP", 61, call="1.0", hangupcause=16),
]
WHOLE = TALK + MOVED + INVITED + ENDED


def order(connection, leg="tw-1", call="1.0", role="unit", party="water"):
    ordered.order(connection, leg, call, role, party, NOON)


def conference(connection):
    """Open a conference, and order its first leg."""
    call_rows.open_conference(connection, "conf-1", NOON, "city")
    order(connection, call="conf-1")


async def rows(database, table):
    """Every row of a table but its serial number."""
    columns = [column for column in table.c if column.name != "id" or table is legs]
    query = sa.select(*columns).order_by(*columns[:3])
    return await database.read(lambda c: [tuple(row) for row in c.execute(query)])


async def detail(database, second=100):
    now = NOON + timedelta(seconds=second)
    return await database.read(lambda c: views.call_detail(c, "1.0", now))


async def snapshot(database):
    return [await rows(database, table) for table in (calls, legs, stays, events)]


@ensureDeferred
async def test_a_leg_that_we_ordered_belongs_to_the_call_it_was_ordered_for(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, WHOLE)
    await read(ledger)
    call = await only_call(database)
    assert (call["outcome"], call["ended_by"], call["agent"]) == ("answered", "citizen", "8001")
    found = {leg.id: (leg.role, leg.party) for leg in (await detail(database)).legs}
    assert found == {"1.0": ("citizen", "carrier"), "1.1": ("agent", "8001"), "tw-1": ("unit", "water")}


@ensureDeferred
async def test_the_ledger_tells_who_was_with_whom_and_in_which_recording(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, [*TALK, line("recording", 5, extra="1.0.wav"), *MOVED, *INVITED, *ENDED])
    await read(ledger)
    told = [
        (each.seconds, " ".join(one.role for one in each.parties), each.file, each.offset)
        for each in (await detail(database)).segments
    ]
    assert told == [
        (9.998, "citizen agent", "1.0.wav", 5.002),
        (10.994, "citizen agent", "1.0.wav", 15.006),
        (9.0, "citizen agent unit", "1.0.wav", 26.0),
        (20.0, "citizen unit", "1.0.wav", 35.0),
    ]


@ensureDeferred
async def test_talk_is_counted_for_the_citizen_and_for_each_agent(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, WHOLE)
    await read(ledger)
    call = await detail(database)
    assert (call.talk_seconds, call.talk_seconds_by_agent) == (49.992, {"8001": 29.992})


@ensureDeferred
async def test_the_talk_of_a_plain_call_is_the_time_in_the_bridge(ledger, database, tmp_path):
    write(tmp_path, [*TALK, *STORY[6:]])
    await read(ledger)
    call = await detail(database)
    assert call.talk_seconds == 29.998
    assert (call.ended_at - call.answered_at).total_seconds() == 30


@ensureDeferred
async def test_a_call_that_was_told_before_stays_were_kept_talked_from_answer_to_end(
    ledger, database, tmp_path
):
    write(tmp_path, STORY)
    await read(ledger)
    call = await detail(database)
    assert (call.talk_seconds, call.stays, call.segments) == (30, [], [])


@ensureDeferred
async def test_an_ordered_leg_without_an_order_is_no_citizens_call(ledger, database, tmp_path):
    write(tmp_path, INVITED)
    await read(ledger)
    assert await rows(database, calls) == []


@ensureDeferred
@pytest.mark.parametrize("again", range(0, len(WHOLE), 3))
async def test_what_is_told_again_from_anywhere_changes_nothing(ledger, database, tmp_path, again):
    await database.write(order)
    write(tmp_path, WHOLE)
    await read(ledger)
    before = await snapshot(database)
    lines = (tmp_path / "calls.json").read_bytes().splitlines(keepends=True)
    back = journal_position.update().values(offset=len(b"".join(lines[:again])))
    await database.write(lambda c: c.execute(back))
    await read(ledger)
    assert await snapshot(database) == before


@ensureDeferred
@pytest.mark.parametrize("cut", range(1, len(WHOLE), 3))
async def test_a_story_that_comes_in_two_readings_is_the_same_story(ledger, database, tmp_path, cut):
    await database.write(order)
    write(tmp_path, WHOLE[:cut])
    await read(ledger)
    write(tmp_path, WHOLE[cut:])
    await read(ledger)
    call = await detail(database)
    assert (call.talk_seconds, len(call.stays), len(call.segments)) == (49.992, 5, 4)
    assert all(stay.left_at for stay in call.stays)


@ensureDeferred
async def test_a_reading_that_is_killed_before_its_commit_leaves_nothing_and_is_read_again(
    ledger, database, tmp_path, monkeypatch
):
    await database.write(order)
    write(tmp_path, WHOLE)
    with monkeypatch.context() as killed:
        killed.setattr("telephony.store.journal.move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await ledger.catch_up()
    assert await snapshot(database) == [[], [], [], []]
    await read(ledger)
    assert len((await detail(database)).stays) == 5


@ensureDeferred
async def test_a_hangup_ends_a_stay_whose_exit_was_not_told(ledger, database, tmp_path):
    write(tmp_path, [*TALK, *STORY[6:]])
    await read(ledger)
    assert {stay.left_at for stay in (await detail(database)).stays} == {NOON + timedelta(seconds=40)}


DIED = NOON + timedelta(seconds=45)


@ensureDeferred
async def test_a_switch_that_dies_ends_the_stays_of_its_calls(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, TALK + MOVED + INVITED)
    await read(ledger)
    await ledger.bury(frozenset(), NOON + timedelta(seconds=50), DIED)
    call = await detail(database)
    assert {stay.left_at for stay in call.stays if stay.bridge == ROOM} == {DIED}
    assert (call.outcome, call.talk_seconds) == ("interrupted", 34.992)


@ensureDeferred
async def test_a_leg_that_outlived_its_call_ends_with_the_switch(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, TALK + MOVED + INVITED + ENDED[1:2])
    await read(ledger)
    died = NOON + timedelta(seconds=70)
    assert await ledger.bury(frozenset({"tw-1"}), died, died) == []
    ends = {leg.id: leg.ended_at for leg in (await detail(database)).legs}
    assert ends == {"1.0": NOON + timedelta(seconds=60), "1.1": died, "tw-1": None}


@ensureDeferred
async def test_a_conference_lives_as_long_as_one_of_its_legs(ledger, database, tmp_path):
    await database.write(conference)
    write(tmp_path, INVITED)
    await read(ledger)
    assert await ledger.bury(frozenset({"tw-1"}), DIED, DIED) == []
    assert (await only_call(database))["state"] == "talking"
    write(tmp_path, [unit_line("HANGUP", 61, hangupcause=16)])
    await read(ledger)
    call = await only_call(database)
    assert (call["state"], call["direction"], call["centre"]) == ("ended", "conference", "city")


@ensureDeferred
async def test_a_hold_on_a_leg_that_we_ordered_is_an_event_of_its_call(ledger, database, tmp_path):
    await database.write(order)
    write(tmp_path, TALK)
    await read(ledger)
    await ledger.note("tw-1", Happening(NOON, "held", "tw-1:held", "carrier"))
    assert "held" in {event.kind for event in (await detail(database)).events}
