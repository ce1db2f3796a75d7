"""Two bands, two calls that ring out: the one way to `deemed_satisfied`, on a real switch (Art. 17)."""

from datetime import datetime, timedelta

import pytest

from telephony.clock import SHANGHAI
from telephony.peers.far_end_call import Behaviour
from tests.pbx.revisiting import Revisiting

MINUTES = 8
"""Each a band of its own: whenever the first call rings out, on however slow a machine, a next one begins."""
LOOKS = 10


@pytest.fixture
def revisiting(tmp_path):
    now = datetime.now(SHANGHAI)
    minutes = [now + timedelta(minutes=nth) for nth in range(1, MINUTES)]
    borders = [at.strftime("%H:%M") for at in minutes if at.date() == now.date() and f"{at:%H:%M}" < "23:59"]
    starts, ends = ["00:00", *borders], [*borders, "23:59"]
    running = Revisiting(tmp_path, bands=[f"{start}-{end}" for start, end in zip(starts, ends, strict=True)])
    try:
        yield running.start()
    finally:
        running.stop()


def decided(revisiting, name):
    """Block over the border of the bands until the case is decided."""
    for _ in range(LOOKS):
        mark = revisiting.service.mark()
        shown = revisiting.shown(name)
        if shown["verdict"] is not None:
            return shown
        revisiting.service.get("/events", after=mark, kind="revisit_decided", wait=25)
    return revisiting.shown(name)


def test_two_calls_that_ring_out_in_two_bands_are_deemed_until_the_citizen_calls_back(revisiting):
    name, number = revisiting.case(Behaviour())
    shown = decided(revisiting, name)
    calls = [(each["state"], each["counts"]) for each in shown["attempts"]]
    assert (shown["verdict"], calls) == ("deemed_satisfied", [("unanswered", True)] * 2)
    assert len({each["band"] for each in shown["attempts"]}) == 2
    assert revisiting.service.get("/revisits/audit", case=name)["disagreements"] == []
    revisiting.system.citizen("12315", caller=number)
    assert revisiting.wait_verdict(name, "contacted_unrated")["decisions"][-1]["supersedes"] is not None
