"""A transfer to a centre that is not on this switch, over the trunk: the far end is a scripted carrier."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.conversing import AGENT, CITIZEN, MUSIC, RINGBACK, RINGS, UNIT, VOICES, Conversing
from tests.pbx.hearing import Unit, wait_hears
from tests.pbx.transferring import Giving
from tests.switch import OUTSIDE

TO = "centre:elsewhere"
ANSWERS = Behaviour(ring_ms=300, answer=True, voice="tone", hertz=UNIT)
BUSY, BROKEN = Behaviour(ring_ms=100, final=486), Behaviour(alerting=None, ring_ms=0, final=503)
QUICK = {"ring_seconds": 10, "agent_ring_seconds": 5}
AGENTS = {"agents": {"ring_seconds": 5}}


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("outside"), AGENTS, **QUICK) as conversing:
        yield conversing


@pytest.fixture
def giving(conversing):
    yield Giving(conversing)
    conversing.rest()


def centre(giving, behaviour):
    """Say what the centre outside does with the next call; return it as a party."""
    giving.conversing.far_end.plan(OUTSIDE, [behaviour])
    return Unit(giving.conversing.far_end, OUTSIDE)


def told(giving, name):
    """Return how many events of this name the centre outside has told."""
    return sum(words[:2] == [name, OUTSIDE] for words in giving.conversing.far_end.events)


def ended(giving):
    """Block until the call is over; return it."""
    giving.service.wait_event("ended", giving.talk.mark, call_id=giving.talk.call_id)
    return giving.service.get(f"/calls/{giving.talk.call_id}")


def consults(giving):
    outside = centre(giving, ANSWERS)
    giving.start(TO, mode="attended")
    giving.wait_hear(citizen={MUSIC}, first={UNIT})
    giving.wait_state("consulting")
    return outside


def test_blind_the_centre_that_answers_has_the_citizen_and_sees_our_number(giving):
    far_end, before = giving.conversing.far_end, told(giving, "invited")
    outside = centre(giving, ANSWERS)
    giving.start(TO)
    giving.wait_hear(citizen={UNIT})
    wait_hears(outside, {CITIZEN}, of=VOICES)
    assert far_end.wait_event("invited", nth=before + 1, number=OUTSIDE) == ["invited", OUTSIDE, "12345"]
    assert giving.came_of() == ("completed", None, None)
    giving.wait_agent("8001", "wrap_up")


def test_the_call_goes_on_in_the_ledger_until_the_citizen_hangs_up_and_nothing_is_owed(giving):
    centre(giving, ANSWERS)
    giving.start(TO)
    giving.wait_hear(citizen={UNIT})
    giving.citizen.hangup()
    call = ended(giving)
    assert (call["outcome"], call["ended_by"]) == ("answered", "citizen")
    assert [leg["role"] for leg in call["legs"]] == ["citizen", "agent", "unit"]
    owed = [each["call_id"] for each in giving.service.get("/returns")]
    assert giving.talk.call_id not in owed


def test_when_the_centre_hangs_up_after_a_talk_the_call_is_over(giving):
    centre(giving, ANSWERS)
    giving.start(TO)
    giving.wait_hear(citizen={UNIT})
    giving.conversing.far_end.hang_up(OUTSIDE)
    assert giving.citizen.wait(15).ended_by_far_end
    assert ended(giving)["outcome"] == "answered"


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [(RINGS, "no_answer"), (BUSY, "busy"), (BROKEN, "not_there")],
    ids=["no answer", "busy", "broken"],
)
def test_blind_to_a_centre_that_does_not_take_it_the_citizen_comes_back(giving, behaviour, cause):
    centre(giving, behaviour)
    giving.start(TO)
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", cause, "8001")


def test_who_gives_up_while_the_centre_rings_is_owed_a_call(giving):
    centre(giving, RINGS)
    giving.start(TO)
    giving.service.wait_event("transfer", giving.talk.mark, word="given")
    giving.citizen.hangup()
    assert ended(giving)["outcome"] == "abandoned_later"
    giving.service.wait_event("return_opened", giving.talk.mark, call_id=giving.talk.call_id)


def test_a_blind_one_is_taken_back_while_the_centre_rings(giving):
    centre(giving, RINGS)
    giving.start(TO)
    giving.service.wait_event("transfer", giving.talk.mark, word="given")
    giving.do("cancel")
    giving.answer(giving.first)
    giving.wait_hear(citizen={AGENT})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_attended_and_completed_the_centre_has_the_citizen(giving):
    outside = consults(giving)
    giving.do("complete")
    giving.wait_hear(citizen={UNIT})
    wait_hears(outside, {CITIZEN}, of=VOICES)
    assert giving.came_of() == ("completed", None, None)
    giving.wait_agent("8001", "wrap_up")


def test_attended_and_cancelled_the_agent_has_the_citizen_again(giving):
    consults(giving)
    giving.do("cancel")
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("cancelled", "cancelled", "8001")


def test_attended_and_the_centre_hangs_up_the_agent_has_the_citizen_again(giving):
    consults(giving)
    giving.conversing.far_end.hang_up(OUTSIDE)
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", "hung_up", "8001")


@pytest.mark.parametrize(("behaviour", "cause"), [(RINGS, "no_answer"), (BUSY, "busy")])
def test_attended_and_the_centre_does_not_answer_the_agent_has_the_citizen_again(giving, behaviour, cause):
    centre(giving, behaviour)
    giving.start(TO, mode="attended")
    giving.wait_hear(citizen={MUSIC})
    giving.wait_hear(citizen={AGENT}, first={CITIZEN})
    assert giving.came_of() == ("failed", cause, "8001")


def test_the_agent_hangs_up_while_the_centre_rings_and_it_goes_on_without_them(giving):
    before = told(giving, "alerting")
    outside = centre(giving, Behaviour(voice="tone", hertz=UNIT))
    giving.start(TO, mode="attended")
    giving.wait_hear(first={RINGBACK})
    giving.first.hangup()
    giving.service.wait_event("transfer", giving.talk.mark, word="given")
    giving.conversing.far_end.wait_event("alerting", nth=before + 2, number=OUTSIDE)
    giving.conversing.far_end.answer(OUTSIDE)
    giving.wait_hear(citizen={UNIT})
    wait_hears(outside, {CITIZEN}, of=VOICES)
    assert giving.came_of() == ("completed", None, None)
