"""Where a survey's answers go: evidence of a call under way, or the citizen's word on what was judged."""

import pytest
import sqlalchemy as sa

from telephony.callback.book import SurveyBook
from telephony.callback.simulate.world import Life, SimulatedStore
from telephony.store.outbound_tables import attempts, decisions, revisits, work_items
from tests.unit.callback.played import BUSY, RINGS_OUT, case, play


@pytest.fixture
def world():
    return play(case("C1", RINGS_OUT))


@pytest.fixture
def book(world):
    dialer = world._dialer
    return SurveyBook(SimulatedStore(Life(), world.memory), dialer.witness, world.rounds, dialer.times)


def verdict(world):
    return world.memory.connection.scalars(sa.select(revisits.c.verdict)).one()


def test_a_rating_given_in_a_call_that_was_judged_already_goes_before_that(world, book):
    assert verdict(world) == "deemed_satisfied"
    last = world.memory.connection.scalars(sa.select(attempts.c.id)).all()[-1]
    book.tell(last, "rated", {"rating": "dissatisfied", "key": "3"})
    assert verdict(world) == "dissatisfied"


def test_what_is_said_in_a_call_back_decides_at_once_and_the_last_word_stands(world, book):
    book.tell("revisit:1", "rated", {"rating": "satisfied", "key": "1"})
    book.tell("revisit:1", "rated", {"rating": "dissatisfied", "key": "3"})
    by = world.memory.connection.scalars(sa.select(decisions.c.decided_by)).all()
    assert (verdict(world), by) == ("dissatisfied", ["rules", "survey", "survey"])


def test_who_asks_for_a_person_in_a_call_back_has_not_rated(world, book):
    book.tell("revisit:1", "rated", {"rating": "satisfied", "key": "1"})
    book.tell("revisit:1", "person", {})
    assert verdict(world) == "contacted_unrated"
    waiting = sa.select(work_items.c.kind).where(work_items.c.closed_at.is_(None))
    assert world.memory.connection.scalars(waiting).all() == ["contacted_unrated"]  # who may not wait for one


@pytest.mark.parametrize("reference", ["revisit:1", "attempt"])
def test_a_survey_asks_about_the_case_of_its_reference(reference):
    world = play(case("C1", BUSY))
    dialer = world._dialer
    book = SurveyBook(SimulatedStore(Life(), world.memory), dialer.witness, world.rounds, dialer.times)
    ids = world.memory.connection.scalars(sa.select(attempts.c.id)).all()
    asked = book.question(ids[0] if reference == "attempt" else reference).result
    assert (asked.case_number, asked.round) == ("C1", 1)
