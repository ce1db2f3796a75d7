"""Many three-way calls at once, with sound: each in a room of its own, and nothing left of any of them."""

import itertools

import pytest

from tests.pbx.crowd import THREE, Crowd
from tests.pbx.hearing import wait_hears

ROOMS = 12


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    crowd = Crowd(tmp_path_factory.mktemp("crowd"), ROOMS)
    try:
        yield crowd.start()
    finally:
        crowd.stop()


@pytest.fixture
def talks(crowd):
    """So many three-way calls, begun at the same moment."""
    talks = crowd.talks(ROOMS)
    crowd.ask_all(talks, mode="at_once")
    crowd.wait_rooms(ROOMS)
    yield talks
    crowd.hang_up_everybody(talks)
    crowd.wait_nothing_left()


def test_each_hears_the_two_others_of_the_same_room_and_nobody_else(talks):
    pitches = {talk.call_id: talk.pitches for talk in talks}
    everybody = list(itertools.chain.from_iterable(each.values() for each in pitches.values()))
    for talk in talks:
        own = pitches[talk.call_id]
        for role, party in talk.parties.items():
            others = {pitch for other, pitch in own.items() if other != role}
            wait_hears(party, others, of=everybody)


def test_every_room_has_a_number_of_its_own_and_exactly_its_three_parties(crowd, talks):
    numbers = {each["room"] for each in crowd.service.get("/threeway", live=True)}
    assert crowd.rooms_now() == dict.fromkeys(numbers, THREE)
    assert len(numbers) == ROOMS


def test_a_service_that_is_killed_and_starts_again_knows_every_room_and_leaves_nobody_behind(crowd, talks):
    rooms = crowd.rooms_now()
    crowd.service.kill()
    assert crowd.rooms_now() == rooms
    crowd.service.start()
    crowd.service.wait_ready()
    assert {each["state"] for each in crowd.service.get("/threeway", live=True)} == {"talking"}


def test_those_that_are_being_begun_when_the_service_is_killed_can_all_be_ended(crowd):
    talks = crowd.talks(ROOMS)
    for talk in talks:
        talk.ask(mode="at_once")
    crowd.service.kill()
    crowd.service.start()
    crowd.service.wait_ready()
    for each in crowd.service.get("/threeway", live=True):
        crowd.service.post(f"/threeway/{each['id']}/end")
    crowd.wait_nothing_left()
    assert all(talk.caller.wait_ended() is None for talk in talks)
