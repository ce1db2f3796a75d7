"""What a softphone hears, read from its file while that grows."""

import pytest

from telephony.peers import tone
from telephony.peers.dump import Dump
from tests.pbx.hearing import wait_hears

PITCHES = 440, 700
HEADER = bytes(44)


@pytest.fixture
def dump(tmp_path):
    dump = Dump(tmp_path)
    dump.start()
    yield dump
    dump.stop()


def voice(hertz):
    return tone.decode(b"".join(tone.sine(hertz))).tobytes()


def test_a_file_that_grows_is_heard(dump, tmp_path):
    with (tmp_path / "dump-2026-11-25-02-00-00-dec.wav").open("wb", buffering=0) as file:
        file.write(HEADER + voice(440))
        wait_hears(dump, {440}, of=PITCHES)
        file.write(voice(700))
        wait_hears(dump, {700}, of=PITCHES)
    dump.stop()
    assert dump.hears(None).tobytes() == voice(440) + voice(700)


def test_the_next_call_goes_on_where_the_last_one_ended(dump, tmp_path):
    for second, hertz in enumerate(PITCHES):
        (tmp_path / f"dump-2026-11-25-02-00-0{second}-dec.wav").write_bytes(HEADER + voice(hertz))
        wait_hears(dump, {hertz}, of=PITCHES)


def test_half_a_sample_is_left_until_it_is_whole(dump, tmp_path):
    file = tmp_path / "dump-2026-11-25-02-00-00-dec.wav"
    file.write_bytes(HEADER + voice(440)[:-1])
    dump.stop()
    assert dump.hears(None).tobytes() == voice(440)[:-2]


def test_what_the_phone_spoke_is_not_heard(dump, tmp_path):
    (tmp_path / "dump-2026-11-25-02-00-00-enc.wav").write_bytes(HEADER + voice(440))
    dump.stop()
    assert not dump.hears(None)
