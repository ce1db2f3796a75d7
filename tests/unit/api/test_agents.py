"""Agents over HTTP."""

import pytest

from telephony.errors import NotAllowedError, SwitchUnavailableError


def test_all_agents_are_listed(api):
    assert [agent["number"] for agent in api.get("agents").json()] == ["8001", "8002"]


def test_agents_can_be_listed_by_state_and_centre(api):
    assert [agent["number"] for agent in api.get("agents?state=ready").json()] == ["8002"]
    assert api.get("agents?centre=baofeng").json() == []


def test_one_agent_is_shown_with_times_of_shanghai(api):
    agent = api.get("agents/8001").json()
    assert (agent["state"], agent["since"]) == ("logged_out", "2026-11-23T12:00:00+08:00")


@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("GET", "/credentials"), ("POST", "/login")])
def test_an_unknown_agent_is_not_found(api, method, what):
    answer = api.ask(method, f"agents/9999{what}")
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown")
    assert "9999" in answer.json()["message"]


@pytest.mark.parametrize("number", ["8001%00", "1", "8001;x", "12345678901234567", "八千"])
def test_what_cannot_be_an_agents_number_is_refused(api, number):
    assert api.get(f"agents/{number}").status_code == 422


@pytest.mark.parametrize(
    ("what", "state"), [("login", "ready"), ("logout", "logged_out"), ("ready", "ready")]
)
def test_a_command_reaches_the_roster_and_returns_the_agent(api, what, state):
    assert api.ask("POST", f"agents/8001/{what}").json()["state"] == state
    assert api.roster.commands == [("8001", what, None, "api")]


def test_a_pause_carries_its_reason(api):
    assert api.ask("POST", "agents/8001/pause", json={"reason": "meal"}).json()["reason"] == "meal"
    assert api.roster.commands == [("8001", "pause", "meal", "api")]


def test_an_unknown_reason_is_refused_with_those_that_are_known(api):
    answer = api.ask("POST", "agents/8001/pause", json={"reason": "holiday"})
    assert answer.status_code == 422
    assert "rest, meal" in answer.json()["message"]
    assert api.roster.commands == []


def test_what_is_not_possible_now_is_a_conflict(api):
    api.roster.refusal = NotAllowedError("agent 8001 is logged_out")
    answer = api.ask("POST", "agents/8001/ready")
    assert (answer.status_code, answer.json()["error"]) == (409, "not_allowed")
    assert answer.json()["message"].endswith("not possible now: agent 8001 is logged_out")


def test_a_switch_that_does_not_answer_is_unavailable(api):
    api.roster.refusal = SwitchUnavailableError("no answer")
    assert api.ask("POST", "agents/8001/login").status_code == 503


def test_an_unforeseen_error_says_nothing_of_its_cause(api):
    api.roster.refusal = RuntimeError("the secret of 13800001234")
    answer = api.ask("POST", "agents/8001/login")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "secret" not in answer.text


def test_credentials_are_what_a_softphone_needs(api):
    assert api.get("agents/8001/credentials").json() == {
        "user": "8001",
        "password": "secret-of-8001",
        "server": "127.0.0.1",
        "port": 5060,
        "transport": "udp",
    }


def test_a_test_phones_password_is_not_an_agents(api):
    assert api.get("agents/7001/credentials").status_code == 404


def test_test_phones_come_with_the_number_they_call_from(api):
    (phone,) = api.get("phones").json()
    assert (phone["user"], phone["password"], phone["caller_number"]) == (
        "7001",
        "secret-of-7001",
        "13937500001",
    )
