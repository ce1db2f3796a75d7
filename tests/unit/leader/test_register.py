"""The register (Art. 6): who was not reached is called back, with proof, or handed to a unit."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import DeferredList

from telephony.config_load import load
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.leader.register import Register
from telephony.paths import PROJECT
from telephony.store import leader_calls as rows
from telephony.store.outbound_tables import outbox
from telephony.store.tables import events
from tests.unit.leader.day_rows import ASKER, LEADER, at, put_back, put_day, put_lost, put_talk
from tests.unit.times import NOON, FixedClock

CONFIG = load(PROJECT / "config")
CALL = "1.0"


@pytest.fixture
def news():
    return []


@pytest.fixture
def register(database, news):
    return Register(CONFIG, database, FixedClock(), lambda: news.append("told"))


def put(database, work, *args, **values):
    with database.engine.begin() as connection:
        return work(connection, *args, **values)


@pytest.fixture
def day(database):
    return put(database, put_day, "closed")


@pytest.fixture
def lost(database, day):
    put(database, put_lost, day)
    return day


async def standings(register, day):
    return [each.standing for each in await register.entries(day)]


def told(database):
    with database.engine.begin() as connection:
        return [(row.topic, row.payload) for row in connection.execute(outbox.select())]


def happened(database):
    with database.engine.begin() as connection:
        found = connection.execute(events.select().where(events.c.kind == rows.TOLD))
        return [(row.call_id, row.data["what"], row.data["settled"], row.data["by"]) for row in found]


@ensureDeferred
async def test_who_was_not_reached_stands_there_and_who_was_answered_does_not(register, database, lost):
    put(database, put_lost, lost, "2.0", 200, 300, caller_number="13900001234")
    put(database, put_talk, "2.0", LEADER, 220, 280)
    assert [each.call_id for each in await register.entries(lost)] == [CALL]
    assert len(await register.calls(lost)) == 2


@ensureDeferred
async def test_an_unknown_day_is_named(register):
    with pytest.raises(UnknownThingError, match="没有接线日 7"):
        await register.entries(7)


@ensureDeferred
async def test_who_is_handed_to_a_unit_is_settled_and_the_platform_hears_of_it(
    register, database, news, lost
):
    found = await register.settle(CALL, "王处长", "handed_to_unit", unit="water", case_number="PDS-1")
    kept = (found.standing, found.settled, found.settled_by, found.settled_at, found.unit)
    assert kept == ("handed_to_unit", "handed_to_unit", "王处长", NOON, "water")
    [(topic, payload)] = told(database)
    assert (topic, payload["unit"], payload["case_number"]) == ("leader_handed_to_unit", "water", "PDS-1")
    assert happened(database) == [(CALL, "settled", "handed_to_unit", "王处长")]
    assert (news, await standings(register, lost)) == (["told"], [])


@pytest.mark.parametrize(("unit", "error"), [(None, NotAllowedError), ("nobody", UnknownThingError)])
@ensureDeferred
async def test_without_a_unit_of_the_directory_nobody_is_handed_over(register, database, lost, unit, error):
    with pytest.raises(error):
        await register.settle(CALL, "op", "handed_to_unit", unit=unit)
    assert (told(database), await standings(register, lost)) == ([], ["not_reached"])


@ensureDeferred
async def test_a_call_back_that_nobody_made_is_refused_in_words(register, lost):
    with pytest.raises(NotAllowedError, match="no call to this citizen was answered since; call them first"):
        await register.settle(CALL, "op", "called_back")


@ensureDeferred
async def test_a_call_that_an_agent_placed_and_talked_in_proves_the_call_back(register, database, lost):
    put(database, put_back, "rv-9", marks=["revisit"])
    found = await register.settle(CALL, "op", "called_back")
    assert (found.standing, found.settled_call, found.settled_by) == ("called_back", "rv-9", "op")


@ensureDeferred
async def test_the_call_that_is_named_is_the_one_that_is_kept(register, database, lost):
    put(database, put_back, "rv-8", 200, marks=["revisit"])
    put(database, put_back, "rv-9", 400, marks=["revisit"])
    assert (await register.settle(CALL, "op", "called_back", evidence_call="rv-9")).settled_call == "rv-9"


@pytest.mark.parametrize(
    "back", [{"began": 99}, {"talk": False}, {"number": "13900001234"}, {"call_id": "rv-other"}]
)
@ensureDeferred
async def test_a_call_that_proves_nothing_is_refused(register, database, lost, back):
    put(database, put_back, **({"call_id": "rv-9", "marks": ["revisit"]} | back))
    with pytest.raises(NotAllowedError, match=r"通话 rv-9 不能证明已回拨"):
        await register.settle(CALL, "op", "called_back", evidence_call="rv-9")


@ensureDeferred
async def test_what_a_return_has_settled_by_itself_needs_nobody(register, database, lost):
    put(database, put_back)
    assert await standings(register, lost) == []
    for how, said in (("noted", {"note": "已答复"}), ("called_back", {})):
        with pytest.raises(NotAllowedError, match="已经办结"):
            await register.settle(CALL, "op", how, **said)


@ensureDeferred
async def test_a_withheld_number_cannot_be_called_back(register, database, day):
    put(database, put_lost, day, caller_number=None)
    with pytest.raises(NotAllowedError, match="没有来电号码"):
        await register.settle(CALL, "op", "called_back")


@pytest.mark.parametrize(
    ("how", "more"), [("handed_to_unit", {"unit": "water"}), ("noted", {"note": "当场留了联系方式"})]
)
@ensureDeferred
async def test_a_withheld_number_is_settled_by_a_unit_or_a_persons_word(register, database, day, how, more):
    put(database, put_lost, day, caller_number=None)
    assert (await register.settle(CALL, "op", how, **more)).standing == how
    assert await standings(register, day) == []


@pytest.mark.parametrize("note", [None, ""])
@ensureDeferred
async def test_a_persons_word_needs_words(register, database, day, note):
    put(database, put_lost, day, caller_number=None)
    with pytest.raises(NotAllowedError, match="请写明情况"):
        await register.settle(CALL, "op", "noted", note=note)


@ensureDeferred
async def test_whom_one_can_call_a_note_does_not_settle(register, lost):
    with pytest.raises(NotAllowedError, match="只写情况不能办结"):
        await register.settle(CALL, "op", "noted", note="算了")


@ensureDeferred
async def test_whom_an_agent_helped_after_the_end_is_settled_by_saying_so(register, database, lost):
    put(database, rows.change, CALL, sent_off_at=at(30))
    put(database, put_talk, CALL, "8001", 40, 90)
    assert await standings(register, lost) == ["not_reached"]
    assert (await register.settle(CALL, "op", "noted", note="8001 已受理")).standing == "noted"


@ensureDeferred
async def test_what_nobody_is_owed_is_not_settled(register, database, lost):
    put(database, put_talk, CALL, LEADER, 20, 80)
    with pytest.raises(NotAllowedError, match="不在未接通登记里：领导已接听"):
        await register.settle(CALL, "op", "handed_to_unit", unit="water")


@ensureDeferred
async def test_who_is_still_on_the_line_is_waited_for(register, database, day):
    put(database, put_lost, day, until=None)
    put(database, rows.change, CALL, sent_off_at=at(30))
    with pytest.raises(NotAllowedError, match="还在线上"):
        await register.settle(CALL, "op", "handed_to_unit", unit="water")


@ensureDeferred
async def test_of_two_who_settle_at_once_one_does(register, database, lost):
    both = [register.settle(CALL, by, "handed_to_unit", unit="water") for by in ("甲", "乙")]
    done = await DeferredList(both, consumeErrors=True)
    assert sorted(good for good, _ in done) == [False, True]
    assert (len(told(database)), len(happened(database))) == (1, 1)


@ensureDeferred
async def test_once_certified_nothing_is_settled_any_more(register, database):
    put(database, put_lost, put(database, put_day, "certified"))
    with pytest.raises(NotAllowedError, match="已出具证明"):
        await register.settle(CALL, "op", "handed_to_unit", unit="water")
    assert told(database) == []


@ensureDeferred
async def test_while_the_day_is_open_who_gave_up_may_be_settled_already(register, database):
    day = put(database, put_day)
    put(database, put_lost, day)
    put(database, put_talk, CALL, ASKER, 10, 50)
    assert (await register.settle(CALL, "op", "handed_to_unit", unit="water")).standing == "handed_to_unit"


@pytest.mark.parametrize(("played", "topics"), [(0, ["leader_handed_to_unit"]), (120, [])])
@ensureDeferred
async def test_the_case_platform_is_told_of_real_days_and_of_none_that_is_played(
    register, database, played, topics
):
    put(database, put_lost, put(database, put_day, "closed", played=played))
    assert (await register.settle(CALL, "op", "handed_to_unit", next(iter(CONFIG.units)))).settled
    assert [topic for topic, _ in told(database)] == topics


@ensureDeferred
async def test_whose_call_back_reached_a_voicemail_is_handed_to_a_unit_all_the_same(register, database, lost):
    put(database, put_back)  # an agent talked with whatever answered
    found = await register.settle(CALL, "李敏", "handed_to_unit", unit="water", note="是语音信箱")
    assert (found.standing, found.settled_by) == ("handed_to_unit", "李敏")
    assert [topic for topic, _ in told(database)] == ["leader_handed_to_unit"]
    with pytest.raises(NotAllowedError, match="已经办结"):
        await register.settle(CALL, "李敏", "handed_to_unit", unit="water")
