"""Callers whose agent has hung up rate the service by one key, on a real switch."""

from datetime import datetime

import pytest

from tests.pbx.calls import call_through
from tests.pbx.hearing import said, wait_said
from tests.pbx.scene import prompt
from tests.pbx.supervising import CITIZEN, Conversing, Supervised

ASK, THANKS = "rating-ask", "rating-thanks"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with Conversing(
        tmp_path_factory.mktemp("rating"), {"rating": {"enabled": True, "key_seconds": 8}}
    ) as asked:
        yield asked


@pytest.fixture
def asked(whole):
    yield whole
    whole.rest()


class Asked:
    """A talk after which the agent hangs up."""

    def __init__(self, whole):
        self.whole, self.service, self.mark = whole, whole.service, whole.service.mark()
        self.phone, self.citizen, self.call_id = call_through(whole.system)

    def hears(self):
        """Let the agent hang up, and the caller hear the question."""
        self.phone.hangup()
        wait_said(self.citizen, prompt(self.whole, ASK), timeout=15)
        return self

    def wait(self, kind):
        return self.service.wait_event(kind, self.mark, call_id=self.call_id)

    def ended(self):
        self.wait("ended")
        return self.service.get(f"/calls/{self.call_id}")


def test_a_key_is_stored_on_the_call_and_thanked_for(asked):
    call = Asked(asked).hears()
    call.citizen.press("2")
    assert call.wait("rated")["data"] == {"key": "2", "label": "满意"}
    wait_said(call.citizen, prompt(asked, THANKS))
    found = call.ended()
    assert (found["rating"], found["ended_by"], found["outcome"]) == ("2", "agent", "answered")


def test_talk_wrap_up_and_recording_end_with_the_agent_and_not_with_the_rating(asked):
    call = Asked(asked).hears()
    call.service.wait_agent("8001", "wrap_up", call.mark)
    call.citizen.press("1")
    found = call.ended()
    at = {event["kind"]: datetime.fromisoformat(event["at"]) for event in found["events"]}
    assert at["served"] < at["rated"] < at["ended"]
    assert at["agent_left"] < at["rated"]
    talked = (at["agent_left"] - at["answered"]).total_seconds()
    assert found["talk_seconds"] == pytest.approx(talked, abs=0.5)


@pytest.mark.parametrize("keys", ["", "9"])
def test_without_a_key_that_means_something_the_call_ends_and_nothing_is_thanked_for(asked, keys):
    call = Asked(asked).hears()
    if keys:
        call.citizen.press(keys)
    assert call.wait("not_rated")["data"] == {"key": keys or None, "label": None}
    assert call.ended()["rating"] is None
    assert not said(call.citizen.hears(None), prompt(asked, THANKS))


def test_who_hangs_up_while_being_asked_has_not_rated(asked):
    call = Asked(asked).hears()
    call.citizen.hangup()
    found = call.ended()
    assert (found["rating"], found["ended_by"]) == (None, "agent")


def test_who_hangs_up_first_is_not_asked(asked):
    call = Asked(asked)
    call.citizen.hangup()
    found = call.ended()
    assert "served" not in {event["kind"] for event in found["events"]}
    assert (found["ended_by"], found["rating"]) == ("citizen", None)


def test_after_a_take_over_it_is_asked_when_the_supervisor_has_hung_up(asked):
    supervised = Supervised(asked).takes_part()
    supervised.order("take-over")
    supervised.wait("taken")
    supervised.wait_hear(boss={CITIZEN})
    supervised.boss.hangup()
    wait_said(supervised.talk.citizen, prompt(asked, ASK), timeout=15)
    supervised.talk.citizen.press("5")
    supervised.service.wait_event("rated", supervised.mark, call_id=supervised.talk.call_id)


def test_with_the_service_dead_the_call_just_ends(asked):
    call = Asked(asked)
    call.service.kill()
    try:
        call.phone.hangup()
        assert call.citizen.wait(15).ended_by_far_end
        assert not said(call.citizen.hears(None), prompt(asked, ASK))
    finally:
        call.service.start()
        call.service.wait_ready()
    assert call.ended()["ended_by"] == "agent"
