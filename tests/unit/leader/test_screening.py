"""Screening, handing over, and what came of the leader's talk (Art. 6): checked, committed, then done."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import DeferredList, fail, succeed

from telephony.config_load import load
from telephony.errors import NotAllowedError, SwitchUnavailableError, UnknownThingError
from telephony.leader.screening import Screening
from telephony.paths import PROJECT
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import leader_calls as rows
from telephony.store import transfers
from telephony.store.outbound_tables import outbox
from telephony.store.tables import events
from tests.unit.leader.day_rows import ASKER, ASSISTANT, LEADER, OTHER, at, put_day, put_lost, put_talk
from tests.unit.times import NOON, FixedClock

CONFIG = load(PROJECT / "config")
CALL = "1.0"


class Floor:
    """A roster and what gives calls away; `answers` are what each gift comes to, the first one first."""

    def __init__(self):
        self.ready_agents, self.given, self.answers, self.told = {LEADER}, [], [], 0

    def give(self, call_id, to, mode, by):
        self.given.append((call_id, to, mode, by))
        return self.answers.pop(0)() if self.answers else succeed(None)

    def tell(self):
        self.told += 1


@pytest.fixture
def floor():
    return Floor()


@pytest.fixture
def screening(database, floor):
    return Screening(CONFIG, database, FixedClock(), floor.give, floor, floor.tell)


def put(database, work, *args, **values):
    with database.engine.begin() as connection:
        return work(connection, *args, **values)


@pytest.fixture
def day(database):
    return put(database, put_day)


@pytest.fixture
def talk(database, day):
    """A citizen talks with a screening agent now."""
    put(database, put_lost, day, until=None, state="talking")
    put(database, put_talk, CALL, ASKER, 10, None)
    return CALL


async def screened(screening, *, in_scope=True):
    return await screening.screen(CALL, ASKER, in_scope, "供水不足")


def happened(database):
    with database.engine.begin() as connection:
        found = connection.execute(events.select().where(events.c.kind == rows.TOLD).order_by(events.c.id))
        return [(row.call_id, row.agent, row.data) for row in found]


def told(database):
    with database.engine.begin() as connection:
        return [(row.topic, row.payload) for row in connection.execute(outbox.select().order_by(outbox.c.id))]


def row(database):
    with database.engine.begin() as connection:
        return connection.execute(rows.leader_calls.select()).one()


@ensureDeferred
async def test_what_is_put_down_is_kept_and_told_with_the_agent_who_talks(screening, database, floor, talk):
    found = await screening.screen(CALL, ASSISTANT, True, "供水不足")
    kept = (found.standing, found.screened_by, found.screened_at, found.in_scope, found.summary)
    assert kept == ("screening", ASKER, NOON, True, "供水不足")
    said = {"what": "screened", "by": ASSISTANT, "in_scope": 1, "summary": "供水不足"}
    assert (happened(database), floor.told) == ([(CALL, ASKER, said)], 1)


@ensureDeferred
async def test_put_down_again_it_is_corrected_and_both_are_told(screening, database, talk):
    await screened(screening)
    found = await screened(screening, in_scope=False)
    assert (found.in_scope, found.standing, len(happened(database))) == (False, "out_of_scope", 2)


@ensureDeferred
async def test_of_a_call_in_which_nobody_talks_nothing_is_put_down(screening, database, day):
    put(database, put_lost, day, until=None)
    with pytest.raises(NotAllowedError):
        await screened(screening)
    assert (row(database).summary, happened(database)) == (None, [])


@ensureDeferred
async def test_whom_the_leader_talks_with_is_not_screened_any_more(screening, database, day):
    put(database, put_lost, day, until=None, state="talking")
    put(database, put_talk, CALL, LEADER, 10, None)
    with pytest.raises(NotAllowedError, match="领导正在"):
        await screened(screening)


@ensureDeferred
async def test_a_call_that_came_to_no_day_is_not_screened(screening):
    with pytest.raises(UnknownThingError):
        await screened(screening)


def put_gone_to_normal(connection, day, **screened):
    """Put a citizen who has left the leader's line by key 0 and talks with an agent of every day now."""
    put_lost(connection, day, until=None, state="talking")
    rows.change(connection, CALL, **({"in_scope": None} | screened))
    left = Happening(at(20), "queued", f"{CALL}:queued:20", data={"queue": "city-12345"})
    call_rows.append(connection, [(CALL, left)])
    put_talk(connection, CALL, OTHER, 30, None)


