"""The dialer: commit, then dial; what a fault of the store, of the clock or of the switch makes of a call."""

from dataclasses import replace
from functools import partial

import pytest

from telephony.errors import EncodingRefusedError
from telephony.store import attempts as attempt_rows
from telephony.store.outbound_tables import attempts, evidence, revisits
from telephony.store.tables import alarms
from tests.unit.callback.hostile.installation import LIMITS, TRUNK, Installation
from tests.unit.rules.revisits import NUMBER, OTHER, at

THIRD = "13800000003"


@pytest.fixture
def house():
    """An installation with one service, on a Thursday morning before the first band."""
    house = Installation(at("08:59:50"))
    house.service()
    yield house
    assert house.faults == []


def states(house):
    return [row.state for row in house.all(attempts)]


def kinds(house):
    return [row.kind for row in house.all(evidence)]


def test_the_switch_is_asked_only_when_dialling_is_committed(house):
    seen = []
    house.switch.watch = lambda call: seen.append((call.id, states(house), kinds(house)))
    house.case("C1", NUMBER)
    house.until("09:00:01")
    assert seen == [(house.all(attempts)[0].id, ["dialling"], ["sent"])]


def test_the_points_of_the_commit_order_are_passed_in_order(house):
    house.case("C1", NUMBER)
    house.until("09:02:00")
    assert house.service().points == [
        "after_reserved",
        "after_dialling_committed",
        "after_originate_sent",
        "while_ringing",
        "before_verdict_committed",
    ]


def test_a_full_disk_at_the_reservation_means_no_call_and_another_try_a_second_later(house):
    house.case("C1", NUMBER)
    house.service().store.moods.append("full")
    house.until("09:00:00")
    assert (house.switch.calls, states(house)) == ({}, [])
    house.until("09:00:02")
    assert len(house.switch.calls) == 1


def test_a_full_disk_at_the_commit_of_dialling_means_no_call_and_gives_the_reservation_back(house):
    house.case("C1", NUMBER)
    house.service().store.moods.extend([None, "full", "full"])
    house.until("09:00:00")
    assert (house.switch.calls, states(house)) == ({}, ["reserved"])
    house.until("09:01:30")
    assert (states(house), len(house.switch.calls)) == (["cancelled", "unanswered"], 1)


@pytest.mark.parametrize("moods", [["lost"], [None, "lost"]], ids=["reservation", "dialling"])
def test_a_commit_whose_answer_is_lost_holds_up_nothing(house, moods):
    first, second = house.case("C1", NUMBER), house.case("C2", OTHER)
    house.service().store.moods.extend(moods)
    house.until("18:30:00")
    assert house.faults == []
    assert [house.revisit(each).verdict for each in (first, second)] == ["deemed_satisfied"] * 2


def test_a_call_is_sent_five_seconds_after_its_commit_or_not_at_all(house):
    house.case("C1", NUMBER)
    house.service().store.moods.extend([None, 5.5])
    house.until("09:00:07")
    assert (house.switch.calls, states(house)) == ({}, ["failed"])


def test_a_commit_that_took_four_seconds_is_in_time(house):
    house.case("C1", NUMBER)
    house.service().store.moods.extend([None, 4.0])
    house.until("09:00:07")
    assert [call.started for call in house.switch.live] == [house.service().times.monotonic() - 3.0]


def test_evidence_that_the_store_refused_is_kept_and_stored_later(house):
    revisit = house.case("C1", NUMBER)
    house.until("09:01:10")
    house.service().store.moods.extend(["full"] * 5)
    house.until("09:01:25")
    assert (states(house), house.revisit(revisit).verdict) == (["unanswered"], None)


def test_a_verdict_that_the_store_refused_is_stored_later(house):
    house.case("C1", NUMBER)
    house.until("09:01:10")
    house.service().store.moods.extend([None, "full", "full"])
    house.until("09:01:16")
    assert states(house) == ["ringing"]
    house.until("09:01:20")
    assert states(house) == ["unanswered"]


def test_a_clock_behind_what_was_committed_dials_nothing_and_raises_one_alarm(house):
    house.case("C1", NUMBER)
    house.time.set_clock(3600)
    house.service().recovery.alive()
    house.time.set_clock(-3600)
    house.until("09:30:00")
    assert (house.switch.calls, house.service().dialer.asleep) == ({}, "clock_behind")
    assert [(row.kind, row.subject) for row in house.all(alarms)] == [("clock-behind", "dialer")]


@pytest.mark.parametrize(("seconds", "dials"), [(-1.9, True), (-2.1, False)])
def test_two_seconds_are_no_clock_that_is_behind(house, seconds, dials):
    house.case("C1", NUMBER)
    house.until("09:01:00")
    house.tick_all()
    house.time.set_clock(seconds)
    house.case("C2", OTHER)
    house.time.pass_by(0.05)
    assert (len(house.switch.calls) == 2) == dials


def test_nothing_is_dialled_in_a_pause_and_all_goes_on_after_it(house):
    house.pause(paused=True)
    house.case("C1", NUMBER)
    house.until("10:00:00")
    assert (house.switch.calls, house.service().dialer.asleep) == ({}, "paused")
    house.pause(paused=False)
    house.service().dialer.wake()
    assert (len(house.switch.live), house.service().dialer.asleep) == (1, "")


def test_a_service_that_stops_waits_for_its_calls_and_places_no_more(house):
    house.case("C1", NUMBER)
    house.until("09:00:30")
    drained = house.service().dialer.stop(90)
    house.case("C2", OTHER)
    house.time.pass_by(40)
    assert (drained.called, len(house.switch.calls)) == (False, 1)
    house.time.pass_by(10)
    assert (drained.called, states(house), len(house.switch.calls)) == (True, ["unanswered"], 1)


