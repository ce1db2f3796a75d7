import json
from datetime import timedelta

import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.floor.inbound import Arrival, Inbound
from telephony.floor.ledger import Ledger
from telephony.floor.pulse import Pulse
from telephony.store.tables import calls, events, legs
from tests.fakes import NoCallBacks
from tests.unit.times import NOON

CITIZEN, AGENT = "PJSIP/carrier-00000001", "PJSIP/8001-00000002"


def line(kind, second, channel=CITIZEN, extra="", **hangup):
    detail = {"extra": extra} if extra else hangup
    return {
        "eventtype": kind,
        "eventtime": f"{NOON.timestamp() + second:.6f}",
        "channame": channel,
        "uniqueid": "1.0" if channel == CITIZEN else "1.1",
        "linkedid": "1.0",
        "eventextra": json.dumps(detail) if detail else "",
    }


STORY = [
    line("CHAN_START", 0),
    line("arrived", 0, extra="12345/13800000001/11"),
    line("greeted", 5),
    line("queued", 6, extra="city-12345"),
    line("CHAN_START", 6, AGENT),
    line("BRIDGE_ENTER", 10, AGENT),
    line("HANGUP", 40, AGENT, hangupsource=AGENT, hangupcause=16),
    line("HANGUP", 40, hangupsource=AGENT, hangupcause=16),
]


def write(folder, rows):
    with (folder / "calls.json").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


async def read(ledger):
    while await ledger.catch_up():
        pass


async def only_call(database):
    return (await database.read(lambda c: c.execute(sa.select(calls)).one()))._mapping


async def kinds(database):
    return await database.read(lambda c: list(c.scalars(sa.select(events.c.kind).order_by(events.c.id))))


@ensureDeferred
async def test_a_call_that_nobody_watched_is_in_the_ledger_all_the_same(ledger, database, tmp_path):
    write(tmp_path, STORY)
    await read(ledger)
    call = await only_call(database)
    assert (call["called_number"], call["caller_number"], call["centre"]) == ("12345", "13800000001", "city")
    assert (call["agent"], call["outcome"], call["ended_by"]) == ("8001", "answered", "agent")
    assert (call["ended_at"] - call["answered_at"]).total_seconds() == 30
    assert await kinds(database) == [
        "arrived",
        "greeted",
        "queued",
        "offered",
        "answered",
        "agent_left",
        "ended",
    ]


@ensureDeferred
async def test_reading_again_from_the_start_changes_nothing(ledger, database, tmp_path):
    write(tmp_path, STORY)
    await read(ledger)
    before = (await only_call(database), await kinds(database))
    await database.write(lambda c: c.execute(sa.text("DELETE FROM journal_position")))
    await read(ledger)
    assert (await only_call(database), await kinds(database)) == before


@ensureDeferred
async def test_a_line_that_is_half_written_is_read_when_it_is_whole(ledger, database, tmp_path):
    write(tmp_path, STORY[:2])
    with (tmp_path / "calls.json").open("a") as file:
        text = json.dumps(STORY[3]) + "\n"
        file.write(text[:50])
        file.flush()
        await read(ledger)
        assert (await only_call(database))["queue"] is None
        file.write(text[50:])
    await read(ledger)
    assert (await only_call(database))["queue"] == "city-12345"


@ensureDeferred
async def test_nonsense_in_the_journal_is_counted_and_passed_over(ledger, database, tmp_path):
    (tmp_path / "calls.json").write_bytes(
        b'nonsense\n{"eventtype": 5}\n\xff\xfe\n[]\n{"eventtime":"1e999"}\n'
    )
    write(tmp_path, STORY)
    await read(ledger)
    assert ledger.bad_lines == 5
    assert (await only_call(database))["outcome"] == "answered"


@ensureDeferred
async def test_a_journal_put_aside_is_read_to_its_end_before_the_new_one(ledger, database, tmp_path):
    write(tmp_path, STORY[:4])
    await read(ledger)
    write(tmp_path, STORY[4:6])
    (tmp_path / "calls.json").rename(tmp_path / "calls-20261123T120000.json")
    write(tmp_path, STORY[6:])
    await read(ledger)
    assert (await only_call(database))["outcome"] == "answered"


@ensureDeferred
async def test_a_call_of_a_switch_that_died_is_ended_as_interrupted(ledger, database, tmp_path):
    write(tmp_path, STORY[:6])
    await read(ledger)
    died = NOON + timedelta(seconds=25)
    assert await ledger.bury(frozenset(), NOON + timedelta(seconds=30), died) == ["1.0"]
    call = await only_call(database)
    assert (call["state"], call["outcome"], call["ended_by"], call["ended_at"]) == (
        "ended", "interrupted", "switch", died,
    )  # fmt: skip
    assert (
        await database.read(lambda c: c.scalar(sa.select(sa.func.count()).where(legs.c.ended_at.is_(None))))
        == 0
    )


@ensureDeferred
async def test_a_call_that_the_switch_still_knows_or_that_is_newer_is_not_ended(ledger, database, tmp_path):
    write(tmp_path, STORY[:6])
    await read(ledger)
    assert await ledger.bury(frozenset({"1.0"}), NOON + timedelta(seconds=30), NOON) == []
    assert await ledger.bury(frozenset(), NOON, NOON) == []


@ensureDeferred
async def test_an_ended_call_is_never_changed_by_a_late_route(
    ledger, config, database, clock, roster, tmp_path
):
    write(tmp_path, STORY)
    await read(ledger)
    route = Inbound(config, database, clock, roster, Pulse(), NoCallBacks())
    await route.route(Arrival("1.0", "12315", "13800000001", ""))
    assert (await only_call(database))["queue"] == "city-12345"


@ensureDeferred
async def test_an_agents_feature_code_is_no_call(ledger, database, tmp_path):
    own = [{**line("CHAN_START", 0, AGENT), "linkedid": "1.1"}]
    write(tmp_path, own)
    await read(ledger)
    assert await database.read(lambda c: c.execute(sa.select(calls)).all()) == []


@ensureDeferred
async def test_a_citizens_arrival_counts_for_revisits_even_if_nobody_routed_the_call(
    config, database, clock, tmp_path
):
    told = []

    class CallBacks:
        def called_back(self, _connection, number, call_id, at):
            told.append((number, call_id, at))
            return []

    ledger = Ledger(config, database, clock, tmp_path, CallBacks())
    write(tmp_path, [*STORY[:2], line("HANGUP", 8, hangupsource=CITIZEN, hangupcause=0)])
    await read(ledger)
    assert told == [("13800000001", "1.0", NOON)]
