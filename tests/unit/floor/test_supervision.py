from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, DeferredList, fail

from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError, UnknownThingError
from telephony.floor.supervised import Supervised
from telephony.floor.supervision import Supervision
from telephony.floor.supervisions import Supervisions
from telephony.pbx.supervision import Mode
from telephony.store import transfers
from telephony.store.ordered import places
from telephony.store.tables import events, legs
from telephony.store.threeway_tables import three_ways
from tests.unit.floor.supervising import AGENT, BOSS, CALL, CITIZEN, Beside, FakeSpyLine

FOUR = timedelta(seconds=4)


@pytest.fixture
def beside(config, database, roster, clock, timer):
    beside = Beside(config, database, roster, clock, timer)
    yield beside
    beside.supervision.stop()


def put_three_way(connection, clock):
    row = {"call_id": CALL, "kind": "three_way", "state": "talking", "matter": "", "confidential": False}
    row |= {"demo": False, "worker": "worker", "started_at": clock.now()}
    connection.execute(three_ways.insert().values(**row))


def transfer_row(clock):
    row = {"call_id": CALL, "worker": "worker", "kind": "agent", "target": "8002", "mode": "attended"}
    row |= {"agent": "8002", "from_agent": "8001", "from_leg": AGENT, "citizen_leg": CITIZEN, "by": "8001"}
    return row | {"state": "asking", "started_at": clock.now()}


@ensureDeferred
async def test_the_row_and_the_leg_are_stored_before_the_supervisor_is_rung(beside):
    await beside.talking()
    seen = []
    beside.known.at_point = lambda point: seen.append((point, list(beside.line.told)))
    await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)
    assert seen == [("supervision_ordered", [])]
    [told] = beside.line.told
    assert (told[0], told[2:]) == ("ring", (BOSS, "listen", AGENT))
    found = await beside.database.read(lambda c: places(c, [told[1]]))
    assert (found[told[1]][0], found[told[1]][1].role) == (CALL, "supervisor")


@ensureDeferred
async def test_each_change_is_an_event_of_the_call_with_who_did_it(beside):
    await beside.listening()
    await beside.supervision.take_part(CALL, BOSS, Mode.WHISPER)
    query = (
        sa.select(events.c.data, events.c.agent).where(events.c.kind == "supervision").order_by(events.c.id)
    )
    told = await beside.database.read(
        lambda c: [(d["what"], d["by"], agent) for d, agent in c.execute(query)]
    )
    assert told == [("listen", BOSS, "8001"), ("answered", BOSS, "8001"), ("whisper", BOSS, "8001")]


@pytest.mark.parametrize(("by", "error"), [("9999", UnknownThingError), ("8002", NotAllowedError)])
def test_only_a_supervisor_may(beside, by, error):
    with pytest.raises(error):
        beside.supervision.take_part(CALL, by, Mode.LISTEN)


@ensureDeferred
async def test_where_nobody_talks_there_is_nothing_to_hear(beside):
    with pytest.raises(NotAllowedError, match=CALL):
        await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)
    assert beside.line.told == []


@ensureDeferred
async def test_nobody_listens_to_themselves(beside):
    await beside.talking(agent=BOSS)
    with pytest.raises(NotAllowedError, match="own call"):
        await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)


@ensureDeferred
async def test_a_supervisor_in_a_call_is_not_rung(beside):
    await beside.talking()
    beside.roster.connected(BOSS, "1.7", "1.8")
    with pytest.raises(NotAllowedError, match="is on a call"):
        beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)


@ensureDeferred
async def test_a_supervisor_takes_part_in_one_call_at_a_time(beside):
    await beside.listening()
    with pytest.raises(NotAllowedError, match=f"takes part in call {CALL}"):
        beside.supervision.take_part("1795420886.7", BOSS, Mode.LISTEN)


