"""What is seen of a call is judged with all that has come by then."""

from telephony.store.outbound_tables import attempts
from tests.unit.callback.hostile.installation import Installation
from tests.unit.rules.revisits import NUMBER, at


def late_response():
    """A ring that our timer ends; its response comes in the moment in which the hangup is stored."""
    house = Installation(at("08:59:50"))
    service = house.service()
    house.case("C1", NUMBER)
    house.until("09:00:30")
    house.switch.fates.extend([(1.0,), (0.0,)])
    service.store.moods.append(1.0)
    return house, service


def judged(house):
    [attempt] = house.all(attempts)
    return attempt.state, attempt.counts


def test_what_comes_in_the_moment_of_judging_is_judged_as_well():
    house, service = late_response()
    house.until("09:02:00")
    assert judged(house) == ("unanswered", True)
    assert service.points.count("before_verdict_committed") == 1


def test_nothing_is_judged_before_all_that_was_seen_is_stored():
    house, service = late_response()
    service.dies_at = "before_verdict_committed"
    house.until("09:02:00")
    assert judged(house) == ("ringing", False)
    service.start()
    assert judged(house) == ("unanswered", True)
