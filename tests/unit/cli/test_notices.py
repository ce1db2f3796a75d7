"""`hotline notices` against a running service."""

import json

TEXT = ("--text", "西区停水。", "--until", "2026-11-23T13:00", "--by", "李敏", "--why", "爆管")


def test_a_notice_is_switched_on_for_a_number_until_its_end(running):
    done = running.run("notices", "on", "12345", *TEXT)
    assert (done.exit_code, "12345" in done.stdout, "13:00:00" in done.stdout) == (0, True, True)
    (notice,) = json.loads(running.run("notices", "list", "--json").stdout)
    assert (notice["text"], notice["ends_at"]) == ("西区停水。", "2026-11-23T13:00:00+08:00")
    assert "西区停水" in running.run("notices").stdout
    assert "爆管" in running.run("notices", "show", str(notice["id"])).stdout


def test_it_is_switched_off_with_its_figures(running):
    running.run("notices", "on", "12345", *TEXT)
    done = running.run("notices", "off", "12345", "--by", "王芳")
    assert (done.exit_code, "0" in done.stdout) == (0, True)
    assert json.loads(running.run("notices", "list", "--json").stdout) == []
    (over,) = json.loads(running.run("notices", "list", "--all", "--json").stdout)
    assert over["off_by"] == "王芳"


def test_without_an_end_it_is_not_switched_on(running):
    assert running.run("notices", "on", "12345", "--text", "x", "--by", "李敏").exit_code == 2


def test_an_end_that_has_passed_is_wrong(running):
    done = running.run("notices", "on", "12345", "--text", "停", "--until", "2026-11-23T12:00", "--by", "x")
    assert (done.exit_code, "the end lies in the past" in done.stderr) == (2, True)


def test_what_is_not_on_cannot_be_switched_off(running):
    assert running.run("notices", "off", "12345", "--by", "王芳").exit_code == 1
