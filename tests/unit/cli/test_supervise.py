"""Supervisors at a terminal, against the real API."""

import json

import pytest

from telephony.errors import NotAllowedError
from tests.unit.api.supervised import CALL, put_supervision

BY = ("--by", "8005")


@pytest.mark.parametrize("what", ["listen", "whisper", "barge", "take-over", "stop"])
def test_each_order_is_given_and_its_state_told(running, what):
    running.api.put_rows(put_supervision)
    done = running.run("supervise", what, CALL, *BY)
    assert (done.exit_code, running.api.supervision.orders) == (0, [(what, CALL, "8005")])
    assert done.stdout == "班长 8005 的参与 1：参与中，监听 · supervision 1 of 8005: taking part, listen\n"


def test_an_order_may_be_answered_as_a_document(running):
    running.api.put_rows(put_supervision)
    done = running.run("supervise", "listen", CALL, *BY, "--json")
    assert json.loads(done.stdout)["call_id"] == CALL


def test_the_list_shows_who_did_what_and_when(running):
    running.api.put_rows(put_supervision)
    done = running.run("supervise", "list", "--call", CALL, "--live")
    for text in ("8005", "8001", "参与中 taking part", "11-23 12:00:00 监听 listen 8005"):
        assert text in done.stdout
    assert len(json.loads(running.run("supervise", "list", "--json").stdout)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ready", "8002"], ("8002", "ready", None, "8005", "忙时")),
        (["pause", "8002", "--reason", "meal"], ("8002", "pause", "meal", "8005", "忙时")),
        (["logout", "8002"], ("8002", "logout", None, "8005", "忙时")),
    ],
)
def test_an_agents_state_is_ordered_with_who_and_why(running, words, told):
    done = running.run("supervise", *words, *BY, "--why", "忙时")
    assert (done.exit_code, running.api.roster.commands) == (0, [told])
    assert "8002" in done.stdout


@pytest.mark.parametrize("words", [["listen", CALL], ["pause", "8002", *BY], ["listen", *BY]], ids=str)
def test_who_and_why_have_to_be_said(running, words):
    assert running.run("supervise", *words).exit_code == 2


def test_what_is_not_possible_now_ends_with_1(running):
    running.api.supervision.refusal = NotAllowedError("busy")
    done = running.run("supervise", "take-over", CALL, *BY)
    assert (done.exit_code, "busy" in done.stderr) == (1, True)
