"""Calls of leader days over HTTP: screened, handed over, what came of each, and the register."""

import pytest

from tests.fakes import agent_view
from tests.unit.leader.day_rows import ASKER, LEADER, MINE, put_day, put_lost, put_talk

OK, UNKNOWN, CONFLICT, WRONG = 200, 404, 409, 422
CALL = "1.0"


@pytest.fixture
def day(api):
    api.put_rows(put_day)
    return 1


@pytest.fixture
def talk(api, day):
    """A citizen talks with a screening agent; the leader is free."""
    api.put_rows(put_lost, day, until=None, state="talking")
    api.put_rows(put_talk, CALL, ASKER, 10, None)
    api.roster.agents[LEADER] = agent_view(LEADER, state="ready")
    return api


def do(api, what, **body):
    return api.ask("POST", f"leader-calls/{CALL}/{what}", json=body or None)


def screened(api, *, in_scope=True):
    return do(api, "screen", in_scope=in_scope, summary="供水不足", by=ASKER)


def given(api):
    found = api.get("transfers").json()
    return [(each["kind"], each["target"], each["mode"], each["by"]) for each in found]


def test_a_days_calls_and_its_register_are_lists(talk, day):
    [found] = talk.get(f"leader-days/{day}/calls").json()
    assert (found["call_id"], found["standing"], found["caller_number"]) == (CALL, "screening", MINE)
    assert [each["call_id"] for each in talk.get(f"leader-days/{day}/register").json()] == [CALL]


@pytest.mark.parametrize("what", ["calls", "register"])
def test_an_unknown_day_is_unknown(api, what):
    assert api.get(f"leader-days/7/{what}").status_code == UNKNOWN


def test_what_was_put_down_is_shown_with_the_call(talk):
    assert screened(talk).json()["in_scope"] is True
    found = talk.get(f"calls/{CALL}").json()["leader"]
    assert (found["summary"], found["screened_by"]) == ("供水不足", ASKER)


def test_a_call_of_no_leader_day_has_nothing_put_down(api):
    assert do(api, "screen", in_scope=True, summary="供水").status_code == UNKNOWN


def test_a_leader_who_is_free_is_rung_by_a_real_transfer(talk):
    screened(talk)
    assert do(talk, "hand-over", by=ASKER).json()["how"] == "attended"
    assert given(talk) == [("agent", LEADER, "attended", ASKER)]


def test_for_a_busy_leader_the_citizen_waits_in_the_leaders_queue(talk):
    talk.roster.agents[LEADER] = agent_view(LEADER, state="talking")
    screened(talk)
    assert do(talk, "hand-over").json() == {"call_id": CALL, "how": "queue", "summary": "供水不足"}
    assert given(talk) == [("queue", "city-leader", "blind", "api")]


def test_handed_over_twice_the_second_is_refused(talk):
    screened(talk)
    do(talk, "hand-over", by=ASKER)
    assert do(talk, "hand-over", by=ASKER).status_code == CONFLICT
    assert len(given(talk)) == 1


def test_who_is_out_of_scope_goes_to_the_normal_queue(talk):
    screened(talk, in_scope=False)
    assert do(talk, "to-normal", by=ASKER).json()["how"] == "normal"
    assert given(talk) == [("queue", "city-12345", "blind", ASKER)]


def test_what_came_of_the_leaders_talk_is_put_down(api, day):
    api.put_rows(put_lost, day, until=300, outcome="answered")
    api.put_rows(put_talk, CALL, LEADER, 100, 290)
    found = do(api, "result", result="dispatched", unit="water", by="8802").json()
    assert (found["standing"], found["result"], found["unit"]) == ("answered", "dispatched", "water")


def test_who_was_not_reached_is_settled_once(api, day):
    api.put_rows(put_lost, day)
    wish = {"how": "handed_to_unit", "unit": "water", "by": "op"}
    assert do(api, "settle", **wish).json()["standing"] == "handed_to_unit"
    assert do(api, "settle", **wish).status_code == CONFLICT
    assert api.get(f"leader-days/{day}/register").json() == []


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("screen", {"in_scope": True, "summary": ""}),
        ("screen", {"in_scope": True, "summary": "字" * 501}),
        ("screen", {"in_scope": True, "summary": "a\nb"}),
        ("screen", {"summary": "供水"}),
        ("screen", {"in_scope": True, "summary": "供水", "by": "rules"}),
        ("hand-over", {"by": " Rules "}),
        ("to-normal", {"by": "survey"}),
        ("result", {"result": "maybe", "by": "op"}),
        ("result", {"result": "on_the_spot"}),
        ("result", {"result": "on_the_spot", "by": "rules"}),
        ("settle", {"how": "answered_later", "by": "op"}),
        ("settle", {"how": "called_back", "by": "rules"}),
        ("settle", {"how": "called_back", "by": "op", "evidence_call": "a b"}),
        ("settle", {"how": "noted", "by": "op", "note": "字" * 201}),
    ],
)
def test_what_cannot_be_meant_is_refused(talk, what, body):
    assert do(talk, what, **body).status_code == WRONG


def test_a_summary_of_500_characters_is_kept_whole(talk):
    assert do(talk, "screen", in_scope=True, summary="字" * 500).json()["summary"] == "字" * 500
