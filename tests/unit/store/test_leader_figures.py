"""The figures of a leader day from the ledger, and the same counted again from raw events."""

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as Reactor

from telephony.config_load import load
from telephony.leader.certificate_document import line_of
from telephony.paths import PROJECT
from telephony.store.database import Database
from telephony.store.leader_figures import satisfaction
from telephony.store.outbound_tables import revisits
from telephony.store.tables import legs, metadata
from tests.unit.leader.day_stories import LEADER, OPENED, SCREENER, DayStore, after
from tests.unit.store.revisit_rows import put_revisit

CONFIG = load(PROJECT / "config")
LINE = line_of(CONFIG, CONFIG.seats["city-hall"])


@pytest.fixture
def store(migrated_url):
    database = Database(migrated_url, Reactor())
    store = DayStore(database.engine, CONFIG)
    store.day("open", closed_at=None)
    yield store
    database.engine.dispose()


def test_the_line_is_the_seats_agent_and_who_serves_the_screening_queue():
    assert (LINE.leader, LINE.screeners) == ("8801", frozenset({"8803", "8804"}))


@pytest.mark.parametrize(
    ("story", "fate"),
    [
        ({"screen": 30.0, "talk": 60.0}, "answered"),
        ({"screen": 30.0, "hand": "attended", "talk": 60.0}, "answered"),
        ({"screen": 30.0, "hand": "attended"}, "gave_up"),
        ({"screen": 30.0, "hand": "gone", "talk": 60.0}, "answered"),
        ({"screen": 30.0, "hand": "gone"}, "gave_up"),
        ({"screen": 30.0}, "gave_up"),
        ({}, "gave_up"),
        ({"outcome": "early"}, "gave_up"),
        ({"outcome": "kept"}, "to_be_called"),
        ({"outcome": "failed"}, "lost"),
        ({"outcome": "goes on"}, "open"),
        ({"other": 20.0}, "other_agent"),
        ({"screen": 9.0, "other": 20.0}, "other_agent"),
        ({"screen": 9.0, "talk": 9.0, "other": 20.0}, "answered"),
        ({"screen": 30.0, "talk": 60.0, "outcome": "cut"}, "lost"),
        ({"screen": 30.0, "outcome": "cut"}, "lost"),
        ({"outcome": "cut"}, "lost"),
    ],
    ids=str,
)
def test_each_call_has_one_fate(store, story, fate):
    store.call(**story)
    assert {name for name, count in store.sums(LINE).fates.items() if count} == {fate}
    assert store.differences(LINE) == []


def test_whom_the_switch_cut_off_from_the_leader_was_answered_once_somebody_put_down_what_came_of_it(store):
    call_id = store.call(screen=30.0, talk=60.0, outcome="cut")
    assert (store.figures(LINE).answered, store.figures(LINE).lost) == (0, 1)
    store.say(call_id, "result", result="on_the_spot")
    assert (store.figures(LINE).answered, store.figures(LINE).lost) == (1, 0)
    assert [each.view.standing for each in store.calls()] == ["answered"]
    assert store.differences(LINE) == []


def test_out_of_scope_is_nobodys_fate_whom_the_switch_cut_off(store):
    call_id = store.call(screen=30.0, outcome="cut")
    store.say(call_id, "screened", in_scope=False, summary="停水")
    assert (store.figures(LINE).turned_away, store.figures(LINE).lost) == (0, 1)
    assert [each.view.standing for each in store.calls()] == ["not_reached"]


def test_a_leader_who_was_asked_first_has_not_answered_whom_the_citizen_did_not_wait_for(store):
    store.call(screen=30.0, hand="attended", talk=None)
    found = store.figures(LINE)
    assert (found.answered, found.talks.count, found.gave_up) == (0, 0, 1)


