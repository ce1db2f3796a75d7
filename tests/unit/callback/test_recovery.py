"""After a death, and whenever the switch is reached again: calls are adopted or judged, none is made up."""

import pytest

from telephony.rules.verdict import Kind
from telephony.store.outbound_tables import attempts, evidence, revisits
from tests.unit.callback.hostile.installation import Installation
from tests.unit.rules.revisits import NUMBER, OTHER, at


@pytest.fixture
def house():
    house = Installation(at("08:59:50"))
    house.service()
    yield house
    assert house.faults == []


def states(house):
    return [row.state for row in house.all(attempts)]


def dies_at(house, point, down):
    """Let the service die at a point of its next call, and start again so many seconds later."""
    house.service().dies_at = point
    house.until("09:01:30") if point == "before_verdict_committed" else house.until("09:00:01")
    assert not house.service().life.alive
    house.time.pass_by(down)
    house.service().start()
    house.time.pass_by(0.1)


def test_a_reservation_of_a_dead_service_is_taken_back_and_planned_anew(house):
    house.case("C1", NUMBER)
    dies_at(house, "after_reserved", 20)
    assert states(house) == ["cancelled", "ringing"]
    assert len(house.switch.calls) == 1


@pytest.mark.parametrize("down", [10, 600])
def test_a_call_that_was_committed_and_never_sent_is_unknown_and_spaces_the_next_one(house, down):
    revisit = house.case("C1", NUMBER)
    dies_at(house, "after_dialling_committed", down)
    assert (house.switch.calls, states(house)) == ({}, ["unknown"])
    assert house.revisit(revisit).next_at == at("14:30")


def test_a_call_that_still_rings_is_adopted_and_its_ring_counts_only_from_then_on(house):
    house.case("C1", NUMBER)
    dies_at(house, "after_originate_sent", 5)
    (row,) = house.all(attempts)
    assert (row.state, row.epoch) == ("ringing", house.service().dialer.settings.epoch)
    house.until("09:02:00")
    (row,) = house.all(attempts)
    assert (row.state, row.counts, round(row.ring_seconds)) == ("unanswered", True, 69)


def test_a_ring_that_nobody_watched_for_long_enough_does_not_count(house):
    house.case("C1", NUMBER)
    dies_at(house, "after_originate_sent", 20)
    house.until("09:02:00")
    (row,) = house.all(attempts)
    assert (row.state, row.counts) == ("unanswered", False)


def test_a_call_that_ended_while_nobody_watched_is_unknown(house):
    revisit = house.case("C1", NUMBER)
    dies_at(house, "while_ringing", 300)
    (row,) = house.all(attempts)
    assert (row.state, row.counts, row.ended_at) == ("unknown", False, None)
    assert house.revisit(revisit).verdict is None


def test_a_call_that_was_answered_while_nobody_watched_is_answered_by_the_switchs_journal(house):
    house.case("C1", NUMBER)
    house.service().dies_at = "while_ringing"
    house.until("09:00:01")
    house.switch.answer(house.switch.live[0])
    house.time.pass_by(300)
    house.service().start()
    house.time.pass_by(0.1)
    assert states(house) == ["answered"]


def test_a_call_whose_end_was_stored_before_the_death_is_judged_by_what_is_stored(house):
    house.case("C1", NUMBER)
    dies_at(house, "before_verdict_committed", 300)
    (row,) = house.all(attempts)
    assert (row.state, row.counts, row.ring_seconds) == ("unanswered", True, 75)


def test_a_release_whose_proof_was_never_stored_does_not_count(house):
    house.case("C1", NUMBER)
    house.until("09:01:10")
    house.switch.fates.extend([(), (), (0.0,), ()])  # release, dial end and response are lost
    house.switch.refuse(house.switch.live[0], 480)
    house.until("09:01:12")
    house.service().die()
    house.service().start()
    house.time.pass_by(0.1)
    (row,) = house.all(attempts)
    assert (row.state, row.counts) == ("unknown", False)


