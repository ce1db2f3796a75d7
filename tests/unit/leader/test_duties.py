"""The monthly obligation of every centre: who is due, and alarms that are raised once and taken back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony import config_load
from telephony.clock import SHANGHAI
from telephony.errors import UnknownThingError
from telephony.leader.duties import Duties
from telephony.paths import PROJECT
from telephony.rules.leader_topics import TopicRules
from telephony.store import leader_days as day_rows
from telephony.store import registers
from telephony.store.leader_tables import leader_days
from telephony.store.tables import alarms, calls, case_numbers, cases
from tests.unit.times import FixedClock

CONFIG = config_load.load(PROJECT / "config")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
REMIND, NOTIFY = "2026-12-17T00:00", "2026-12-24T00:00"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def only(config, *centres):
    return replace(config, centres={code: config.centres[code] for code in centres})


class Work:
    """The duties of a service on a clock that a test moves, and the rows that it looks at."""

    def __init__(self, database, config=CONFIG):
        self.database, self.config, self.clock = database, config, FixedClock(at("2026-12-01T09:00"))
        self.told = 0
        self.restart()

    def restart(self):
        self.duties = Duties(self.config, self.database, self.clock, self._tell)

    def _tell(self):
        self.told += 1

    async def tick(self, text=None):
        """Let a tick find its minute over."""
        self.clock.instant = at(text) if text else self.clock.instant + MINUTE
        self.duties.changed()
        await self.duties.tick()

    async def since(self, text="2026-01-01T08:00", **values):
        """Write a call: records begin with it."""
        row = {"direction": "inbound", "state": "ended", "marks": [], "arrived_at": at(text)}
        row |= {"id": f"first-{text}", "centre": "city", "queue": "city-12345"} | values
        await self.database.write(lambda store: store.execute(calls.insert().values(**row)))

    async def day(self, starts, state="published", centre="city", leader="mayor-li", **values):
        row = {"centre": centre, "seat": f"{centre}-hall", "leader": leader, "state": state, "by": "李明"}
        row |= {"scope": "供水", "topics": [], "created_at": self.clock.now(), "starts_at": at(starts)}
        row |= {"ends_at": at(starts) + timedelta(hours=2)} | values
        return await self.database.write(lambda store: day_rows.add(store, row))

    async def take_back(self, day, kind, **values):
        """Put a day off, or cancel it, with its notice."""
        now = self.clock.now()

        def work(store):
            day_rows.move(store, day, kind, **values)
            day_rows.announce(store, day.id, kind, {}, "李明", "防汛", now)

        await self.database.write(work)

    async def alarms(self):
        """Return each alarm's kind and subject, and whether it stands."""
        rows = await self.database.read(lambda c: c.execute(sa.select(alarms).order_by(alarms.c.id)).all())
        return [(row.kind, row.subject, row.acknowledged_at is None) for row in rows]

    async def acknowledge(self):
        def work(store):
            for each in registers.alarm_list(store, 100, with_acknowledged=False):
                registers.acknowledge(store, each.id, self.clock.now())

        await self.database.write(work)

    async def months(self, centre="city", back=0, ahead=0):
        found = await self.duties.overview(back, ahead)
        [duties] = [each for each in found if each.centre == centre]
        return {month.month: month for month in duties.months}

    async def states(self, centre="city", back=0, ahead=0):
        return {name: each.state for name, each in (await self.months(centre, back, ahead)).items()}


@pytest.fixture
def work(database):
    return Work(database, only(CONFIG, "city"))


@pytest.fixture
def all_centres(database):
    return Work(database)


def due(month="2026-12", centre="city", *, stands=True):
    return ("leader-day-due", f"{centre} {month}", stands)


def missed(month="2026-12", centre="city", *, stands=True):
    return ("leader-day-missed", f"{centre} {month}", stands)


@ensureDeferred
async def test_a_reminder_comes_at_its_instant_and_not_a_second_before(work):
    await work.since()
    await work.day("2026-11-20T15:00", "closed")
    await work.day("2026-10-20T15:00", "closed")
    await work.tick("2026-12-16T23:59:59")
    assert (await work.alarms(), work.told) == ([], 0)
    await work.tick(REMIND)
    assert (await work.alarms(), work.told) == ([due()], 1)


@ensureDeferred
async def test_nobody_is_reminded_any_more_once_no_notice_can_be_lawful(work):
    await work.tick(NOTIFY)
    assert await work.alarms() == []