def test_durations_are_of_the_legs_and_the_wait_leaves_the_screening_out(store):
    store.call(wait=5.0, screen=30.0, talk=60.0)
    (call,) = store.calls()
    first, second = call.told.talks
    assert (first.agent, second.agent) == (SCREENER, LEADER)
    found = store.figures(LINE)
    assert found.waits.total_seconds == pytest.approx(10.0, abs=0.11)
    assert found.talks.longest_seconds == pytest.approx(60.0, abs=0.11)
    assert found.screenings.mean_seconds == pytest.approx(30.0, abs=0.11)


def test_means_and_longest_are_of_those_who_were_answered(store):
    store.call(screen=10.0, talk=60.0)
    store.call(200, screen=10.0, talk=20.0)
    store.call(400)
    found = store.figures(LINE)
    assert (found.offered, found.answered, found.talks.count, found.waits.count) == (3, 2, 2, 2)
    assert found.talks.mean_seconds == pytest.approx(40.0, abs=0.11)
    assert found.talks.longest_seconds == pytest.approx(60.0, abs=0.11)


def test_a_talk_that_goes_on_is_measured_up_to_now(store):
    store.call(wait=5.0, talk=1000.0, outcome="goes on")
    (call,) = store.calls(after(66))
    assert call.told.talks[0].ended_at is None
    assert store.figures(LINE, after(66)).talks.total_seconds == pytest.approx(60.0, abs=0.11)
    assert store.differences(LINE, after(66)) == []


def test_a_direct_call_has_no_screening(store):
    store.call(entry="direct", screen=10.0, talk=20.0)
    assert store.figures(LINE).screenings.count == 0


def test_who_is_sent_off_at_the_end_is_apart_and_what_comes_later_is_no_screening(store):
    call_id = store.call(6000, wait=5.0, screen=30.0)
    store.send_off(call_id, 6002.0)
    found = store.figures(LINE)
    assert (found.sent_off, found.gave_up, found.screenings.count) == (1, 0, 0)
    assert store.differences(LINE) == []


def test_what_people_put_down_is_counted(store):
    first, second = store.call(screen=5.0, talk=9.0), store.call(99, screen=5.0)
    store.say(first, "screened", in_scope=True, summary="停水")
    store.say(second, "screened", in_scope=False, summary="广告")
    store.say(first, "result", result="on_the_spot", case_number="C1")
    found = store.figures(LINE)
    assert (found.screened, found.in_scope, found.out_of_scope, found.on_the_spot) == (2, 1, 1, 1)
    assert (found.turned_away, found.answered, found.gave_up) == (1, 1, 0)
    assert store.differences(LINE) == []


def test_fates_add_up_to_all_calls_that_were_let_in(store):
    for nth, story in enumerate(({}, {"talk": 5.0}, {"outcome": "kept"}, {"outcome": "failed"})):
        store.call(nth * 100, **story)
    found = store.figures(LINE)
    fates = ("answered", "open", "sent_off", "turned_away", "to_be_called", "gave_up")
    fates += ("other_agent", "screening_only", "lost")
    assert found.offered == sum(getattr(found, fate) for fate in fates) == 4


def test_a_difference_between_ledger_and_events_is_named(store):
    store.call(talk=60.0)
    mine = sa.and_(legs.c.party == LEADER, legs.c.role == "agent")
    store.alter(legs.update().where(mine).values(bridged_at=after(7)))
    names = [each.partition(":")[0] for each in store.differences(LINE)]
    assert names == ["waits longest_us", "waits total_us", "talks longest_us", "talks total_us"]


def test_calls_of_another_day_are_not_counted(store):
    store.call(talk=60.0)
    store.day("open", seat="baofeng-hall", centre="baofeng")
    assert store.figures(LINE).offered == 0


# Any day: the ledger's sums are those of the raw events.
# `now` lies after all that has happened: a bridge that is entered later than now is none yet.

