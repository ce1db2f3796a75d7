"""Kills at moments that nobody chose while conversations begin, change and end: nothing is left."""

import os
import random
import time
from contextlib import suppress

import httpx
import pytest

from tests.pbx.crowd import Crowd

ROOMS = 5
KILLS = int(os.environ.get("HOTLINE_SOAK_KILLS", "3"))
SEED = int(os.environ.get("HOTLINE_SOAK_SEED", "5"))
LONGEST_LIFE = 3.0
COMMANDS = (
    ("join", {}),
    ("hold", {"party": "citizen"}),
    ("hold", {"party": "units"}),
    ("resume", {"party": "citizen"}),
    ("resume", {"party": "units"}),
    ("leave", {}),
    ("back", {}),
    ("drop", {}),
)


@pytest.fixture(scope="module")
def soaked(tmp_path_factory):
    """A crowd after the last kill, its talks, and the citizens whom the switch has then, by their calls."""
    crowd, dice = Crowd(tmp_path_factory.mktemp("soak"), ROOMS), random.Random(SEED)  # noqa: S311 - no secret
    try:
        crowd.start()
        talks = crowd.talks(ROOMS)
        for _ in range(KILLS):
            live_a_while(crowd, talks, dice)
            crowd.service.kill()
            press_all(crowd, talks)
            crowd.service.start()
        crowd.service.wait_ready()
        mark = crowd.service.mark()
        crowd.service.get("/events", after=mark, kind="threeway", wait=3)  # second looks have been taken
        yield crowd, talks, crowd.switch.cli("core show channels concise")
    finally:
        crowd.stop()


def live_a_while(crowd, talks, dice):
    """Let agents do anything, whether it makes sense or not, for as long as chance has it."""
    ends = time.monotonic() + dice.uniform(0, LONGEST_LIFE)
    while time.monotonic() < ends:
        talk, (what, body) = dice.choice(talks), dice.choice(COMMANDS)
        with suppress(httpx.HTTPError):  # what makes no sense is refused
            if dice.random() < 0.3:
                talk.ask(mode=dice.choice(["consult", "at_once"]))
            else:
                talk.do(what, **body)
        press_all(crowd, talks)


def press_all(crowd, talks):
    """Let every unit that has ever been rung accept."""
    rung = {words[1] for words in list(crowd.carrier.events) if words[0] == "answered"}
    for talk in talks:
        if talk.number in rung:
            crowd.carrier.press(talk.number, "1")


def channels_of(text):
    """Return the phones' channels: id → place."""
    rows = [line.split("!") for line in text.splitlines()]
    return {row[-1]: row[1] for row in rows if row[0].startswith("PJSIP/")}


def test_no_citizen_is_lost(soaked):
    _, talks, shown = soaked
    assert {talk.call_id for talk in talks} <= set(channels_of(shown))


def test_nobody_is_in_a_room_of_no_conversation(soaked):
    crowd, _, shown = soaked
    live = [
        crowd.service.get(f"/threeway/{each['id']}") for each in crowd.service.get("/threeway", live=True)
    ]
    known = {each["leg_id"] for view in live for each in view["participants"] if each["state"] == "present"}
    known |= {ask["leg_id"] for view in live for each in view["invitations"] for ask in each["asks"]}
    in_places = {leg for leg, place in channels_of(shown).items() if place.startswith("threeway-")}
    assert in_places <= known


def test_when_all_hang_up_nothing_is_left(soaked):
    crowd, talks, _ = soaked
    crowd.hang_up_everybody(talks)
    crowd.wait_nothing_left(timeout=120)
