"""The sounds of notices, made by the real espeak-ng and sox."""

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor

from telephony.config import Voice
from telephony.floor.notice_sounds import NoticeSounds
from telephony.paths import Paths


@pytest.fixture
def sounds(tmp_path):
    paths = Paths(tmp_path / "config", tmp_path / "var")
    paths.sounds.mkdir(parents=True)
    return NoticeSounds(paths, Voice(language="cmn", words_per_minute=300), reactor)


@ensureDeferred
async def test_a_text_that_was_spoken_can_be_played_until_nobody_wants_it(sounds):
    assert not sounds.is_there("停水。")
    await sounds.make("停水。")
    await sounds.make("停电。")
    sounds.keep_only(["停水。"])
    assert (sounds.is_there("停水。"), sounds.is_there("停电。")) == (True, False)


@ensureDeferred
async def test_a_sound_that_is_there_is_not_made_again(sounds):
    await sounds.make("停水。")
    before = sounds._file("停水。").stat().st_mtime_ns
    await sounds.make("停水。")
    assert sounds._file("停水。").stat().st_mtime_ns == before


def test_each_text_has_a_name_of_its_own_that_the_switch_can_take(sounds):
    names = {sounds.name(text) for text in ("停水。", "停电。", "${SHELL(x)},;")}
    assert len(names) == 3
    assert all(name.startswith("notices/notice-") and name[15:].isalnum() for name in names)


@ensureDeferred
async def test_sounds_of_another_folder_are_not_removed_with_the_notices_own(sounds, tmp_path):
    paths = Paths(tmp_path / "config", tmp_path / "var")
    leaders = NoticeSounds(paths, Voice(language="cmn", words_per_minute=300), reactor, "leaders")
    await leaders.make("延期。")
    sounds.keep_only([])
    assert leaders.is_there("延期。")
    assert leaders.name("延期。").startswith("leaders/notice-")
