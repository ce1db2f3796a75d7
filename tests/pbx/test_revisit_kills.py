"""The service dies at each point of the commit order, on each database, and starts again."""

import itertools

import pytest

from tests.pbx.killing import BEHAVIOURS, POINTS, Killing, goes_on, rings_fit, seen_to_its_end

_databases = itertools.count()
AT_ONCE = [(point, tuple(BEHAVIOURS)) for point in POINTS[:-1]]
ONE_BY_ONE = [(POINTS[-1], (name,)) for name in BEHAVIOURS]
AS_WITHOUT_A_KILL = {
    "rings out": ("unanswered", True, None),
    "busy": ("busy", False, None),
    "answers": ("answered", False, "satisfied"),
}


def _id(each):
    return f"{each[0]} {' '.join(each[1])}"


def at(*points):
    """Run a test for the kills at these points alone."""
    params = [each for each in AT_ONCE + ONE_BY_ONE if each[0] in points]
    return pytest.mark.parametrize("aftermath", params, indirect=True, ids=_id)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def killing(request, tmp_path_factory):
    url = "sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database(f"kills{next(_databases)}")
    running = Killing(tmp_path_factory.mktemp("kills"), {"database": url})
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module", params=AT_ONCE + ONE_BY_ONE, ids=_id)
def aftermath(killing, request):
    """What became of cases after a kill: behaviour → (round, rings), once each has an attempt over."""
    point, behaviours = request.param
    names = killing.die_at(point, *(BEHAVIOURS[each] for each in behaviours))
    for name in names:
        killing.wait_settled(name, 2 if point == "after_reserved" else 1)
    found = [killing.at_rest(name) for name in names]
    yield point, dict(zip(behaviours, found, strict=True))
    killing.close(*names)


def test_no_call_counts_that_was_not_seen_to_its_end(aftermath):
    for shown, _ in aftermath[1].values():
        assert all(seen_to_its_end(each) for each in shown["attempts"] if each["counts"]), shown


def test_each_ring_belongs_to_one_attempt_that_was_committed_before(aftermath):
    for shown, rung in aftermath[1].values():
        assert rings_fit(shown, rung), (rung, shown)


def test_the_case_goes_on_or_is_with_people(aftermath):
    for shown, _ in aftermath[1].values():
        assert goes_on(shown), shown


def test_nobody_is_deemed_and_only_who_rated_is_satisfied(aftermath):
    for behaviour, (shown, _) in aftermath[1].items():
        allowed = {"answers": {None, "satisfied", "contacted_unrated"}}.get(behaviour, {None})
        assert shown["verdict"] in allowed, shown
        rated = any(each["rating"] for each in shown["attempts"])
        assert rated == (shown["verdict"] == "satisfied"), shown


def test_an_answered_call_is_never_unanswered(aftermath):
    if "answers" in aftermath[1]:
        shown, _ = aftermath[1]["answers"]
        assert "unanswered" not in {each["state"] for each in shown["attempts"]}, shown


def test_the_audit_agrees(aftermath, killing):
    assert killing.disagreements() == ()


@at("after_reserved")
def test_what_was_only_reserved_is_taken_back_and_called_in_the_next_life(aftermath):
    for shown, rung in aftermath[1].values():
        first, second = shown["attempts"]
        assert (first["state"], first["started_at"], rung) == ("cancelled", None, 1), shown
        assert second["state"] in {"unanswered", "busy", "answered"}, shown


@at("after_dialling_committed")
def test_a_call_that_may_have_been_sent_is_unknown_and_was_not_sent(aftermath):
    for shown, rung in aftermath[1].values():
        first, *later = shown["attempts"]
        assert first["state"] == "unknown", shown
        assert rings_fit({"attempts": later}, rung), (rung, shown)


@at("after_originate_sent")
def test_once_an_order_has_left_somebody_is_rung(aftermath):
    assert sum(rung for _, rung in aftermath[1].values()) >= 1


@at("before_verdict_committed")
def test_what_was_stored_before_the_kill_gives_the_verdict_that_it_gives_without(aftermath):
    for behaviour, (shown, rung) in aftermath[1].items():
        [attempt] = shown["attempts"]
        found = attempt["state"], attempt["counts"], attempt["rating"]
        assert (found, rung) == (AS_WITHOUT_A_KILL[behaviour], 1), shown
