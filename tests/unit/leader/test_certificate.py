"""The certificate of a leader day: drafted from the opening on, refused with an open register, frozen."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.config_load import load
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.leader.certificate import Certificates
from telephony.paths import PROJECT
from telephony.rules.leader_certificate import canonical, digest
from telephony.rules.leader_presence import Presence
from telephony.store import leader_days
from telephony.store.leader_tables import leader_calls
from telephony.store.leader_tables import leader_days as days_table
from telephony.store.tables import events, legs
from tests.unit.leader.day_stories import CITIZEN, ENDS, LATER, LEADER, OPENED, DayStore
from tests.unit.store.revisit_rows import put_revisit
from tests.unit.times import FixedClock

CONFIG = load(PROJECT / "config")
HELD = {"open", "closed", "certified"}


class Days:
    """Leader days of whose changes nobody but this test hears."""

    def __init__(self):
        self.changes = 0

    def changed(self):
        self.changes += 1


class House:
    """A store with a day in it, and what certifies it; the leader was `there` for so many seconds."""

    def __init__(self, database):
        self.store = DayStore(database.engine, CONFIG)
        self.days, self.there = Days(), 7200.0
        self.clock = FixedClock(LATER)
        self.certificates = Certificates(CONFIG, database, self.clock, self.days, self._presence)

    def _presence(self, _connection, day, agent, _now):
        assert (day.id, agent) == (self.store.day_id, "8801")
        return Presence(self.there, 60.0, 0.0)

    def answered(self, **story):
        """Let in a call that the leader answered on the spot; return its id."""
        call_id = self.store.call(**{"screen": 20.0, "talk": 60.0, **story})
        said = {"result": "on_the_spot", "case_number": f"C{call_id.partition('.')[0]}"}
        self.store.say(call_id, "result", **said)
        return call_id

    def draft(self):
        return self.certificates.draft(self.store.day_id)

    def certify(self, by="李敏"):
        return self.certificates.certify(self.store.day_id, by)

    async def codes(self):
        return [each["code"] for each in (await self.draft()).document["deviations"]]

    def stored(self):
        query = sa.select(days_table).where(days_table.c.id == self.store.day_id)
        with self.store.engine.connect() as connection:
            return connection.execute(query).mappings().one()


@pytest.fixture
def house(database):
    house = House(database)
    house.store.day()
    house.store.notice()
    return house


@pytest.mark.parametrize("state", ["planned", "published", "postponed", "substituted", "cancelled"])
@ensureDeferred
async def test_there_is_no_draft_of_a_day_that_was_not_held(house, state):
    house.store.day(state)
    with pytest.raises(NotAllowedError, match="once it was opened"):
        await house.draft()


@ensureDeferred
async def test_a_day_that_is_not_there_has_none(house):
    with pytest.raises(UnknownThingError):
        await house.certificates.draft(99)


@pytest.mark.parametrize("state", ["open", "closed"])
@ensureDeferred
async def test_a_draft_says_what_it_would_say_now_and_changes_nothing(house, state):
    house.store.day(state)
    house.answered()
    view = await house.draft()
    assert (view.frozen, view.state, view.intact) == (False, state, True)
    assert (view.document["certified"], view.document["figures"]["answered"]) == (None, 1)
    assert (house.stored()["certificate"], house.days.changes) == (None, 0)


@ensureDeferred
async def test_it_holds_the_day_with_names_and_times_of_shanghai(house):
    day = (await house.draft()).document["day"]
    assert day["leader"] == {"code": "mayor-li", "name": "李建国", "post": "市长"}
    assert day["centre"]["code"] == "city"
    assert (day["opened_at"], day["closed_at"]) == ("2026-12-10T15:00:00+08:00", "2026-12-10T17:00:00+08:00")


@ensureDeferred
async def test_it_holds_the_notices_in_order_as_they_went_out(house):
    house.store.notice(9, "substituted", name="周敏", reason="出差")
    notices = (await house.draft()).document["notices"]
    assert [(each["nth"], each["kind"]) for each in notices] == [(1, "published"), (2, "substituted")]
    assert notices[0]["published_at"] == "2026-11-30T15:00:00+08:00"
    assert notices[1]["content"]["leader"]["name"] == "周敏"


@ensureDeferred
async def test_a_call_is_there_with_all_that_is_known_and_its_number_masked(house):
    call_id = house.answered()
    house.store.say(call_id, "screened", in_scope=True, summary=f"停水，另留电话 {CITIZEN}")
    document = (await house.draft()).document
    (call,) = document["calls"]
    assert (call["number"], call["screened_by"], call["screener"]) == ("138****1234", "8803", "高洁")
    assert (call["fate"], call["standing"], call["result"]) == ("answered", "answered", "on_the_spot")
    assert call["summary"] == "停水，另留电话 138****1234"
    assert (call["case_number"], call["in_scope"]) == ("C1", True)
    assert call["talk_seconds"] == pytest.approx(60.0, abs=0.11)
    assert CITIZEN not in canonical(document)


@ensureDeferred
async def test_a_number_in_what_was_written_of_the_day_is_masked_as_well(house):
    told = {"closed_at": OPENED, "closed_why": f"来电 {CITIZEN} 反映火情", "reason": f"应 {CITIZEN}"}
    house.store.alter(days_table.update().values(**told))
    document = (await house.draft()).document
    assert [each["code"] for each in document["deviations"]] == ["closed_early"]
    assert "138****1234" in document["day"]["closed_why"]
    assert CITIZEN not in canonical(document)


@ensureDeferred
async def test_a_number_in_the_reason_of_a_notice_is_masked_and_that_of_the_hotline_is_not(house):
    reason = f"应 {CITIZEN} 来电要求换人，详询 037512346"
    house.store.notice(9, "substituted", name="周敏", reason=reason)
    document = (await house.draft()).document
    masked = "应 138****1234 来电要求换人，详询 037512346"
    notice = document["notices"][1]
    assert (notice["reason"], notice["content"]["reason"]) == (masked, masked)
    (other,) = [each for each in document["deviations"] if each["code"] == "substituted"]
    assert masked in other["zh"]
    assert other["values"]["reason"] == masked
    assert CITIZEN not in canonical(document)


@ensureDeferred
async def test_what_settled_a_call_is_there_and_counted_by_its_standing(house):
    call_id = house.store.call()
    house.store.say(call_id, "settled", settled="handed_to_unit", unit="water", settled_note="已交办")
    document = (await house.draft()).document
    (call,) = document["calls"]
    assert (call["standing"], call["settled_by"], call["unit"]) == ("handed_to_unit", "李敏", "water")
    figures = document["figures"]
    assert (figures["handed_to_unit"], figures["called_back"], figures["gave_up"]) == (1, 0, 1)
    assert figures["standings"] == {"handed_to_unit": 1}


@ensureDeferred
async def test_the_sums_of_its_calls_are_its_figures_and_the_recount_agrees(house):
    for nth in range(3):
        house.answered(at=nth * 300, talk=20.0 + nth)
    document = (await house.draft()).document
    talks = [call["talk_seconds"] for call in document["calls"]]
    assert document["figures"]["talks"]["total_seconds"] == pytest.approx(sum(talks), abs=0.2)
    assert document["recount"] == {"agrees": True, "differences": []}


@pytest.mark.parametrize(("there", "expected"), [(7200.0, []), (7199.9996, []), (7199.0, ["shortfall"])])
@ensureDeferred
async def test_presence_below_the_least_time_is_flagged_and_never_refused(house, there, expected):
    house.there = there
    assert await house.codes() == expected
    view = await house.certify()
    assert view.document["presence"]["least_seconds"] == 7200.0
    assert view.document["presence"]["there_seconds"] == round(there, 3)


@ensureDeferred
async def test_a_shortfall_says_by_how_long_in_both_languages(house):
    house.there = 7170.0
    (found,) = (await house.draft()).document["deviations"]
    assert ("0:00:30" in found["zh"], "0:00:30 less" in found["en"], found["values"]) == (
        True,
        True,
        {"seconds": 30},
    )


@ensureDeferred
async def test_a_substitution_within_the_week_is_flagged_with_who_for_whom(house):
    house.store.notice(2, "substituted", name="周敏", reason="出差")
    assert await house.codes() == ["substituted", "announced_late"]
    first, second = (await house.draft()).document["deviations"]
    assert "由 周敏 市长 代替 李建国 市长，原因：出差" in first["zh"]
    assert "第 2 号公告" in second["zh"]


@ensureDeferred
async def test_a_postponement_is_flagged_with_both_times(house):
    house.store.notice(10, "postponed", starts_at=OPENED + timedelta(days=1), reason="防汛")
    (found,) = (await house.draft()).document["deviations"]
    assert found["code"] == "postponed"
    assert "由 2026-12-10 15:00:00 改为 2026-12-11 15:00:00，原因：防汛" in found["zh"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"opened_at": OPENED + timedelta(minutes=5)}, []),
        ({"opened_at": OPENED + timedelta(minutes=5, seconds=1)}, ["opened_late"]),
        ({"closed_at": ENDS}, []),
        ({"closed_at": ENDS - timedelta(seconds=1), "closed_why": "防汛"}, ["closed_early"]),
    ],
)
@ensureDeferred
async def test_a_late_opening_and_an_early_end_are_flagged(house, values, expected):
    house.store.alter(days_table.update().values(**values))
    assert await house.codes() == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, ["second_in_month"]),
        ({"state": "cancelled"}, []),
        ({"centre": "baofeng"}, []),
        ({"starts_at": OPENED + timedelta(days=31)}, []),
        ({"played": 1}, []),
    ],
)
@ensureDeferred
async def test_the_second_day_of_its_centre_in_a_month_is_flagged(house, other, expected):
    house.store.empty()
    house.store.day(**{"starts_at": OPENED - timedelta(days=5), **other})
    house.store.day(reason="防汛专场")
    assert await house.codes() == expected


@ensureDeferred
async def test_sums_that_a_recount_does_not_find_are_flagged(house):
    call_id = house.answered()
    joined = sa.and_(events.c.call_id == call_id, events.c.kind == "agent_left", events.c.agent == "8801")
    house.store.alter(events.update().where(joined).values(at=LATER))
    document = (await house.draft()).document
    assert [each["code"] for each in document["deviations"]] == ["recount_differs"]
    assert document["recount"]["differences"][0].startswith("talks ")


# Certifying.


@pytest.mark.parametrize("state", ["planned", "published", "open", "certified", "cancelled"])
@ensureDeferred
async def test_only_a_closed_day_is_certified(house, state):
    house.store.day(state)
    with pytest.raises(NotAllowedError, match="certify"):
        await house.certify()
    assert (house.stored()["state"], house.days.changes) == (state, 0)


@ensureDeferred
async def test_somebody_on_the_register_keeps_it_from_being_certified_and_is_counted(house):
    for nth in range(2):
        house.store.call(nth * 100, caller=f"1390000000{nth}")
    house.answered(at=300)
    with pytest.raises(NotAllowedError, match="2 calls on the register"):
        await house.certify()
    assert (house.stored()["state"], house.stored()["certificate"]) == ("closed", None)


@ensureDeferred
async def test_once_everybody_was_answered_it_is_certified(house):
    call_id = house.store.call()
    with pytest.raises(NotAllowedError):
        await house.certify()
    house.store.say(call_id, "settled", settled="called_back")
    assert (await house.certify()).state == "certified"


@ensureDeferred
async def test_a_call_that_goes_on_keeps_it_from_being_certified(house):
    house.answered(outcome="goes on")
    with pytest.raises(NotAllowedError, match="1 calls of leader day"):
        await house.certify()


@ensureDeferred
async def test_an_agent_who_is_still_in_a_call_keeps_it_from_being_certified(house):
    house.answered()
    seated = sa.and_(legs.c.party == LEADER, legs.c.role == "agent")
    house.store.alter(legs.update().where(seated).values(ended_at=None))
    with pytest.raises(NotAllowedError, match="1 calls of leader day"):
        await house.certify()


@ensureDeferred
async def test_what_was_certified_is_stored_with_its_digest_and_told(house):
    house.answered()
    view = await house.certify("王芳")
    stored = house.stored()
    assert (view.frozen, view.intact, view.document["certified"]["by"]) == (True, True, "王芳")
    assert (stored["state"], stored["certified_by"], stored["certified_at"]) == ("certified", "王芳", LATER)
    assert stored["certificate"] == {"digest": view.digest, "document": view.document}
    assert view.digest == digest(json.loads(json.dumps(view.document)))
    assert house.days.changes == 1
    told = sa.select(events.c.data).where(events.c.kind == leader_days.TOLD)
    with house.store.engine.connect() as connection:
        (data,) = connection.scalars(told)
    assert (data["what"], data["by"], data["digest"]) == ("certify", "王芳", view.digest)


@ensureDeferred
async def test_a_certificate_never_changes_whatever_is_stored_later(house):
    house.answered()
    frozen = await house.certify()
    house.clock.instant += timedelta(days=30)
    house.there = 0.0
    house.store.alter(leader_calls.update().values(summary="后来改的"))
    again = await house.draft()
    assert (again.document, again.digest, again.intact) == (frozen.document, frozen.digest, True)
    with pytest.raises(NotAllowedError):
        await house.certify()


@ensureDeferred
async def test_a_document_that_was_changed_behind_the_service_is_found_out(house):
    await house.certify()
    kept = house.stored()["certificate"]
    kept["document"]["figures"]["answered"] = 99
    house.store.alter(days_table.update().values(certificate=kept))
    assert (await house.draft()).intact is False


@ensureDeferred
async def test_what_citizens_say_later_stands_beside_the_frozen_document(house):
    house.answered()
    frozen = await house.certify()
    assert (frozen.satisfaction.cases, frozen.satisfaction.not_asked) == (1, 1)
    with house.store.engine.begin() as connection:
        put_revisit(connection, "C1", "satisfied")
    again = await house.draft()
    assert (again.satisfaction.satisfied, again.satisfaction.not_asked) == (1, 0)
    assert again.document == frozen.document
    assert "satisfaction" not in again.document


@ensureDeferred
async def test_two_counties_days_are_certified_each_by_itself(house):
    mine = house.store.day_id
    house.store.call()
    house.store.day()
    await house.certify()
    house.store.day_id = mine
    with pytest.raises(NotAllowedError, match="1 calls on the register"):
        await house.certify()


@ensureDeferred
async def test_a_seat_that_is_configured_no_more_is_named(house):
    house.store.day(seat="old-hall")
    with pytest.raises(UnknownThingError, match="old-hall"):
        await house.draft()
