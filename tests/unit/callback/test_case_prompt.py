"""The prompt that names a case, made by the real espeak-ng and sox."""

import os
import shutil
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_twisted import ensureDeferred
from structlog.testing import capture_logs
from twisted.internet.defer import Deferred

from telephony import spoken as spoken_prompts
from telephony.callback import case_prompt
from telephony.callback.case_prompt import CasePrompts, spoken
from telephony.config import Voice
from telephony.paths import Paths
from telephony.spoken import SpokenPrompts

VOICE = Voice(language="cmn", words_per_minute=300)
CASE = ("2026-0001", "道路积水")


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path / "config", tmp_path / "var")
    paths.sounds.mkdir(parents=True)
    return paths


@pytest.fixture
def cases(paths):
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    return CasePrompts(SpokenPrompts(paths, VOICE, reactor))


def made(paths):
    return [file.name for file in paths.sounds.rglob("*") if file.is_file()]


def test_the_number_is_spoken_digit_by_digit_and_the_subject_after_it():
    assert spoken("PDS-2026001", "道路积水") == "您反映的诉求，编号 P D S 2 0 2 6 0 0 1，关于道路积水。"


def test_a_case_without_a_subject_is_named_by_its_number():
    assert spoken("12", " \n") == "您反映的诉求，编号 1 2。"


@given(st.text(), st.text())
def test_whatever_a_platform_sends_is_short_and_holds_nothing_that_speech_has_no_sound_for(number, subject):
    text = spoken(number, subject)
    assert len(text) < 2 * case_prompt.LONGEST_NUMBER + case_prompt.LONGEST_SUBJECT + 20
    assert text.isprintable()
    assert not set(text) & set("[]<>&|`$\"'\\\0")


@ensureDeferred
async def test_the_prompt_is_in_the_form_that_the_switch_plays(cases, paths):
    name = await cases.make(*CASE)
    with wave.open(str(paths.sounds / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() > 8000


@ensureDeferred
async def test_the_name_of_the_file_tells_nothing_of_the_case(cases):
    name = await cases.make("A1", "道路积水")
    assert name.startswith("cases/case-")
    assert len(name) == len("cases/case-") + 16
    assert set(name[-16:]) <= set("0123456789abcdef")


@ensureDeferred
async def test_a_subject_that_begins_like_an_option_or_a_path_is_only_spoken(cases, paths):
    assert await cases.make("--stdout", "../../-w /etc/x")
    (name,) = made(paths)
    assert name.startswith("case-")


@ensureDeferred
async def test_nothing_is_left_of_a_case_when_its_survey_is_over(cases, paths):
    cases.forget(await cases.make(*CASE))
    assert made(paths) == []


@ensureDeferred
async def test_a_prompt_that_another_survey_plays_stays_until_that_is_over_too(cases, paths):
    first, second = await cases.make(*CASE), await cases.make(*CASE)
    cases.forget(first)
    assert (first, made(paths)) == (second, [f"{first.rpartition('/')[2]}.wav"])
    cases.forget(second)
    assert made(paths) == []


@ensureDeferred
async def test_what_a_crash_left_behind_is_removed_at_the_start(cases, paths):
    await cases.make(*CASE)
    cases._prompts.clear()
    assert made(paths) == []


@ensureDeferred
async def test_a_prompt_that_cannot_be_made_is_none_and_its_text_is_not_logged(cases, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with capture_logs() as logs:
        assert await cases.make(*CASE) is None
    assert [entry["event"] for entry in logs] == ["spoken_prompt_failed"]
    assert CASE[1] not in str(logs)


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """An espeak-ng that speaks only once something is written here."""
    gate, voice = tmp_path / "gate", tmp_path / "bin" / "espeak-ng"
    os.mkfifo(gate)
    voice.parent.mkdir()
    voice.write_text(f'#!/bin/sh\nread word < {gate}\nexec {shutil.which("espeak-ng")} "$@"\n')
    voice.chmod(0o700)
    monkeypatch.setenv("PATH", f"{voice.parent}:{os.environ['PATH']}")
    return gate


@ensureDeferred
async def test_a_slow_voice_keeps_nobody_waiting_and_what_it_says_too_late_is_removed(
    cases, paths, gate, monkeypatch
):
    monkeypatch.setattr(spoken_prompts, "PATIENCE_SECONDS", 0.1)
    assert await cases.make(*CASE) is None
    removed = Deferred()
    monkeypatch.setattr(cases._prompts, "_remove_if_unused", after(cases._prompts._remove_if_unused, removed))
    gate.write_text("go\n")
    await removed
    assert made(paths) == []


def after(work, done):
    def wrapped(name):
        work(name)
        done.callback(None)

    return wrapped
