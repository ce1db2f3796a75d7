"""Citizens whose call our side cut short are owed a call back, until they have been answered."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred

from telephony.store import calls as call_rows
from telephony.store import returns
from tests.unit.floor.test_ledger import CITIZEN, STORY, kinds, line, read, write
from tests.unit.times import NOON

DIED = NOON + timedelta(seconds=25)
LATER = NOON + timedelta(seconds=30)


async def owed(database):
    found = await database.read(lambda c: returns.open_list(c, 10))
    return [(each.number, each.call_id, each.why) for each in found]


def again(second, kind, channel, **more):
    """A line of the citizen's next call, 2.0."""
    leg = "2.0" if channel == CITIZEN else "2.1"
    return {**line(kind, second, channel, **more), "uniqueid": leg, "linkedid": "2.0"}


AGENT = "PJSIP/8002-00000005"
CALLS_AGAIN = [
    again(40, "CHAN_START", CITIZEN),
    again(40, "arrived", CITIZEN, extra="12345/13800000001/11"),
    again(41, "queued", CITIZEN, extra="city-12345"),
    again(41, "CHAN_START", AGENT),
    again(45, "BRIDGE_ENTER", AGENT),
]


@ensureDeferred
@pytest.mark.parametrize("length", [4, 6], ids=["waiting", "talking"])
async def test_whom_a_dying_switch_cuts_off_is_owed_a_return(ledger, database, tmp_path, length):
    write(tmp_path, STORY[:length])
    await read(ledger)
    await ledger.bury(frozenset(), LATER, DIED)
    assert await owed(database) == [("13800000001", "1.0", "interrupted")]
    assert (await kinds(database))[-1] == "return_opened"


@ensureDeferred
async def test_who_was_still_in_the_greeting_is_owed_none(ledger, database, tmp_path):
    write(tmp_path, STORY[:3])
    await read(ledger)
    assert await ledger.bury(frozenset(), LATER, DIED) == ["1.0"]
    assert await owed(database) == []


@ensureDeferred
@pytest.mark.parametrize(
    ("queue", "whys"), [("demo", []), ("city-12315", []), ("demo-line", ["interrupted"])]
)
async def test_the_demos_citizen_is_owed_one_on_the_demos_line_only(
    config, ledger, database, tmp_path, queue, whys
):
    number = config.hotline.demo.caller_number
    arrived = line("arrived", 0, extra=f"12345/{number}/{len(number)}")
    write(tmp_path, [STORY[0], arrived, line("queued", 4, extra=queue)])
    await read(ledger)
    assert await ledger.bury(frozenset(), LATER, DIED) == ["1.0"]
    assert [why for _, _, why in await owed(database)] == whys


@ensureDeferred
async def test_a_call_of_the_dialers_that_rang_nobody_is_owed_none(ledger, database):
    numbers = [("rv-1", "13800000001")]
    await database.write(lambda c: call_rows.open_outbound(c, numbers, NOON, "revisit"))
    assert await ledger.bury(frozenset(), LATER, DIED) == ["rv-1"]
    assert await owed(database) == []


@ensureDeferred
@pytest.mark.parametrize(
    ("ending", "why"), [([line("unserved", 20, extra="LEAVEEMPTY")], "unserved"), ([], "failed")]
)
async def test_whom_we_let_go_from_the_queue_is_owed_a_return(ledger, database, tmp_path, ending, why):
    write(tmp_path, [*STORY[:4], *ending, line("HANGUP", 21, hangupsource="dialplan/builtin")])
    await read(ledger)
    assert await owed(database) == [("13800000001", "1.0", why)]


@ensureDeferred
async def test_who_gave_up_while_waiting_is_owed_one(ledger, database, tmp_path):
    write(tmp_path, [*STORY[:4], line("HANGUP", 21, hangupsource=CITIZEN)])
    await read(ledger)
    assert await owed(database) == [("13800000001", "1.0", "abandoned")]


@ensureDeferred
async def test_who_calls_again_and_is_answered_is_owed_nothing_more(ledger, database, tmp_path):
    write(tmp_path, STORY[:4])
    await read(ledger)
    await ledger.bury(frozenset(), LATER, DIED)
    write(tmp_path, CALLS_AGAIN[:-1])
    await read(ledger)
    assert len(await owed(database)) == 1
    write(tmp_path, CALLS_AGAIN[-1:])
    await read(ledger)
    assert await owed(database) == []
    (done,) = await database.read(lambda c: returns.open_list(c, 10, with_closed=True))
    assert (done.closed_by, done.closed_at) == ("rules", NOON + timedelta(seconds=45))
    assert "2.0" in done.note


@ensureDeferred
async def test_who_was_answered_before_the_lost_call_is_found_is_owed_nothing(ledger, database, tmp_path):
    write(tmp_path, [*STORY[:4], *CALLS_AGAIN])
    await read(ledger)
    assert await ledger.bury(frozenset({"2.0"}), LATER, DIED) == ["1.0"]
    assert await owed(database) == []


@ensureDeferred
async def test_a_return_that_was_closed_is_not_opened_again_by_a_journal_that_is_told_again(
    ledger, database, tmp_path
):
    write(tmp_path, [*STORY[:4], line("unserved", 20), line("HANGUP", 21, hangupsource="dialplan/builtin")])
    await read(ledger)
    await database.write(lambda c: returns.close(c, 1, "李敏", None, LATER))
    (tmp_path / "calls.json").rename(tmp_path / "old")
    write(tmp_path, [*STORY[:4], line("unserved", 20), line("HANGUP", 21, hangupsource="dialplan/builtin")])
    await read(ledger)
    assert await owed(database) == []


@ensureDeferred
@pytest.mark.parametrize("number", ["110", "12345", "03756512345", "+8637512345"])
async def test_a_forged_number_of_who_gave_up_stands_on_the_list_for_a_person(
    ledger, database, tmp_path, number
):
    arrived = line("arrived", 0, extra=f"12345/{number}/{len(number)}")
    write(tmp_path, [STORY[0], arrived, *STORY[2:4], line("HANGUP", 21, hangupsource=CITIZEN)])
    await read(ledger)
    (shown,) = await database.read(lambda c: returns.open_list(c, 10))
    assert (shown.why, shown.state, shown.given_up_why) == ("abandoned", "given_up", "not_callable")
