"""Revisits at a terminal."""

import json

import pytest

from tests.unit.api.revisits import NUMBER, replied, settled

READING = [
    "revisits",
    "revisits show PDS-1",
    "revisits worklist",
    "revisits no-disturb list",
    "cases show PDS-1",
]


@pytest.fixture
def work(running):
    """A revisit that waits for a person: its number is not valid."""
    found = replied(running.api, unit="城管局", subject="来电 13800001234")
    settled(running.api, found["id"])
    running.run("revisits", "no-disturb", "add", NUMBER, "--reason", "13800001234 要求人工联系")
    return running


@pytest.mark.parametrize("words", READING)
def test_json_is_one_document_and_nothing_else(work, words):
    done = work.run(*words.split(), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)


@pytest.mark.parametrize("words", READING)
def test_a_table_has_no_whole_number_of_a_citizen(work, words):
    done = work.run(*words.split())
    assert (done.exit_code, done.stderr) == (0, "")
    assert "138****1234" in done.stdout
    assert NUMBER not in done.stdout


@pytest.mark.parametrize("words", READING)
def test_numbers_are_shown_whole_when_asked_for(work, words):
    assert NUMBER in work.run(*words.split(), "--show-numbers").stdout


def test_a_list_can_be_narrowed(work):
    def found(*words):
        return [each["case_number"] for each in json.loads(work.run("revisits", *words, "--json").stdout)]

    assert found("--verdict", "number_invalid", "--unit", "城管局") == ["PDS-1"]
    assert found("--state", "open") == []
    assert found("--since", "2026-11-23T10:00", "--until", "2026-11-23T10:01") == ["PDS-1"]
    assert found("--due-before", "2026-11-25") == []
    assert found("--case", "PDS-2") == []


@pytest.mark.parametrize(
    "words",
    [
        "revisits --state shut",
        "revisits --since yesterday",
        "revisits show PDS-2",
        "revisits result PDS-2 satisfied --by x",
        "revisits result PDS-1 deemed_satisfied --by x --note y",
        "revisits result PDS-1 unreachable --by x",
        "revisits result PDS-1 satisfied --by rules",
        "revisits call PDS-1 --agent 9999",
        "revisits call PDS-2 --agent 8001",
        "revisits correct PDS-1 12x --by y",
        "revisits worklist --kind deemed",
        "revisits pause",
        "revisits no-disturb remove 13900000000",
        "cases show ../revisits",
    ],
)
def test_a_wrong_argument_ends_with_2_and_says_why(work, words):
    done = work.run(*words.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr
    assert work.api.outbound.person_calls.calls == []


def test_an_agent_calls_and_records_what_the_citizen_said(work):
    called = work.run("revisits", "call", "PDS-1", "--agent", "8001")
    assert (called.exit_code, "pc-1" in called.stdout) == (0, True)
    done = work.run("revisits", "result", "PDS-1", "dissatisfied", "--by", "王芳", "--note", "没有修好")
    assert "第 1 轮：不满意 · case PDS-1, round 1: dissatisfied" in done.stdout
    assert json.loads(work.run("revisits", "worklist", "--json").stdout) == []


def test_a_corrected_number_is_called(work):
    done = work.run("revisits", "correct", "PDS-1", "13900000001", "0375-1234567", "--by", "王芳")
    assert done.exit_code == 2
    done = work.run("revisits", "correct", "PDS-1", "13900000001", "03751234567", "--by", "王芳")
    assert "回访中 · case PDS-1, round 1: open" in done.stdout


def test_the_dialer_is_paused_with_a_reason_and_resumed(work):
    assert work.run("revisits", "status").exit_code == 0
    paused = work.run("revisits", "pause", "--reason", "线路检修")
    assert "线路检修" in paused.stdout
    status = work.run("revisits", "status", "--json")
    assert (status.exit_code, json.loads(status.stdout)["paused"]) == (1, True)
    assert "外呼正常" in work.run("revisits", "resume").stdout


@pytest.mark.parametrize(("open_", "asleep"), [(False, ""), (True, "clock_behind")])
def test_a_dialer_that_cannot_dial_ends_with_1(work, open_, asleep):
    work.api.outbound.dialer.open, work.api.outbound.dialer.asleep = open_, asleep
    assert work.run("revisits", "status").exit_code == 1


def test_a_number_is_called_again_when_it_is_taken_off_the_list(work):
    assert work.run("revisits", "no-disturb", "remove", NUMBER).exit_code == 0
    assert json.loads(work.run("revisits", "no-disturb", "list", "--json").stdout) == []


def test_a_plan_is_told_in_words_with_the_number_masked(running):
    replied(running.api)
    done = running.run("revisits", "plan", "PDS-1")
    assert (done.exit_code, "138****1234" in done.stdout, NUMBER in done.stdout) == (0, True, False)
    assert "11-23 14:30:00" in done.stdout
    assert NUMBER in running.run("revisits", "plan", "PDS-1", "--show-numbers").stdout
    assert json.loads(running.run("revisits", "plan", "PDS-1", "--json").stdout)["next"]["number"] == NUMBER
    assert running.run("revisits", "plan", "PDS-2").exit_code == 2


def test_why_the_rules_decided_so_is_told_in_both_languages_and_a_note_as_it_is(work):
    assert "没有能用的号码 no number that works" in work.run("revisits", "worklist").stdout
    assert "没有能用的号码 no number that works" in work.run("revisits", "show", "PDS-1").stdout
    work.run("revisits", "result", "PDS-1", "unreachable", "--by", "王芳", "--note", "家人说在外地")
    assert "家人说在外地" in work.run("revisits", "show", "PDS-1").stdout


def test_a_decision_that_nobody_made_by_hand_says_that_the_service_did(work):
    assert "系统自动 the service itself" in work.run("revisits", "show", "PDS-1").stdout