def test_a_service_that_stops_waits_no_longer_than_it_was_told(house):
    house.case("C1", NUMBER)
    house.until("09:00:30")
    drained = house.service().dialer.stop(15)
    house.time.pass_by(14.9)
    assert not drained.called
    house.time.pass_by(0.2)
    assert drained.called


def test_a_service_without_calls_stops_at_once(house):
    assert house.service().dialer.stop(15).called


def test_an_order_that_the_switch_refuses_is_no_attempt_and_is_tried_again(house):
    house.switch.orders.append("refused")
    house.case("C1", NUMBER)
    house.until("09:00:04")
    assert (states(house), house.switch.calls) == (["failed"], {})
    house.until("09:05:04")
    assert len(house.switch.live) == 1


def test_a_number_that_cannot_be_dialled_takes_no_other_call_with_it(house):
    bad, good = house.case("C1", "12ab"), house.case("C2", NUMBER)
    place = house.service().connection.originate

    def originate(order):
        if order.number == "12ab":
            raise EncodingRefusedError("no number")
        return place(order)

    house.service().connection.originate = originate
    house.until("09:00:04")
    assert {row.task_id: row.state for row in house.all(attempts)} == {bad: "invalid_number", good: "ringing"}


def test_an_order_that_got_no_answer_and_never_rang_is_unknown_once_the_switch_has_no_such_call(house):
    house.switch.orders.append("lost")
    house.case("C1", NUMBER)
    house.until("09:01:44")
    assert states(house) == ["dialling"]
    house.until("09:01:46")
    assert states(house) == ["unknown"]


def test_an_order_that_got_no_answer_and_rang_all_the_same_is_judged_by_what_is_seen(house):
    house.switch.orders.append("taken in silence")
    house.case("C1", NUMBER)
    house.until("09:01:20")
    assert states(house) == ["unanswered"]


def test_a_citizen_who_calls_back_between_reservation_and_commit_is_not_called(house):
    house.case("C1", NUMBER)
    house.service().watch = lambda point: house.called_back(NUMBER) if point == "after_reserved" else None
    house.until("09:00:10")
    assert (house.switch.calls, states(house)) == ({}, ["cancelled"])


def test_other_numbers_given_during_a_call_do_not_plan_a_second_one(house):
    revisit = house.case("C1", NUMBER)
    house.until("09:00:30")
    correct = partial(house.service().rounds.correct, revisit_id=revisit, numbers=[OTHER], by="8001")
    house.memory.write(partial(correct, tick=house.tick()))
    house.until("09:00:40")
    assert house.revisit(revisit).next_at is None
    assert house.faults == []


def test_a_talk_that_lasts_keeps_the_number_for_itself_and_holds_up_nobody_else(house):
    house.case("C1", NUMBER)
    house.until("09:00:05")
    house.switch.answer(house.switch.live[0])
    other = house.case("C2", NUMBER)
    house.until("09:15:00")
    third = house.case("C3", THIRD)
    house.time.pass_by(60)
    assert [call.task for call in house.switch.calls.values()] == [1, third]
    assert (house.faults, house.revisit(other).verdict) == ([], None)


def test_a_talk_keeps_the_number_for_itself_even_if_the_clock_is_put_forward_by_a_day(house):
    house.case("C1", NUMBER)
    house.until("09:00:05")
    house.switch.answer(house.switch.live[0])
    house.time.set_clock(86400)
    house.case("C2", NUMBER)
    house.time.pass_by(600)
    assert [call.task for call in house.switch.calls.values()] == [1]


def test_few_channels_go_to_those_whose_deadline_is_nearest():
    house = Installation(at("02-13 08:30"), limits=replace(LIMITS, trunks={TRUNK: 1}, channels=1))
    house.service()
    late = house.case("C1", NUMBER)
    early = house.case("C2", OTHER, replied_at=at("02-12 10:00"))
    house.until("09:03:00")
    assert [call.task for call in house.switch.calls.values()] == [early, late]


def test_calls_are_placed_at_the_pace_that_is_set():
    house = Installation(at("08:30"), limits=replace(LIMITS, calls_per_second=0.5))
    house.service()
    for n in range(3):
        house.case(f"C{n}", f"1380000001{n}")
    house.until("09:00:05")
    starts = [call.started for call in house.switch.calls.values()]
    assert [start - starts[0] for start in starts] == pytest.approx([0, 2, 4], abs=0.1)


def test_faults_in_a_row_pause_the_trunk_and_raise_one_alarm():
    house = Installation(at("08:30"), limits=replace(LIMITS, breaker_faults=2))
    house.service()
    house.switch.rings_by_itself = None
    house.switch.orders.extend(["refused"] * 20)
    for n in range(6):
        house.case(f"C{n}", f"1380000001{n}")
    house.until("09:00:30")
    assert [(row.kind, row.subject) for row in house.all(alarms)] == [("trunk-paused", TRUNK)]
    placed = len(states(house))
    assert placed == LIMITS.channels + 1  # one more took the channel that the first fault left
    house.until("09:01:05")
    assert len(states(house)) == placed + 1  # one call tries the trunk


def test_a_reservation_that_was_taken_back_is_never_dialled(house):
    house.case("C1", NUMBER)

    def take_back(point):
        if point == "after_reserved":
            ids = [row.id for row in house.all(attempts)]
            house.memory.write(lambda connection: attempt_rows.cancel(connection, ids))

    house.service().watch = take_back
    house.until("09:00:00")
    assert (house.switch.calls, house.service().channels.under_way) == ({}, 0)
    assert house.all(revisits)[0].next_at is not None
