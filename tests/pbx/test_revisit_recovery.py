"""Calls that outlive the service, the switch or the connection between them."""

import pytest

from telephony.peers.far_end_call import Behaviour
from telephony.rules.verdict import Kind
from tests.pbx.killing import Killing, goes_on, kinds
from tests.pbx.surveying import prompts_heard

SHORT_OF_THE_FLOOR = Behaviour(alert_after_ms=100, ring_ms=1500, final=480)
GUARD_EXTRA = 60
"""Seconds, the most there may be: a service must be back before it ends the ring, on a busy machine too."""
ON_COMMAND = Behaviour(ring_ms=2000 * GUARD_EXTRA)
DRAINS = {"drain_seconds": 5}
ANSWERS = Behaviour(ring_ms=300, answer=True)


@pytest.fixture(scope="module")
def killing(tmp_path_factory):
    rules = {
        "ring_floor_seconds": 2,
        "guard_extra_seconds": GUARD_EXTRA,
        "survey": {"key_seconds": 3},
        "dialer": DRAINS,
    }
    running = Killing(tmp_path_factory.mktemp("recovery"), **rules)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def called(killing):
    """Call a number that does so; return the case and the number once it rings. It is closed at the end."""
    names = []

    def call(behaviour):
        name, number = killing.case(behaviour)
        names.append(name)
        killing.far_end.wait_event("alerting", number=number)
        killing.wait_evidence(name, Kind.ALERTING)
        return name, number

    yield call
    killing.close(*names)
    killing.system.hang_up()


def of(attempt, *names):
    return tuple(attempt[each] for each in names)


# --- the service ---


def test_a_call_that_outlives_the_service_is_adopted_and_its_real_end_judged(killing, called):
    name, number = called(ON_COMMAND)
    killing.kill_and_start()
    killing.wait_evidence(name, Kind.ADOPTED)
    killing.far_end.reject(number, 480)
    [attempt] = killing.wait_settled(name)["attempts"]
    assert of(attempt, "state", "counts", "sip_code") == ("unanswered", True, 480), attempt
    assert Kind.ADOPTED in kinds(attempt)
    assert killing.rung(name) == 1


def test_an_adopted_call_that_is_answered_is_surveyed_and_rated(killing, called):
    name, number = called(ON_COMMAND)
    killing.kill_and_start()
    killing.far_end.answer(number)
    killing.press_until_over(number, "1")
    assert killing.wait_verdict(name)["verdict"] == "satisfied"


def test_a_call_that_ends_while_the_service_is_dead_never_counts(killing, called):
    name, number = called(ON_COMMAND)
    killing.service.kill()
    killing.far_end.reject(number, 480)
    killing.far_end.wait_event("ended", number=number)
    killing.service.start()
    shown = killing.wait_settled(name)
    assert of(shown["attempts"][0], "state", "counts") == ("unknown", False), shown
    assert goes_on(shown)


def test_who_is_in_the_survey_when_the_service_dies_hears_an_apology_and_is_left_to_a_person(killing):
    name, number = killing.case(ANSWERS)
    killing.wait_evidence(name, Kind.UP)
    killing.service.kill()
    killing.far_end.wait_event("ended", number=number)
    killing.service.start()
    shown = killing.wait_verdict(name)
    heard = prompts_heard(killing.switch, killing.far_end.heard(number))
    assert heard[-1] == "survey-apology"
    assert "thanks" not in heard
    assert (shown["verdict"], [each["kind"] for each in shown["work"]]) == (
        "contacted_unrated",
        ["contacted_unrated"],
    )


def test_a_rating_that_was_committed_before_the_kill_stands(killing):
    name, number = killing.case(ANSWERS)
    killing.press_until(number, "1", lambda: killing.has_evidence(name, Kind.RATED))
    killing.service.kill()
    killing.far_end.wait_event("ended", number=number)
    killing.service.start()
    assert killing.wait_verdict(name)["verdict"] == "satisfied"


def test_a_service_that_is_told_to_stop_waits_for_a_call_that_ends_soon(killing, called):
    name, _ = called(SHORT_OF_THE_FLOOR)
    killing.service.stop()
    killing.service.start()
    [attempt] = killing.shown(name)["attempts"]
    assert of(attempt, "state", "counts", "sip_code") == ("unanswered", False, 480), attempt
    assert Kind.ADOPTED not in kinds(attempt)


