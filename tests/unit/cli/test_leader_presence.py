"""`hotline leader-days presence` against a running service."""

import json

import pytest

from telephony.cli.leader_presence import lasted
from tests.unit.api.leader_presence import becomes, passes, sitting
from tests.unit.api.test_leader_presence import close


def printed(running, day_id):
    done = running.run("leader-days", "presence", str(day_id))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_it_prints_the_seconds_and_when_the_least_time_is_reached(running):
    text = printed(running, sitting(running.api))
    assert "0:20:00" in text
    assert "1:40:00" in text
    assert "without another break the least time is reached at 11-23 13:40:00" in text


def test_it_prints_how_a_day_that_runs_short_is_mended(running):
    day_id = sitting(running.api)
    becomes(running.api, "paused")
    passes(running.api, day_id, 25)
    assert f"hotline leader-days extend {day_id} --until 2026-11-23T14:15" in printed(running, day_id)
    passes(running.api, day_id, 6)
    text = printed(running, day_id)
    assert "cannot be reached by the announced end" in text
    assert f"hotline leader-days extend {day_id} --until 2026-11-23T14:21" in text


def test_it_says_of_a_day_that_is_over_whether_it_was_long_enough(running):
    short = sitting(running.api)
    passes(running.api, short, 99)
    close(running.api, short)
    assert "0:01:00 are missing" in printed(running, short)
    enough = sitting(running.api, before=1)
    passes(running.api, enough, 119)
    close(running.api, enough)
    assert "the 120 minutes of Art. 6 are reached" in printed(running, enough)


def test_as_json_it_is_what_the_api_says(running):
    day_id = sitting(running.api)
    found = json.loads(running.run("leader-days", "presence", str(day_id), "--json").stdout)
    assert (found["day_id"], found["there"]) == (day_id, 1200)


def test_an_unknown_day_is_a_wrong_argument(running):
    assert running.run("leader-days", "presence", "7").exit_code == 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(7199.999, "1:59:59"), (7200, "2:00:00"), (0, "0:00:00"), (61, "0:01:01")]
)
def test_seconds_are_never_rounded_up_to_the_least_time(seconds, text):
    assert lasted(seconds) == text
