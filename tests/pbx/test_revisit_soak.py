"""Kills at moments that nobody chose, again and again, while cases come in; then all is told and compared."""

import itertools
import os
import random
import time
from collections import Counter

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.killing import BUSY, RATES, RINGS_OUT, Killing, goes_on, over, rings_fit, seen_to_its_end

KILLS = int(os.environ.get("HOTLINE_SOAK_KILLS", "3"))
SEED = int(os.environ.get("HOTLINE_SOAK_SEED", "5"))
CASES_A_LIFE = 8
LONGEST_LIFE = 3.0
BEHAVIOURS = {
    "rings out": (RINGS_OUT, {"unanswered", "unknown"}),
    "rings too short": (Behaviour(ring_ms=400, final=480), {"unanswered", "unknown"}),
    "busy": (BUSY, {"busy", "unknown"}),
    "answers": (RATES, {"answered", "unknown"}),
    "vacant": (Behaviour(alerting=None, ring_ms=0, final=404), {"invalid_number", "unknown"}),
}
"""What a number does, and what its calls may be judged as; unknown where nobody saw the end."""
VERDICTS = {
    "answers": {None, "satisfied", "contacted_unrated", "unreachable"},
    "vacant": {None, "number_invalid", "unreachable"},
}
"""Twice unknown is unreachable, for a person; nobody is ever deemed satisfied within one band."""
APART = 7.0
"""Seconds: whom nobody saw the end of rings until its latest end, 2 + 5 s from its commit, and 0.6 s more."""
_databases = itertools.count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def soaked(request, tmp_path_factory):
    """The installation after the last kill, and its cases: name → what its number does."""
    url = "sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database(f"soak{next(_databases)}")
    killing, found = Killing(tmp_path_factory.mktemp("soak"), {"database": url}), {}
    dice = random.Random(SEED)  # noqa: S311 - no secret
    try:
        killing.start()
        for _ in range(KILLS):
            for what in dice.choices(list(BEHAVIOURS), k=CASES_A_LIFE):
                found[killing.case(BEHAVIOURS[what][0])[0]] = what
            time.sleep(dice.uniform(0, LONGEST_LIFE))
            killing.kill_and_start()
        wait_quiet(killing, found)
        yield killing, {name: (what, killing.shown(name)) for name, what in found.items()}
    finally:
        killing.stop()


def wait_quiet(killing, names):
    """Block until no call is under way or due: each case waits for another band, or for a person."""
    for _ in range(600):
        shown = [killing.shown(name) for name in names]
        if all(
            round_["verdict"] or (all(map(over, round_["attempts"])) and later(round_)) for round_ in shown
        ):
            return
        killing.service.get("/events", after=killing.service.mark(), wait=0.3)
    raise AssertionError([round_ for round_ in shown if not round_["verdict"]])


def later(shown):
    states = [each["state"] for each in shown["attempts"]]
    return shown["next_at"] and states and states[-1] not in {"unknown", "cancelled", "failed"}


def test_each_call_is_judged_as_what_its_number_does_or_unknown(soaked):
    killing, cases = soaked
    states = Counter()
    for what, shown in cases.values():
        found = {each["state"] for each in shown["attempts"]} - {"cancelled", "failed"}
        states.update(each["state"] for each in shown["attempts"])
        assert found <= BEHAVIOURS[what][1], (what, shown)
    print(f"{killing.kills} kills, {len(cases)} cases, attempts {dict(states)}")  # noqa: T201 - what a long run saw


def test_only_full_rings_that_were_seen_to_their_end_count(soaked):
    for what, shown in soaked[1].values():
        for each in shown["attempts"]:
            assert not each["counts"] or (what == "rings out" and seen_to_its_end(each)), (what, shown)


def test_verdicts_are_what_citizens_did(soaked):
    for what, shown in soaked[1].values():
        assert shown["verdict"] in VERDICTS.get(what, {None, "unreachable"}), (what, shown)


def test_no_case_is_forgotten(soaked):
    for _, shown in soaked[1].values():
        assert goes_on(shown), shown


def test_each_ring_has_its_attempt_and_nobody_is_rung_twice_too_soon(soaked):
    killing, cases = soaked
    for name, (_, shown) in cases.items():
        rung = killing.far_end.invited.get(shown["numbers"][0], [])
        assert rings_fit(shown, len(rung)), (name, rung, shown)
        assert all(b - a >= APART for a, b in itertools.pairwise(rung)), (name, rung, shown)


def test_the_audit_agrees_after_all_kills(soaked):
    assert soaked[0].disagreements() == ()