@ensureDeferred
async def test_an_agent_of_every_day_does_not_put_out_of_scope_whoever_left_the_line(
    screening, database, day
):
    put(database, put_gone_to_normal, day)
    with pytest.raises(NotAllowedError, match="已离开领导的队列"):
        await screened(screening, in_scope=False)
    assert (row(database).in_scope, happened(database)) == (None, [])


@ensureDeferred
async def test_who_was_sent_away_as_out_of_scope_may_still_be_found_in_scope_and_is_owed(
    screening, database, day
):
    put(database, put_gone_to_normal, day, in_scope=False, summary="市外事项", screened_at=at(9))
    found = await screened(screening)
    assert (found.in_scope, found.standing) == (True, "not_reached")


@pytest.mark.parametrize("state", ["closed", "certified"])
@ensureDeferred
async def test_only_an_open_days_calls_are_screened(screening, database, state):
    put(database, put_lost, put(database, put_day, state), until=None, state="talking")
    put(database, put_talk, CALL, ASKER, 10, None)
    with pytest.raises(NotAllowedError):
        await screened(screening)


@ensureDeferred
async def test_a_leader_who_is_free_is_rung_and_the_two_speak_first(screening, floor, talk):
    await screened(screening)
    found = await screening.hand_over(CALL, ASKER)
    assert (found.how, found.summary) == ("attended", "供水不足")
    assert floor.given == [(CALL, "agent:8801", "attended", ASKER)]


@ensureDeferred
async def test_for_a_leader_who_is_busy_the_citizen_waits_in_the_leaders_queue(screening, floor, talk):
    floor.ready_agents = {ASSISTANT}
    await screened(screening)
    assert (await screening.hand_over(CALL, ASKER)).how == "queue"
    assert floor.given == [(CALL, "queue:city-leader", "blind", ASKER)]


@ensureDeferred
@pytest.mark.parametrize(("seconds", "how"), [(1, "attended"), (0, "queue")])
async def test_past_the_days_end_a_leader_who_is_free_is_rung_no_more(
    database, floor, screening, seconds, how
):
    put(database, put_lost, put(database, put_day, ends_at=NOON + timedelta(seconds=seconds)), until=None)
    put(database, put_talk, CALL, ASKER, 10, None)
    await screened(screening)
    assert (await screening.hand_over(CALL, ASKER)).how == how


@ensureDeferred
async def test_a_leader_who_was_free_a_moment_ago_is_waited_for(screening, floor, talk):
    def taken():
        floor.ready_agents = set()
        return fail(NotAllowedError("not free"))

    floor.answers = [taken]
    await screened(screening)
    assert (await screening.hand_over(CALL, ASKER)).how == "queue"
    assert [to for _, to, _, _ in floor.given] == ["agent:8801", "queue:city-leader"]


@ensureDeferred
async def test_it_is_stored_before_the_citizen_is_moved(screening, database, floor, talk):
    seen = []

    def look():
        seen.append(row(database).handed_at)
        return succeed(None)

    floor.answers = [look]
    await screened(screening)
    await screening.hand_over(CALL, ASKER)
    assert (seen, happened(database)[-1][2]["what"]) == ([NOON], "handed_over")


