"""After a switch was restarted it is told to ask the phones of those at work, which it takes to be gone."""

import pytest
from pytest_twisted import ensureDeferred

from telephony.floor.absent_phones import AGAIN, SPREAD, AbsentPhones


class Passing:
    """Time that only passes."""

    def __init__(self, timer):
        self.monotonic = timer.seconds


@pytest.fixture
def asked():
    return []


@pytest.fixture
def absent():
    return ["8001", "8002", "8003"]


@pytest.fixture
def phones(absent, asked, timer):
    return AbsentPhones(lambda: list(absent), asked.append, Passing(timer), timer)


def test_all_who_are_absent_are_asked_one_after_another(phones, asked, timer):
    phones.settled()
    assert asked == ["8001"]
    timer.advance(SPREAD)
    assert asked == ["8001", "8002"]
    timer.pump([SPREAD] * 5)
    assert asked == ["8001", "8002", "8003"]
    assert not timer.getDelayedCalls()


def test_a_phone_that_came_meanwhile_is_not_asked(phones, absent, asked, timer):
    phones.settled()
    absent.remove("8002")
    timer.pump([SPREAD] * 3)
    assert asked == ["8001", "8003"]


def test_nobody_is_asked_twice_in_a_moment(phones, absent, asked, timer):
    absent[:] = ["8001"]
    phones.ask("8001")
    phones.settled()
    timer.advance(AGAIN - 0.01)
    phones.ask("8001")
    assert asked == ["8001"]
    timer.advance(0.01)
    phones.settled()
    assert asked == ["8001", "8001"]


def test_a_switch_that_is_lost_is_asked_nothing_and_one_that_is_back_everything(phones, asked, timer):
    phones.settled()
    phones.lost()
    timer.pump([SPREAD] * 3)
    assert asked == ["8001"]
    phones.settled()
    timer.pump([SPREAD] * 3)
    assert asked == ["8001", "8001", "8002", "8003"]


def test_settled_again_while_phones_are_asked_each_is_asked_once(phones, asked, timer):
    phones.settled()
    timer.advance(SPREAD)
    phones.settled()
    timer.pump([SPREAD] * 6)
    assert asked == ["8001", "8002", "8003"]


def test_a_service_that_ends_asks_no_more(phones, asked, timer):
    phones.settled()
    phones.stop()
    assert asked == ["8001"]
    assert not timer.getDelayedCalls()


@ensureDeferred
async def test_absent_is_who_is_at_work_without_a_phone_that_is_known_to_be_there(roster):
    assert roster.absent() == []
    for number in ("8001", "8002", "8003"):
        await roster.command(number, "login", None, "test")
    await roster.command("8001", "pause", None, "test")
    roster.phone("8001", "unreachable")
    roster.phone("8002", "in_use")
    roster.phone("8004", "unreachable")
    assert roster.absent() == ["8001", "8003"]