def test_nothing_is_dialled_until_the_switch_agrees(house):
    house.service().lose_switch()
    house.case("C1", NUMBER)
    house.until("09:10:00")
    assert (house.switch.calls, states(house)) == ({}, [])
    house.service().reach_switch()
    house.time.pass_by(0.1)
    assert len(house.switch.live) == 1


def test_a_call_that_ended_while_the_switch_was_lost_is_unknown(house):
    house.case("C1", NUMBER)
    house.until("09:00:30")
    house.service().lose_switch()
    house.until("09:02:00")
    house.service().reach_switch()
    house.time.pass_by(3.1)
    assert states(house) == ["unknown"]


def test_a_call_that_rings_on_while_the_switch_was_lost_is_seen_to_its_end(house):
    house.case("C1", NUMBER)
    house.until("09:00:30")
    house.service().lose_switch()
    house.until("09:00:40")
    house.service().reach_switch()
    house.until("09:02:00")
    (row,) = house.all(attempts)
    assert (row.state, row.counts, row.ring_seconds) == ("unanswered", True, 75)


def test_the_calls_of_a_service_that_does_not_come_back_are_settled_by_another(house):
    revisit = house.case("C1", NUMBER)
    house.until("09:00:30")
    house.service("two").lose_switch()
    house.service("one").die()
    house.until("09:03:00")
    assert states(house) == ["ringing"]
    house.until("09:08:00")
    house.service("two").reach_switch()
    house.tick_all()
    house.time.pass_by(0.1)
    assert states(house) == ["unknown"]
    house.until("14:32:00")
    assert [row.state for row in house.all(attempts, task_id=revisit)] == ["unknown", "unanswered"]


def test_a_call_of_a_dead_service_whose_end_another_one_saw_is_judged_by_what_it_saw(house):
    house.case("C1", NUMBER)
    house.until("09:00:30")
    house.service("two")
    house.service("one").die()
    house.until("09:08:00")
    house.tick_all()
    house.time.pass_by(0.1)
    (row,) = house.all(attempts)
    assert (row.state, row.counts, row.ring_seconds) == ("unanswered", True, 75)


def test_the_calls_of_a_service_that_lives_are_left_to_it(house):
    house.service("two")
    house.case("C1", NUMBER)
    house.case("C2", OTHER)
    house.until("09:00:30")
    house.switch.answer(house.switch.live[0])
    house.until("09:20:00")
    assert "unknown" not in states(house)


def test_of_two_services_only_one_calls_each_case(house):
    house.service("two")
    for n in range(6):
        house.case(f"C{n}", f"1380000001{n}")
    house.until("09:05:00")
    assert sorted(call.task for call in house.switch.calls.values()) == [1, 2, 3, 4, 5, 6]
    assert {call.worker for call in house.switch.calls.values()} <= {"one", "two"}


def test_a_case_that_was_neither_planned_nor_in_a_call_is_found_at_a_start(house):
    revisit = house.case("C1", NUMBER)
    house.service().die()
    house.memory.write(lambda c: c.execute(revisits.update().values(next_at=None, ready=False)))
    house.service().start()
    assert house.revisit(revisit).next_at == at("09:00")


def test_every_start_is_an_epoch_whose_ids_were_never_used(house):
    house.case("C1", NUMBER)
    house.until("09:02:00")
    house.service().die()
    house.service().start()
    house.until("14:32:00")
    ids = [row.id for row in house.all(attempts)]
    assert len(set(ids)) == 2
    assert len({len(each) for each in ids}) == 1


def test_what_is_told_of_a_call_that_is_over_is_kept_and_changes_nothing(house):
    house.case("C1", NUMBER)
    house.until("09:02:00")
    (before,) = house.all(attempts)
    house.service().dialer.witness.note(before.id, Kind.UP, house.time.now(), {})
    house.time.pass_by(1)
    assert house.all(attempts)[0] == before
    assert Kind.UP in {row.kind for row in house.all(evidence, attempt_id=before.id)}


def test_what_is_told_of_a_call_that_is_none_of_ours_is_nothing(house):
    house.service().dialer.witness.note("rv-nobody", Kind.UP, house.time.now(), {})
    house.time.pass_by(1)
    assert house.all(evidence) == []