@ensureDeferred
async def test_a_reminder_comes_in_the_last_second_too(work):
    await work.tick("2026-12-23T23:59:59")
    assert await work.alarms() == [due()]


@ensureDeferred
async def test_a_month_is_reminded_of_once_also_after_it_was_acknowledged_and_after_a_restart(work):
    await work.tick(REMIND)
    await work.tick()
    work.restart()
    await work.tick()
    assert (await work.alarms(), work.told) == ([due()], 1)
    await work.acknowledge()
    await work.tick()
    work.restart()
    await work.tick("2026-12-20T09:00")
    assert (await work.alarms(), work.told) == ([due(stands=False)], 1)


@ensureDeferred
async def test_a_notice_takes_the_reminder_back(work):
    await work.tick(REMIND)
    await work.day("2026-12-30T15:00")
    await work.tick()
    assert (await work.alarms(), work.told) == ([due(stands=False)], 2)


@ensureDeferred
async def test_a_plan_alone_takes_no_reminder_back(work):
    await work.day("2026-12-30T15:00", "planned")
    await work.tick(REMIND)
    await work.tick()
    assert await work.alarms() == [due()]


@pytest.mark.parametrize("kind", ["cancelled", "postponed"])
@ensureDeferred
async def test_a_month_whose_notice_is_taken_back_is_reminded_of_anew(work, kind):
    await work.tick(REMIND)
    day = await work.day("2026-12-30T15:00")
    await work.tick("2026-12-18T09:00")
    await work.take_back(day, kind, starts_at=at("2027-01-20T15:00"), ends_at=at("2027-01-20T17:00"))
    await work.tick()
    await work.tick()
    assert await work.alarms() == [due(stands=False), due()]


@ensureDeferred
async def test_a_month_that_ended_without_a_session_is_told_of_at_its_end(work):
    await work.since("2026-11-25T08:00")
    await work.tick(REMIND)
    await work.tick("2026-12-31T23:59:59")
    assert await work.alarms() == [due()]
    await work.tick("2027-01-01T00:00")
    assert await work.alarms() == [due(stands=False), missed()]


@ensureDeferred
async def test_a_missed_month_is_told_of_once_also_after_restarts(work):
    await work.since("2026-11-25T08:00")
    await work.tick("2027-01-01T00:00")
    await work.acknowledge()
    work.restart()
    await work.tick("2027-01-02T09:00")
    assert await work.alarms() == [missed(stands=False)]


@ensureDeferred
async def test_a_service_that_was_off_as_the_month_ended_tells_of_it_afterwards(work):
    await work.since("2026-11-25T08:00")
    await work.tick("2027-01-20T09:00")
    assert await work.alarms() == [missed(), due("2027-01")]


@ensureDeferred
async def test_a_session_that_was_held_is_missed_by_nobody(work):
    await work.since("2026-11-25T08:00")
    await work.day("2026-12-30T15:00", "closed")
    await work.tick("2027-01-01T00:00")
    assert await work.alarms() == []


@ensureDeferred
async def test_a_new_installation_has_missed_nothing(work):
    await work.tick("2027-01-05T09:00")
    assert await work.alarms() == []
    await work.since("2026-12-24T00:00")
    await work.tick("2027-01-05T09:01")
    assert await work.alarms() == []
    await work.since("2026-12-23T23:59:59")
    await work.tick("2027-01-05T09:02")
    assert await work.alarms() == [missed()]


@pytest.mark.parametrize(("year", "last"), [(2027, "2027-02-14"), (2028, "2028-02-15")])
@ensureDeferred
async def test_february_is_reminded_of_earlier_but_in_leap_years_a_day_later(work, year, last):
    await work.tick(f"{(at(last) - SECOND):%Y-%m-%dT%H:%M:%S}")
    assert await work.alarms() == []
    await work.tick(f"{last}T00:00")
    assert await work.alarms() == [due(f"{year}-02")]


@ensureDeferred
async def test_centres_owe_each_for_itself(all_centres):
    await all_centres.day("2026-12-30T15:00", centre="baofeng", leader="baofeng-head")
    await all_centres.tick(REMIND)
    assert await all_centres.alarms() == [due(), due(centre="jiaxian")]


@ensureDeferred
async def test_a_demonstrations_day_is_nobodys_month(work):
    await work.day("2026-12-30T15:00", "closed", played=1)
    await work.tick(REMIND)
    assert await work.alarms() == [due()]
    assert await work.states() == {"2026-12": "due"}


