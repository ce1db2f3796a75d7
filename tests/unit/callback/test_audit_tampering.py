"""Nothing that a decision rests on can be changed in the store without the audit's finding it."""

import pytest
import sqlalchemy as sa

from telephony.rules.verdict import Kind, digest
from telephony.store.outbound_tables import attempts, decisions, evidence, revisits
from tests.unit.callback.audits import HOUR, SECOND, audited, change, decision, revisit, some_of_each, what
from tests.unit.callback.played import START, undone


@pytest.fixture
def connection():
    with undone(some_of_each()) as connection:
        yield connection


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "satisfied"},
        {"verdict": "overdue"},
        {"first_attempt": "rv-000000000001-00000099"},
        {"second_attempt": None},
        {"why": "somebody said so"},
        {"digest": "0" * 64},
        {"rules_version": "none"},
        {"supersedes": 1},
        {"decided_by": "8001"},
        {"facts": []},
    ],
    ids=str,
)
def test_a_changed_column_of_a_decision_is_found(connection, changes):
    change(connection, decisions, decision(connection, "DEEMED").id, **changes)
    assert {("DEEMED", name) for name in changes} <= what(connection)


def test_a_decision_moved_to_another_time_is_found(connection):
    made = decision(connection, "DEEMED")
    change(connection, decisions, made.id, at=made.at - HOUR)
    assert what(connection) == {("DEEMED", "decided_at")}


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("numbers", ["13900000000"]),
        ("opened_at", "2026-02-09T08:00:00+08:00"),
        ("due_at", "2026-02-13T00:00:00+08:00"),
        ("attempts", []),
        ("last_evidence", 1),
        ("last_evidence", 10**9),
        ("rating", "satisfied"),
        ("called_back_at", "2026-02-09T09:00:00+08:00"),
        ("no_disturb", ["13900000000"]),
        ("others", [["rv-0", "13800000001", *["2026-02-09T09:00:00+08:00"] * 2, "busy", False, False]]),
    ],
)
def test_a_changed_fact_of_a_decision_is_found(connection, name, new):
    made = decision(connection, "DEEMED")
    change(connection, decisions, made.id, facts={**made.facts, name: new})
    assert audited(connection).agrees is False


def test_a_decision_that_leaves_a_call_of_its_round_out_is_found_though_all_else_fits(connection):
    made = decision(connection, "VOIDED")
    first = connection.execute(sa.select(decisions).where(decisions.c.id == made.supersedes)).one()
    facts = {**first.facts, "attempts": [], "last_evidence": 0}
    change(connection, decisions, first.id, facts=facts, digest=digest([]))
    assert ("VOIDED", "attempts") in what(connection)


@pytest.mark.parametrize("lost", ["numbers", "attempts", "others", "last_evidence", "rating"])
def test_a_fact_that_is_gone_is_found(connection, lost):
    made = decision(connection, "DEEMED")
    facts = {name: value for name, value in made.facts.items() if name != lost}
    change(connection, decisions, made.id, facts=facts)
    assert what(connection) == {("DEEMED", "facts")}


@pytest.mark.parametrize(
    ("at", "new"),
    [
        (0, "rv-0"),
        (0, "rv-000000000001-00000002"),
        (1, "13900000000"),
        (2, START.isoformat()),
        (4, "refused"),
    ],
)
def test_a_call_about_another_case_that_is_not_as_the_decision_says_is_found(connection, at, new):
    made = decision(connection, "RATED")
    (other,) = made.facts["others"]
    changed = [*other[:at], new, *other[at + 1 :]]
    change(connection, decisions, made.id, facts={**made.facts, "others": [changed]})
    assert ("RATED", "others") in what(connection)


def test_a_call_about_another_case_that_a_decision_leaves_out_is_found(connection):
    made = decision(connection, "RATED")
    change(connection, decisions, made.id, facts={**made.facts, "others": []})
    assert what(connection) == {("RATED", "others")}


