"""The service dies while a supervisor listens, and at each point of a take-over: nobody loses the citizen."""

import pytest

from tests.pbx.supervising import AGENT, BOSS, CITIZEN, Supervised
from tests.pbx.threeway_kills import Killed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with Killed(tmp_path_factory.mktemp("killed")) as killed:
        yield killed


@pytest.fixture
def killed(whole):
    yield whole
    whole.rest()


def test_who_listens_goes_on_listening_while_the_service_is_dead_and_is_obeyed_afterwards(killed):
    supervised = Supervised(killed).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    killed.service.kill()
    supervised.wait_hear(boss={CITIZEN, AGENT}, agent={CITIZEN}, citizen={AGENT})
    killed.come_back()
    supervised.order("whisper")
    supervised.wait_hear(agent={CITIZEN, BOSS}, citizen={AGENT})


def test_a_take_over_that_was_stored_but_not_ordered_has_failed_and_the_citizen_is_with_the_agent(killed):
    supervised = Supervised(killed).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    killed.die_at("take_over_stored")
    killed.dies(supervised.order, "take-over")
    killed.come_back()
    supervised.wait("take_over_failed")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN}, boss={CITIZEN, AGENT})
    assert supervised.view["taken_at"] is None


def test_a_take_over_that_was_ordered_is_found_to_be_done(killed):
    supervised = Supervised(killed).takes_part()
    supervised.wait_hear(boss={CITIZEN, AGENT})
    killed.die_at("take_over_waiting")
    killed.dies(supervised.order, "take-over")
    supervised.wait_hear(citizen={BOSS}, boss={CITIZEN})
    killed.come_back()
    supervised.wait("taken")
    assert (supervised.view["state"], supervised.service.agent("8005")["state"]) == ("taken", "talking")
    supervised.wait_hear(citizen={BOSS}, boss={CITIZEN})


def test_an_order_of_which_the_service_died_has_rung_nobody(killed):
    supervised = Supervised(killed)
    killed.die_at("supervision_ordered")
    killed.dies(supervised.order, "listen")
    killed.come_back()
    supervised.wait("not_reached")
    supervised.wait_hear(citizen={AGENT}, agent={CITIZEN})
