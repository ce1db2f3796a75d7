"""The time line of what a party hears: holes where nothing came, but not for a packet that is merely late."""

import pytest

from telephony.peers.ear import LATE, RATE, Ear

QUIET, SOUND = b"\0", b"\1"
FRAME = 160
FRAME_SECONDS = FRAME / RATE


@pytest.fixture
def ear():
    """An ear that has heard one packet, at 100 s."""
    ear = Ear(QUIET)
    ear.take(SOUND * FRAME, 100)
    return ear


def test_packets_in_time_make_one_sound(ear):
    ear.take(SOUND * FRAME, 100 + FRAME_SECONDS)
    assert ear.whole() == SOUND * 2 * FRAME


def test_a_packet_as_late_as_a_slip_leaves_no_hole(ear):
    ear.take(SOUND * FRAME, 100 + FRAME_SECONDS + LATE / RATE)
    assert QUIET not in ear.whole()


def test_a_packet_later_than_a_slip_leaves_a_hole_as_long_as_it_is_late(ear):
    late = LATE + 8
    ear.take(SOUND * FRAME, 100 + FRAME_SECONDS + late / RATE)
    assert ear.whole() == SOUND * FRAME + QUIET * late + SOUND * FRAME


def test_what_came_last_is_what_is_heard_now(ear):
    ear.take(b"\2" * FRAME, 100 + FRAME_SECONDS)
    assert ear.last(30, 100 + FRAME_SECONDS) == SOUND * (FRAME // 2) + b"\2" * FRAME


def test_where_nothing_comes_any_more_there_is_silence_at_the_end(ear):
    assert ear.last(100, 100.09) == SOUND * 80 + QUIET * 720


def test_before_the_first_packet_there_is_silence(ear):
    assert ear.last(30, 100) == QUIET * 80 + SOUND * FRAME


def test_who_never_heard_anything_hears_silence():
    assert Ear(QUIET).last(30, 100) == QUIET * 240


def test_a_sample_may_have_two_bytes():
    ear = Ear(bytes(2))
    ear.take(b"\1\1" * FRAME, 100)
    assert ear.last(30, 100) == bytes(160) + b"\1\1" * FRAME


def test_each_piece_is_told_with_its_time_and_without_the_hole_before_it(ear):
    ear.take(b"\2" * FRAME, 101)
    assert ear.pieces() == [(100, SOUND * FRAME), (101, b"\2" * FRAME)]
