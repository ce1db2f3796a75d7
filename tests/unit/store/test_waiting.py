"""Which answers the waiting room takes up after a restart: those of its window, and no older ones."""

from datetime import timedelta

import pytest

from telephony.rules.waiting import Answer
from telephony.store.database import transaction
from telephony.store.waiting import LONGEST, answers_since
from tests.unit.store.ledger import NOW, ago, put_answered

INSTANT = timedelta(microseconds=1)


@pytest.fixture
def answered(database):
    """Store calls that were answered, each with these values; return what is taken up of the last minute."""

    def work(*calls):
        with transaction(database.engine) as connection:
            for nth, values in enumerate(calls):
                put_answered(connection, f"{nth}.0", **values)
            return answers_since(connection, ago(60))

    return work


def at(answered_at, **more):
    return {"arrived_at": ago(300), "queued_at": ago(120), "answered_at": answered_at, **more}


def test_answers_come_with_their_queue_and_times_the_oldest_first(answered):
    found = answered(at(ago(10), queue="city-12315"), at(ago(30)))
    assert found == [
        ("city-12345", Answer(ago(120), ago(30))),
        ("city-12315", Answer(ago(120), ago(10))),
    ]


@pytest.mark.parametrize(("answered_at", "known"), [(ago(60), 1), (ago(60) - INSTANT, 0), (NOW, 1)])
def test_an_answer_counts_from_the_first_instant_of_the_window_on(answered, answered_at, known):
    assert len(answered(at(answered_at))) == known


@pytest.mark.parametrize(("early", "known"), [(timedelta(), 1), (INSTANT, 0)])
def test_who_had_waited_for_hours_counts_up_to_the_longest_wait(answered, early, known):
    assert len(answered(at(ago(30), arrived_at=ago(60) - LONGEST - early))) == known


@pytest.mark.parametrize("missing", ["answered_at", "queued_at", "queue"])
def test_who_was_not_answered_or_did_not_wait_measures_nothing(answered, missing):
    assert answered(at(ago(30)) | {missing: None}) == []
