from datetime import timedelta
from threading import Event

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred
from twisted.internet.defer import fail

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from telephony.store import agents as agent_rows
from telephony.store.service_tables import agent_spells
from telephony.store.tables import alarms, events


async def settled(database):
    """All writes asked for so far are committed: they go through one thread in order."""
    await database.write(lambda _: None)


@ensureDeferred
async def test_login_makes_an_agent_ready_and_the_switch_is_told_after_the_commit(roster, mirror, database):
    view = await roster.command("8001", "login", None, "test")
    assert (view.state, mirror.told) == ("ready", [("8001", True, False)])
    assert (await database.read(agent_rows.load))["8001"]["state"] == "ready"


@ensureDeferred
async def test_an_agent_who_gets_ready_waits_behind_no_page_of_the_journal(roster, database):
    begun, busy = Event(), Event()
    database.write(lambda _: (begun.set(), busy.wait()))
    assert begun.wait(60)  # else the page would be of one transaction with this
    page = database.write(agent_rows.load)
    ready = roster.command("8001", "login", None, "test")
    busy.set()
    await ready
    assert (await page)["8001"]["state"] == "ready"


@ensureDeferred
async def test_a_pause_takes_the_first_reason_unless_one_is_given(roster):
    await roster.command("8001", "login", None, "test")
    assert (await roster.command("8001", "pause", None, "test")).reason == "rest"
    assert (await roster.command("8001", "pause", "meal", "test")).reason == "meal"


@ensureDeferred
async def test_an_unknown_reason_is_refused_with_those_that_exist(roster):
    await roster.command("8001", "login", None, "test")
    with pytest.raises(NotAllowedError, match="rest, meal"):
        roster.command("8001", "pause", "golf", "test")


def test_an_unknown_agent_is_refused_by_name(roster):
    with pytest.raises(UnknownThingError, match="9999"):
        roster.command("9999", "login", None, "test")


def test_pausing_before_login_is_refused(roster):
    with pytest.raises(NotAllowedError, match=r"agent 8001 is logged out: .* is not possible now"):
        roster.command("8001", "pause", None, "test")


@ensureDeferred
async def test_wrap_up_holds_the_agent_for_its_time_and_then_lets_go(roster, mirror, timer, clock, database):
    await roster.command("8001", "login", None, "test")
    roster.offered("8001", "1.0", "1.1")
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "1.1")
    assert roster.one("8001").state == "wrap_up"
    await settled(database)
    assert mirror.told[-1] == ("8001", True, True)
    timer.advance(14.9)
    assert roster.one("8001").state == "wrap_up"
    timer.advance(0.1)
    assert roster.one("8001").state == "ready"
    await settled(database)
    assert mirror.told[-1] == ("8001", True, False)


