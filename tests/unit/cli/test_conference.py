"""Coordination conferences at a terminal, against the real API over a switch that says nothing by itself."""

import json

import pytest

from tests.unit.api.three_way import hangs_up


@pytest.fixture
def called(running):
    """A conference of agent 8001 with the water works in the lead and the power supply beside it."""
    words = ("--agent", "8001", "--lead", "water", "--with", "power", "--matter", "路灯与供水抢修")
    done = running.run("threeway", "conference", *words, "--json")
    assert done.exit_code == 0, done.stderr
    return running, json.loads(done.stdout)


def test_chair_lead_unit_and_supporting_units_are_rung_at_once(called):
    _, told = called
    assert (told["kind"], told["state"], told["matter"]) == ("coordination", "meeting", "路灯与供水抢修")
    assert [(each["unit"], each["part"]) for each in told["invitations"]] == [
        ("water", "lead"),
        ("power", "supporting"),
    ]
    assert [(each["role"], each["party"], each["state"]) for each in told["participants"]] == [
        ("agent", "8001", "ringing")
    ]


def test_the_roll_names_who_is_there_and_who_is_not(called):
    running, told = called
    done = running.run("threeway", "roll-call", str(told["id"]), "--by", "王芳")
    assert done.exit_code == 0, done.stderr
    assert "到场：–；未到：water, power" in done.stdout


def test_a_unit_that_is_not_there_is_named_in_the_error(running):
    done = running.run("threeway", "conference", "--agent", "8001", "--lead", "nobody")
    assert (done.exit_code, "没有单位 nobody" in done.stderr) == (2, True)


def test_the_roll_is_called_in_no_other_conversation(running):
    done = running.run("threeway", "roll-call", "77")
    assert (done.exit_code, "没有三方通话 77" in done.stderr) == (2, True)


def test_an_emergency_service_is_not_called_into_a_conference(called):
    running, told = called
    done = running.run("threeway", "start", str(told["call_id"]), "110")
    assert (done.exit_code, "紧急服务" in done.stderr) == (1, True)


def test_a_conference_is_over_when_nobody_is_there_and_the_last_unit_is_asked_no_more(called):
    running, told = called
    chair = told["participants"][0]["leg_id"]
    hangs_up(running.api, chair)
    for unit in ("water", "power"):
        assert running.run("threeway", "drop", str(told["id"]), unit).exit_code == 0
    assert running.api.get(f"threeway/{told['id']}").json()["state"] == "ended"
