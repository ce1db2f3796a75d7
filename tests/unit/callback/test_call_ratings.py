"""A rating of a call is never one of a case: nothing that judges revisits reads it (decision 0034)."""

import ast

import pytest
import sqlalchemy as sa

from telephony.paths import PROJECT
from telephony.store import call_ratings
from telephony.store.outbound_tables import decisions, revisits
from telephony.store.tables import calls
from tests.unit.callback.audits import audited, some_of_each
from tests.unit.callback.played import undone
from tests.unit.store.ledger import put_answered

PACKAGE = PROJECT / "telephony"
JUDGES = [
    *sorted((PACKAGE / "callback").rglob("*.py")),
    *sorted((PACKAGE / "rules").glob("*.py")),
    *(PACKAGE / "store" / f"{name}.py" for name in ("attempts", "audited", "revisits", "revisit_reports")),
    *(PACKAGE / "store" / f"{name}.py" for name in ("revisit_views", "deemed_sample", "routing_facts")),
]


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: path.name)
def test_what_judges_revisits_does_not_know_of_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert "calls.c.rating" not in named
    assert "call_ratings" not in imported


def test_the_worst_ratings_of_calls_change_no_verdict():
    with undone(some_of_each()) as connection:
        before = verdicts(connection)
        numbers = connection.scalars(sa.select(revisits.c.id)).all()
        for nth, _ in enumerate(numbers):
            put_answered(connection, f"1795420886.{nth}", caller_number=f"1380000{nth:04d}")
            assert call_ratings.rate(connection, f"1795420886.{nth}", "5")
        assert connection.scalar(sa.select(sa.func.count()).where(calls.c.rating == "5")) == len(numbers)
        assert audited(connection).disagreements == ()
        assert verdicts(connection) == before


def verdicts(connection):
    found = sa.select(revisits.c.id, revisits.c.verdict, revisits.c.decided_at).order_by(revisits.c.id)
    given = sa.select(decisions.c.id, decisions.c.verdict).order_by(decisions.c.id)
    return connection.execute(found).all(), connection.execute(given).all()