@ensureDeferred
async def test_ready_ends_a_wrap_up_early_and_its_timer_does_nothing_later(roster, timer):
    await roster.command("8001", "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "1.1")
    await roster.command("8001", "ready", None, "test")
    await roster.command("8001", "pause", None, "test")
    timer.advance(60)
    assert roster.one("8001").state == "paused"


@ensureDeferred
async def test_the_third_missed_ring_in_a_row_pauses_and_raises_one_alarm(roster, database):
    await roster.command("8001", "login", None, "test")
    for expected in ("ready", "ready", "paused"):
        roster.offered("8001", "1.0", "1.1")
        roster.ring_ended("8001", "1.1", withdrawn=False)
        assert roster.one("8001").state == expected
    await settled(database)
    rows = await database.read(lambda c: c.execute(sa.select(alarms.c.kind, alarms.c.subject)).all())
    assert rows == [("missed-rings", "8001")]


@ensureDeferred
async def test_what_became_of_a_ring_is_told_with_the_call_it_was_of(roster, database):
    await roster.command("8001", "login", None, "test")
    for nth, withdrawn in enumerate((False, True, False, False)):
        roster.offered("8001", f"{nth}.0", f"{nth}.1")
        roster.ring_ended("8001", f"{nth}.1", withdrawn=withdrawn)
    await settled(database)
    missed = sa.select(agent_spells.c.call_id, agent_spells.c.state).where(agent_spells.c.ring == "missed")
    rows = await database.read(lambda c: c.execute(missed.order_by(agent_spells.c.begins_us)).all())
    assert sorted(call for call, _ in rows) == ["0.0", "2.0", "3.0"]
    assert sorted(state for _, state in rows) == ["paused", "ready", "ready"]


@ensureDeferred
async def test_an_answered_call_between_missed_rings_starts_the_count_again(roster):
    await roster.command("8001", "login", None, "test")
    for _ in range(2):
        roster.offered("8001", "1.0", "1.1")
        roster.ring_ended("8001", "1.1", withdrawn=False)
    roster.connected("8001", "2.0", "2.1")
    assert roster.one("8001").missed_rings == 0


@ensureDeferred
async def test_a_ring_whose_caller_went_away_is_not_missed(roster):
    await roster.command("8001", "login", None, "test")
    roster.offered("8001", "1.0", "1.1")
    roster.ring_ended("8001", "1.1", withdrawn=True)
    assert (roster.one("8001").state, roster.one("8001").missed_rings) == ("ready", 0)


@ensureDeferred
async def test_the_hangup_of_another_channel_of_the_agent_changes_nothing(roster):
    await roster.command("8001", "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "7.7")
    assert roster.one("8001").state == "talking"


@ensureDeferred
async def test_a_new_process_takes_up_the_stored_states_and_what_is_left_of_a_wrap_up(
    roster, config, database, clock, timer, mirror
):
    await roster.command("8001", "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "1.1")
    await settled(database)
    roster.stop()
    clock.instant += timedelta(seconds=10)
    later = Roster(config, database, clock, timer, mirror, Pulse())
    later.restore(await database.read(agent_rows.load))
    assert later.one("8001").state == "wrap_up"
    timer.advance(4.9)
    assert later.one("8001").state == "wrap_up"
    timer.advance(0.1)
    assert later.one("8001").state == "ready"


@ensureDeferred
async def test_after_a_restart_a_talk_that_is_gone_becomes_wrap_up_and_one_that_lives_is_adopted(roster):
    for number in ("8001", "8002"):
        await roster.command(number, "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    roster.reconcile({"8002": ("Up", "2.0", "2.1")}, ["8001", "4711"])
    assert (roster.one("8001").state, roster.one("8002").state) == ("wrap_up", "talking")
    roster.leg_ended("8002", "2.1")
    assert roster.one("8002").state == "wrap_up"


@ensureDeferred
async def test_a_stranger_in_the_queues_is_taken_out(roster, mirror):
    roster.reconcile({}, ["4711"])
    assert ("4711", "removed") in mirror.told


@ensureDeferred
async def test_every_change_is_an_event_that_says_by_whom(roster, database):
    await roster.command("8001", "login", None, "api")
    data = await database.read(lambda c: c.scalar(sa.select(events.c.data).where(events.c.kind == "agent")))
    assert (data["from"], data["to"], data["by"]) == ("logged_out", "ready", "api")


@ensureDeferred
async def test_only_agents_whose_phone_is_there_count_as_ready(roster):
    await roster.command("8001", "login", None, "test")
    assert "8001" in roster.ready_agents
    roster.phone("8001", "unreachable")
    assert "8001" not in roster.ready_agents


@ensureDeferred
async def test_a_log_out_asked_for_while_the_last_ring_is_missed_is_not_turned_into_a_pause(roster, database):
    await roster.command("8001", "login", None, "test")
    for _ in range(2):
        roster.offered("8001", "1.0", "1.1")
        roster.ring_ended("8001", "1.1", withdrawn=False)
    roster.offered("8001", "1.0", "1.1")
    await roster.command("8001", "logout", None, "test")
    roster.ring_ended("8001", "1.1", withdrawn=False)
    assert roster.one("8001").state == "logged_out"
    assert await database.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(alarms))) == 0


@ensureDeferred
async def test_a_wrap_up_lasts_no_longer_than_the_rule_though_the_clock_was_set_back(
    roster, config, database, clock, timer, mirror
):
    await roster.command("8001", "login", None, "test")
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "1.1")
    await settled(database)
    roster.stop()
    clock.instant -= timedelta(hours=5)
    later = Roster(config, database, clock, timer, mirror, Pulse())
    later.restore(await database.read(agent_rows.load))
    timer.advance(config.hotline.agents.wrap_up_seconds)
    assert later.one("8001").state == "ready"


@ensureDeferred
async def test_a_change_that_the_database_refused_is_stored_and_told_to_the_switch_later(
    roster, mirror, database, timer, monkeypatch
):
    await roster.command("8001", "login", None, "test")
    write = database.write
    monkeypatch.setattr(database, "write", lambda _, **_how: fail(OSError("the disk is full")))
    roster.connected("8001", "1.0", "1.1")
    roster.leg_ended("8001", "1.1")
    timer.advance(15)
    assert mirror.told == [("8001", True, False)]
    monkeypatch.setattr(database, "write", write)
    timer.advance(1)
    await settled(database)
    assert (await database.read(agent_rows.load))["8001"]["state"] == "ready"
    changes = sa.select(events.c.data).where(events.c.kind == "agent").order_by(events.c.id)
    told = await database.read(lambda c: [data["to"] for data in c.scalars(changes)])
    assert told == ["ready", "talking", "wrap_up", "ready"]
    assert len(mirror.told) == 2


@ensureDeferred
async def test_a_command_that_could_not_be_stored_says_so_and_is_made_good(
    roster, database, timer, monkeypatch
):
    write = database.write
    monkeypatch.setattr(database, "write", lambda _, **_how: fail(OSError("the disk is full")))
    with pytest.raises(OSError, match="disk"):
        await roster.command("8001", "login", None, "test")
    monkeypatch.setattr(database, "write", write)
    timer.advance(1)
    await settled(database)
    assert (await database.read(agent_rows.load))["8001"]["state"] == "ready"


@ensureDeferred
async def test_nothing_is_tried_again_after_the_stop(roster, database, timer, monkeypatch):
    monkeypatch.setattr(database, "write", lambda _, **_how: fail(OSError("the disk is full")))
    roster.connected("8001", "1.0", "1.1")
    roster.stop()
    assert timer.getDelayedCalls() == []


def test_who_watches_phones_is_told_of_each_report_and_a_phone_in_use_is_there(roster):
    told = []
    roster.phone_listeners.append(lambda *report: told.append(report))
    for state in ("registered", "in_use", "unreachable"):
        roster.phone("8001", state)
    roster.phone("4711", "registered")
    assert told == [("8001", True), ("8001", True), ("8001", False)]


@ensureDeferred
async def test_a_queue_is_served_by_who_is_at_work_also_in_a_pause_at_a_phone_that_is_there(roster):
    assert not roster.serves("city-leader")
    await roster.command("8801", "login", None, "test")
    await roster.command("8801", "pause", None, "test")
    assert roster.serves("city-leader")
    assert not roster.serves("city-leader-screening")
    roster.phone("8801", "unreachable")
    assert not roster.serves("city-leader")
    roster.phone("8801", "in_use")
    assert roster.serves("city-leader")
