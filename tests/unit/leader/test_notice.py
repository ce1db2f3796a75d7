"""What is announced of a leader day, and the forms it goes out in; calendars are read again by icalendar."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from icalendar import Calendar
from pytest_twisted import ensureDeferred

from telephony.leader.notice import calendar_of, spoken_of, text_of
from telephony.store import leader_days as rows
from telephony.store.leader_tables import leader_notices
from tests.unit.leader.hall import at

WHY = "临时公务"
POSTPONED = ("12-20 15:00", "12-20 17:30")


async def postponed(hall, day, times=POSTPONED, why=WHY):
    await hall.days.postpone(day.id, *map(at, times), "王芳", why)
    return (await hall.notices(day.id))[-1]


def event_of(*notices):
    text = calendar_of(notices)
    (event,) = Calendar.from_ical(text).events
    return event


@ensureDeferred
async def test_a_notice_says_who_when_where_about_what_and_how_to_call(hall):
    day = await hall.published(topics=("city-enterprise",))
    (notice,) = await hall.notices(day.id)
    assert notice.content == {
        "number": f"{day.id}-1",
        "day": day.id,
        "seat": "city-hall",
        "kind": "published",
        "title": "领导接线日公告",
        "centre": "平顶山市民呼必应指挥中心",
        "leader": {"name": "李建国", "post": "市长"},
        "date": "2026-12-10",
        "weekday": "星期四",
        "starts_at": "2026-12-10T15:00:00+08:00",
        "ends_at": "2026-12-10T17:00:00+08:00",
        "when": "2026年12月10日（星期四）15:00—17:00",
        "scope": "供热、供水",
        "call": {
            "main_number": "12345",
            "key": "6",
            "own_number": "037512346",
            "topics": [{"key": "2", "name": "企业服务"}],
        },
        "uid": f"leader-day-{day.id}@hotline-0375",
        "reason": None,
        "replaces": None,
        "published_at": "2026-11-23T12:00:00+08:00",
        "spoken": None,
    }


@ensureDeferred
async def test_the_text_of_a_notice_is_what_the_web_site_prints(hall):
    day = await hall.published(topics=("city-enterprise",))
    (notice,) = await hall.notices(day.id)
    assert text_of(notice.content).splitlines() == [
        "平顶山市民呼必应指挥中心",
        "领导接线日公告",
        f"第{day.id}-1号",
        "",
        "现将领导接线日活动安排公告如下：",
        "",
        "接线领导：市长 李建国",
        "接线时间：2026年12月10日（星期四）15:00—17:00",
        "接线地点：平顶山市民呼必应指挥中心接线大厅",
        "受理范围：供热、供水",
        "拨打方式：活动期间拨打12345，接通后按6键，企业服务按2键；或活动期间拨打领导接线专线037512346",
        "",
        "平顶山市民呼必应指挥中心",
        "2026年11月23日",
    ]


@ensureDeferred
async def test_a_county_without_a_key_names_its_own_number_alone(hall):
    day = await hall.published(seat="baofeng-hall", leader="baofeng-head")
    (notice,) = await hall.notices(day.id)
    assert "拨打方式：活动期间拨打领导接线专线03756512346\n" in text_of(notice.content)
    assert notice.content["call"]["topics"] == []


@ensureDeferred
async def test_a_postponement_says_what_it_replaces_and_why(hall):
    day = await hall.published()
    hall.now("12-01 09:00")
    notice = await postponed(hall, day)
    assert notice.content["replaces"] == {
        "number": f"{day.id}-1",
        "leader": {"name": "李建国", "post": "市长"},
        "starts_at": "2026-12-10T15:00:00+08:00",
        "ends_at": "2026-12-10T17:00:00+08:00",
        "when": "2026年12月10日（星期四）15:00—17:00",
    }
    text = text_of(notice.content)
    assert "领导接线日公告（延期）" in text
    assert f"第{day.id}-1号公告的2026年12月10日（星期四）15:00—17:00领导接线日活动因临时公务延期。" in text
    assert "接线时间：2026年12月20日（星期日）15:00—17:30" in text


@ensureDeferred
async def test_a_substitution_names_both_leaders(hall):
    day = await hall.published()
    await hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY)
    text = text_of((await hall.notices(day.id))[-1].content)
    assert "因临时公务更换接线领导，原为市长 李建国。" in text
    assert "接线领导：副市长 周敏" in text


@ensureDeferred
async def test_a_cancellation_invites_nobody_to_call(hall):
    day = await hall.published()
    await hall.days.cancel(day.id, "王芳", WHY)
    text = text_of((await hall.notices(day.id))[-1].content)
    assert "领导接线日活动因临时公务取消。" in text
    assert "拨打" not in text
    assert "接线领导" not in text


@ensureDeferred
async def test_a_session_until_midnight_is_written_as_ending_at_24(hall):
    day = await hall.published("12-10 22:00", "12-11 00:00")
    (notice,) = await hall.notices(day.id)
    assert notice.content["when"] == "2026年12月10日（星期四）22:00—24:00"


@ensureDeferred
async def test_callers_are_told_of_a_postponement_by_days_and_hours_as_one_says_them(hall):
    day = await hall.published()
    notice = await postponed(hall, day)
    said = "您好，原定十二月十日下午三点的领导接线日活动延期至十二月二十日下午三点，敬请谅解，欢迎届时来电。"
    assert spoken_of(notice.content) == said
    assert hall.sounds.made == [said]


@ensureDeferred
async def test_callers_are_told_of_a_cancellation(hall):
    day = await hall.published()
    await hall.days.cancel(day.id, "王芳", WHY)
    said = "您好，原定十二月十日下午三点的领导接线日活动取消，敬请谅解。"
    assert spoken_of((await hall.notices(day.id))[-1].content) == said
    assert hall.sounds.made == [said]


@ensureDeferred
async def test_a_first_notice_and_a_substitution_are_not_spoken_to_callers(hall):
    day = await hall.published()
    await hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY)
    assert [spoken_of(each.content) for each in await hall.notices(day.id)] == [None, None]
    assert hall.sounds.made == []


# The calendar.


@ensureDeferred
async def test_a_calendar_has_the_sessions_times_in_shanghai_its_place_and_what_is_announced(hall):
    day = await hall.published()
    (notice,) = await hall.notices(day.id)
    event = event_of(notice)
    assert (event.start, event.end) == (at("12-10 15:00"), at("12-10 17:00"))
    assert event["DTSTART"].params["TZID"] == event["DTEND"].params["TZID"] == "Asia/Shanghai"
    assert (event.uid, event.sequence, event["STATUS"]) == (
        f"leader-day-{day.id}@hotline-0375",
        0,
        "CONFIRMED",
    )
    assert event["SUMMARY"] == "领导接线日：市长 李建国"
    assert event["LOCATION"] == "平顶山市民呼必应指挥中心"
    assert event["DESCRIPTION"] == text_of(notice.content)
    assert notice.published_at == event.DTSTAMP


@ensureDeferred
async def test_a_calendar_brings_its_time_zone_and_lines_that_every_program_reads(hall):
    day = await hall.published()
    text = calendar_of(await hall.notices(day.id))
    (zone,) = Calendar.from_ical(text).timezones
    assert zone.tz_name == "Asia/Shanghai"
    assert zone.to_tz().utcoffset(at("12-10 15:00").replace(tzinfo=None)) == timedelta(hours=8)
    assert "METHOD:PUBLISH\r\n" in text
    assert "VERSION:2.0\r\n" in text
    lines = text.encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)


@ensureDeferred
async def test_a_later_notice_of_a_day_is_the_same_event_with_a_higher_sequence(hall):
    day = await hall.published()
    event = event_of(await postponed(hall, day))
    assert (event.uid, event.sequence, event.start) == (
        f"leader-day-{day.id}@hotline-0375",
        1,
        at("12-20 15:00"),
    )
    await hall.days.cancel(day.id, "王芳", WHY)
    last = event_of((await hall.notices(day.id))[-1])
    assert (last.uid, last.sequence, last["STATUS"]) == (event.uid, 2, "CANCELLED")


@ensureDeferred
async def test_a_calendar_holds_several_days_one_event_each(hall):
    found = []
    for seat, leader in (("city-hall", "mayor-li"), ("baofeng-hall", "baofeng-head")):
        day = await hall.published(seat=seat, leader=leader)
        found += await hall.notices(day.id)
    events = Calendar.from_ical(calendar_of(found)).events
    assert len({event.uid for event in events}) == len(events) == 2


@ensureDeferred
async def test_a_calendar_of_the_same_notices_is_the_same_text_each_time(hall):
    day = await hall.published()
    found = await hall.notices(day.id)
    assert calendar_of(found) == calendar_of(found)


def test_a_calendar_of_no_days_is_one_without_events():
    assert Calendar.from_ical(calendar_of([])).events == []


@ensureDeferred
async def test_what_breaks_lines_or_fields_in_a_calendar_is_only_text(hall):
    day = await hall.published(scope="供热;供水,停电\\BEGIN:VALARM")
    event = event_of(*(await hall.notices(day.id)))
    assert "供热;供水,停电\\BEGIN:VALARM" in event["DESCRIPTION"]
    assert event.alarms.times == []


# What was announced stays.


@ensureDeferred
async def test_no_later_step_changes_a_notice_that_is_out(hall):
    day = await hall.published()
    seen = await hall.notices(day.id)
    for step in (
        lambda: postponed(hall, day),
        lambda: hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY),
        lambda: postponed(hall, day, ("12-28 15:00", "12-28 17:00"), "第二次"),
        lambda: hall.days.cancel(day.id, "王芳", WHY),
    ):
        await step()
        now = await hall.notices(day.id)
        assert now[: len(seen)] == seen
        assert [each.nth for each in now] == list(range(1, len(seen) + 2))
        seen = now


@pytest.mark.parametrize("statement", ["update", "delete"])
@ensureDeferred
async def test_nothing_in_the_store_rewrites_or_removes_a_notice(hall, statement):
    day = await hall.published()
    done = []
    sa.event.listen(hall.database.engine, "before_cursor_execute", lambda *words: done.append(words[2]))
    await postponed(hall, day)
    await hall.days.cancel(day.id, "王芳", WHY)
    touching = [each for each in done if leader_notices.name in each]
    assert any(each.lower().startswith("insert") for each in touching)
    assert not any(each.lower().startswith(statement) for each in touching)


# What callers hear, and for how long.


@ensureDeferred
async def test_callers_hear_of_a_postponement_until_the_announced_session_would_have_ended(hall):
    day = await hall.published()
    notice = await postponed(hall, day)
    moved = await hall.one(day.id)
    for time in ("11-23 12:00", "12-10 16:59:59"):
        hall.now(time)
        assert hall.days.spoken(moved) == spoken_of(notice.content)
    hall.now("12-10 17:00")
    assert hall.days.spoken(moved) is None


@ensureDeferred
async def test_callers_hear_the_newest_of_two_postponements_until_its_own_end(hall):
    day = await hall.published()
    await postponed(hall, day)
    second = await postponed(hall, day, ("12-28 15:00", "12-28 17:00"))
    hall.now("12-20 17:29:59")
    assert hall.days.spoken(await hall.one(day.id)) == spoken_of(second.content)
    hall.now("12-20 17:30")
    assert hall.days.spoken(await hall.one(day.id)) is None


@ensureDeferred
async def test_callers_go_on_hearing_of_a_postponement_when_another_leader_will_sit(hall):
    day = await hall.published()
    notice = await postponed(hall, day)
    changed = await hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY)
    assert hall.days.spoken(changed) == spoken_of(notice.content)


@ensureDeferred
async def test_of_a_cancelled_day_its_own_seats_callers_hear_and_no_others(hall):
    day = await hall.published()
    other = await hall.published(seat="baofeng-hall", leader="baofeng-head")
    over = await hall.days.cancel(day.id, "王芳", WHY)
    assert (hall.days.spoken(over) is None, hall.days.spoken(other)) == (False, None)
    assert [(each.day_id, each.seat, each.until) for each in hall.days.heard()] == [
        (day.id, "city-hall", at("12-10 17:00"))
    ]


@ensureDeferred
async def test_a_restart_speaks_again_what_is_heard_and_removes_the_rest(hall):
    gone = await hall.published("12-02 15:00", "12-02 17:00", seat="baofeng-hall", leader="baofeng-head")
    await hall.days.cancel(gone.id, "王芳", WHY)
    day = await hall.published()
    notice = await postponed(hall, day)
    hall.now("12-02 17:00")
    hall.sounds.made.clear()
    again = hall.service()
    await again.start()
    assert hall.sounds.made == hall.sounds.kept == [spoken_of(notice.content)]
    assert again.spoken(await hall.one(day.id)) == spoken_of(notice.content)


@ensureDeferred
async def test_another_service_finds_at_its_tick_what_was_announced_and_speaks_it_once(hall):
    other, day = hall.service(), await hall.published()
    await other.start()
    notice = await postponed(hall, day)
    hall.sounds.made.clear()
    await other.refresh()
    await other.refresh()
    assert other.spoken(await hall.one(day.id)) == spoken_of(notice.content)
    assert hall.sounds.made == [spoken_of(notice.content)]


@ensureDeferred
async def test_a_notice_is_stored_in_utc_and_shown_in_shanghai(hall):
    day = await hall.published()
    (notice,) = await hall.notices(day.id)
    assert notice.published_at.tzinfo == ZoneInfo("Asia/Shanghai")
    stored = await hall.database.read(lambda c: c.scalar(sa.select(leader_notices.c.published_at)))
    assert stored.tzinfo == UTC
    assert await hall.database.read(lambda c: rows.newest_notices(c, [day.id, 99])) == [notice]
