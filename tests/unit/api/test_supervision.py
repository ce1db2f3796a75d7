"""Supervisors over HTTP."""

import pytest

from telephony.errors import NotAllowedError, SwitchUnavailableError
from tests.fakes import NOON
from tests.unit.api.supervised import CALL, put_supervision


@pytest.mark.parametrize("what", ["listen", "whisper", "barge", "take-over", "stop"])
def test_each_order_reaches_the_supervision_and_returns_how_it_is(api, what):
    api.put_rows(put_supervision)
    answer = api.ask("POST", f"supervision/{CALL}/{what}", json={"by": "8005"})
    assert (answer.status_code, api.supervision.orders) == (200, [(what, CALL, "8005")])
    body = answer.json()
    assert (body["supervisor"], body["agent"], body["state"]) == ("8005", "8001", "listening")
    assert body["changes"][0] == {
        "at": "2026-11-23T12:00:00+08:00",
        "what": "listen",
        "by": "8005",
        "why": None,
    }


@pytest.mark.parametrize("body", [None, {}, {"by": ""}, {"by": "赵敏"}, {"by": "8005", "mode": "loud"}])
def test_who_orders_it_has_to_be_named_by_number(api, body):
    assert api.ask("POST", f"supervision/{CALL}/listen", json=body).status_code == 422
    assert api.supervision.orders == []


@pytest.mark.parametrize(
    ("refusal", "status"), [(NotAllowedError("busy"), 409), (SwitchUnavailableError("away"), 503)]
)
def test_what_is_refused_says_so(api, refusal, status):
    api.supervision.refusal = refusal
    assert api.ask("POST", f"supervision/{CALL}/take-over", json={"by": "8005"}).status_code == status


def test_they_are_listed_by_call_supervisor_agent_and_whether_they_are_under_way(api):
    api.put_rows(put_supervision, state="over", ended_at=NOON, ended_why="ended")
    api.put_rows(put_supervision, call_id="1.7", agent="8002")
    found = [
        len(api.get(f"supervision?{query}").json())
        for query in ("", "call=1.7", "supervisor=8005", "agent=8001", "live=true", "live=false", "limit=1")
    ]
    assert found == [2, 1, 2, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("what", "state"), [("ready", "ready"), ("pause", "paused"), ("logout", "logged_out")]
)
def test_a_supervisor_orders_an_agents_state_and_it_is_told_by_whom_and_why(api, what, state):
    body = {"by": "8005", "why": "忙时"}
    assert api.ask("POST", f"supervision/agents/8002/{what}", json=body).json()["state"] == state
    assert api.roster.commands == [("8002", what, None, "8005", "忙时")]


def test_an_ordered_pause_may_carry_its_reason(api):
    body = {"by": "8005", "why": "开会", "reason": "meeting"}
    assert api.ask("POST", "supervision/agents/8002/pause", json=body).json()["reason"] == "meeting"


@pytest.mark.parametrize(
    ("agent", "body", "status"),
    [
        ("8002", {"by": "8001", "why": "x"}, 409),
        ("8002", {"by": "8005"}, 422),
        ("8002", {"by": "8005", "why": "x", "reason": "holiday"}, 422),
        ("9999", {"by": "8005", "why": "x"}, 404),
    ],
)
def test_what_may_not_be_ordered_changes_nothing(api, agent, body, status):
    assert api.ask("POST", f"supervision/agents/{agent}/pause", json=body).status_code == status
    assert api.roster.commands == []
