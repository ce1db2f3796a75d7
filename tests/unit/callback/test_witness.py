"""What is seen of a call is judged with all that has come by then."""

from telephony.store.outbound_tables import attempts
from tests.unit.callback.hostile.installation import Installation
from tests.unit.rules.revisits import NUMBER, at


def test_what_comes_in_the_moment_of_judging_is_judged_as_well():
    house = Installation(at("08:59:50"))
    service = house.service()
    house.case("C1", NUMBER)
    house.until("09:00:30")
    house.switch.fates.extend([(1.0,), (0.0,)])  # our timer's response a second after the hangup ...
    service.store.moods.append(1.0)  # ... just as the hangup is stored
    house.until("09:02:00")
    [attempt] = house.all(attempts)
    assert (attempt.state, attempt.counts) == ("unanswered", True)
    assert service.points.count("before_verdict_committed") == 1