@pytest.mark.parametrize("error", [NotAllowedError("in the way"), SwitchUnavailableError("down")])
@ensureDeferred
async def test_what_could_not_be_handed_over_is_not_noted_so(screening, database, floor, talk, error):
    floor.answers = [lambda: fail(error)]
    await screened(screening)
    with pytest.raises(type(error)):
        await screening.hand_over(CALL, ASKER)
    assert (row(database).handed_at, happened(database)[-1][2]["what"]) == (None, "not_handed_over")


def transfer(database):
    begun = {"call_id": CALL, "worker": "w", "kind": "agent", "target": LEADER, "mode": "attended"}
    begun |= {"from_agent": ASKER, "from_leg": "1.0-8803", "citizen_leg": CALL, "by": ASKER}
    put(database, transfers.begin, {**begun, "state": "asking", "started_at": NOON})


@ensureDeferred
async def test_a_transfer_that_stands_though_the_switch_did_not_answer_is_a_hand_over(
    screening, database, floor, talk
):
    def unanswered():
        transfer(database)
        return fail(SwitchUnavailableError("down"))

    floor.answers = [unanswered]
    await screened(screening)
    with pytest.raises(SwitchUnavailableError):
        await screening.hand_over(CALL, ASKER)
    assert row(database).handed_at == NOON


@pytest.mark.parametrize("what", ["hand_over", "to_normal"])
@ensureDeferred
async def test_while_a_transfer_is_under_way_nobody_is_handed_over(screening, database, floor, talk, what):
    await screened(screening, in_scope=what == "hand_over")
    transfer(database)
    with pytest.raises(NotAllowedError, match="正在转接"):
        await getattr(screening, what)(CALL, ASKER)
    assert (floor.given, row(database).handed_at) == ([], None)


@pytest.mark.parametrize("what", ["hand_over", "to_normal"])
@ensureDeferred
async def test_without_a_summary_nobody_is_given_on(screening, floor, talk, what):
    with pytest.raises(NotAllowedError, match="还没有登记摘要"):
        await getattr(screening, what)(CALL, ASKER)
    assert floor.given == []


@ensureDeferred
async def test_who_is_out_of_scope_is_not_given_to_the_leader(screening, floor, talk):
    await screened(screening, in_scope=False)
    with pytest.raises(NotAllowedError, match="不属于受理范围"):
        await screening.hand_over(CALL, ASKER)
    assert floor.given == []


@ensureDeferred
async def test_who_is_out_of_scope_goes_to_the_agents_of_every_day(screening, database, floor, talk):
    await screened(screening, in_scope=False)
    assert (await screening.to_normal(CALL, ASKER)).how == "normal"
    assert floor.given == [(CALL, "queue:city-12345", "blind", ASKER)]
    assert (row(database).handed_at, happened(database)[-1][2]["what"]) == (None, "to_normal")


@ensureDeferred
async def test_who_is_in_scope_is_the_leaders_and_not_sent_away(screening, floor, talk):
    await screened(screening)
    with pytest.raises(NotAllowedError, match="属于受理范围"):
        await screening.to_normal(CALL, ASKER)
    assert floor.given == []


@pytest.fixture
def answered(database, day):
    """The leader has talked with a citizen."""
    put(database, put_lost, day, until=300, outcome="answered")
    put(database, put_talk, CALL, LEADER, 100, 290)
    return CALL


@ensureDeferred
async def test_what_the_leader_answered_on_the_spot_is_kept_and_told(screening, database, answered):
    found = await screening.result(CALL, ASSISTANT, "on_the_spot", case_number="PDS-1", summary="已答复")
    assert (found.result, found.result_by, found.result_at, found.summary) == (
        *("on_the_spot", ASSISTANT, NOON, "已答复"),
    )
    [(topic, payload)] = told(database)
    assert topic == "leader_on_the_spot"
    assert (payload["case_number"], payload["summary"], payload["corrected"]) == ("PDS-1", "已答复", False)