def last_of(connection, name, kind):
    """Return the last row of evidence of a kind in the calls that a case's decision rests on."""
    ids = decision(connection, name).facts["attempts"]
    query = sa.select(evidence).where(evidence.c.attempt_id.in_(ids), evidence.c.kind == kind)
    return connection.execute(query.order_by(evidence.c.id.desc())).first()


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.ALERTING, Kind.RELEASED, Kind.RESPONSE, Kind.HANGUP])
def test_evidence_that_is_gone_is_found(connection, kind):
    row = last_of(connection, "DEEMED", kind)
    connection.execute(evidence.delete().where(evidence.c.id == row.id))
    found = {each.decision or each.attempt for each in audited(connection).disagreements}
    assert found == {decision(connection, "DEEMED").id, row.attempt_id}


def test_an_end_moved_by_seconds_across_the_floor_is_no_deemed_verdict_any_more(connection):
    row = last_of(connection, "DEEMED", Kind.HANGUP)
    change(connection, evidence, row.id, at=row.at - 3 * SECOND)
    found = {(each.what, each.stored, each.recomputed) for each in audited(connection).disagreements}
    assert ("ring_seconds", "62.0", "59.0") in found
    assert ("counts", "True", "False") in found
    assert ("verdict", "deemed_satisfied", "open") in found


def test_an_end_moved_by_a_second_is_found_though_it_still_counts(connection):
    row = last_of(connection, "DEEMED", Kind.HANGUP)
    change(connection, evidence, row.id, at=row.at - SECOND)
    assert what(connection) == {("DEEMED", name) for name in ("digest", "ring_seconds", "ended_at")}


@pytest.mark.parametrize(
    "values",
    [
        {"kind": Kind.UP},
        {"key": "another"},
        {"mono": 1.0},
        {"boot": "another"},
        {"data": {"cause": 17, "sip_code": 486}},
    ],
    ids=str,
)
def test_changed_evidence_is_found(connection, values):
    change(connection, evidence, last_of(connection, "DEEMED", Kind.HANGUP).id, **values)
    assert {("DEEMED", "digest")} <= what(connection)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "busy"},
        {"counts": False},
        {"alerted": False},
        {"ring_seconds": 60.0},
        {"ended_at": None},
        {"sip_code": 486},
        {"cause": 17},
        {"why": "guessed"},
        {"rating": "satisfied"},
        {"digest": "0" * 64},
        {"ended_mono": 1.0},
        {"boot": ""},
        {"started_at": None},
    ],
    ids=str,
)
def test_a_changed_column_of_an_attempt_is_found(connection, values):
    attempt = decision(connection, "DEEMED").second_attempt
    change(connection, attempts, attempt, **values)
    found = {(each.attempt, each.what) for each in audited(connection).disagreements}
    assert found == {(attempt, name) for name in values}


@pytest.mark.parametrize(
    "values",
    [{"number": "13900000000"}, {"task_id": 2}, {"state": "cancelled"}, {"campaign": "poll"}],
    ids=str,
)
def test_an_attempt_that_is_another_s_does_not_bear_a_decision(connection, values):
    made = decision(connection, "DEEMED")
    change(connection, attempts, made.first_attempt, **values)
    assert made.id in {each.decision for each in audited(connection).disagreements}


@pytest.mark.parametrize(
    "values", [{"verdict": "satisfied"}, {"verdict": None}, {"decided_at": None}], ids=str
)
def test_a_revisit_that_does_not_show_its_last_decision_is_found(connection, values):
    change(connection, revisits, revisit(connection, "DEEMED").id, **values)
    assert {("DEEMED", name) for name in values} <= what(connection)


@pytest.mark.parametrize("name", ["replied_at", "due_at"])
def test_a_deadline_that_the_calendar_does_not_give_is_found(connection, name):
    row = revisit(connection, "DEEMED")
    change(connection, revisits, row.id, **{name: getattr(row, name) + 24 * HOUR})
    assert what(connection) & {("DEEMED", "due_at"), ("DEEMED", "opened_at")}
