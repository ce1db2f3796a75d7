"""Calls of leader days at a terminal, against the real API."""

import json

import pytest

from tests.fakes import agent_view
from tests.unit.leader.day_rows import ASKER, LEADER, MINE, put_day, put_lost, put_talk

CALL = "1.0"


@pytest.fixture
def talk(running):
    """A citizen talks with a screening agent; the leader is free."""
    running.api.put_rows(put_day)
    running.api.put_rows(put_lost, 1, until=None, state="talking")
    running.api.put_rows(put_talk, CALL, ASKER, 10, None)
    running.api.roster.agents[LEADER] = agent_view(LEADER, state="ready")
    return running


@pytest.fixture
def lost(running):
    """A citizen was not reached, another was answered by the leader."""
    running.api.put_rows(put_day)
    running.api.put_rows(put_lost, 1)
    running.api.put_rows(put_lost, 1, "2.0", 200, 300, caller_number="13900001234")
    running.api.put_rows(put_talk, "2.0", LEADER, 220, 280)
    return running


def run(house, *words):
    done = house.run("leader-days", *words)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return done.stdout


def document(house, *words):
    return json.loads(run(house, *words, "--json"))


SCREEN = ("screen", CALL, "--summary", "供水不足", "--by", ASKER)


def test_what_a_citizen_wants_is_put_down(talk):
    found = document(talk, *SCREEN, "--in-scope")
    assert (found["in_scope"], found["summary"], found["screened_by"]) == (True, "供水不足", ASKER)


def test_a_call_is_shown_with_what_was_put_down(talk):
    run(talk, *SCREEN, "--in-scope")
    assert "领导接线，事项摘要：供水不足" in talk.run("call", CALL).stdout


def test_whether_it_is_in_the_scope_must_be_said(talk):
    assert talk.run("leader-days", *SCREEN).exit_code == 2


def test_handing_over_says_what_to_do_next(talk):
    run(talk, *SCREEN, "--in-scope")
    assert "正在振铃领导席" in run(talk, "hand-over", CALL)
    assert document(talk, "calls", "1")[0]["handed_at"] is not None


def test_who_is_out_of_scope_is_sent_on(talk):
    assert "不属受理范围" in run(talk, *SCREEN, "--out-of-scope")
    assert document(talk, "to-normal", CALL)["how"] == "normal"


def test_without_a_summary_the_command_ends_with_what_to_do(talk):
    done = talk.run("leader-days", "hand-over", CALL)
    assert (done.exit_code, "hotline leader-days screen" in done.stderr) == (1, True)


def test_what_came_of_the_talk_is_put_down(lost):
    found = document(
        lost, "result", "2.0", "dispatched", "--unit", "water", "--case", "PDS-1", "--by", "8802"
    )
    assert (found["result"], found["unit"], found["case_number"]) == ("dispatched", "water", "PDS-1")


def test_the_calls_are_a_table_with_numbers_masked(lost):
    shown = run(lost, "calls", "1")
    assert all(word in shown for word in ("未接通", "领导已接听", "138****1234"))
    assert MINE not in shown
    assert MINE in run(lost, "calls", "1", "--show-numbers")


def test_the_register_has_who_was_not_reached_until_they_are_settled(lost):
    assert [each["call_id"] for each in document(lost, "register", "1")] == [CALL]
    done = run(lost, "settle", CALL, "--how", "handed_to_unit", "--unit", "water", "--by", "op")
    assert "已交单位" in done
    assert document(lost, "register", "1") == []


def test_a_call_back_that_nobody_made_is_refused_with_what_to_do(lost):
    done = lost.run("leader-days", "settle", CALL, "--how", "called_back", "--by", "op")
    assert (done.exit_code, "hotline returns" in done.stderr) == (1, True)