@ensureDeferred
async def test_a_mode_before_the_answer_is_refused(beside):
    await beside.talking()
    await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)
    with pytest.raises(NotAllowedError, match="not answered"):
        beside.supervision.take_part(CALL, BOSS, Mode.WHISPER)


def test_without_the_switch_nothing_is_stored(beside):
    beside.line.is_up = False
    with pytest.raises(SwitchUnavailableError):
        beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)


@ensureDeferred
async def test_nobody_barges_into_a_three_way_call_nor_takes_it_over(beside, clock):
    await beside.listening()
    await beside.database.write(lambda c: put_three_way(c, clock))
    with pytest.raises(NotAllowedError, match="threeway supervisor"):
        await beside.supervision.take_part(CALL, BOSS, Mode.BARGE)
    with pytest.raises(NotAllowedError, match="hand-over"):
        await beside.supervision.take_over(CALL, BOSS)
    assert (await beside.row()).state == "listening"


@ensureDeferred
async def test_a_citizen_in_a_transfer_is_not_taken_over(beside, clock):
    await beside.listening()
    await beside.database.write(lambda c: transfers.begin(c, transfer_row(clock)))
    with pytest.raises(NotAllowedError, match=r"\*91"):
        await beside.supervision.take_over(CALL, BOSS)
    assert (await beside.changes(), [told[0] for told in beside.line.told]) == (
        ["listen", "answered"],
        ["ring"],
    )


@ensureDeferred
async def test_a_transfer_that_begins_as_a_take_over_is_being_stored_wins(beside, clock):
    await beside.listening()
    ordered = beside.supervision.take_over(CALL, BOSS)  # its look is on its way
    await beside.database.write(lambda c: transfers.begin(c, transfer_row(clock)), urgent=True)
    with pytest.raises(NotAllowedError, match=r"\*91"):
        await ordered
    assert [told[0] for told in beside.line.told] == ["ring"]


@ensureDeferred
async def test_a_mode_is_changed_on_the_switch_only_after_its_commit_whoever_looks_meanwhile(beside, clock):
    leg_id = await beside.listening()
    beside.line.put(leg_id, "supervision-listen")
    asked = beside.supervision.take_part(CALL, BOSS, Mode.WHISPER)
    clock.instant += FOUR
    beside.supervision.agree()
    assert [words[0] for words in beside.line.told] == ["ring"]
    await asked
    assert beside.line.told[-1] == ("change", leg_id, "whisper")
    assert (await beside.row()).mode == "whisper"


