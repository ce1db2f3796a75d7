"""A store with some cases that ended in every way an audit has to do with, and what a test asks of it."""

from datetime import timedelta
from functools import cache

import sqlalchemy as sa

from telephony.callback.audit import audit
from telephony.callback.decisions import BY_SURVEY
from telephony.callback.rounds import Said
from telephony.rules.revisit import Verdict
from telephony.store.outbound_tables import decisions, revisits
from tests.unit.callback.played import BUSY, RINGS_OUT, answers, case, config, play

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
VACANT = {"alerting": "none", "final": 404}


@cache
def some_of_each():
    """Return the store, which is played once; who changes it undoes that."""
    world = play(
        case("DEEMED", RINGS_OUT),
        case("RATED", BUSY, answers("1"), numbers=["13800000002"]),
        case("OTHER", BUSY, answers("2"), numbers=["13800000002"], after=2 * HOUR + SECOND),
        case("VOIDED", RINGS_OUT, numbers=["13800000003"], inbound=[20 * HOUR]),
        case("NOBODY", numbers=[]),
        case("ASKED", answers(""), numbers=["13800000004"]),
        case("CLOSED", answers(""), numbers=["13800000005"]),
        case("MENDED", VACANT, RINGS_OUT, numbers=["13800000006"]),
        case("UNSURE", answers(""), numbers=["13800000008"]),
        then=[
            (12 * HOUR, _a_person_asks),
            (13 * HOUR, _a_person_closes),
            (14 * HOUR, _a_person_corrects),
            (15 * HOUR, _a_citizen_calls_and_rates),
            (15 * HOUR + SECOND, _and_then_wants_a_person),
        ],
    )
    return world.memory.connection


def _a_person_asks(rounds, connection, tick):
    said = Said(Verdict.DISSATISFIED, "8001")
    rounds.said(connection, revisit(connection, "ASKED").id, said, tick)


def _a_person_closes(rounds, connection, tick):
    found = Verdict.CONTACTED_UNRATED, "8001", "will not say"
    rounds.closed_by_person(connection, revisit(connection, "CLOSED").id, *found, tick)


def _a_person_corrects(rounds, connection, tick):
    rounds.correct(connection, revisit(connection, "MENDED").id, ["13800000007"], "8001", tick)


def _a_citizen_calls_and_rates(rounds, connection, tick):
    rounds.said(connection, revisit(connection, "UNSURE").id, Said(Verdict.SATISFIED, BY_SURVEY), tick)


def _and_then_wants_a_person(rounds, connection, tick):
    rounds.asked_for_person(connection, revisit(connection, "UNSURE").id, BY_SURVEY, tick)


def revisit(connection, name):
    """Return the revisit of a case."""
    return connection.execute(sa.select(revisits).where(revisits.c.case_number == name)).one()


def decision(connection, name):
    """Return the last decision of a case."""
    query = sa.select(decisions).where(decisions.c.revisit_id == revisit(connection, name).id)
    return connection.execute(query.order_by(decisions.c.id.desc())).first()


def change(connection, table, row_id, **values):
    """Tamper with one row."""
    changed = connection.execute(table.update().where(table.c.id == row_id).values(values))
    assert changed.rowcount == 1


def audited(connection, name=None):
    """Return the result of an audit."""
    return audit(connection, config().calendar, case_number=name)


def what(connection):
    """Return what an audit finds: the case, and what is not as it should be."""
    return {(each.case, each.what) for each in audited(connection).disagreements}