def test_a_service_that_is_told_to_stop_leaves_a_long_ring_to_the_next_life(killing, called):
    name, number = called(ON_COMMAND)
    killing.service.stop()
    killing.service.start()
    killing.wait_evidence(name, Kind.ADOPTED)
    killing.far_end.reject(number, 480)
    [attempt] = killing.wait_settled(name)["attempts"]
    assert of(attempt, "state", "counts") == ("unanswered", True), attempt


# --- the switch ---


def test_a_ring_that_ends_with_the_switch_is_unknown_and_dialling_goes_on(killing, called):
    name, _ = called(ON_COMMAND)
    killing.switch.kill()
    killing.switch.start()
    shown = killing.wait_settled(name)
    assert of(shown["attempts"][0], "state", "counts") == ("unknown", False), shown
    assert goes_on(shown)
    again, _ = killing.case(Behaviour(alerting=None, final=486))
    assert killing.wait_settled(again)["attempts"][0]["state"] == "busy"
    killing.close(again)


def test_a_survey_that_ends_with_the_switch_is_left_to_a_person(killing):
    name, _ = killing.case(ANSWERS)
    killing.wait_evidence(name, Kind.UP)
    killing.switch.kill()
    killing.switch.start()
    shown = killing.wait_verdict(name)
    assert (shown["verdict"], shown["attempts"][0]["counts"]) == ("contacted_unrated", False)


# --- the connection between them ---


def test_a_ring_that_goes_on_while_the_connection_is_lost_is_judged_by_its_real_end(killing, called):
    name, number = called(ON_COMMAND)
    killing.lose_ami()
    killing.wait_evidence(name, Kind.ADOPTED)
    killing.far_end.reject(number, 480)
    [attempt] = killing.wait_settled(name)["attempts"]
    assert of(attempt, "state", "sip_code") == ("unanswered", 480), attempt


def test_a_ring_that_ends_while_the_connection_is_lost_never_counts(killing, called):
    name, number = called(ON_COMMAND)
    killing.freeze_and_lose_ami()
    killing.far_end.reject(number, 480)
    killing.far_end.wait_event("ended", number=number)
    killing.service.thaw()
    shown = killing.wait_settled(name)
    assert of(shown["attempts"][0], "state", "counts") == ("unknown", False), shown


def test_who_answers_while_the_connection_is_lost_is_surveyed_and_rated(killing, called):
    name, number = called(ON_COMMAND)
    killing.freeze_and_lose_ami()
    killing.far_end.answer(number)
    killing.far_end.wait_event("answered", number=number)
    killing.service.thaw()
    killing.wait_evidence(name, Kind.ADOPTED, Kind.UP)
    killing.press_until_over(number, "1")
    assert killing.wait_verdict(name)["verdict"] == "satisfied"


def test_who_answers_and_hangs_up_while_the_connection_is_lost_is_no_unanswered_call(killing, called):
    name, number = called(ON_COMMAND)
    killing.freeze_and_lose_ami()
    killing.far_end.answer(number)
    killing.far_end.wait_event("answered", number=number)
    killing.far_end.hang_up(number)
    killing.far_end.wait_event("ended", number=number)
    killing.service.thaw()
    shown = killing.wait_settled(name)
    assert (shown["attempts"][0]["state"], shown["verdict"]) == ("answered", "contacted_unrated"), shown


def test_a_survey_goes_on_while_the_connection_is_lost(killing):
    name, number = killing.case(ANSWERS)
    killing.wait_evidence(name, Kind.UP)
    killing.lose_ami()
    killing.wait_evidence(name, Kind.ADOPTED)
    killing.press_until_over(number, "2")
    assert killing.wait_verdict(name)["verdict"] == "basically_satisfied"


def test_a_service_that_stands_still_while_it_rings_measures_the_real_ring(killing, called):
    name, number = called(SHORT_OF_THE_FLOOR)
    killing.service.freeze()
    killing.far_end.wait_event("ended", number=number)
    killing.service.thaw()
    [attempt] = killing.wait_settled(name)["attempts"]
    assert of(attempt, "state", "counts") == ("unanswered", False), attempt
    assert attempt["ring_seconds"] < 2


def test_who_answers_while_the_service_stands_still_is_answered(killing, called):
    name, number = called(ON_COMMAND)
    killing.service.freeze()
    killing.far_end.answer(number)
    killing.far_end.wait_event("answered", number=number)
    killing.service.thaw()
    killing.press_until_over(number, "1")
    assert killing.wait_verdict(name)["verdict"] == "satisfied"


def test_nothing_that_was_decided_differs_from_its_evidence(killing):
    assert killing.disagreements() == ()
