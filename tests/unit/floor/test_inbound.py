from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.errors import UnknownThingError
from telephony.floor.inbound import Arrival, Inbound
from telephony.floor.pulse import Pulse
from telephony.rules.routing import LeaderLine
from telephony.store.leader_tables import leader_calls, leader_days
from telephony.store.tables import blacklist, calls, case_numbers, cases, events
from tests.fakes import NoCallBacks
from tests.unit.times import NOON

CALLER = "13800000001"


@pytest.fixture
def inbound(config, database, clock, roster):
    return Inbound(config, database, clock, roster, Pulse(), NoCallBacks())


def arrival(call_id="9.0", number="12345", caller=CALLER, key=""):
    return Arrival(call_id, number, caller, key)


async def put(database, table, **values):
    await database.write(lambda connection: connection.execute(table.insert().values(**values)))


async def past_call(database, hours, **values):
    row = {"direction": "inbound", "state": "ended", "marks": [], "caller_number": CALLER, **values}
    at = NOON - timedelta(hours=hours)
    answered = at if values.get("outcome") == "answered" else None
    await put(database, calls, id=f"old-{hours}", arrived_at=at, answered_at=answered, **row)


async def open_case(database, number="C1"):
    await put(database, cases, case_number=number, open=True, updated_at=NOON)
    await put(database, case_numbers, case_number=number, position=0, number=CALLER)


@ensureDeferred
async def test_each_number_has_its_own_queue(inbound, config):
    # On these only the demonstration's citizen stays.
    of_the_demo = {config.hotline.demo.line.number, config.demo_hall_number}
    for number in config.numbers.values():
        plan = await inbound.route(arrival(f"call-{number.number}", number.number))
        wanted = config.hotline.default_queue if number.number in of_the_demo else number.queue
        assert plan.queue == wanted


@ensureDeferred
async def test_the_decision_is_stored_with_the_call(inbound, database):
    await open_case(database)
    await inbound.route(arrival(key="2"))
    row = await database.read(lambda c: c.execute(sa.select(calls)).one())
    assert (row.queue, row.priority, row.marks, row.key) == ("city-enterprise", 5, ["open_case"], "2")
    assert row.route_reason.startswith("number 12345 to city-12345; key 2 to city-enterprise; open case C1")
    routed = sa.select(events).where(events.c.kind == "routed")
    event = await database.read(lambda c: c.execute(routed).one())
    assert (event.call_id, event.data["queue"], event.data["urges"]) == ("9.0", "city-enterprise", "C1")


@ensureDeferred
async def test_a_blacklisted_number_is_refused_until_its_entry_expires(inbound, database, clock):
    until = NOON + timedelta(hours=1)
    await put(database, blacklist, number=CALLER, reason="threats", added_at=NOON, expires_at=until)
    assert (await inbound.route(arrival())).action == "refuse"
    clock.instant = until
    assert (await inbound.route(arrival("9.1"))).action == "queue"


@ensureDeferred
async def test_the_agent_who_served_an_open_case_is_preferred_and_the_reason_says_if_ready(
    inbound, database, roster
):
    await open_case(database)
    await past_call(database, 24, outcome="answered", agent="8002")
    busy = await inbound.route(arrival())
    await roster.command("8002", "login", None, "test")
    ready = await inbound.route(arrival("9.1"))
    assert (busy.agent, ready.agent) == ("8002", "8002")
    assert ("not ready yet" in busy.reason, "not ready yet" in ready.reason) == (True, False)


@ensureDeferred
async def test_an_agent_who_works_here_no_more_is_not_asked(inbound, database):
    await open_case(database)
    await past_call(database, 24, outcome="answered", agent="7999")
    assert (await inbound.route(arrival())).agent is None


@ensureDeferred
async def test_a_caller_whom_we_called_and_missed_is_marked_within_its_hours(inbound, database):
    await past_call(database, 47, direction="outbound", outcome="unanswered")
    assert (await inbound.route(arrival())).marks == ("missed_by_us",)


