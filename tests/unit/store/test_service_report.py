"""Service figures: the database's sums, and the same counted again from raw events."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as Reactor

from telephony.rules.call_story import Happening, Record, begin, tell
from telephony.rules.service_figures import Rules, Sums, figures
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store import outages
from telephony.store import returns as return_rows
from telephony.store.database import Database, transaction
from telephony.store.outbound_tables import attempts
from telephony.store.service_groups import Summed
from telephony.store.service_recompute import _stretches, differences, recompute
from telephony.store.service_report import report, scope_of, summed
from telephony.store.service_sums import Scope
from telephony.store.service_tables import agent_spells
from telephony.store.tables import agents, calls, events, legs, metadata
from telephony.store.threeway_tables import returns
from tests.unit.times import NOON

DEMO = "10000012345"
RULES = Rules(within_seconds=15, short_seconds=5, target=0.95)
NUMBERS = {"12345": "city", "12315": "county"}
CENTRES = {"8001": "city", "8002": "county"}
DAY = Scope(NOON, NOON + timedelta(hours=24), DEMO, RULES)
LATER = NOON + timedelta(hours=30)


@pytest.fixture
def store(migrated_url):
    database = Database(migrated_url, Reactor())
    yield Store(database.engine)
    database.engine.dispose()


class Store:
    """A store that is written by stories of calls, and asked for figures."""

    def __init__(self, engine):
        self.engine, self.count = engine, 0

    def empty(self):
        with transaction(self.engine) as connection:
            for table in (agent_spells, events, legs, calls, agents):
                connection.execute(table.delete())

    def call(self, at=0, *, number="12345", caller="13800000001", queue="q1", **story):
        """Write a call that arrives `at` seconds after noon, as the ledger would."""
        self.count += 1
        told = Story(f"{self.count}.0", at, number, caller, queue, **story)
        with transaction(self.engine) as connection:
            call_rows.save(connection, [told.call])
            call_rows.append(connection, [(told.call.id, event) for event in told.events])
        return told.call.id

    def states(self, agent, changes, call_id=None):
        """Write an agent's changes, (seconds after noon, state, what came of a ring) each."""
        with transaction(self.engine) as connection:
            row = {"number": agent, "state": changes[-1][1], "since": NOON, "missed_rings": 0}
            agent_rows.save(connection, row)
            for at, state, *ring in changes:
                self.count += 1
                data = {"to": state, **({"ring": "missed"} if ring else {})}
                event = Happening(NOON + timedelta(seconds=at), "agent", f"a{self.count}", agent, data)
                call_rows.append(connection, [(call_id, event)])

    def summed(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            found, _ = summed(connection, scope_of(connection, scope), CENTRES, now)
            return found.tell_hours()

    def report(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            return report(connection, scope, CENTRES, now)

    def again(self, scope=DAY, now=LATER):
        with self.engine.connect() as connection:
            return recompute(connection, scope_of(connection, scope), NUMBERS, CENTRES, now)


class Story:
    """A call told by a journal: seconds from its arrival to each step, None where it never came to that."""

    def __init__(
        self,
        call_id,
        at,
        number,
        caller,
        queue,
        *,
        queued=6.0,
        wait=10.0,
        talk=30.0,
        agent="8001",
        missed=(),
        by="citizen",
        refused=None,
        again=None,
        direction="inbound",
    ):
        self.call_id, self.start, self.events = call_id, at, []
        citizen = self.citizen = f"PJSIP/carrier-{call_id}"
        first = self.record(0, "CHAN_START", citizen, call_id)
        self.call = begin(first)
        self.call.direction = direction
        self.tell(first, "citizen")
        self.tell(
            self.record(0.01, "arrived", citizen, call_id, extra=f"{number}/{caller}/{len(caller)}"),
            "citizen",
        )
        self.call.centre = NUMBERS[number]
        end = 3.0
        if refused:
            self.tell(self.record(end, refused, citizen, call_id), "citizen")
        elif queued is not None:
            self.tell(self.record(queued, "queued", citizen, call_id, extra=queue), "citizen")
            end = queued + wait
            for nth, other in enumerate(missed):
                self.ring(queued, end, other, f"{call_id}-m{nth}", None)
            if talk is not None:
                self.ring(queued, end, agent, f"{call_id}-a", talk)
                end += talk
                if again is not None:
                    self.tell(self.record(end + 1, "queued", citizen, call_id, extra="q2"), "citizen")
                    end += 1 + again
        source = citizen if by == "citizen" else ""
        hangup = self.record(end, "HANGUP", citizen, call_id, cause=16, hangup_source=source)
        self.tell(hangup, "citizen")

    def ring(self, start, end, agent, leg_id, talk):
        channel = f"PJSIP/{agent}-{leg_id.replace('-', '')}"
        self.tell(self.record(start, "CHAN_START", channel, leg_id), "agent")
        if talk is not None:
            self.tell(self.record(end, "BRIDGE_ENTER", channel, leg_id), "agent")
        self.tell(self.record(end + (talk or 0), "HANGUP", channel, leg_id, cause=16), "agent")

    def record(self, after, kind, channel, leg_id, **more):
        at = NOON + timedelta(seconds=self.start + after)
        return Record(kind, at, channel, leg_id, self.call_id, **more)

    def tell(self, record, role):
        self.events += tell(self.call, record, role)


def test_each_call_is_in_one_fate_and_they_add_up(store):
    store.call()
    store.call(talk=None, wait=5.0)
    store.call(talk=None, wait=4.999999)
    store.call(queued=None)
    store.call(refused="refused", by="system")
    store.call(refused="unserved", by="system")
    store.call(queued=None, by="system")
    total = store.report().total
    assert (total.calls, total.counted, total.our_fault) == (7, 4, 2)
    names = ("answered", "abandoned", "abandoned_short", "abandoned_early", "refused", "unserved", "failed")
    assert [getattr(total, name) for name in names] == [1] * 7
    assert total.answered_rate == 0.25


def test_who_gives_up_waiting_again_after_a_talk_counts_against_us_and_the_sums_hold(store):
    store.call()
    store.call(again=20.0)
    total = store.report().total
    names = ("calls", "counted", "answered", "in_time", "abandoned_later", "abandoned", "mean_talk_seconds")
    assert [getattr(total, name) for name in names] == [2, 2, 1, 1, 1, 0, 30.0]
    assert list(differences(store.summed(), store.again())) == []


@pytest.mark.parametrize(("wait", "in_time"), [(15.0, 1), (15.000001, 0)])
def test_an_answer_is_in_time_up_to_the_second_and_no_longer(store, wait, in_time):
    store.call(wait=wait)
    assert store.report().total.in_time == in_time


@pytest.mark.parametrize(("at", "calls"), [(0, 1), (-0.000001, 0), (86399.999999, 1), (86400, 0)])
def test_a_call_belongs_to_the_time_in_which_it_arrived(store, at, calls):
    store.call(at)
    assert store.report().total.calls == calls


def test_the_simulated_citizen_is_in_no_figure(store):
    store.call(caller=DEMO)
    assert store.report().total.calls == 0


def test_a_call_without_a_number_counts(store):
    store.call(caller="")
    assert store.report().total.calls == 1


def test_waits_and_talks_are_summed_by_the_microsecond(store):
    store.call(wait=10.000001, talk=30.000002)
    store.call(wait=20.000002, talk=40.000001)
    store.call(wait=60.0, talk=None)
    total = store.summed().total
    assert (total.wait_us, total.talk_us, total.gave_up_us) == (30_000_003, 70_000_003, 60_000_000)
    assert (total.longest_us, total.in_time) == (60_000_000, 1)


def test_figures_are_told_by_number_queue_centre_agent_and_hour(store):
    store.call(0, number="12345", queue="q1", agent="8001")
    store.call(7200, number="12315", queue="q2", agent="8002", missed=("8001",))
    found = store.report()
    names = ("numbers", "queues", "centres", "hours", "agents")
    groups = {name: {each.group: each.answered for each in getattr(found, name)} for name in names}
    assert groups == {
        "numbers": {"12345": 1, "12315": 1},
        "queues": {"q1": 1, "q2": 1},
        "centres": {"city": 1, "county": 1},
        "hours": {"12": 1, "14": 1},
        "agents": {"8001": 1, "8002": 1},
    }


def test_a_ring_that_was_withdrawn_is_not_missed(store):
    call_id = store.call(missed=("8001",), agent="8002")
    store.states("8001", [(0, "ready"), (6, "ringing"), (16, "ready")], call_id)
    assert store.report().total.rings_missed == 0


def test_a_ring_that_the_agent_missed_is_told_of_the_agent_and_in_total(store):
    call_id = store.call(missed=("8001",), agent="8002")
    store.states("8001", [(0, "ready"), (6, "ringing"), (16, "ready", "missed")], call_id)
    found = store.report()
    assert found.total.rings_missed == 1
    assert {each.group: each.rings_missed for each in found.agents} == {"8001": 1, "8002": 0}


def test_returns_are_told_where_the_lost_call_came_in_with_each_call_that_we_placed_for_them(store):
    lost = store.call(0, queue="q2", talk=None, wait=60.0)
    with transaction(store.engine) as connection:
        return_rows.open_return(connection, "13800000001", lost, "city", "abandoned", NOON, "q2")
        [task] = connection.scalars(sa.select(returns.c.id))
        for nth, state in enumerate(("unanswered", "busy", "cancelled")):
            row = {"id": f"rv-{nth}", "campaign": "return", "task_id": task, "number": "13800000001"}
            row |= {"trunk": "carrier", "epoch": "e", "state": state, "reserved_at": NOON, "counts": False}
            connection.execute(attempts.insert().values(**row, alerted=False))
    [queue] = store.report().queues
    assert (queue.group, queue.returns) == ("q2", {"asked": 1, "attempts": 2, "open": 1})


def test_the_worst_24_hours_lie_across_midnight_where_they_do(store):
    hour = 3600
    for at in (1, 37):
        store.call(at * hour)
    for at in (11, 13):  # before and after midnight UTC: a window from 2 to 26 hours after noon has only them
        store.call(at * hour, talk=None, wait=60.0)
    scope = Scope(NOON, NOON + timedelta(hours=48), DEMO, RULES)
    found = store.report(scope, NOON + timedelta(hours=60))
    assert (found.worst_24h.counted, found.worst_24h.answered) == (2, 0)


def test_a_talk_in_a_call_that_we_placed_is_apart_from_those_that_came_in(store):
    store.call(0, talk=30.0)
    placed = store.call(600, talk=50.0, direction="outbound")
    store.states("8001", [(666, "wrap_up"), (673, "ready")], placed)
    found = store.report()
    [agent] = found.agents
    assert (agent.talks, agent.talk_seconds, agent.mean_talk_seconds, agent.wrap_up_seconds) == (1, 30, 30, 0)
    placed_time = (agent.placed_talks, agent.placed_talk_seconds, agent.placed_wrap_up_seconds)
    assert placed_time == (1, 50.0, 7.0)
    assert (found.total.calls, found.total.placed_talks, found.centres[0].placed_talks) == (1, 1, 1)


def test_the_wrap_up_of_a_call_before_the_border_counts_with_the_call_though_it_was_after(store):
    call_id = store.call(86390, queued=2.0, wait=3.0, talk=4.0)
    store.states("8001", [(86399, "wrap_up"), (86499, "ready")], call_id)
    total = store.report(now=NOON + timedelta(seconds=90000)).total
    assert (total.wrap_up_seconds, total.states_seconds) == (100.0, {"wrap_up": 1.0})


def test_the_wrap_up_after_the_border_is_not_told_a_second_time(store):
    call_id = store.call(-10, queued=2.0, wait=3.0, talk=4.0)
    store.states("8001", [(-1, "wrap_up"), (99, "ready")], call_id)
    total = store.report().total
    assert (total.wrap_up_seconds, total.states_seconds["wrap_up"]) == (0.0, 99.0)


def test_a_change_that_is_told_late_cuts_the_time_where_it_belongs(store):
    store.states("8001", [(0, "ready"), (100, "paused")])
    store.states("8001", [(40, "talking")])
    now = NOON + timedelta(seconds=100)
    assert store.report(now=now).total.states_seconds == {"ready": 40.0, "talking": 60.0}


def test_a_change_that_is_told_twice_cuts_once(store):
    event = Happening(NOON, "agent", "once", "8001", {"to": "ready"})
    with transaction(store.engine) as connection:
        for _ in range(2):
            call_rows.append(connection, [(None, event), (None, event)])
        assert connection.scalar(sa.select(sa.func.count()).select_from(agent_spells)) == 1


def test_a_count_from_events_reads_of_an_agents_past_the_last_change_only(store):
    store.states("8001", [(-second, "ready") for second in range(50, 0, -1)] + [(5, "paused")])
    seen = []
    with store.engine.connect() as connection:
        found = list(_stretches(connection, "8001", NOON, NOON + timedelta(seconds=9)))
        seen += [begins for _, _, begins, _ in found]
    assert seen == [NOON - timedelta(seconds=1), NOON + timedelta(seconds=5)]


def test_an_agents_time_by_state_comes_from_the_events_and_is_cut_at_both_ends(store):
    store.states("8001", [(-60, "ready"), (100, "talking"), (160, "wrap_up"), (180, "paused")])
    now = NOON + timedelta(seconds=200)
    [agent] = store.report(now=now).agents
    assert agent.states_seconds == {"paused": 20.0, "ready": 100.0, "talking": 60.0, "wrap_up": 20.0}
    assert agent.occupancy == round(80 / 180, 4)


def test_a_state_that_lasts_over_full_hours_is_shared_among_them(store):
    store.states("8001", [(0, "ready"), (1800, "talking"), (9000, "logged_out")])
    found = {each.group: each.states_seconds for each in store.report().hours}
    assert found == {
        "12": {"ready": 1800.0, "talking": 1800.0},
        "13": {"talking": 3600.0},
        "14": {"talking": 1800.0},
    }


def test_wrap_up_is_told_with_the_call_it_followed(store):
    call_id = store.call(0, queue="q2")
    store.states("8001", [(46, "wrap_up"), (56, "ready")], call_id)
    [queue] = store.report().queues
    assert (queue.group, queue.wrap_up_seconds) == ("q2", 10.0)


def test_a_declared_outage_is_shown_apart_and_is_in_the_total(store):
    store.call(0)
    store.call(3600, refused="unserved", by="system")
    start, end = (NOON + timedelta(seconds=s) for s in (3000, 4000))
    with transaction(store.engine) as connection:
        outages.declare(connection, start, end, "the trunk was cut", "Li", LATER)
    found = store.report()
    rates = (found.total.answered_rate, found.outside.answered_rate, found.outages.answered_rate)
    assert rates == (0.5, 1.0, 0.0)
    assert found.total.calls == found.outside.calls + found.outages.calls + found.storms.calls
    assert [each.why for each in found.declared] == ["the trunk was cut"]
    assert (found.worst_24h.rate, found.worst_24h_outside.rate) == (0.5, 1.0)


def test_what_outlives_the_time_is_measured_up_to_now(store):
    store.states("8001", [(0, "talking")])
    assert store.report(now=NOON + timedelta(seconds=7)).total.states_seconds == {"talking": 7.0}


def test_an_agent_whose_row_says_so_but_without_events_has_no_time(store):
    with transaction(store.engine) as connection:
        agent_rows.save(connection, {"number": "8001", "state": "ready", "since": NOON, "missed_rings": 0})
    assert store.report().agents == []


SECONDS = st.floats(0, 100, allow_nan=False).map(lambda s: round(s, 6))
CALLS = st.fixed_dictionaries(
    {"at": st.floats(-7200, 93600).map(lambda s: round(s, 6)), "number": st.sampled_from(sorted(NUMBERS))},
    optional={
        "caller": st.sampled_from(["", DEMO, "13800000002"]),
        "queue": st.sampled_from(["q1", "q2"]),
        "queued": st.none() | SECONDS,
        "wait": SECONDS | st.sampled_from([5.0, 15.0]),
        "talk": st.none() | SECONDS,
        "agent": st.sampled_from(["8001", "8002"]),
        "missed": st.lists(st.sampled_from(["8001", "8002"]), max_size=2),
        "by": st.sampled_from(["citizen", "system"]),
        "refused": st.none() | st.sampled_from(["refused", "unserved"]),
        "direction": st.sampled_from(["inbound", "outbound"]),
    },
)
STATES = st.lists(
    st.tuples(
        st.floats(-7200, 93600).map(lambda s: round(s, 6)),
        st.sampled_from(["ready", "ringing", "talking", "wrap_up", "paused", "logged_out"]),
    )
    | st.tuples(st.floats(-7200, 93600).map(lambda s: round(s, 6)), st.just("ready"), st.just("missed")),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def both_stores(postgres, tmp_path_factory):
    """On each database: pytest-twisted wraps a property twice, and fails, if it is parametrised."""
    sqlite = f"sqlite:///{tmp_path_factory.mktemp('report')}/hotline.db"
    databases = [Database(url, Reactor()) for url in (sqlite, postgres.database("service_report"))]
    for database in databases:
        metadata.create_all(database.engine)
    yield [Store(database.engine) for database in databases]
    for database in databases:
        database.engine.dispose()


@settings(max_examples=25)
@given(st.lists(CALLS, max_size=12), STATES, st.floats(0, 40 * 3600))
def test_the_sums_of_the_database_equal_those_of_the_raw_events(both_stores, calls, states, now):
    now = NOON + timedelta(seconds=round(now, 6))
    for store in both_stores:
        store.empty()
        ids = [store.call(**call) for call in calls]
        store.states("8001", sorted(states), ids[0] if ids else None)
        store.states("8002", states, ids[-1] if ids else None)
        summed = store.summed(now=now)
        assert list(differences(summed, store.again(now=now))) == []
        fates = sum(sum(sums.fates.values()) for sums in summed.hours.values())
        assert fates == figures(None, summed.total).calls


def test_a_difference_is_named_by_group_and_sum(store):
    call_id = store.call(0)
    with transaction(store.engine) as connection:
        connection.execute(sa.text("UPDATE calls SET queue = 'q9' WHERE id = :id"), {"id": call_id})
    found = list(differences(store.summed(), store.again()))
    assert "queues q9 fates: {'answered': 1} / {}" in found


def test_a_rating_that_adds_up_is_no_difference():
    one, other = (Summed({}, total=Sums(ratings=Counter(keys))) for keys in ({"1": 1, "2": 0}, {"1": 1}))
    assert list(differences(one, other)) == []