@ensureDeferred
async def test_what_is_dispatched_names_the_unit_by_its_code_and_the_platform_hears_of_it(
    screening, database, answered
):
    short = CONFIG.units["water"].short_code
    assert (await screening.result(CALL, "operator", "dispatched", unit=short)).unit == "water"
    [(topic, payload)] = told(database)
    assert (topic, payload["unit"], payload["call_id"], payload["by"]) == (
        *("leader_dispatched", "water", CALL, "operator"),
    )


@ensureDeferred
async def test_dispatched_without_a_unit_is_refused(screening, database, answered):
    with pytest.raises(NotAllowedError, match="请给出承办单位"):
        await screening.result(CALL, ASSISTANT, "dispatched")
    assert told(database) == []


@ensureDeferred
async def test_a_unit_that_is_not_in_the_directory_is_refused(screening, database, answered):
    with pytest.raises(UnknownThingError):
        await screening.result(CALL, ASSISTANT, "dispatched", unit="nobody")
    assert (told(database), row(database).result) == ([], None)


@ensureDeferred
async def test_a_correction_is_told_as_one_and_both_are_kept_as_events(screening, database, answered):
    await screening.result(CALL, ASSISTANT, "dispatched", unit="water")
    found = await screening.result(CALL, ASSISTANT, "on_the_spot")
    assert (found.result, found.unit) == ("on_the_spot", None)
    assert [payload["corrected"] for _, payload in told(database)] == [False, True]
    assert [data["result"] for _, _, data in happened(database)] == ["dispatched", "on_the_spot"]


@ensureDeferred
async def test_without_a_talk_with_the_leader_there_is_no_result(screening, database, day):
    put(database, put_lost, day)
    put(database, put_talk, CALL, ASKER, 10, 50)
    with pytest.raises(NotAllowedError, match="没有与通话"):
        await screening.result(CALL, ASSISTANT, "on_the_spot")


@ensureDeferred
async def test_what_came_of_a_talk_that_the_switch_cut_off_takes_it_off_the_register(
    screening, database, day
):
    put(database, put_lost, day, outcome="interrupted")
    put(database, put_talk, CALL, LEADER, 10, 100)
    assert (await screening.result(CALL, ASSISTANT, "on_the_spot")).standing == "answered"


@pytest.mark.parametrize("by", [LEADER, ASSISTANT, "8005", "张处长"])
@ensureDeferred
async def test_the_seat_its_assistants_supervisors_and_operators_write_results(screening, answered, by):
    assert (await screening.result(CALL, by, "on_the_spot")).result_by == by


@pytest.mark.parametrize("by", [OTHER, ASKER])
@ensureDeferred
async def test_another_agent_writes_no_results(screening, database, answered, by):
    with pytest.raises(NotAllowedError, match="不是这个领导席的助手"):
        await screening.result(CALL, by, "on_the_spot")
    assert row(database).result is None


@ensureDeferred
async def test_once_certified_nothing_is_corrected_any_more(screening, database):
    put(database, put_lost, put(database, put_day, "certified"), outcome="answered")
    put(database, put_talk, CALL, LEADER, 10, 50)
    with pytest.raises(NotAllowedError, match="已出具证明"):
        await screening.result(CALL, ASSISTANT, "on_the_spot")
    assert (row(database).result, told(database)) == (None, [])


@ensureDeferred
async def test_two_results_at_once_are_one_and_its_correction(screening, database, answered):
    both = [screening.result(CALL, ASSISTANT, "on_the_spot"), screening.result(CALL, "8005", "on_the_spot")]
    assert [done for done, _ in await DeferredList(both)] == [True, True]
    assert sorted(payload["corrected"] for _, payload in told(database)) == [False, True]


@ensureDeferred
async def test_a_day_whose_seat_is_configured_no_more_says_what_to_put_back(screening, database):
    put(database, put_lost, put(database, put_day, seat="old-hall"), until=None)
    with pytest.raises(UnknownThingError, match=r"old-hall 已不在 leaders\.yaml"):
        await screened(screening)
