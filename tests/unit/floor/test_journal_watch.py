import pytest
from twisted.internet.defer import Deferred

from telephony.floor.journal_watch import REST, RETRY, JournalWatch
from telephony.floor.pulse import Pulse


class SlowLedger:
    """A ledger whose readings end when the test says so."""

    def __init__(self):
        self.readings = []

    def catch_up(self):
        self.readings.append(Deferred())
        return self.readings[-1]


@pytest.fixture
def slow():
    return SlowLedger()


@pytest.fixture
def watch(slow, timer, tmp_path):
    return JournalWatch(slow, tmp_path, Pulse(), timer)


def test_the_first_news_after_a_quiet_while_is_read_at_once(watch, slow):
    watch.wake()
    assert len(slow.readings) == 1


def test_news_that_comes_during_a_reading_is_read_after_a_rest(watch, slow, timer):
    watch.wake()
    watch.wake()
    slow.readings[0].callback(0)
    assert len(slow.readings) == 1
    timer.advance(REST)
    assert len(slow.readings) == 2


def test_news_that_comes_in_the_rest_starts_no_second_reading_beside_it(watch, slow, timer):
    watch.wake()
    slow.readings[0].callback(5)
    watch.wake()
    timer.advance(REST)
    assert len(slow.readings) == 2


def test_a_reading_that_found_something_looks_again_until_nothing_is_left(watch, slow, timer):
    watch.wake()
    slow.readings[0].callback(5)
    timer.advance(REST)
    slow.readings[1].callback(0)
    timer.advance(60)
    assert len(slow.readings) == 2


def test_what_the_store_refused_is_tried_again_and_the_fault_is_told_until_then(watch, slow, timer):
    watch.wake()
    slow.readings[0].errback(OSError("disk full"))
    assert "disk full" in watch.fault
    timer.advance(RETRY)
    slow.readings[1].callback(0)
    assert watch.fault is None
