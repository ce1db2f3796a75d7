"""Two services, each with its own switch, on one database: each case is rung once, whatever happens."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.killing import Killing, over, rings_fit

CASES = 60
BUSY = Behaviour(ring_ms=200, final=486)
RINGS = Behaviour(ring_ms=700, final=486)
KILLED_AT = 6
"""Calls of the one that dies, of some thirty."""
PACE = {"calls_per_second": 20, "channels": 4}


class Pair:
    """Cases are entered at the first; both know what their numbers do."""

    def __init__(self, tmp_path_factory, url):
        folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
        rules = {"dialer": PACE, "guard_extra_seconds": 1}
        self.both = [Killing(folder, {"database": url}, **rules) for folder in folders]
        self.first, self.second = self.both

    def start(self):
        for each in self.both:
            each.start()
        return self

    def stop(self):
        for each in self.both:
            each.stop()

    def due(self, behaviour, count=CASES):
        """Enter cases and let both services go; return case → number."""
        self.first.pause()
        found = {}
        for _ in range(count):
            name, number = self.first.case(behaviour)
            self.second.far_end.plan(number, (behaviour,))
            found[name] = number
        self.resume()
        return found

    def resume(self):
        for each in self.both:
            each.resume()

    def rung(self, number):
        return sum(len(each.far_end.invited.get(number, ())) for each in self.both)

    def wait_settled(self, names):
        """Block until each of these has an attempt that is over."""
        self._wait(names, any)

    def rest(self, names):
        """Let nothing more be dialled, and calls under way end: else one may ring between two looks."""
        self.first.pause()
        self._wait(names, all)

    def _wait(self, names, which):
        service = self.first.service
        for _ in range(600):
            if all(which(map(over, self.first.shown(name)["attempts"])) for name in names):
                return
            service.get("/events", after=service.mark(), wait=0.3)  # it does not hear of the second's
        raise AssertionError([self.first.shown(name) for name in names])


@pytest.fixture(scope="module")
def pair(tmp_path_factory, postgres):
    running = Pair(tmp_path_factory, postgres.database("pair"))
    try:
        yield running.start()
    finally:
        running.stop()


def test_two_services_on_one_database_ring_each_case_once_and_both_work(pair):
    cases = pair.due(BUSY)
    pair.wait_settled(cases)
    assert {pair.rung(number) for number in cases.values()} == {1}
    assert all(each.far_end.invited for each in pair.both)


def test_while_two_services_take_cases_from_one_plan_neither_stumbles_over_the_other(pair):
    cases = pair.due(BUSY)
    pair.wait_settled(cases)
    assert [
        line for each in pair.both for line in each.service.log().splitlines() if "nothing_" in line
    ] == []


def test_what_one_of_two_services_was_calling_when_it_died_is_settled_when_it_is_back(pair):
    seen = len(pair.second.far_end.invited)
    cases = pair.due(RINGS)
    pair.second.far_end.wait_event("invited", nth=seen + KILLED_AT)
    pair.second.service.kill()
    pair.second.service.start()
    pair.wait_settled(cases)
    pair.rest(cases)
    for name, number in cases.items():
        shown = pair.first.shown(name)
        assert rings_fit(shown, pair.rung(number)), shown


def test_both_agree_with_the_evidence(pair):
    assert pair.first.disagreements() == ()
