"""Lists of revisits on each database: order, pages by key, times in Shanghai."""

from datetime import timedelta

import pytest

from telephony.clock import SHANGHAI
from telephony.store import revisit_views as views
from telephony.store.database import engine_of, transaction
from telephony.store.outbound_tables import attempts, evidence, outbox, revisits, work_items
from telephony.store.revisit_views import RevisitFilter
from telephony.store.tables import cases
from tests.unit.times import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def store(migrated_url):
    engine = engine_of(migrated_url)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def put(store, revisit_id, **values):
    """Enter a revisit replied to an hour after the one before it, due in the opposite order."""
    case = values.pop("case", f"C{revisit_id}")
    of_case = {name: values.pop(name, None) for name in ("unit", "district", "category")}
    store.execute(cases.insert().values(case_number=case, open=True, updated_at=NOON, **of_case))
    row = {"id": revisit_id, "case_number": case, "round": 1, "numbers": ["13800000001"], "contact": "x"}
    row |= {"replied_at": NOON + revisit_id * HOUR, "due_at": NOON - revisit_id * HOUR}
    row |= {"ready": False, "demo": False}
    store.execute(revisits.insert().values(**row | values))


def ids(store, **wanted):
    return [each.id for each in views.revisit_list(store, RevisitFilter(**wanted))]


def pages(store, size, **wanted):
    found, after = [], None
    while page := ids(store, limit=size, after=after, **wanted):
        found.append(page)
        after = page[-1]
    return found


def test_open_ones_go_by_deadline_and_others_the_newest_first(store):
    for each in (1, 2, 3):
        put(store, each)
    assert ids(store, state="open") == [3, 2, 1]
    assert ids(store) == [3, 2, 1]
    assert ids(store, since=NOON + 2 * HOUR) == [3, 2]
    assert ids(store, until=NOON + 2 * HOUR) == [1]


def test_pages_by_key_miss_none_and_repeat_none_where_deadlines_are_the_same(store):
    for each in range(1, 8):
        put(store, each, due_at=NOON)
    assert pages(store, 3, state="open") == [[1, 2, 3], [4, 5, 6], [7]]
    assert pages(store, 3) == [[7, 6, 5], [4, 3, 2], [1]]


def test_decided_ones_go_by_the_time_of_their_verdict(store):
    for each, at in ((1, NOON), (2, NOON + HOUR), (3, NOON)):
        put(store, each, verdict="satisfied", decided_at=at)
    put(store, 4)
    assert pages(store, 2, state="decided") == [[2, 3], [1]]


def test_a_demonstration_is_found_by_its_case_only(store):
    put(store, 1, demo=True, case="DEMO")
    assert ids(store) == ids(store, state="open") == []
    assert ids(store, case="DEMO") == [1]


def test_filters_of_the_case_and_of_the_revisit_all_hold(store):
    put(store, 1, unit="城管局", district="新华区", category="A")
    put(store, 2, unit="城管局", district="卫东区", category="A", verdict="overdue", decided_at=NOON)
    assert ids(store, unit="城管局") == [2, 1]
    assert ids(store, unit="城管局", district="新华区", category="A") == [1]
    assert ids(store, unit="城管局", verdict="overdue") == [2]
    assert ids(store, unit="城管", due_before=NOON) == []


def test_one_revisit_has_its_calls_with_their_evidence_in_order_and_in_shanghais_time(store):
    put(store, 1)
    call = {"campaign": "revisit", "task_id": 1, "number": "13800000001", "trunk": "carrier", "epoch": "e"}
    call |= {"state": "busy", "counts": False, "alerted": True}
    for name, at in (("b", NOON), ("a", NOON + HOUR)):
        store.execute(attempts.insert().values(id=name, reserved_at=at, **call))
    told = {"attempt_id": "a", "kind": "sent", "at": NOON, "boot": "", "data": {"n": 1}}
    for key in ("second", "first"):
        store.execute(evidence.insert().values(key=key, **told))
    found = views.revisit(store, 1)
    assert [each.id for each in found.attempts] == ["b", "a"]
    assert [each.data for each in found.attempts[1].evidence] == [{"n": 1}] * 2
    assert found.attempts[0].reserved_at.tzinfo is SHANGHAI
    assert views.revisit(store, 2) is None


def test_the_work_list_has_open_entries_the_longest_waiting_first(store):
    for each in (1, 2, 3):
        put(store, each, verdict="unreachable", decided_at=NOON)
        item = {"revisit_id": each, "kind": "unreachable", "why": "x", "opened_at": NOON - each * HOUR}
        store.execute(work_items.insert().values(id=each, **item, closed_at=NOON if each == 2 else None))
    assert [item.revisit.id for item in views.worklist(store, None, 10)] == [3, 1]
    assert [item.id for item in views.worklist(store, "unreachable", 10, after=3)] == [1]
    assert views.worklist(store, "overdue", 10) == []


def test_the_outbox_goes_on_after_an_id(store):
    for each in (1, 2):
        news = {"at": NOON, "topic": "redo", "key": str(each), "payload": {"n": each}}
        store.execute(outbox.insert().values(id=each, **news))
    assert [each.payload for each in views.outbox_after(store, 1)] == [{"n": 2}]
    assert [each.id for each in views.outbox_after(store, 0, limit=1)] == [1]
