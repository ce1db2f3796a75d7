"""Notices of known incidents: on for a number until their end, one at a time, told to callers, counted."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.errors import HotlineError, NotAllowedError, UnknownThingError
from telephony.floor.inbound import Arrival, Inbound
from telephony.floor.notices import Notices
from telephony.floor.pulse import Pulse
from telephony.store import notices as rows
from telephony.store.notices import Wanted
from telephony.store.tables import calls, events
from tests.fakes import FakeSounds, NoCallBacks
from tests.unit.times import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def sounds():
    return FakeSounds()


@pytest.fixture
def notices(config, database, clock, sounds):
    return Notices(config, database, clock, sounds)


def wanted(number="12345", text="西区停水。", prompt=None, until=NOON + HOUR):
    return Wanted(number=number, text=text, prompt=prompt, ends_at=until, why="爆管", by="李敏")


def told(notices, database, number="12345", at=NOON):
    return database.read(lambda c: notices.incident_of(c, number, at))


async def listed(database, at=NOON):
    return await database.read(lambda c: rows.listed(c, at, 10, with_ended=True))


@ensureDeferred
async def test_callers_of_the_number_are_told_until_the_end(notices, database):
    notice = await notices.switch_on(wanted())
    assert (await told(notices, database)).id == notice.id
    assert (await told(notices, database, at=NOON + HOUR - timedelta(seconds=1))).id == notice.id
    assert await told(notices, database, at=NOON + HOUR) is None


@ensureDeferred
async def test_callers_of_another_number_are_told_nothing(notices, database):
    await notices.switch_on(wanted())
    assert await told(notices, database, "12315") is None


@ensureDeferred
async def test_a_notice_for_an_alias_is_one_for_the_number(notices, database):
    assert (await notices.switch_on(wanted("037512345"))).number == "12345"


@ensureDeferred
async def test_a_prompt_of_the_operators_is_played_as_it_is(notices, database, sounds):
    await notices.switch_on(wanted(text=None, prompt="nobody-now"))
    assert (await told(notices, database)).prompt == "nobody-now"
    assert sounds.made == []


@ensureDeferred
async def test_a_second_notice_ends_the_first_at_that_moment(notices, database, clock):
    first = await notices.switch_on(wanted())
    clock.instant += timedelta(minutes=5)
    second = await notices.switch_on(wanted(text="已恢复。"))
    assert (await told(notices, database, at=clock.instant)).id == second.id
    newer, older = await listed(database, clock.instant)
    assert (older.id, older.is_on, older.off_by) == (first.id, False, "李敏")
    assert older.off_at == newer.starts_at == clock.instant


@ensureDeferred
async def test_one_that_has_passed_by_itself_leaves_the_number_free(notices, database, clock):
    await notices.switch_on(wanted())
    clock.instant += 2 * HOUR
    second = await notices.switch_on(wanted(until=clock.instant + HOUR))
    _, older = await listed(database, clock.instant)
    assert (older.off_at, older.off_by) == (older.ends_at, None)
    assert (await told(notices, database, at=clock.instant)).id == second.id


@ensureDeferred
async def test_it_is_switched_off_before_its_time_by_a_person(notices, database):
    await notices.switch_on(wanted())
    over = await notices.switch_off("12345", "王芳")
    assert (over.is_on, over.off_by) == (False, "王芳")
    assert await told(notices, database) is None


@ensureDeferred
async def test_what_is_not_on_cannot_be_switched_off(notices, clock):
    await notices.switch_on(wanted())
    clock.instant += HOUR
    with pytest.raises(NotAllowedError):
        await notices.switch_off("12345", "王芳")


@ensureDeferred
async def test_switching_on_and_off_are_events_with_who_and_until(notices, database):
    notice = await notices.switch_on(wanted())
    await notices.switch_off("12345", "王芳")
    found = await database.read(lambda c: c.execute(sa.select(events).order_by(events.c.id)).all())
    assert [(event.kind, event.data["notice"], event.data["by"]) for event in found] == [
        ("notice_on", notice.id, "李敏"),
        ("notice_off", notice.id, "王芳"),
    ]


@ensureDeferred
async def test_a_text_that_cannot_be_spoken_puts_nothing_on(notices, database, sounds):
    sounds.refusal = OSError("the disk is full")
    with pytest.raises(HotlineError, match="the disk is full"):
        await notices.switch_on(wanted())
    assert await listed(database) == []


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        (wanted("11111"), UnknownThingError),
        (wanted(text=None, prompt="no-such"), UnknownThingError),
        (wanted(text="[[]] <>"), HotlineError),
    ],
    ids=["number", "prompt", "silence"],
)
def test_what_nobody_could_hear_is_refused(notices, wish, fault):
    with pytest.raises(fault):
        notices.switch_on(wish)


@ensureDeferred
async def test_a_caller_to_whom_it_cannot_be_played_goes_straight_to_the_queue(notices, database, sounds):
    await notices.switch_on(wanted())
    sounds.made.clear()
    assert await told(notices, database) is None


@ensureDeferred
async def test_a_restart_makes_the_sounds_again_of_what_is_on_and_removes_the_rest(notices, database, sounds):
    await notices.switch_on(wanted())
    await notices.switch_on(wanted("12315", text="系统升级。"))
    await notices.switch_off("12315", "王芳")
    sounds.made.clear()
    await notices.start()
    assert (sounds.made, sounds.kept) == (["西区停水。"], ["西区停水。"])


@ensureDeferred
async def test_calls_are_counted_by_what_came_of_the_notice(notices, database):
    notice = await notices.switch_on(wanted())
    told_to = [
        ("heard", "ended", "by_notice"),
        ("passed", "ended", "answered"),
        ("passed", "queued", None),
        ("begun", "ended", "abandoned_early"),
        ("begun", "arrived", None),
        ("heard", "ended", "failed"),
    ]
    common = {"direction": "inbound", "arrived_at": NOON, "marks": [], "notice": notice.id}
    values = [
        {**common, "id": f"1.{n}", "notice_stage": stage, "state": state, "outcome": outcome}
        for n, (stage, state, outcome) in enumerate(told_to)
    ]
    await database.write(lambda c: c.execute(calls.insert(), values))
    found = await database.read(lambda c: rows.one(c, notice.id, NOON))
    assert (found.heard, found.left, found.went_on, found.cut_short) == (6, 1, 2, 1)


@ensureDeferred
async def test_a_call_is_routed_with_the_notice_also_where_the_number_is_withheld(
    notices, config, database, clock, roster
):
    notice = await notices.switch_on(wanted())
    inbound = Inbound(config, database, clock, roster, Pulse(), NoCallBacks(), notices.incident_of)
    for call_id, caller in (("9.0", "13800000001"), ("9.1", "")):
        plan = await inbound.route(Arrival(call_id, "12345", caller, ""))
        assert plan.incident.id == notice.id
    event = await database.read(
        lambda c: c.execute(sa.select(events).where(events.c.kind == "routed")).first()
    )
    assert event.data["notice"] == notice.id