@ensureDeferred
async def test_the_store_is_looked_at_once_a_minute_at_most(work):
    await work.tick("2026-12-16T23:59:30")
    work.clock.instant = at(REMIND) + 29 * SECOND
    await work.duties.tick()
    assert await work.alarms() == []
    work.clock.instant += SECOND
    await work.duties.tick()
    assert await work.alarms() == [due()]


@ensureDeferred
async def test_a_store_that_fails_is_asked_again(work, monkeypatch):
    monkeypatch.setattr("telephony.leader.duties.rows.undone", lambda _: 1 / 0)
    await work.tick(REMIND)
    monkeypatch.undo()
    await work.tick()
    assert await work.alarms() == [due()]


@ensureDeferred
async def test_the_alarm_of_the_longest_code_fits_the_store(database):
    code = "c" + "x" * 39
    centre = CONFIG.centres["city"].model_copy(update={"code": code})
    work = Work(database, replace(CONFIG, centres={code: centre}))
    await work.tick(REMIND)
    assert await work.alarms() == [due(centre=code)]


@ensureDeferred
async def test_months_are_listed_with_how_they_stand(work):
    await work.since("2026-08-01T08:00")
    work.clock.instant = at("2026-12-16T09:00")
    await work.day("2026-09-20T15:00", "certified")
    await work.day("2026-10-20T15:00", "cancelled")
    await work.day("2026-12-30T15:00", "planned", leader="zhanhe-head")
    assert await work.states(back=5, ahead=1) == {
        "2026-07": "unrecorded",
        "2026-08": "missed",
        "2026-09": "held",
        "2026-10": "missed",
        "2026-11": "missed",
        "2026-12": "planned",
        "2027-01": "due",
    }
    [duties] = await work.duties.overview(5, 1)
    assert (duties.missed, duties.obstacles) == (["2026-08", "2026-10", "2026-11"], [])
    december = (await work.months())["2026-12"]
    assert (december.notify_before, december.remind_at) == (at(NOTIFY), at(REMIND))


@ensureDeferred
async def test_who_is_due_is_the_days_leader_then_the_suggested_then_the_next_in_turn(work):
    await work.day("2026-10-20T15:00", "closed", leader="mayor-li")
    await work.day("2026-11-20T15:00", "closed", leader="vice-mayor-zhou")
    await work.day("2026-12-30T15:00", leader="city-management-head")
    found = await work.months(ahead=4)
    told = [(each.leader.code, each.leader_by) for each in found.values()]
    assert told == [
        ("city-management-head", "day"),
        ("zhanhe-head", "topics"),
        ("mayor-li", "turn"),
        ("vice-mayor-zhou", "turn"),
        ("city-management-head", "turn"),
    ]
    assert [(day.name, day.state) for day in found["2026-12"].days] == [("赵刚", "published")]


@ensureDeferred
async def test_of_several_days_of_a_month_the_one_that_took_place_speaks(work):
    await work.day("2026-12-08T15:00", "cancelled", leader="mayor-li")
    await work.day("2026-12-20T15:00", "closed", leader="zhanhe-head")
    await work.day("2026-12-30T15:00", leader="vice-mayor-zhou")
    december = (await work.months())["2026-12"]
    assert (december.state, december.leader.code, len(december.days)) == ("held", "zhanhe-head", 3)


@ensureDeferred
async def test_a_leader_who_is_configured_no_more_is_told_by_code(work):
    await work.day("2026-12-30T15:00", leader="former")
    december = (await work.months())["2026-12"]
    assert (december.leader, december.leader_by, december.days[0].leader) == (None, None, "former")


@pytest.mark.parametrize(
    ("part", "said"), [("seats", "no leader's seat"), ("leaders", "nobody may sit"), (None, None)]
)
@ensureDeferred
async def test_a_duty_that_cannot_be_met_is_shown_as_such_and_reminded_of(database, part, said):
    update = {part: ()} if part else {}
    leader_days_file = CONFIG.leader_days.model_copy(update=update)
    work = Work(database, replace(only(CONFIG, "city"), leader_days=leader_days_file))
    [duties] = await work.duties.overview(0, 0)
    assert [said in each for each in duties.obstacles] == ([True] if part else [])
    assert (duties.months[0].state, duties.months[0].leader is None) == ("due", part == "leaders")
    await work.tick(REMIND)
    assert await work.alarms() == [due()]


