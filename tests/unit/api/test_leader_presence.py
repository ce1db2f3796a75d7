"""How long a leader was there, over HTTP."""

from datetime import timedelta

from telephony.store.database import transaction
from telephony.store.leader_tables import leader_days
from tests.fakes import NOON
from tests.unit.api.leader_presence import becomes, passes, sitting
from tests.unit.leader.seating import planned


def presence(api, day_id):
    answer = api.get(f"leader-days/{day_id}/presence")
    assert answer.status_code == 200, answer.text
    return answer.json()


def close(api, day_id):
    values = {"state": "closed", "closed_at": api.clock.now(), "closed_by": "李敏"}
    with transaction(api.database.engine) as connection:
        connection.execute(leader_days.update().where(leader_days.c.id == day_id).values(**values))


def test_it_shows_what_was_there_and_what_is_missing(api):
    day_id = sitting(api)
    becomes(api, "paused")
    passes(api, day_id, 3)
    found = presence(api, day_id)
    assert (found["there"], found["paused"], found["away"], found["wrap_up"]) == (1200, 180, 0, 0)
    assert (found["least"], found["missing"], found["short"]) == (7200, 6000, False)
    assert (found["agent"], found["state"]) == ("8801", "open")


def test_an_open_day_shows_by_when_the_least_time_is_reached_and_how_long_breaks_may_be(api):
    seen = presence(api, sitting(api))["outlook"]
    assert seen == {
        "reachable": True,
        "slack": 1800,
        "by": "2026-11-23T13:40:00+08:00",
        "extend_to": None,
        "mend": None,
    }


def test_a_day_that_runs_short_shows_the_command_that_mends_it(api):
    day_id = sitting(api)
    becomes(api, "paused")
    passes(api, day_id, 25)
    tight = presence(api, day_id)["outlook"]
    command = f"hotline leader-days extend {day_id} --until"
    assert (tight["reachable"], tight["mend"]) == (True, f"{command} 2026-11-23T14:15")
    passes(api, day_id, 6)
    late = presence(api, day_id)["outlook"]
    assert (late["reachable"], late["slack"], late["extend_to"]) == (False, -60, "2026-11-23T14:11:00+08:00")


def test_a_day_that_was_closed_with_too_little_is_short_and_has_nothing_to_come(api):
    day_id = sitting(api)
    passes(api, day_id, 99)
    close(api, day_id)
    passes(api, day_id, 60)
    found = presence(api, day_id)
    assert (found["there"], found["missing"], found["short"], found["outlook"]) == (7140, 60, True, None)
    assert found["until"] == "2026-11-23T13:39:00+08:00"


def test_a_day_that_was_closed_with_enough_is_not(api):
    day_id = sitting(api)
    passes(api, day_id, 100)
    close(api, day_id)
    found = presence(api, day_id)
    assert (found["there"], found["missing"], found["short"]) == (7200, 0, False)


def test_a_day_that_was_never_opened_has_no_time(api):
    coming = planned(starts_at=NOON + timedelta(days=9), ends_at=NOON + timedelta(days=9, hours=2))
    with transaction(api.database.engine) as connection:
        day_id = connection.execute(leader_days.insert().values(**coming)).inserted_primary_key[0]
    found = presence(api, day_id)
    assert (found["there"], found["away"], found["short"], found["outlook"]) == (0, 0, False, None)


def test_an_unknown_day_is_refused(api):
    assert api.get("leader-days/7/presence").status_code == 404


def test_a_day_whose_seat_is_no_longer_configured_is_refused_with_those_that_are(api):
    answer = api.get(f"leader-days/{sitting(api, seat='old-hall')}/presence")
    assert answer.status_code == 404
    assert "city-hall" in answer.text
