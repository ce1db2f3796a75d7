"""Who waits, over HTTP."""

from tests.fakes import waiting_view


def test_who_waits_is_listed_the_next_first_with_times_of_shanghai(api):
    api.waiting_room.guests = [waiting_view("1.1"), waiting_view("1.2", position=2, agent="8001")]
    first, second = api.get("waiting").json()
    assert (first["call_id"], first["position"], first["since"]) == ("1.1", 1, "2026-11-23T12:00:00+08:00")
    assert (second["agent"], second["expected_seconds"]) == ("8001", 90)


def test_nobody_waiting_is_an_empty_list(api):
    assert api.get("waiting").json() == []