@ensureDeferred
async def test_a_suggestion_says_why_and_what_is_hot(work):
    await put_cases(work.database, 30, unit="市城市管理局", number="13800000001")
    await put_cases(work.database, 10, unit="gas", number="13800000001", start=30)
    await work.since("2026-11-20T08:00", caller_number="13800000001", called_number="12345", key="2")
    found = await work.duties.suggest("city")
    assert (found.leader.code, found.because, found.of) == ("city-management-head", "unit", "city-management")
    assert "市城市管理局，占 75%" in found.reasons[0]
    assert "赵刚还没有接过线" in found.reasons[1]
    told = [(each.what, each.label, each.hot.weight) for each in found.topics]
    assert told == [
        ("queue", "市热线综合", 1),
        ("key", "政务服务便民热线 企业服务", 1),
        ("unit", "市城市管理局", 30),
        ("unit", "市燃气公司", 10),
    ]
    assert (found.since, found.until) == (at("2026-11-03T09:00"), at("2026-12-01T09:00"))


@ensureDeferred
async def test_a_hot_unit_without_a_head_is_named_before_the_next_best(work):
    await put_cases(work.database, 30, unit="gas")
    await work.day("2026-11-20T15:00", "closed", leader="mayor-li")
    found = await work.duties.suggest("city")
    assert (found.leader.code, found.because, found.sat_at) == ("vice-mayor-zhou", "next_best", None)
    assert "市燃气公司，占 100%，但 leaders.yaml 里没有它的负责人" in found.reasons[0]
    assert len(found.reasons) == 3


@ensureDeferred
async def test_without_data_who_sat_longest_ago_comes_and_the_reason_says_so(work):
    for month, leader in enumerate(("mayor-li", "vice-mayor-zhou", "zhanhe-head"), 1):
        await work.day(f"2026-0{month}-20T15:00", "certified", leader=leader)
    await work.day("2026-12-30T15:00", leader="city-management-head")
    found = await work.duties.suggest("city")
    assert (found.leader.code, found.because) == ("mayor-li", "too_little")
    assert found.sat_at == at("2026-01-20T15:00")
    assert "加权只有 0（少于 20）" in found.reasons[0]
    assert "李建国上次接线：2026-01-20" in found.reasons[1]


@ensureDeferred
async def test_the_limits_are_parameters(database):
    await put_cases(database, 1, unit="city-management")
    work = Work(database)
    work.duties = Duties(CONFIG, database, work.clock, work._tell, TopicRules(fewest=1))
    assert (await work.duties.suggest("city")).because == "unit"


@ensureDeferred
async def test_leaders_lines_and_foreign_keys_are_no_topics(work):
    for queue, key in (("city-leader", "6"), ("city-leader-screening", "9"), ("city-12345", "6")):
        await work.since(f"2026-11-20T08:00:0{key}", queue=queue, called_number="12345", key=key, id=queue)
    found = await work.duties.suggest("city")
    assert [(each.what, each.hot.name) for each in found.topics] == [("queue", "city-12345")]


@ensureDeferred
async def test_ten_of_a_kind_are_told_at_most(work):
    for number in range(11):
        await put_cases(work.database, 1, unit=f"单位{number}", start=number)
    assert len((await work.duties.suggest("city")).topics) == 10


@ensureDeferred
async def test_a_county_is_told_its_own_leader(all_centres):
    found = await all_centres.duties.suggest("jiaxian")
    assert (found.leader.code, found.because) == ("jiaxian-head", "county")


def test_an_unknown_centre_is_refused_with_those_that_are_known(all_centres):
    with pytest.raises(UnknownThingError, match="city, baofeng, jiaxian"):
        all_centres.duties.suggest("nowhere")


@ensureDeferred
async def test_nothing_is_changed_by_looking(work):
    day = await work.day("2026-12-30T15:00")
    await work.tick(REMIND)
    count = sa.select(sa.func.count()).select_from(leader_days)
    assert await work.database.read(lambda store: store.scalar(count)) == 1
    assert (await work.database.read(lambda store: day_rows.one(store, day.id))) == day


async def put_cases(database, count, *, unit, number=None, start=0):
    def work(store):
        for nth in range(start, start + count):
            row = {"case_number": f"C{nth}", "open": True, "updated_at": at("2026-11-25T08:00"), "unit": unit}
            store.execute(cases.insert().values(**row))
            if number is not None:
                told = {"case_number": f"C{nth}", "position": 0, "number": number}
                store.execute(case_numbers.insert().values(**told))

    await database.write(work)
