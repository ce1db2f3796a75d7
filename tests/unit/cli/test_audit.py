"""`hotline revisits audit`: of a store whose service runs, or does not."""

import json

import pytest

from telephony.store.outbound_tables import decisions
from tests.unit.api.revisits import replied


@pytest.fixture
def decided(running):
    """A revisit that a person has ended: there is a decision to audit."""
    running.api.put_rows(running.api.outbound.campaign.begin, running.api.outbound.times.tick())
    replied(running.api)
    running.run("revisits", "result", "PDS-1", "unreachable", "--by", "王芳", "--note", "打 13800001234 三次")
    return running


def test_a_store_that_agrees_ends_with_0(decided):
    done = decided.run("revisits", "audit")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 decisions" in done.stdout


def test_a_decision_that_was_changed_ends_with_1_and_is_named(decided):
    decided.api.put_rows(
        lambda connection: connection.execute(decisions.update().values(verdict="satisfied"))
    )
    done = decided.run("revisits", "audit", "PDS-1")
    assert (done.exit_code, "PDS-1" in done.stdout, "satisfied" in done.stdout) == (1, True, True)
    told = json.loads(decided.run("revisits", "audit", "--json").stdout)
    assert (told["agrees"], told["decisions"]) == (False, 1)
    assert {each["case"] for each in told["disagreements"]} == {"PDS-1"}
    assert decided.run("revisits", "audit", "PDS-2").exit_code == 0


def test_an_audit_needs_no_service(decided):
    decided.set("api: ", "api: {address: 127.0.0.1, port: 9}")
    assert json.loads(decided.run("revisits", "audit", "--json").stdout)["agrees"] is True


def test_an_audit_of_nothing_makes_no_database(house):
    done = house.run("revisits", "audit", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert list(house.var.iterdir()) == []


def test_a_database_that_cannot_be_read_is_no_agreement(house):
    (house.var / "hotline.db").write_bytes(b"no database at all" * 100)
    done = house.run("revisits", "audit")
    assert (done.exit_code, "file is not a database" in done.stderr) == (1, True)
