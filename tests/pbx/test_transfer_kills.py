"""The service dies in each state of a transfer: the voices go on, it comes to its end, and that is known."""

import pytest

from tests.pbx.conversing import AGENT, CITIZEN, COLLEAGUE, MUSIC, RINGBACK, UNIT
from tests.pbx.threeway_kills import LINGERS, PATIENT, Killed
from tests.pbx.transferring import Giving

AGENTS = {"agents": {"ring_seconds": 60}}
"""The longest: a phone rings until the service is back, on a slow machine too."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Killed(tmp_path_factory.mktemp("transfer-kills"), AGENTS, **PATIENT) as found:
        yield found


@pytest.fixture
def killed(running):
    yield running
    running.rest()


@pytest.fixture
def giving(killed):
    return Giving(killed)


def asking(giving):
    giving.start("agent:8002", mode="attended")
    giving.other.wait_event("CALL_INCOMING", 20)


def ringing(giving):
    giving.start("agent:8002")
    giving.other.wait_event("CALL_INCOMING", 20)


def waiting(giving):
    giving.start("queue:city-12328")
    giving.wait_state("waiting")


def consulting(giving):
    giving.consult()


def other_answers(giving):
    giving.other.answer()
    giving.wait_hear(citizen={COLLEAGUE})


def other_answers_and_it_is_completed(giving):
    giving.other.answer()
    giving.wait_hear(first={COLLEAGUE})
    giving.wait_state("consulting")
    first_completes(giving)


def first_completes(giving):
    giving.do("complete")
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})


def third_answers(giving):
    giving.answer(giving.another("8003"))
    giving.wait_hear(citizen={COLLEAGUE})


STAGES = {
    asking: ({"citizen": {MUSIC}, "first": {RINGBACK}}, other_answers_and_it_is_completed, "8002"),
    consulting: (*({"citizen": {MUSIC}, "first": {COLLEAGUE}, "other": {AGENT}}, first_completes, "8002"),),
    ringing: ({"citizen": {MUSIC}}, other_answers, "8002"),
    waiting: ({"citizen": {MUSIC}}, third_answers, "8003"),
}
"""How to get there: what each hears in it, how it goes on, and who has the citizen then."""


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_the_service_dies_and_comes_back_and_it_goes_on_as_if_nothing_had_been(giving, killed, stage):
    heard, goes_on, who = STAGES[stage]
    stage(giving)
    giving.wait_hear(**heard)
    killed.service.kill()
    giving.wait_hear(**heard)
    killed.come_back()
    assert giving.shown["state"] == stage.__name__
    giving.wait_hear(**heard)
    goes_on(giving)
    assert giving.came_of() == ("completed", None, who)


def test_the_first_agent_goes_while_the_service_is_dead_and_the_other_has_the_citizen(giving, killed):
    giving.consult()
    killed.service.kill()
    giving.first.hangup()
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})
    killed.come_back()
    assert giving.came_of() == ("completed", None, "8002")
    assert giving.service.get("/agents/8002")["state"] == "talking"


def test_the_other_agent_goes_while_the_service_is_dead_and_the_first_has_the_citizen(giving, killed):
    giving.consult()
    killed.service.kill()
    giving.other.hangup()
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    killed.come_back()
    assert giving.came_of() == ("failed", "hung_up", "8001")


def test_one_that_fails_while_the_service_is_dead_brings_the_citizen_to_somebody(giving, killed):
    ringing(giving)
    killed.service.kill()
    giving.other.hangup()
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE})
    killed.come_back()
    assert giving.came_of()[::2] == ("failed", "8002")


def test_what_was_stored_and_never_sent_is_done_at_the_start(giving, killed):
    killed.die_at("after_transfer_begun")
    killed.dies(giving.start, "agent:8002", mode="attended")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    killed.come_back()
    giving.answer()
    giving.wait_hear(citizen={MUSIC}, first={COLLEAGUE})


def test_what_was_sent_before_it_died_is_not_sent_again(giving, killed):
    killed.die_at("after_transfer_moved")
    killed.dies(giving.start, "agent:8002")
    giving.answer()
    giving.wait_hear(citizen={COLLEAGUE})
    killed.come_back()
    assert giving.came_of() == ("completed", None, "8002")
    giving.wait_hear(citizen={COLLEAGUE}, other={CITIZEN})


@pytest.mark.parametrize(
    ("wish", "heard", "came"),
    [
        ("complete", {"citizen": {COLLEAGUE}}, ("completed", None, "8002")),
        ("cancel", {"citizen": {AGENT}, "first": {CITIZEN}}, ("cancelled", "cancelled", "8001")),
    ],
)
def test_a_wish_that_was_stored_is_done_at_the_start(giving, killed, wish, heard, came):
    killed.die_at("after_transfer_wish")
    giving.consult()
    killed.dies(giving.do, wish)
    killed.come_back()
    giving.wait_hear(**heard)
    assert giving.came_of() == came


def test_the_service_dies_while_a_unit_is_consulted_and_the_transfer_is_completed_afterwards(giving, killed):
    [number] = killed.unit("kept", LINGERS, short_code="720001")
    giving.start("unit:kept", mode="attended")
    killed.far_end.wait_event("answered", number=number)
    killed.far_end.press(number, "1", 700)
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    killed.service.kill()
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    killed.come_back()
    giving.do("complete")
    giving.wait_hear(citizen={UNIT})
    assert giving.came_of() == ("completed", None, None)
