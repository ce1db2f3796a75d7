"""What citizens and people do to a round besides answering the dialer: calls back, second thoughts."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telephony.callback.rounds import Reply, Said
from telephony.errors import NotAllowedError
from telephony.rules.revisit import Verdict
from telephony.store.outbound_tables import outbox, revisits, work_items
from telephony.store.tables import cases
from tests.unit.callback.played import BUSY, RINGS_OUT, case, play

NUMBER, OTHER = "13800000001", "13800000009"
VACANT = {"alerting": "none", "final": 404}
HOURS = timedelta(hours=1)


def shown(world):
    return world.memory.connection.execute(sa.select(revisits).order_by(revisits.c.id)).all()


def told(world):
    return list(world.memory.connection.scalars(sa.select(outbox.c.topic).order_by(outbox.c.id)))


def calls_in(number, log=None):
    """Return what a call in from this number does; `log` gets the revisits that it is taken to."""

    def do(rounds, connection, tick):
        found = rounds.called_back(connection, number, ("in", tick.at), tick)
        if log is not None:
            log.append(found)

    return do


def says(rating):
    def do(rounds, connection, tick):
        rounds.said(connection, 1, Said(Verdict(rating), "survey"), tick)

    return do


def test_a_call_back_between_two_calls_ends_the_path_and_a_person_goes_on():
    world = play(case("C1", RINGS_OUT), then=[(3 * HOURS, calls_in(NUMBER))])
    (row,) = shown(world)
    kinds = world.memory.connection.scalars(sa.select(work_items.c.kind)).all()
    assert (row.verdict, kinds) == ("contacted_unrated", ["contacted_unrated"])


def test_a_call_back_after_a_deemed_verdict_voids_it():
    world = play(case("C1", RINGS_OUT), then=[(30 * HOURS, calls_in(NUMBER))])
    assert shown(world)[0].verdict == "contacted_unrated"


@pytest.mark.parametrize(("after", "verdict"), [(31, "deemed_satisfied"), (29, "contacted_unrated")])
def test_a_deemed_verdict_can_be_voided_for_thirty_days(after, verdict):
    later = timedelta(days=after)
    world = play(case("C1", RINGS_OUT), days=40, then=[(later, calls_in(NUMBER))])
    assert shown(world)[0].verdict == verdict


def test_who_calls_a_second_time_is_taken_to_the_same_revisit():
    log = []
    calls = [(3 * HOURS, calls_in(NUMBER, log)), (4 * HOURS, calls_in(NUMBER, log))]
    play(case("C1", RINGS_OUT), then=calls)
    assert log == [[1], [1]]


def test_a_call_in_before_the_units_reply_is_no_call_back():
    def late(rounds, connection, tick):
        rounds.called_back(connection, NUMBER, ("in", tick.at - 4 * HOURS), tick)

    world = play(case("C1", RINGS_OUT), then=[(5 * HOURS, late)])
    assert shown(world)[0].verdict == "deemed_satisfied"


def test_a_call_back_from_a_corrected_number_is_the_citizens():
    def correct(rounds, connection, tick):
        rounds.correct(connection, 1, [OTHER], "8001", tick)

    then = [(3 * HOURS, correct), (5 * HOURS, calls_in(OTHER))]
    world = play(case("C1", VACANT, RINGS_OUT), then=then)
    assert shown(world)[0].verdict == "contacted_unrated"


def test_an_answer_corrected_from_dissatisfied_takes_its_redo_back():
    then = [(3 * HOURS, says("dissatisfied")), (3 * HOURS, says("satisfied"))]
    world = play(case("C1", BUSY), then=then)
    rounds = world.memory.connection.scalars(sa.select(cases.c.round)).all()
    assert (shown(world)[0].verdict, rounds) == ("satisfied", [1])
    assert told(world) == ["revisit_decided", "redo", "revisit_decided", "redo_withdrawn"]


def test_who_rates_well_in_a_survey_and_then_asks_for_a_person_has_not_rated():
    def asks(rounds, connection, tick):
        rounds.asked_for_person(connection, 1, "survey", tick)

    world = play(case("C1", BUSY), then=[(3 * HOURS, says("satisfied")), (3 * HOURS, asks)])
    assert shown(world)[0].verdict == "contacted_unrated"


def test_a_rating_goes_before_whatever_verdict_stood():
    world = play(case("C1", RINGS_OUT), then=[(40 * HOURS, says("dissatisfied"))])
    assert (shown(world)[0].verdict, told(world)[-1]) == ("dissatisfied", "redo")


def test_a_second_round_waits_for_the_verdict_of_the_first():
    refusals = []

    def reply(rounds, connection, tick):
        connection.execute(cases.update().values(round=2))
        try:
            rounds.reply(connection, Reply("C1", tick.at, "电话告知"), tick)
        except NotAllowedError as error:
            refusals.append(str(error))

    play(case("C1", RINGS_OUT), then=[(3 * HOURS, reply)])
    assert "no verdict yet" in refusals[0]


@pytest.mark.parametrize("contact", ["", "   "])
def test_a_reply_without_the_contact_that_told_the_citizen_is_refused(contact):
    refusals = []

    def reply(rounds, connection, tick):
        try:
            rounds.reply(connection, Reply("C1", tick.at, contact), tick)
        except NotAllowedError as error:
            refusals.append(str(error))

    play(case("C1", RINGS_OUT, after=9 * HOURS), then=[(1 * HOURS, reply)])
    assert "Art. 13" in refusals[0]
