"""Who waits, at a terminal."""

import json

from tests.fakes import waiting_view


def test_who_waits_is_shown_with_place_queue_and_a_masked_number(running):
    running.api.waiting_room.guests = [waiting_view()]
    shown = running.run("waiting").stdout
    assert "city-12345" in shown
    assert "13800001234" not in shown


def test_a_number_is_shown_whole_when_it_is_asked_for(running):
    running.api.waiting_room.guests = [waiting_view()]
    assert "13800001234" in running.run("waiting", "--show-numbers").stdout


def test_as_json_all_is_there(running):
    running.api.waiting_room.guests = [waiting_view(agent="8001")]
    [entry] = json.loads(running.run("waiting", "--json").stdout)
    assert (entry["agent"], entry["position"]) == ("8001", 1)