@ensureDeferred
async def test_a_missed_call_is_forgotten_after_its_hours(inbound, database):
    await past_call(database, 49, direction="outbound", outcome="unanswered")
    assert (await inbound.route(arrival())).marks == ()


@ensureDeferred
async def test_a_missed_call_is_settled_once_we_have_spoken(inbound, database):
    await past_call(database, 47, direction="outbound", outcome="unanswered")
    await past_call(database, 2, outcome="answered", agent="8001")
    assert (await inbound.route(arrival())).marks == ()


@ensureDeferred
async def test_a_withheld_number_is_routed_without_facts(inbound, database):
    plan = await inbound.route(arrival(caller=""))
    assert (plan.queue, plan.marks) == ("city-12345", ())


@ensureDeferred
async def test_an_unknown_number_is_an_error_so_that_the_dialplan_takes_over(inbound):
    with pytest.raises(UnknownThingError, match="11111"):
        inbound.route(arrival(number="11111"))


@ensureDeferred
async def test_the_demonstrations_caller_goes_to_the_demo_queue(inbound, config):
    plan = await inbound.route(arrival(caller=config.hotline.demo.caller_number))
    assert (plan.queue, plan.marks) == ("demo", ("demo",))


# A leader's line (Art. 6).


@pytest.fixture
def invited(config, database, clock, roster):
    """The route while a leader day is open; it notes what it was asked."""

    class Invited:
        asked, line = [], LeaderLine(1, "open", "screened", "city-leader-screening", "city-12345")

        def leader_of(self, *asked):
            self.asked.append(asked)
            return self.line

    made = Invited()
    sides = (Pulse(), NoCallBacks(), lambda *_: None, made.leader_of)
    made.route = Inbound(config, database, clock, roster, *sides).route
    return made


async def leader_day(database):
    row = {"centre": "city", "seat": "city-hall", "leader": "mayor-li", "state": "open", "topics": []}
    row |= {"starts_at": NOON, "ends_at": NOON + timedelta(hours=2), "scope": "城市管理", "created_at": NOON}
    await put(database, leader_days, by="李敏", **row)


async def entered(database):
    return [tuple(row) for row in await database.read(lambda c: c.execute(sa.select(leader_calls)).all())]


@ensureDeferred
@pytest.mark.parametrize("caller", [CALLER, ""], ids=["a number", "withheld"])
async def test_who_is_let_in_to_a_leaders_line_is_entered_with_the_decision(invited, database, caller):
    await leader_day(database)
    plan = await invited.route(arrival(key="6", caller=caller))
    assert (plan.queue, plan.leader.normal) == ("city-leader-screening", "city-12345")
    [row] = await entered(database)
    assert row[:4] == ("9.0", 1, NOON, "screened")
    routed = await database.read(lambda c: c.execute(sa.select(events)).one())
    assert (routed.kind, routed.data["leader_day"], routed.data["marks"]) == ("routed", 1, "leader_day")


@ensureDeferred
async def test_the_line_is_asked_for_by_the_queue_that_number_and_key_have_chosen(invited, database):
    await leader_day(database)
    for nth, key in enumerate(("", "2", "6")):
        await invited.route(arrival(f"9.{nth}", key=key))
    assert invited.asked == [
        ("12345", "", "city-12345", NOON),
        ("12345", "2", "city-enterprise", NOON),
        ("12345", "6", "city-12345", NOON),
    ]


@ensureDeferred
async def test_nobody_is_entered_who_is_refused_or_comes_too_late(invited, database):
    await leader_day(database)
    await put(database, blacklist, number=CALLER, reason="threats", added_at=NOON)
    await invited.route(arrival(key="6"))
    invited.line = LeaderLine(1, "over")
    await invited.route(arrival("9.1", caller="13800000002", key="6"))
    assert await entered(database) == []
