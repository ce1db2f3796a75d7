"""Service figures: the database's sums, and the same counted again from raw events."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as Reactor

from telephony.rules.call_story import Happening
from telephony.rules.service_figures import Sums, figures
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store.database import Database, transaction
from telephony.store.service_groups import Summed
from telephony.store.service_recompute import _stretches, differences
from telephony.store.service_sums import Scope
from telephony.store.service_tables import agent_spells
from telephony.store.tables import metadata
from tests.unit.store.service_store import DEMO, NUMBERS, RETURN_FATES, RULES, Store
from tests.unit.times import NOON


@pytest.fixture
def store(migrated_url):
    database = Database(migrated_url, Reactor())
    yield Store(database.engine)
    database.engine.dispose()


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
    assert store.differences() == []


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


def test_a_wrap_up_that_a_clock_has_put_before_its_call_is_counted_again_as_well(store):
    store.states("8001", [(-300, "wrap_up"), (-200, "ready"), (-100, "paused")], store.call(0))
    assert store.report().total.wrap_up_seconds == 100.0
    assert store.differences() == []


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
AFTERWARDS = st.fixed_dictionaries(
    {},
    optional={
        "key": st.sampled_from(["1", "2", "5"]),
        "fate": st.sampled_from(RETURN_FATES),
        "placed": st.lists(st.sampled_from(["answered", "busy", "failed", None]), max_size=3),
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
@given(st.lists(st.tuples(CALLS, AFTERWARDS), max_size=12), STATES, st.floats(0, 40 * 3600))
def test_the_sums_of_the_database_equal_those_of_the_raw_events(both_stores, calls, states, now):
    now = NOON + timedelta(seconds=round(now, 6))
    for store in both_stores:
        store.empty()
        ids = [store.call_and(call, **after) for call, after in calls]
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