LENGTH = st.floats(0.01, 400).map(lambda s: round(s, 6))
STORIES = st.fixed_dictionaries(
    {"at": st.integers(0, 7000)},
    optional={
        "entry": st.sampled_from(["screened", "direct"]),
        "caller": st.sampled_from(["13800001234", "13900001234", ""]),
        "wait": LENGTH,
        "screen": st.none() | LENGTH,
        "hand": st.sampled_from(["blind", "attended", "gone"]),
        "words": LENGTH,
        "talk": st.none() | LENGTH,
        "other": st.none() | LENGTH,
        "outcome": st.sampled_from(["hangup", "early", "kept", "failed", "cut", "goes on"]),
    },
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "in_scope": st.booleans(),
        "result": st.sampled_from(["on_the_spot", "dispatched"]),
        "settled": st.sampled_from(["called_back", "handed_to_unit", "noted"]),
        "off": st.integers(0, 600),
    },
)


@pytest.fixture(scope="module")
def both_stores(postgres, tmp_path_factory):
    """On each database: pytest-twisted wraps a property twice, and fails, if it is parametrised."""
    sqlite = f"sqlite:///{tmp_path_factory.mktemp('leader')}/hotline.db"
    databases = [Database(url, Reactor()) for url in (sqlite, postgres.database("leader_figures"))]
    for database in databases:
        metadata.create_all(database.engine)
    yield [DayStore(database.engine, CONFIG) for database in databases]
    for database in databases:
        database.engine.dispose()


@settings(max_examples=30)
@given(st.lists(st.tuples(STORIES, SAID), max_size=8), st.integers(12_000, 20_000))
def test_the_sums_of_the_ledger_equal_those_of_the_raw_events(both_stores, calls, now):
    for store in both_stores:
        store.empty()
        store.day()
        for story, said in calls:
            call_id = store.call(**story)
            if "in_scope" in said:
                store.say(call_id, "screened", in_scope=said["in_scope"], summary="停水")
            for what in ("result", "settled"):
                if what in said:
                    store.say(call_id, what, **{what: said[what]})
            if "off" in said:
                store.send_off(call_id, story["at"] + said["off"])
        assert store.differences(LINE, after(now)) == []
        assert sum(store.sums(LINE, after(now)).fates.values()) == len(calls)


# What citizens say later.


def of_day(store):
    with store.engine.connect() as connection:
        return satisfaction(connection, store.day_id)


def revisit(store, case, verdict):
    with store.engine.begin() as connection:
        put_revisit(connection, case, verdict)


def test_satisfaction_is_of_the_days_cases_with_the_deemed_apart(store):
    verdicts = ["satisfied", "basically_satisfied", "dissatisfied", "deemed_satisfied", "unreachable", None]
    for nth, verdict in enumerate(verdicts):
        call_id = store.call(nth * 100, talk=5.0)
        store.say(call_id, "result", result="on_the_spot", case_number=f"C{nth}")
        revisit(store, f"C{nth}", verdict)
    store.say(store.call(900, talk=5.0), "result", result="dispatched", case_number="C9")
    revisit(store, "elsewhere", "satisfied")
    found = vars(of_day(store))
    assert found.pop("cases") == 7
    assert set(found.values()) == {1}


def test_of_a_case_that_was_redone_the_newest_round_counts_and_two_calls_are_one_case(store):
    for nth in range(2):
        store.say(store.call(nth * 100, talk=5.0), "result", result="dispatched", case_number="C1")
    revisit(store, "C1", "dissatisfied")
    again(store)
    found = of_day(store)
    assert (found.cases, found.dissatisfied, found.satisfied) == (1, 0, 1)


def again(store):
    """Ask about the case a second time."""
    row = {"case_number": "C1", "round": 2, "numbers": [], "contact": "told", "ready": False, "demo": False}
    row |= {"replied_at": OPENED, "due_at": OPENED, "verdict": "satisfied", "decided_at": OPENED}
    with store.engine.begin() as connection:
        connection.execute(revisits.insert().values(**row))


def test_a_day_without_cases_has_nothing_to_tell(store):
    assert set(vars(of_day(store)).values()) == {0}
