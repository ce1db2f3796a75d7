"""Every decision can be made again from stored evidence; what came in later is told apart."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from telephony.callback import audit as audit_module
from telephony.callback.audit import audit
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.rules_in_force import demo_planner, rules_of
from telephony.rules.planner import Planner
from telephony.rules.verdict import Evidence, Kind
from telephony.rules.workdays import WorkCalendar
from telephony.store import attempts as attempt_rows
from telephony.store import audited as audited_rows
from telephony.store.database import engine_of, transaction
from telephony.store.outbound_tables import decisions, ratings, revisits, rule_sets
from telephony.store.revisits import Tick
from telephony.store.tables import case_numbers, cases, metadata
from tests.unit.callback.audits import HOUR, audited, change, decision, revisit, some_of_each, what
from tests.unit.callback.played import START, anything, config, undone


@pytest.fixture
def connection():
    with undone(some_of_each()) as connection:
        yield connection


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_audit_agrees_whatever_the_far_end_did_and_wherever_the_service_died(seed):
    result = audited(anything(seed, 300).memory.connection)
    assert (result.disagreements, result.agrees) == ((), True)
    assert (result.decisions >= 300, result.attempts > 400, result.revisits) == (True, True, 300)


def test_an_audit_agrees_with_what_people_recorded_and_what_was_voided(connection):
    result = audited(connection)
    assert result.disagreements == ()
    assert (result.decisions, result.revisits) == (15, 9)


def test_an_audit_of_one_case_looks_at_that_one_only(connection):
    result = audited(connection, "DEEMED")
    assert (result.decisions, result.attempts, result.revisits) == (1, 2, 1)


@pytest.mark.parametrize("size", [1, 3])
def test_an_audit_in_small_batches_finds_the_same(connection, monkeypatch, size):
    monkeypatch.setattr(audited_rows, "BATCH", size)
    result = audited(connection)
    assert (result.decisions, result.attempts, result.revisits, result.found) == (15, 14, 9, 0)


def test_an_audit_agrees_on_each_database(connection, database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as copy:
        for table in metadata.sorted_tables:
            rows = [row._asdict() for row in connection.execute(sa.select(table))]
            if rows:
                copy.execute(table.insert(), rows)
        result = audited(copy)
    engine.dispose()
    assert (result.decisions, result.attempts, result.revisits, result.found) == (15, 14, 9, 0)


def test_the_list_of_disagreements_has_an_end_and_their_number_has_none(connection, monkeypatch):
    monkeypatch.setattr(audit_module, "MOST", 2)
    connection.execute(decisions.update().values(digest=""))
    result = audited(connection)
    assert (len(result.disagreements), result.found, result.agrees) == (2, 15, False)


def test_a_year_that_the_calendar_knows_no_more_is_named(connection):
    result = audit(connection, WorkCalendar({}), case_number="DEEMED")
    assert [(each.what, each.recomputed) for each in result.disagreements] == [("calendar", "2026?")]


def test_a_rating_that_was_given_to_a_person_or_in_a_call_back_needs_the_citizen_s_words(connection):
    connection.execute(ratings.delete())
    assert what(connection) == {("ASKED", "rating"), ("UNSURE", "rating")}


@pytest.mark.parametrize("verdict", ["deemed_satisfied", "overdue"])
def test_no_person_may_deem(connection, verdict):
    change(connection, decisions, decision(connection, "CLOSED").id, verdict=verdict)
    assert ("CLOSED", "decided_by") in what(connection)


def tell_late(connection, attempt_id, kind, data):
    now = START + 200 * HOUR
    attempt_rows.append(connection, [(attempt_id, Evidence(kind, now, "late", 1.0, "simulated", data))])


@pytest.mark.parametrize(
    ("kind", "data", "verdict"),
    [(Kind.UP, {}, "contacted_unrated"), (Kind.RATED, {"rating": "dissatisfied"}, "dissatisfied")],
)
def test_evidence_that_came_late_contradicts_a_deemed_verdict(connection, kind, data, verdict):
    made = decision(connection, "DEEMED")
    tell_late(connection, made.first_attempt, kind, data)
    found = audited(connection).disagreements
    assert {each.what for each in found} == {"contradicted"}
    assert {each.recomputed for each in found if each.decision} == {verdict}
    assert [each.attempt for each in found if each.attempt] == [made.first_attempt]


def test_evidence_that_came_late_is_told_but_no_disagreement_where_no_deemed_verdict_rests_on_it(connection):
    attempt = decision(connection, "RATED").facts["attempts"][0]
    tell_late(connection, attempt, Kind.UP, {})
    result = audited(connection)
    assert (result.agrees, result.found, result.late) == (True, 0, 1)
    assert [(each.attempt, each.what) for each in result.disagreements] == [(attempt, "contradicted")]


def test_evidence_that_came_late_and_changes_nothing_is_no_disagreement(connection):
    tell_late(connection, decision(connection, "DEEMED").first_attempt, Kind.DIAL_END, {"status": "NOANSWER"})
    assert audited(connection).agrees


def test_a_deemed_verdict_that_stands_although_the_citizen_called_back_is_contradicted(connection):
    row = revisit(connection, "DEEMED")
    change(connection, revisits, row.id, called_back_at=row.decided_at + HOUR)
    assert what(connection) == {("DEEMED", "contradicted")}


def test_the_first_rules_hold_for_a_call_that_a_clock_set_back_makes_older(connection):
    connection.execute(rule_sets.update().values(since=START + 100 * HOUR))
    assert audited(connection).agrees


def test_rules_that_are_gone_or_unreadable_are_found(connection):
    connection.execute(rule_sets.update().values(parameters={"ring_floor": 60}))
    assert ("DEEMED", "rules_version") in what(connection)
    connection.execute(rule_sets.delete())
    assert ("DEEMED", "rules_version") in what(connection)


def test_rules_that_were_changed_under_their_name_are_found(connection):
    parameters = connection.scalars(sa.select(rule_sets.c.parameters)).one()
    connection.execute(rule_sets.update().values(parameters={**parameters, "interval": 86400.0}))
    assert ("DEEMED", "verdict") in what(connection)


def test_a_demonstration_is_audited_by_its_own_rules(connection):
    number, sunday = "10000012345", datetime.fromisoformat("2026-03-01T23:00:00+08:00")
    planner = Planner(rules_of(config().revisits), config().calendar)
    campaign = Revisits(planner, "normal", demo_planner(config().revisits))
    rounds, tick = Rounds(campaign, HOUR, number), Tick(sunday, 0.0, "simulated")
    campaign.begin(connection, tick)
    connection.execute(cases.insert().values(case_number="DEMO", open=True, updated_at=sunday))
    connection.execute(case_numbers.insert().values(case_number="DEMO", position=0, number=number))
    rounds.reply(connection, Reply("DEMO", sunday, "told"), tick)
    rounds.called_back(connection, number, ("1.1", tick.at), tick)
    assert decision(connection, "DEMO").rules_version.startswith("demo-")
    assert audited(connection).agrees
