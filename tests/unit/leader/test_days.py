"""Leader days are planned, announced and held: what each command asks, changes and tells."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.errors import HotlineError, NotAllowedError, UnknownThingError
from telephony.store import leader_days as rows
from telephony.store.tables import events
from tests.unit.leader.hall import at, wanted

SECOND = timedelta(seconds=1)
WHY = "临时公务"


async def refused(doing, text, error=NotAllowedError):
    with pytest.raises(error, match=text):
        await doing


# Planning.


@ensureDeferred
async def test_a_day_is_planned_and_belongs_to_the_centre_of_its_seat(hall):
    day = await hall.days.add(wanted(topics=("city-enterprise",)))
    assert (day.centre, day.seat, day.leader, day.state) == ("city", "city-hall", "mayor-li", "planned")
    assert (day.starts_at, day.ends_at, day.created_at) == (
        at("12-10 15:00"),
        at("12-10 17:00"),
        at("11-23 12:00"),
    )
    assert (day.topics, day.scope, day.by) == (["city-enterprise"], "供热、供水", "李敏")
    assert await hall.notices(day.id) == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"seat": "nowhere"}, "city-hall, baofeng-hall, jiaxian-hall"),
        ({"leader": "nobody"}, "mayor-li, vice-mayor-zhou"),
        ({"topics": ("city-12315",)}, "city-12345, city-enterprise"),
        ({"seat": "baofeng-hall", "leader": "baofeng-head", "topics": ("baofeng-12345",)}, "–"),
    ],
)
@ensureDeferred
async def test_what_does_not_exist_is_refused_with_what_there_is(hall, values, named):
    await refused(hall.days.add(wanted(**values)), named, UnknownThingError)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"start": "11-23 12:00", "end": "11-23 14:00"}, "lies in the past"),
        ({"end": "12-10 16:59"}, "120 minutes at least"),
        ({"start": "12-10 23:00", "end": "12-11 01:00"}, "over midnight"),
        ({"leader": "baofeng-head"}, "does not sit in the hall of city; there are mayor-li, vice-mayor-zhou"),
        ({"seat": "baofeng-hall"}, "does not sit in the hall of baofeng; there are baofeng-head$"),
    ],
)
@ensureDeferred
async def test_what_the_rules_forbid_is_refused_in_words_and_nothing_is_kept(hall, values, text):
    await refused(hall.days.add(wanted(**values)), text)
    assert await hall.database.read(rows.listed) == []
    assert hall.told == []


@ensureDeferred
async def test_a_second_day_of_a_centre_in_a_month_wants_a_reason(hall):
    await hall.days.add(wanted())
    again = ("12-31 15:00", "12-31 17:00")
    await refused(hall.days.add(wanted(*again)), "in 2026-12 already")
    assert (await hall.days.add(wanted(*again, reason="积案较多"))).reason == "积案较多"
    assert (await hall.days.add(wanted("2027-01-01 15:00", "2027-01-01 17:00"))).reason is None


@ensureDeferred
async def test_centres_do_not_count_each_others_days_and_may_sit_in_the_same_hours(hall):
    for seat, leader in (
        ("city-hall", "mayor-li"),
        ("baofeng-hall", "baofeng-head"),
        ("jiaxian-hall", "jiaxian-head"),
    ):
        assert (await hall.days.add(wanted(seat=seat, leader=leader))).state == "planned"


@ensureDeferred
async def test_a_cancelled_day_is_not_its_months(hall):
    day = await hall.days.add(wanted())
    await hall.days.cancel(day.id, "李敏", None)
    assert (await hall.days.add(wanted())).state == "planned"


@ensureDeferred
async def test_a_played_day_and_a_real_one_do_not_count_each_other(hall):
    for _ in range(2):
        await hall.days.play("李敏", 120, timedelta(days=17), timedelta(seconds=60))
    assert (await hall.days.add(wanted())).played == 0


@pytest.mark.parametrize(
    ("times", "good"),
    [
        (("12-10 17:00", "12-10 19:00"), True),
        (("12-10 16:59", "12-10 19:00"), False),
        (("12-10 13:00", "12-10 15:00"), True),
        (("12-10 13:00", "12-10 15:01"), False),
    ],
)
@ensureDeferred
async def test_two_days_of_one_seat_or_leader_do_not_overlap(hall, times, good):
    first = await hall.days.add(wanted())
    adding = hall.days.add(wanted(*times, reason="积案较多"))
    if good:
        await adding
    else:
        await refused(adding, f"overlaps leader day {first.id}")


@ensureDeferred
async def test_a_planned_day_is_changed_and_checked_again(hall):
    day = await hall.days.add(wanted())
    changed = await hall.days.change(
        day.id, "王芳", leader="zhanhe-head", scope="供电", topics=("city-enterprise",)
    )
    assert (changed.leader, changed.scope, changed.topics, changed.by) == (
        "zhanhe-head",
        "供电",
        ["city-enterprise"],
        "李敏",
    )
    assert changed.starts_at == day.starts_at
    await refused(hall.days.change(day.id, "王芳", ends_at=at("12-10 16:59")), "120 minutes")
    moved = await hall.days.change(day.id, "王芳", seat="baofeng-hall", leader="baofeng-head", topics=())
    assert (moved.centre, moved.seat) == ("baofeng", "baofeng-hall")


@ensureDeferred
async def test_what_was_announced_is_not_changed_in_silence(hall):
    day = await hall.published()
    await refused(hall.days.change(day.id, "王芳", scope="供电"), "change is not possible now")
    assert (await hall.one(day.id)).scope == "供热、供水"


# Announcing.


@ensureDeferred
async def test_a_day_is_published_until_the_last_second_of_the_eighth_day_before(hall):
    day = await hall.days.add(wanted())
    hall.now("12-02 23:59:59")
    assert (await hall.days.publish(day.id, "李敏")).state == "published"
    (notice,) = await hall.notices(day.id)
    assert (notice.nth, notice.kind, notice.by, notice.reason) == (1, "published", "李敏", None)
    assert notice.published_at == at("12-02 23:59:59")


@ensureDeferred
async def test_a_second_later_publishing_is_refused_with_the_first_possible_day(hall):
    day = await hall.days.add(wanted())
    hall.now("12-03 00:00:00")
    await refused(hall.days.publish(day.id, "李敏"), "the first possible day is 2026-12-11")
    assert ((await hall.one(day.id)).state, await hall.notices(day.id)) == ("planned", [])


@ensureDeferred
async def test_the_plan_is_checked_again_when_it_is_published(hall):
    day = await hall.days.add(wanted())
    await hall.database.write(lambda c: rows.move(c, day, "planned", leader="gone"))
    await refused(hall.days.publish(day.id, "李敏"), "no leader gone", UnknownThingError)
    await hall.database.write(lambda c: rows.move(c, day, "planned", leader="baofeng-head"))
    await refused(hall.days.publish(day.id, "李敏"), "does not sit")


@ensureDeferred
async def test_publishing_twice_is_refused(hall):
    day = await hall.published()
    await refused(hall.days.publish(day.id, "李敏"), "publish is not possible now")


@ensureDeferred
async def test_a_postponement_keeps_the_id_and_makes_a_new_notice(hall):
    day = await hall.published()
    hall.now("12-09 23:00")
    moved = await hall.days.postpone(day.id, at("12-20 15:00"), at("12-20 17:00"), "王芳", WHY)
    assert (moved.id, moved.state, moved.starts_at) == (day.id, "postponed", at("12-20 15:00"))
    first, second = await hall.notices(day.id)
    assert (first.kind, first.content["starts_at"]) == ("published", "2026-12-10T15:00:00+08:00")
    assert (second.nth, second.kind, second.reason, second.by) == (2, "postponed", WHY, "王芳")
    assert second.content["starts_at"] == "2026-12-20T15:00:00+08:00"
    assert second.content["replaces"]["number"] == first.content["number"]


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (("12-15 15:00", "12-15 17:00"), "the first possible day is 2026-12-16"),
        (("12-17 15:00", "12-17 16:59"), "120 minutes"),
        (("12-17 23:00", "12-18 01:00"), "over midnight"),
        (("12-10 15:00", "12-10 18:00"), "later than it was to"),
        (("12-09 15:00", "12-09 17:00"), "later than it was to"),
    ],
)
@ensureDeferred
async def test_a_postponement_is_checked_like_a_new_plan(hall, times, text):
    day = await hall.published()
    hall.now("12-08 12:00")
    await refused(hall.days.postpone(day.id, *map(at, times), "王芳", WHY), text)
    assert (await hall.one(day.id)).state == "published"
    assert hall.sounds.made == []


@ensureDeferred
async def test_a_postponement_to_the_first_possible_day_is_lawful(hall):
    day = await hall.published()
    hall.now("12-08 23:59:59")
    moved = await hall.days.postpone(day.id, at("12-16 00:00"), at("12-16 02:00"), "王芳", WHY)
    assert moved.state == "postponed"


@ensureDeferred
async def test_a_postponement_into_a_month_that_has_a_day_says_why_it_is_a_second(hall):
    january = ("2027-01-15 15:00", "2027-01-15 17:00")
    await hall.days.add(wanted("2027-01-05 15:00", "2027-01-05 17:00"))
    day = await hall.published()
    await refused(hall.days.postpone(day.id, *map(at, january), "王芳", WHY), "in 2027-01 already")
    moved = await hall.days.postpone(day.id, *map(at, january), "王芳", WHY, "补十二月的")
    assert (moved.reason, moved.state) == ("补十二月的", "postponed")


@ensureDeferred
async def test_why_it_was_a_second_one_in_its_old_month_is_no_reason_in_another(hall):
    january = ("2027-01-15 15:00", "2027-01-15 17:00")
    for times in (("2027-01-05 15:00", "2027-01-05 17:00"), ("12-20 15:00", "12-20 17:00")):
        await hall.days.add(wanted(*times))
    day = await hall.days.add(wanted(reason="积案较多"))
    times = dict(zip(("starts_at", "ends_at"), map(at, january), strict=True))
    await refused(hall.days.change(day.id, "李敏", **times), "in 2027-01 already")
    await hall.days.publish(day.id, "李敏")
    await refused(hall.days.postpone(day.id, *map(at, january), "王芳", WHY), "in 2027-01 already")


@ensureDeferred
async def test_a_day_that_moves_within_its_month_keeps_why_it_is_a_second_one(hall):
    await hall.days.add(wanted("12-20 15:00", "12-20 17:00"))
    day = await hall.days.add(wanted(reason="积案较多"))
    day = await hall.days.change(day.id, "李敏", ends_at=at("12-10 17:30"))
    await hall.days.publish(day.id, "李敏")
    moved = await hall.days.postpone(day.id, at("12-12 15:00"), at("12-12 17:00"), "王芳", WHY)
    assert (day.reason, moved.reason) == ("积案较多", "积案较多")


@ensureDeferred
async def test_a_day_that_leaves_its_month_leaves_its_reason_there(hall):
    day = await hall.published(reason="积案较多")
    moved = await hall.days.postpone(day.id, at("2027-01-15 15:00"), at("2027-01-15 17:00"), "王芳", WHY)
    assert moved.reason is None


@ensureDeferred
async def test_a_day_is_not_a_second_one_beside_itself(hall):
    day = await hall.published()
    moved = await hall.days.postpone(day.id, at("12-31 22:00"), at("2027-01-01 00:00"), "王芳", WHY)
    assert moved.ends_at == at("2027-01-01 00:00")


@ensureDeferred
async def test_another_leader_may_sit_however_late_and_that_is_announced(hall):
    day = await hall.published()
    hall.now("12-10 14:59:59")
    changed = await hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY)
    assert (changed.id, changed.state, changed.leader) == (day.id, "substituted", "vice-mayor-zhou")
    _, second = await hall.notices(day.id)
    assert (second.kind, second.content["leader"]["name"]) == ("substituted", "周敏")
    assert second.content["replaces"]["leader"]["name"] == "李建国"


@pytest.mark.parametrize(
    ("leader", "text", "error"),
    [
        ("mayor-li", "is the day's leader already", NotAllowedError),
        ("baofeng-head", "does not sit in the hall of city", NotAllowedError),
        ("nobody", "there are mayor-li", UnknownThingError),
    ],
)
@ensureDeferred
async def test_who_cannot_sit_there_is_no_substitute(hall, leader, text, error):
    day = await hall.published()
    await refused(hall.days.substitute(day.id, leader, "王芳", WHY), text, error)


@ensureDeferred
async def test_a_session_that_is_over_has_no_substitute(hall):
    day = await hall.published()
    hall.now("12-10 17:00")
    await refused(hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY), "lies in the past")


@ensureDeferred
async def test_a_substitute_who_sits_elsewhere_at_that_time_is_refused(hall):
    day = await hall.published()
    await hall.days.add(wanted("12-10 17:00", "12-10 19:00", leader="vice-mayor-zhou", reason="专场"))
    await hall.days.substitute(day.id, "vice-mayor-zhou", "王芳", WHY)
    hall.now("12-10 15:00")
    await hall.days.open_day(day.id, "王芳")
    await refused(hall.days.extend(day.id, at("12-10 17:01"), "王芳"), "overlaps leader day")


@ensureDeferred
async def test_a_cancellation_of_what_was_announced_wants_a_reason_and_makes_a_notice(hall):
    day = await hall.published()
    await refused(hall.days.cancel(day.id, "王芳", None), "say why")
    await refused(hall.days.cancel(day.id, "王芳", ""), "say why")
    assert (await hall.days.cancel(day.id, "王芳", WHY)).state == "cancelled"
    _, last = await hall.notices(day.id)
    assert (last.kind, last.reason, last.content["kind"]) == ("cancelled", WHY, "cancelled")


@ensureDeferred
async def test_a_plan_that_nobody_was_told_of_is_dropped_without_a_word(hall):
    day = await hall.days.add(wanted())
    assert (await hall.days.cancel(day.id, "王芳", None)).state == "cancelled"
    assert (await hall.notices(day.id), hall.sounds.made) == ([], [])


# Holding.


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("12-10 13:59:59", "from 12-10 14:00:00 on"),
        ("12-10 14:00:00", None),
        ("12-10 15:00:00", None),
        ("12-10 16:59:59", None),
        ("12-10 17:00:00", "ended at 12-10 17:00:00"),
    ],
)
@ensureDeferred
async def test_a_day_is_opened_from_an_hour_before_it_until_its_end(hall, time, text):
    day = await hall.published()
    hall.now(time)
    opening = hall.days.open_day(day.id, "王芳")
    if text is None:
        opened = await opening
        assert (opened.state, opened.opened_at, opened.opened_by) == ("open", at(time), "王芳")
    else:
        await refused(opening, text)


@ensureDeferred
async def test_a_day_that_was_never_announced_does_not_open(hall):
    day = await hall.days.add(wanted())
    hall.now("12-10 15:00")
    await refused(hall.days.open_day(day.id, "王芳"), "open is not possible now")


@ensureDeferred
async def test_one_seat_has_one_open_day(hall):
    second = await hall.published("12-10 17:00", "12-10 19:00")
    first = await hall.published("12-10 14:00", "12-10 16:30", reason="专场", leader="zhanhe-head")
    hall.now("12-10 16:00")
    await hall.days.open_day(first.id, "王芳")
    await refused(hall.days.open_day(second.id, "王芳"), f"day {first.id} is open on this seat")
    await hall.days.close_day(first.id, "王芳", WHY)
    assert (await hall.days.open_day(second.id, "王芳")).state == "open"


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("12-10 17:00:01", None),
        ("12-11 00:00", None),
        ("12-10 17:00:00", "a time after 12-10 17:00:00"),
        ("12-10 16:00:00", "a time after 12-10 17:00:00"),
        ("12-11 00:00:01", "over midnight"),
    ],
)
@ensureDeferred
async def test_the_end_of_an_open_day_is_put_off_until_midnight_and_never_brought_forward(hall, end, text):
    day = await hall.opened()
    extending = hall.days.extend(day.id, at(end), "王芳")
    if text is None:
        assert ((await extending).ends_at, (await hall.one(day.id)).state) == (at(end), "open")
    else:
        await refused(extending, text)


@ensureDeferred
async def test_an_end_that_has_passed_is_put_off_to_a_time_to_come_only(hall):
    day = await hall.opened()
    hall.now("12-10 17:10")
    await refused(hall.days.extend(day.id, at("12-10 17:10"), "王芳"), "a time after 12-10 17:10:00")
    assert (await hall.days.extend(day.id, at("12-10 17:30"), "王芳")).ends_at == at("12-10 17:30")


@ensureDeferred
async def test_a_day_is_closed_before_its_end_with_a_reason_only(hall):
    day = await hall.opened()
    hall.now("12-10 16:59:59")
    await refused(hall.days.close_day(day.id, "王芳"), "lasts until 12-10 17:00:00")
    closed = await hall.days.close_day(day.id, "王芳", "领导赶赴现场")
    assert (closed.state, closed.closed_at, closed.closed_by) == ("closed", at("12-10 16:59:59"), "王芳")
    assert closed.closed_why == "领导赶赴现场"


@ensureDeferred
async def test_at_its_end_a_day_is_closed_without_a_word(hall):
    day = await hall.opened()
    hall.now("12-10 17:00")
    assert ((await hall.days.close_day(day.id, "system")).state, (await hall.one(day.id)).closed_why) == (
        "closed",
        None,
    )


@ensureDeferred
async def test_a_day_that_is_not_there_is_named(hall):
    await refused(hall.days.publish(77, "李敏"), "no leader day 77", UnknownThingError)


# What is told.


@ensureDeferred
async def test_each_step_is_an_event_and_listeners_hear_of_it_before_the_pulse(hall):
    day = await hall.opened()
    await hall.days.extend(day.id, at("12-10 17:30"), "王芳")
    await hall.days.close_day(day.id, "王芳", WHY)
    found = await hall.database.read(lambda c: c.execute(sa.select(events).order_by(events.c.id)).all())
    assert {event.kind for event in found} == {"leader_day"}
    assert [(event.data["what"], event.data["state"], event.data["by"]) for event in found] == [
        ("add", "planned", "李敏"),
        ("publish", "published", "李敏"),
        ("open", "open", "李敏"),
        ("extend", "open", "王芳"),
        ("close", "closed", "王芳"),
    ]
    assert {event.data["day"] for event in found} == {day.id}
    assert (found[1].data["notice"], found[4].data["reason"]) == (f"{day.id}-1", WHY)
    assert hall.told == ["listener", "tell"] * 5


@ensureDeferred
async def test_a_step_that_fails_is_no_event_and_nobody_hears_of_it(hall):
    day = await hall.published()
    before = list(hall.told)
    await refused(hall.days.open_day(day.id, "王芳"), "too early")
    assert (hall.told, (await hall.one(day.id)).state) == (before, "published")
    count = await hall.database.read(lambda c: c.scalar(sa.select(sa.func.count()).select_from(events)))
    assert count == 2


@pytest.mark.parametrize("what", ["postpone", "cancel"])
@ensureDeferred
async def test_a_session_is_not_taken_back_of_which_nobody_could_be_told(hall, what):
    day = await hall.published()
    hall.sounds.refusal = OSError("the disk is full")
    doing = (
        hall.days.cancel(day.id, "王芳", WHY)
        if what == "cancel"
        else hall.days.postpone(day.id, at("12-20 15:00"), at("12-20 17:00"), "王芳", WHY)
    )
    await refused(doing, "the disk is full", HotlineError)
    assert ((await hall.one(day.id)).state, len(await hall.notices(day.id))) == ("published", 1)
