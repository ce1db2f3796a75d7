"""No commit, no call: what revisits do while the disk is full, the store locked or away, the clock behind."""

import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from telephony.callback.witness import RETRY
from telephony.peers.far_end_call import Behaviour
from telephony.rules.verdict import Kind
from tests.pbx.killing import RATES, Killing
from tests.pbx.surveying import prompts_heard

BUSY = Behaviour(alerting=None, ring_ms=0, final=486)
ON_COMMAND = Behaviour(ring_ms=30_000)
GAP = 3
"""Seconds between calls about two cases of one citizen: so long a fault has to begin before the second."""
RULES = {"guard_extra_seconds": 30, "number_gap_minutes": GAP / 60}
BUSY_TIMEOUT = 5
"""Seconds that our own writer waits for SQLite's lock (telephony.store.database)."""


@contextmanager
def full(killing, _):
    """No file of the service grows."""
    killing.service.fill_disk()
    yield RETRY
    killing.service.make_room()


@contextmanager
def locked(killing, _):
    """Another process writes, and does not end."""
    with closing(store(killing)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield BUSY_TIMEOUT + RETRY
        other.execute("ROLLBACK")


@contextmanager
def away(_, postgres):
    """The database server is down."""
    postgres.halt()
    yield RETRY
    postgres.resume()


FAULTS = {"disk full": full, "database locked": locked, "database away": away}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory):
    running = Killing(tmp_path_factory.mktemp("faults"), **RULES)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory, postgres):
    folder, url = tmp_path_factory.mktemp("faults-postgres"), postgres.database("revisit_faults")
    running = Killing(folder, {"database": url}, **RULES)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(params=FAULTS)
def broken(request):
    """The service that a fault is made for, and a context with it that gives the seconds to look."""
    where = "on_postgres" if request.param == "database away" else "on_sqlite"
    killing, postgres = request.getfixturevalue(where), request.getfixturevalue("postgres")
    return killing, lambda: FAULTS[request.param](killing, postgres)


def store(killing):
    return sqlite3.connect(killing.switch.paths.var / "hotline.db", isolation_level=None)


def let_time_pass(seconds):
    """Wait for what must not happen: nothing tells that it does not."""
    time.sleep(seconds)


def invited(killing, number):
    return len(killing.far_end.invited.get(number, ()))


def test_without_a_commit_nobody_is_called_and_with_one_again_they_are(broken):
    killing, fault = broken
    first, number = killing.case(BUSY)
    killing.wait_settled(first)
    second = killing.another_case(number)
    with fault() as look:
        let_time_pass(GAP + look)
        assert invited(killing, number) == 1
    killing.service.wait_ready()
    killing.wait_settled(second)
    assert invited(killing, number) == 2
    killing.close(first, second)


def test_what_is_seen_while_nothing_can_be_stored_is_stored_later_and_judged(broken):
    killing, fault = broken
    name, number = killing.case(ON_COMMAND)
    killing.wait_evidence(name, Kind.ALERTING)
    let_time_pass(1)  # the floor
    with fault() as look:
        killing.far_end.reject(number, 480)
        killing.far_end.wait_event("ended", number=number)
        let_time_pass(look)
    killing.service.wait_ready()
    [attempt] = killing.wait_settled(name)["attempts"]
    assert (attempt["state"], attempt["counts"], attempt["sip_code"]) == ("unanswered", True, 480), attempt
    killing.close(name)


def test_who_rates_while_nothing_can_be_stored_hears_an_apology_and_is_not_satisfied(broken):
    killing, fault = broken
    name, number = killing.case(RATES)
    killing.wait_evidence(name, Kind.UP)
    with fault():
        killing.far_end.wait_event("ended", 60, number=number)
    killing.service.wait_ready()
    assert killing.wait_verdict(name)["verdict"] == "contacted_unrated"
    assert prompts_heard(killing.switch, killing.far_end.heard(number))[-1] == "survey-apology"


def test_nothing_decided_before_and_after_a_fault_differs_from_its_evidence(on_sqlite, on_postgres):
    assert [*on_sqlite.disagreements(), *on_postgres.disagreements()] == []


# --- the clock ---


@pytest.fixture
def clock_behind(on_sqlite):
    """Another worker has committed a time an hour from now; a call is due."""
    on_sqlite.service.stop()
    ahead = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat(" ")
    with closing(store(on_sqlite)) as rows:
        rows.execute("INSERT INTO workers VALUES ('ahead', 'other', ?, ?)", (ahead, ahead))
    on_sqlite.service.start()
    yield on_sqlite
    with closing(store(on_sqlite)) as rows:
        rows.execute("DELETE FROM workers WHERE epoch = 'ahead'")


def test_a_clock_behind_the_last_committed_time_calls_nobody_and_raises_an_alarm(clock_behind):
    name, number = clock_behind.case(BUSY)
    let_time_pass(2 * RETRY)
    assert invited(clock_behind, number) == 0
    assert clock_behind.service.health() == 503
    assert "clock-behind" in [each["kind"] for each in clock_behind.service.get("/alarms")]
    clock_behind.close(name)


def test_once_the_clock_is_right_again_calls_are_placed_and_the_probe_is_well(clock_behind):
    name, _ = clock_behind.case(BUSY)
    with closing(store(clock_behind)) as rows:
        rows.execute("DELETE FROM workers WHERE epoch = 'ahead'")
    clock_behind.wait_settled(name)
    assert clock_behind.service.health() == 200
    clock_behind.close(name)
