"""`hotline storm` against a running service."""

import json

ON = ("storm", "on", "--until", "2026-11-23T13:00", "--why", "暴雨")


def test_one_command_turns_it_on_and_one_turns_it_off(running):
    done = running.run(*ON)
    assert (done.exit_code, "暴雨" in done.stdout, "13:00:00" in done.stdout) == (0, True, True)
    assert json.loads(running.run("storm", "status", "--json").stdout)["is_on"] is True
    assert running.run("storm", "off", "--by", "王芳").exit_code == 0
    assert json.loads(running.run("storm", "status", "--json").stdout)["is_on"] is False
    (past,) = json.loads(running.run("storm", "list", "--json").stdout)
    assert past["off_by"] == "王芳"


def test_the_status_of_the_service_says_so(running):
    running.run(*ON)
    assert "a storm is on until 11-23 13:00:00: 暴雨" in running.run("status").stdout
    assert "a storm is on until" in running.run("storm").stdout


def test_who_does_not_say_who_they_are_goes_by_the_terminals_name(running, monkeypatch):
    monkeypatch.setenv("LOGNAME", "zhangsan")
    running.run(*ON)
    assert json.loads(running.run("storm", "status", "--json").stdout)["storm"]["by"] == "zhangsan"


def test_without_an_end_or_a_reason_it_is_not_turned_on(running):
    assert running.run("storm", "on", "--why", "暴雨").exit_code == 2
    assert running.run("storm", "on", "--until", "2026-11-23T13:00").exit_code == 2


def test_what_is_not_on_cannot_be_turned_off(running):
    assert running.run("storm", "off", "--by", "x").exit_code == 1


def test_the_list_of_those_who_wait_says_so_too(running):
    assert "a storm is on" not in running.run("waiting").stdout
    running.run(*ON)
    assert "a storm is on until" in running.run("waiting").stdout
