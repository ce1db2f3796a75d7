"""Default prompts, made by the real espeak-ng and sox."""

import json
import wave
from dataclasses import replace

import pytest

from telephony import prompts
from telephony.config import PromptsFile, Voice
from telephony.config_load import load
from telephony.errors import ConfigError
from telephony.paths import PROJECT, Paths
from telephony.texts import word

VOICE = Voice(language="cmn", words_per_minute=300)
CONFIG = load(PROJECT / "config")
BEEP, MUSIC = word("prompts.beep"), word("prompts.music")


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path / "config", tmp_path / "var")
    (paths.config / "prompts").mkdir(parents=True)
    music(paths).parent.mkdir(parents=True)
    music(paths).touch()  # made by the one test that is about it
    paths.sounds.mkdir(parents=True)
    beep(paths).touch()  # likewise
    return paths


def beep(paths):
    return paths.sounds / f"{prompts.BEEP}.wav"


def music(paths):
    return paths.asterisk / "data" / "moh" / "hotline" / "waiting.wav"


def make(paths, voice=VOICE, **texts):
    config = replace(CONFIG, prompts=PromptsFile(voice=voice, prompts=texts or {"hello": "您好"}))
    return list(prompts.make(paths, config))


def record(path, rate=8000, seconds=0.5):
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(b"\x10\x20\x10\x20" * int(rate * seconds))


def form(path):
    with wave.open(str(path)) as file:
        return file.getframerate(), file.getnchannels(), file.getsampwidth()


def seconds(path):
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_a_prompt_is_in_the_form_that_the_switch_plays(paths):
    make(paths)
    assert form(paths.sounds / "hello.wav") == (8000, 1, 2)


def test_a_longer_text_is_a_longer_prompt(paths):
    make(paths, short="您好", long="您好，欢迎致电平顶山市一二三四五政务服务热线。")
    assert 0 < seconds(paths.sounds / "short.wav") < seconds(paths.sounds / "long.wav")


def test_a_text_that_begins_like_an_option_is_spoken(paths):
    make(paths, cold="-w零下五度")
    assert seconds(paths.sounds / "cold.wav") > 0


def test_a_second_time_nothing_is_made(paths):
    assert (make(paths), make(paths)) == (["hello"], [])


def test_only_the_text_that_changed_is_made_again(paths):
    make(paths, one="一", two="二")
    assert make(paths, one="一", two="三") == ["two"]


def test_another_voice_makes_all_again(paths):
    make(paths, one="一", two="二")
    slower = Voice(language="cmn", words_per_minute=200)
    assert make(paths, slower, one="一", two="二") == ["one", "two"]


def test_a_prompt_that_was_deleted_is_made_again(paths):
    make(paths)
    (paths.sounds / "hello.wav").unlink()
    assert make(paths) == ["hello"]


def test_an_operators_recording_wins_over_the_voice(paths):
    record(paths.config / "prompts" / "hello.wav", seconds=0.5)
    make(paths)
    assert seconds(paths.sounds / "hello.wav") == 0.5


def test_a_recording_in_another_form_is_brought_to_the_switchs(paths):
    record(paths.config / "prompts" / "hello.wav", rate=44100)
    make(paths)
    assert form(paths.sounds / "hello.wav") == (8000, 1, 2)


def test_a_recording_put_in_later_takes_the_voices_place(paths):
    make(paths)
    record(paths.config / "prompts" / "hello.wav")
    assert make(paths) == ["hello"]


def test_a_recording_is_kept_when_only_the_text_changes(paths):
    record(paths.config / "prompts" / "hello.wav")
    make(paths)
    assert make(paths, hello="大家好") == []


def test_the_voice_comes_back_when_the_recording_goes(paths):
    recording = paths.config / "prompts" / "hello.wav"
    record(recording)
    make(paths)
    recording.unlink()
    assert make(paths) == ["hello"]


def test_a_recording_that_is_no_sound_is_named_and_the_old_prompt_stays(paths):
    make(paths)
    before = (paths.sounds / "hello.wav").read_bytes()
    (paths.config / "prompts" / "hello.wav").write_text("no sound")
    with pytest.raises(ConfigError, match=r"sox failed; .*hello\.wav"):
        make(paths)
    assert (paths.sounds / "hello.wav").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", '{"hello": ', "[]", "\x00"])
def test_a_memory_cut_short_by_a_crash_only_makes_all_again(paths, text):
    make(paths)
    (paths.sounds / "made.json").write_text(text)
    assert make(paths) == ["hello"]


def test_what_is_done_before_an_error_is_remembered(paths):
    (paths.config / "prompts" / "two.wav").write_text("no sound")
    with pytest.raises(ConfigError):
        make(paths, one="一", two="二")
    assert list(json.loads((paths.sounds / "made.json").read_text())) == ["one"]


@pytest.mark.parametrize(("there", "missing"), [([], "espeak-ng"), (["espeak-ng"], "sox")])
def test_a_missing_program_is_named_with_what_to_do(paths, tmp_path, monkeypatch, there, missing):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in there:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(ConfigError, match=f" · {missing} is not installed; run `tools/setup/packages`$"):
        make(paths)


def test_the_music_is_made_once_in_the_form_that_the_switch_plays(paths):
    music(paths).unlink()
    assert (make(paths), make(paths)) == (["hello", MUSIC], [])
    assert form(music(paths)) == (8000, 1, 2)
    assert seconds(music(paths)) == pytest.approx(12, abs=0.1)


def test_the_beep_is_made_once_in_the_form_that_the_switch_plays(paths):
    beep(paths).unlink()
    assert (make(paths), make(paths)) == (["hello", BEEP], [])
    assert form(beep(paths)) == (8000, 1, 2)
    assert 0.2 < seconds(beep(paths)) < 0.5


def test_an_operators_prompt_of_that_name_takes_the_beeps_place(paths):
    beep(paths).unlink()
    record(paths.config / "prompts" / "beep.wav", seconds=1)
    assert make(paths, beep="滴") == ["beep"]
    assert seconds(beep(paths)) == 1