@ensureDeferred
async def test_a_mode_that_could_not_be_stored_is_not_done_and_its_record_says_so(beside, clock, monkeypatch):
    leg_id = await beside.listening()
    beside.line.put(leg_id, "supervision-listen")
    with monkeypatch.context() as broken:
        broken.setattr(beside.database, "write", lambda *_, **__: fail(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            await beside.supervision.take_part(CALL, BOSS, Mode.BARGE)
    clock.instant += FOUR
    beside.supervision.agree()
    assert [words[0] for words in beside.line.told] == ["ring"]
    await beside.supervision.take_part(CALL, BOSS, Mode.WHISPER)
    row = await beside.row()
    told = [(each.what, each.by) for each in row.changes[2:]]
    assert (row.mode, told) == ("whisper", [("barge", BOSS), ("listen", "service"), ("whisper", BOSS)])


@ensureDeferred
async def test_of_two_modes_ordered_at_once_the_later_one_is_done(beside):
    leg_id = await beside.listening()
    first = beside.supervision.take_part(CALL, BOSS, Mode.WHISPER)
    second = beside.supervision.take_part(CALL, BOSS, Mode.BARGE)
    await first
    await second
    # The first one is done before it only if it is stored before the second one is ordered.
    *earlier, last = beside.line.told[1:]
    assert last == ("change", leg_id, "barge")
    assert earlier in ([], [("change", leg_id, "whisper")])
    assert (await beside.row()).mode == "barge"


@ensureDeferred
async def test_an_agent_who_goes_into_a_room_is_barged_in_on_no_longer(beside):
    leg_id = await beside.listening("barge")
    beside.line.listener.came_in("00000007", AGENT)
    await beside.stored()
    assert beside.line.told[-1] == ("change", leg_id, "listen")
    assert (await beside.row()).changes[-1].by == "service"


@ensureDeferred
async def test_the_supervisor_is_in_a_call_while_listening_and_has_no_wrap_up(beside, roster):
    await roster.command(BOSS, "login", None, "test")
    leg_id = await beside.listening()
    assert roster.one(BOSS).state == "talking"
    roster.leg_ended(BOSS, leg_id)
    beside.line.listener.gone(leg_id)
    await beside.stored()
    assert roster.one(BOSS).state == "ready"
    assert ((await beside.row()).state, await beside.changes()) == ("over", ["listen", "answered", "ended"])


@ensureDeferred
async def test_who_does_not_answer_has_missed_no_call(beside, roster):
    await roster.command(BOSS, "login", None, "test")
    await beside.talking()
    await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)
    leg_id = beside.line.told[-1][1]
    beside.line.listener.alerted(leg_id)
    beside.line.listener.not_sent(leg_id)
    await beside.stored()
    assert (roster.one(BOSS).state, roster.one(BOSS).missed_rings) == ("ready", 0)
    assert (await beside.row()).ended_why == "not_reached"


@ensureDeferred
async def test_an_order_that_the_switch_refuses_ends_it(beside):
    await beside.talking()
    beside.line.refusal = SwitchRefusedError("no such channel")
    await beside.supervision.take_part(CALL, BOSS, Mode.LISTEN)
    await beside.stored()
    assert (await beside.row()).state == "over"


@ensureDeferred
async def test_stop_hangs_up_the_supervisor_alone(beside):
    leg_id = await beside.listening()
    await beside.supervision.leave(CALL, BOSS)
    assert beside.line.told[-1] == ("hang_up", leg_id)


def test_what_was_begun_while_the_store_was_read_is_still_known_afterwards(roster, clock, timer):
    read = Deferred()
    store = SimpleNamespace(read=lambda _: read)
    known = Supervisions(store, FakeSpyLine(), clock, timer, roster, "worker", lambda: None)
    known.restore()
    known.add(Supervised(1, CALL, BOSS, "8001", "su-1", AGENT, CITIZEN, Mode.LISTEN, clock.now()))
    read.callback([])
    assert known.of(BOSS) is not None


def test_nothing_is_stopped_that_was_not_begun(beside):
    with pytest.raises(NotAllowedError, match="listen first"):
        beside.supervision.leave(CALL, BOSS)


async def joined(beside, leg_id):
    for leg in (leg_id, CITIZEN):
        beside.line.listener.came_in("900000001", leg)
    await beside.stored()


@ensureDeferred
async def test_a_take_over_is_stored_then_ordered_and_done_when_both_are_in_the_room(beside, roster):
    leg_id = await beside.listening()
    states = []
    beside.known.at_point = lambda point: states.append((point, len(beside.line.told)))
    await beside.supervision.take_over(CALL, BOSS)
    assert (await beside.row()).state == "waiting"
    assert beside.line.told[-1] == ("take_over", "900000001", leg_id, CITIZEN, "8001")
    assert states == [("take_over_stored", 1), ("take_over_waiting", 2)]
    await joined(beside, leg_id)
    row = await beside.row()
    assert (row.state, row.taken_at is not None, row.changes[-1].what) == ("taken", True, "taken")
    roster.leg_ended(BOSS, leg_id)
    assert roster.one(BOSS).state == "wrap_up"


@ensureDeferred
async def test_one_alone_in_the_room_is_no_take_over(beside):
    leg_id = await beside.listening()
    await beside.supervision.take_over(CALL, BOSS)
    beside.line.listener.came_in("900000001", leg_id)
    await beside.stored()
    assert (await beside.row()).state == "waiting"


@ensureDeferred
async def test_a_refused_take_over_is_stored_as_failed_and_the_supervisor_listens_on(beside):
    leg_id = await beside.listening()
    beside.line.put(leg_id, "supervision-listen")
    beside.line.refusal = SwitchRefusedError("no such channel")
    with pytest.raises(NotAllowedError, match="with the agent"):
        await beside.supervision.take_over(CALL, BOSS)
    await beside.stored()
    row = await beside.row()
    assert (row.state, row.taken_at, row.changes[-1].what) == ("listening", None, "take_over_failed")
    assert beside.line.told[-1][0] == "take_over"


@ensureDeferred
async def test_a_supervisor_who_was_moved_alone_is_let_go(beside):
    leg_id = await beside.listening()
    beside.line.put(leg_id, "supervision-takes")
    beside.line.refusal = SwitchRefusedError("Secondary redirect failed")
    with pytest.raises(NotAllowedError):
        await beside.supervision.take_over(CALL, BOSS)
    assert beside.line.told[-1] == ("hang_up", leg_id)


@pytest.mark.parametrize(
    ("supervisor", "citizen", "state", "hung_up"),
    [
        ("supervision-takes", "supervision-citizen", "taken", False),
        ("supervision-takes", "threeway-alone", "listening", True),
        ("supervision-takes", None, "listening", True),
        ("supervision-listen", "inbound", "listening", False),
    ],
)
@ensureDeferred
async def test_what_came_of_a_take_over_is_judged_from_where_the_switch_has_the_two(
    beside, clock, supervisor, citizen, state, hung_up
):
    leg_id = await beside.listening()
    beside.line.refusal = SwitchUnavailableError("no answer")
    with pytest.raises(SwitchUnavailableError):
        await beside.supervision.take_over(CALL, BOSS)
    beside.line.put(leg_id, supervisor)
    if citizen:
        beside.line.put(CITIZEN, citizen)
    clock.instant += FOUR
    beside.supervision.agree()
    await beside.stored()
    row = await beside.row()
    assert (row.state, row.taken_at is not None) == (state, state == "taken")
    assert (beside.line.told[-1] == ("hang_up", leg_id)) == hung_up


@ensureDeferred
async def test_a_snapshot_taken_right_after_the_order_decides_nothing(beside, clock):
    leg_id = await beside.listening()
    beside.line.put(leg_id, "supervision-listen")
    await beside.supervision.take_over(CALL, BOSS)
    beside.supervision.agree()
    await beside.stored()
    assert (await beside.row()).state == "waiting"


async def restarted(beside, config, roster, clock, timer):
    later = Beside.__new__(Beside)
    later.__dict__.update(beside.__dict__)
    later.line = FakeSpyLine()
    known = Supervisions(beside.database, later.line, clock, timer, roster, "worker", lambda: None)
    later.known, later.supervision = known, Supervision(config.agents, known)
    await later.supervision.start()
    return later


@ensureDeferred
async def test_a_new_process_takes_up_who_listens_and_knows_the_call_of_the_leg(
    beside, config, roster, clock, timer
):
    leg_id = await beside.listening()
    later = await restarted(beside, config, roster, clock, timer)
    assert later.supervision.calls_of_legs() == {leg_id: CALL}
    later.line.put(leg_id, "supervision-whisper")
    later.supervision.agree()
    assert later.line.told == [("change", leg_id, "listen")]


@pytest.mark.parametrize(("role", "what"), [("supervisor", "take_over_failed"), ("agent", "taken")])
@ensureDeferred
async def test_of_a_take_over_whose_end_nobody_saw_the_ledger_knows(
    beside, config, roster, clock, timer, role, what
):
    leg_id = await beside.listening()
    beside.line.refusal = SwitchUnavailableError("the service dies")
    with pytest.raises(SwitchUnavailableError):
        await beside.supervision.take_over(CALL, BOSS)
    row = {"id": leg_id, "call_id": CALL, "role": role, "party": BOSS, "started_at": clock.now()}
    await beside.database.write(lambda c: c.execute(legs.insert().values(**row)))
    later = await restarted(beside, config, roster, clock, timer)
    later.supervision.agree()
    while (row := await later.row()).ended_at is None:
        await later.stored()
    assert what in [each.what for each in row.changes]


async def left_in(beside, state):
    """Leave a take-over as the store has it when the service dies in that state."""
    leg_id = await beside.listening()
    if state == "taking":
        beside.line.refusal = SwitchUnavailableError("the service dies before its Redirect")
        with pytest.raises(SwitchUnavailableError):
            await beside.supervision.take_over(CALL, BOSS)
    else:
        await beside.supervision.take_over(CALL, BOSS)
    assert (await beside.row()).state == state
    return leg_id


@pytest.mark.parametrize("state", ["taking", "waiting"])
@pytest.mark.parametrize(
    ("supervisor", "citizen", "found"),
    [
        ("supervision-takes", "supervision-citizen", "taken"),
        ("supervision-listen", "waiting", "listening"),
        ("supervision-takes", "threeway-alone", "listening"),
    ],
)
@ensureDeferred
async def test_a_new_process_judges_a_take_over_from_where_the_switch_has_the_two(
    beside, config, roster, clock, timer, state, supervisor, citizen, found
):
    leg_id = await left_in(beside, state)
    later = await restarted(beside, config, roster, clock, timer)
    later.line.put(leg_id, supervisor)
    later.line.put(CITIZEN, citizen)
    clock.instant += FOUR
    later.supervision.agree()
    await later.stored()
    row = await later.row()
    assert (row.state, row.taken_at is not None) == (found, found == "taken")
    assert (("hang_up", leg_id) in later.line.told) == (citizen == "threeway-alone")
    assert "take_over" not in [words[0] for words in later.line.told]


SECOND = "8003"


@pytest.fixture
def two(config, database, roster, clock, timer):
    """Two supervisors of one floor."""
    both = {**config.agents, SECOND: config.agents[SECOND].model_copy(update={"role": "supervisor"})}
    beside = Beside(replace(config, agents=both), database, roster, clock, timer)
    yield beside
    beside.supervision.stop()


async def both_listen(two):
    first = await two.listening()
    await two.supervision.take_part(CALL, SECOND, Mode.LISTEN)
    second = two.line.told[-1][1]
    two.line.listener.up(second)
    await two.stored()
    return first, second


@pytest.mark.parametrize("done", [False, True])
@ensureDeferred
async def test_a_citizen_whom_one_supervisor_takes_over_is_not_torn_away_by_another(two, done):
    first, _ = await both_listen(two)
    await two.supervision.take_over(CALL, BOSS)
    if done:
        await joined(two, first)
    with pytest.raises(NotAllowedError):
        await two.supervision.take_over(CALL, SECOND)
    assert [words[0] for words in two.line.told] == ["ring", "ring", "take_over"]


@ensureDeferred
async def test_of_two_take_overs_at_once_only_one_is_done(two):
    await both_listen(two)
    orders = [two.supervision.take_over(CALL, each) for each in (BOSS, SECOND)]
    done = await DeferredList(orders, consumeErrors=True)
    assert sorted(success for success, _ in done) == [False, True]
    assert [words[0] for words in two.line.told] == ["ring", "ring", "take_over"]


@ensureDeferred
async def test_a_citizen_who_is_with_another_agent_by_now_is_not_taken_over(beside, clock):
    await beside.listening()
    row = {"id": "1795420886.3", "call_id": CALL, "role": "agent", "party": "8002"}
    row |= {"started_at": clock.now(), "bridged_at": clock.now() + FOUR}
    await beside.database.write(lambda c: c.execute(legs.insert().values(**row)))
    with pytest.raises(NotAllowedError, match="does not talk with the agent"):
        await beside.supervision.take_over(CALL, BOSS)
    assert beside.line.told[-1][0] == "ring"
