"""Transfers at a terminal, against the real API over a switch that says nothing by itself."""

import json

import pytest

from tests.unit.api.three_way import CALL, talking
from tests.unit.api.transferring import FIRST, happens, says


@pytest.fixture
def talk(running):
    """An agent talks with a citizen; 8002 is ready."""
    talking(running.api)
    return running


def document(house, *words):
    done = house.run("transfer", *words, "--json")
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def test_a_call_is_given_away_blind_without_a_word(talk):
    told = document(talk, "start", CALL, "--to", "agent:8002")
    assert (told["mode"], told["state"], told["by"]) == ("blind", "ringing", "hotline")


def test_attended_is_an_option_and_the_state_is_told(talk):
    done = talk.run("transfer", "start", CALL, "--to", "agent:8002", "--attended")
    assert "转接 1：正在呼叫对方，市民听音乐 · transfer 1:" in done.stdout


@pytest.mark.parametrize("reference", [CALL, "1"])
@pytest.mark.parametrize("what", ["complete", "cancel"])
def test_an_attended_one_is_completed_or_taken_back_by_its_number_or_its_calls(talk, what, reference):
    document(talk, "start", CALL, "--to", "agent:8002", "--attended")
    says(talk.api, "consulting")
    assert document(talk, what, reference, "--by", "8001")["wish"] == what
    assert (("hang_up", FIRST) in talk.api.transfer_line.told) == (what == "complete")


def test_the_list_says_who_gave_whom_to_whom_and_what_came_of_it(talk):
    document(talk, "start", CALL, "--to", "agent:8002")
    happens(talk.api, "ended", by="citizen", outcome="answered")
    shown = talk.run("transfer", "list", "--over").stdout
    assert all(word in shown for word in ("8001", "agent:8002", "市民已挂机"))


def test_what_is_not_possible_ends_with_a_status_and_a_line(talk):
    done = talk.run("transfer", "start", CALL, "--to", "agent:8001")
    assert (done.exit_code, "坐席 8001 没有示闲" in done.stderr) == (1, True)
