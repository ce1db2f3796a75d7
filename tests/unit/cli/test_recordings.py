"""`hotline recordings` against a running service."""

import json

import pytest

from tests.fakes import NOON
from tests.unit.api.test_recordings import LIVE, OVER, look, put_recording
from tests.unit.floor.test_vault import SOUND

WHO = ["--by", "李敏", "--why", "投诉核查"]


@pytest.fixture
def shelf(running):
    put_recording(running.api, OVER, ended_at=NOON)
    look(running.api)
    return running


def said(house, *words):
    done = house.run("recordings", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_recordings_are_listed_and_shown(shelf):
    assert OVER in said(shelf, "list")
    (entry,) = json.loads(said(shelf, "list", "--json"))
    assert json.loads(said(shelf, "show", "1", "--json"))["sha256"] == entry["sha256"]
    assert "已封存" in said(shelf, "show", "1")


def test_an_export_is_a_new_file_that_only_its_owner_may_read(shelf, tmp_path):
    file = tmp_path / "out.wav"
    assert str(file) in said(shelf, "export", "1", "--to", str(file), *WHO)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (SOUND, 0o600)
    again = shelf.run("recordings", "export", "1", "--to", str(file), *WHO)
    assert (again.exit_code, file.read_bytes()) == (1, SOUND)


def test_a_recording_is_played_by_the_machines_own_player(shelf, tmp_path, monkeypatch):
    heard = tmp_path / "heard.wav"
    monkeypatch.setattr("telephony.cli.recordings.PLAYER", ("dd", f"of={heard}", "status=none"))
    said(shelf, "play", "1", *WHO)
    assert heard.read_bytes() == SOUND
    assert "播放" in said(shelf, "show", "1")


@pytest.mark.parametrize("player", [("no-such-player",), ("false",)], ids=str)
def test_a_machine_that_cannot_play_says_what_to_do(shelf, monkeypatch, player):
    monkeypatch.setattr("telephony.cli.recordings.PLAYER", player)
    done = shelf.run("recordings", "play", "1", *WHO)
    assert (done.exit_code, "export" in done.stderr) == (1, True)


def test_a_live_call_is_paused_and_resumed(running):
    put_recording(running.api, LIVE, ended_at=None)
    assert "12:02:00" in said(running, "pause", LIVE, "--by", "8001", "--reason", "bank-card")
    assert running.api.recorder.silent == {LIVE}
    assert LIVE in said(running, "resume", LIVE, "--by", "8001")
    assert running.api.recorder.silent == set()


def test_a_hold_is_set_and_ended(shelf):
    assert "李敏" in said(shelf, "hold", "1", "--until", "2026-12-01", *WHO)
    assert [each["id"] for each in json.loads(said(shelf, "list", "--held", "--json"))] == [1]
    said(shelf, "release", "1", *WHO)
    assert json.loads(said(shelf, "list", "--held", "--json")) == []


def test_what_is_old_enough_is_counted(shelf):
    assert said(shelf, "expire", "--dry-run", *WHO).startswith("到期 0 份")
    done = json.loads(said(shelf, "expire", *WHO, "--json"))
    assert done == {"due": 0, "deleted": 0, "held": 0}


def test_verifying_ends_with_1_where_something_is_wrong(shelf):
    assert said(shelf, "verify").startswith("已校验 1 份，0 份有问题")
    (shelf.var / "recordings" / "2026-11-23" / f"{OVER}.wav").unlink()
    done = shelf.run("recordings", "verify", "--strangers", "2026-11-23", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["wrong"] == [{"id": 1, "call_id": OVER, "finding": "missing"}]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["show", "9"], 2),
        (["play", "9", *WHO], 2),
        (["play", "1"], 2),
        (["export", "1", *WHO], 2),
        (["pause", "9.9", "--by", "x", "--reason", "other"], 2),
        (["resume", OVER, "--by", "x"], 1),
        (["release", "1", *WHO], 1),
    ],
    ids=str,
)
def test_what_cannot_be_done_ends_with_a_status_and_a_word(shelf, words, status):
    done = shelf.run("recordings", *words)
    assert (done.exit_code, done.stdout) == (status, "")
    assert done.stderr
