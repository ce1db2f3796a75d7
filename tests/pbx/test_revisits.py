"""Revisits on a real switch: the dialer, the survey, and what becomes of each case."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.revisiting import Revisiting

RING_MS = 1300


@pytest.fixture(scope="module")
def revisiting(tmp_path_factory):
    running = Revisiting(tmp_path_factory.mktemp("revisits"))
    try:
        yield running.start()
    finally:
        running.stop()


def refused(code, **more):
    return Behaviour(**{"alerting": None, "ring_ms": 0, "final": code, **more})


ROWS = {
    "rings to the guard timer": (Behaviour(), ("unanswered", True, None, 19)),
    "early media to the guard timer": (Behaviour(alerting=183), ("unanswered", True, None, 19)),
    "silence": (Behaviour(alerting=None), ("unreachable", False, None, 19)),
    "busy at once": (refused(486), ("busy", False, 486, 17)),
    "busy after ringing": (refused(486, alerting=180, ring_ms=RING_MS), ("busy", False, 486, 17)),
    "480 at once": (refused(480), ("unreachable", False, 480, 19)),
    "480 after a long ring": (refused(480, alerting=180, ring_ms=RING_MS), ("unanswered", True, 480, 19)),
    "480 after a short ring": (refused(480, alerting=180, ring_ms=300), ("unanswered", False, 480, 19)),
    "408 after a long ring": (refused(408, alerting=180, ring_ms=RING_MS), ("unanswered", True, 408, 18)),
    "404": (refused(404), ("invalid_number", False, 404, 1)),
    "410": (refused(410), ("invalid_number", False, 410, 22)),
    "484": (refused(484), ("invalid_number", False, 484, 28)),
    "604": (refused(604), ("invalid_number", False, 604, 1)),
    "603 at once": (refused(603), ("refused", False, 603, 21)),
    "603 after ringing": (refused(603, alerting=180, ring_ms=RING_MS), ("refused", False, 603, 21)),
    "403": (refused(403), ("failed", False, 403, 21)),
    "483": (refused(483), ("failed", False, 483, 19)),
    "500": (refused(500), ("failed", False, 500, 38)),
    "502": (refused(502), ("failed", False, 502, 27)),
    "503": (refused(503), ("failed", False, 503, 34)),
    "606": (refused(606), ("failed", False, 606, 58)),
    "600": (refused(600), ("busy", False, 600, 17)),
}


@pytest.fixture(scope="module")
def rung(revisiting):
    """A case for each row, all called at once."""
    return {name: revisiting.case(behaviour)[0] for name, (behaviour, _) in ROWS.items()}


@pytest.mark.parametrize("row", ROWS)
def test_each_end_of_a_call_is_judged_as_the_table_says(revisiting, rung, row):
    [attempt] = revisiting.wait_settled(rung[row])["attempts"][:1]
    found = tuple(attempt[name] for name in ("state", "counts", "sip_code", "cause"))
    assert found == ROWS[row][1], attempt
